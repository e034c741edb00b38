"""How a tree is written in the tests and in the page on the language: ``add(a, neg(b))``."""

from backproof.terms import Term


def tree(term: Term) -> str:
    """Return heads and arguments, with data where the head alone does not say it."""
    if term.head in ("num", "sym", "idx") and not term.args:
        return str(term.data)
    data = "" if term.data is None else f":{term.data if isinstance(term.data, str) else ','.join(term.data)}"
    args = f"({', '.join(map(tree, term.args))})" if term.args else ""
    return f"{term.head}{data}{args}"
