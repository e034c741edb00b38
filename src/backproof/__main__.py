"""``python -m backproof`` is the command ``derive``."""

from backproof.cli import main

main(prog_name="derive")
