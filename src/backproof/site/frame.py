"""What stands around every page: head, bar of links, foot."""

from __future__ import annotations

from html import escape


def framed(title: str, body: str, *, links: str = "", scripts: tuple[str, ...] = ()) -> str:
    """Return a whole page; it loads its style, font and scripts from ``assets`` beside it, and nothing else."""
    loaded = "".join(f'<script src="assets/{name}" defer></script>\n' for name in scripts)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="assets/page.css">
<link rel="stylesheet" href="assets/site.css">
{loaded}</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="bar"><nav aria-label="Site"><a href="index.html">All derivations</a>{links}</nav></header>
<main id="content">
{body}
</main>
</body>
</html>
"""
