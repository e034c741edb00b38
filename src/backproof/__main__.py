"""``derive`` and ``python -m backproof``: what was shown before is shown at once, all else is for the commands."""

from __future__ import annotations

import sys

from backproof.cache import shown_before


def main() -> None:
    """Run the command line."""
    if not shown_before(sys.argv[1:]):
        from backproof.cli import main as commands

        commands(prog_name="derive")


if __name__ == "__main__":
    main()
