"""backproof from Python: what a script, a notebook or a documentation builder asks for and gets back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backproof import catalogue
from backproof.audit.documents import Report, check_document
from backproof.audit.findings import Finding, exit_code
from backproof.derivation import Derivation, JudgedStep
from backproof.emit.names import Scope, derivation_scope
from backproof.errors import NotDerivable, UnknownName
from backproof.kernel.verdict import Verdict
from backproof.language import parse_block, parse_document, to_source
from backproof.language.document import Document
from backproof.terms import Term

if TYPE_CHECKING:
    from backproof.numpy_pass import NumpyPass

Source = str | PathLike[str]


@dataclass(frozen=True, slots=True)
class Formula:
    """One expression, as it stands in its derivation; ``str`` gives the source form that can be typed again."""

    term: Term
    scope: Scope

    def __str__(self) -> str:
        return to_source(self.term)

    def __repr__(self) -> str:
        return f"<Formula {self}>"

    def latex(self) -> str:
        """Return the formula as LaTeX, without dollar signs."""
        from backproof.emit.latex import term_latex

        return term_latex(self.term, self.scope)

    def text(self) -> str:
        """Return the formula in Unicode, on one line."""
        from backproof.emit.text_style import TEXT
        from backproof.emit.typography import Typesetter

        return Typesetter(TEXT, self.scope)(self.term).text

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex()}$"


@dataclass(frozen=True, slots=True)
class Step:
    """``left = right`` for the reason ``rule``, and what the kernel says of it; ``of`` is the gradient's name."""

    of: str
    left: Formula
    right: Formula
    rule: str
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.left} = {self.right}  -- {self.rule or 'no reason given'} ({self.verdict.kind.value})"

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.left.latex()} = {self.right.latex()}$"


class Gradients(Mapping[str, Formula]):
    """The gradient of every input by the input's name: ``gradient["x"]`` is ∂L/∂x."""

    def __init__(self, found: Mapping[str, Formula]) -> None:
        self._found = dict(found)

    def __getitem__(self, name: str) -> Formula:
        if name not in self._found:
            raise UnknownName(name, tuple(self._found))
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name!r}: {formula}' for name, formula in self._found.items())}}}"


class Derived:
    """The derivation of one node: every step judged, in every format, shown by notebooks as mathematics.

    ``derivation`` holds everything as data; ``findings`` say what is wrong, open or worth a warning.
    """

    def __init__(self, derivation: Derivation, findings: tuple[Finding, ...] = ()) -> None:
        self.derivation = derivation
        self.findings = findings

    @property
    def name(self) -> str:
        """The node's name."""
        return self.derivation.node.name

    @property
    def is_verified(self) -> bool:
        """Whether every step is proved, if under printed conditions, and nothing else was found wrong or open."""
        return exit_code(self.findings) == 0

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The steps of every chain, in order."""
        return tuple(
            self._step(str(chain.target.data), step) for chain in self.derivation.chains for step in chain.steps
        )

    @cached_property
    def gradient(self) -> Gradients:
        """The gradients by input; an input whose gradient was refused is missing, and asking for it is UnknownName."""
        return Gradients({name: self._formula(term) for name, term in self.derivation.gradients.items()})

    def _step(self, of: str, step: JudgedStep) -> Step:
        return Step(of, self._formula(step.left), self._formula(step.right), step.rule, step.verdict)

    def _formula(self, term: Term) -> Formula:
        return Formula(term, derivation_scope(self.derivation))

    def text(self, *, width: int = 80, colour: bool = False) -> str:
        """Return the derivation for a terminal of ``width`` columns."""
        return self._emit("text", width=width, colour=colour)

    def latex(self, *, standalone: bool = False, beamer: bool = False, aligned: bool = False) -> str:
        """Return LaTeX for article and amsmath.

        ``standalone``: a whole article; ``beamer``: slides that uncover one step at a time; ``aligned``: the steps
        alone, for mathematics that stands anywhere.  Raises ValueError for more than one of them.
        """
        chosen = [name for name, wanted in (("beamer", beamer), ("aligned", aligned)) if wanted]
        if len(chosen) + standalone > 1:
            raise ValueError("choose one of standalone, beamer and aligned")
        return self._emit(*chosen) if chosen else self._emit("latex", standalone=standalone)

    def markdown(self) -> str:
        """Return Markdown with TeX mathematics, as forges show it."""
        return self._emit("markdown")

    def json(self) -> str:
        """Return everything as a JSON document."""
        return self._emit("json")

    def html(self, *, standalone: bool = False) -> str:
        """Return a fragment of HTML whose mathematics is MathML, or with ``standalone`` a whole page."""
        return self._emit("html", standalone=standalone)

    def svg(self, *, upto: int | None = None) -> str:
        """Return the picture of the computational graph, its gradients drawn ``upto`` so many operations back."""
        return self._emit("svg", upto=upto)

    def numpy(self) -> NumpyPass:
        """Return the derivation as a forward and a backward pass on arrays; raises NotDerivable."""
        from backproof.numpy_pass import NumpyPass

        return NumpyPass(self.derivation)

    def _emit(self, form: str, **options: Any) -> str:
        from backproof.emit import EMITTERS

        return EMITTERS[form](self.derivation, **options)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        from backproof.emit.outline import summary

        return f"<Derived {self.name}: {summary(self.derivation)}>"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex(aligned=True).strip()}$"

    def _repr_html_(self) -> str:
        from backproof.emit.html import ASSETS

        style = (ASSETS / "embedded.css").read_text(encoding="utf-8")
        return f"<style>\n{style}</style>\n{self.html()}"

    def _repr_markdown_(self) -> str:
        return self.markdown()


class Checked:
    """What was verified of a document; true in a condition only if everything is."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def __bool__(self) -> bool:
        return exit_code(self.findings) == 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, open or worth a warning, each with its file, line and column."""
        return self.report.findings

    @property
    def steps(self) -> tuple[JudgedStep, ...]:
        """Every step with its verdict."""
        return self.report.steps

    @property
    def witnesses(self) -> dict[str, dict[str, str]]:
        """What each independent witness says, by node and by witness."""
        named = zip(self.report.derivations, self.report.witnesses, strict=False)
        return {d.node.name: {name: str(said) for name, said in found.items()} for d, found in named}

    def __str__(self) -> str:
        lines = [f"{name}: {who} {said}" for name, found in self.witnesses.items() for who, said in found.items()]
        steps = self.steps
        accepted = sum(step.verdict.is_accepted for step in steps)
        return "\n".join([f"{accepted} of {len(steps)} steps accepted", *lines, *map(str, self.findings)])

    __repr__ = __str__


def names() -> tuple[str, ...]:
    """Return the name of every derivation of the catalogue, sorted."""
    return catalogue.names()


def derive(what: Source, *, node: str = "") -> Derived:
    """Return the derivation of a node of the catalogue, an expression, a file, or the text of one.

    ``what`` is ``"sigmoid"``, ``"x*exp(-x^2)"``, a path, or lines such as ``"node f(x)\\ny = x^2"`` (Markdown with
    derive fences, or what stands in one fence).  ``node`` says which one where there are several.
    Raises SourceError for a text that is no derivation, UnknownName for a name that nothing has, NotDerivable where
    there is no gradient, and OSError for a file that cannot be read.
    """
    document = read(what)
    report = check_document(document, numeric=False)
    found = {each.node.name: each for each in report.derivations}
    name = catalogue.normalise(node) or (next(iter(found)) if len(found) == 1 else "")
    if not name and document.title and catalogue.normalise(Path(document.path).stem) in found:
        name = catalogue.normalise(Path(document.path).stem)
    if name in found:
        return Derived(numbered(found[name]), _of_node(report, document, name))
    raise _no_node(report, name, tuple(found))


def _of_node(report: Report, document: Document, name: str) -> tuple[Finding, ...]:
    """Return the findings from the lines of one node, up to where the next one starts."""
    starts = sorted(node.span.line for node in document.nodes)
    first = next(node.span.line for node in document.nodes if node.name == name)
    last = next((line for line in starts if line > first), None)
    return tuple(f for f in report.findings if first <= f.line and (last is None or f.line < last))


def _no_node(report: Report, name: str, found: tuple[str, ...]) -> Exception:
    if name and found:
        return UnknownName(name, found)
    if found:
        return NotDerivable(f"{report.path} has several nodes, so choose one by node=: {', '.join(found)}")
    refused = "; ".join(finding.message for finding in report.findings)
    return NotDerivable(refused or f"{report.path} has no node; check() judges claims")


def numbered(derivation: Derivation) -> Derivation:
    """Return ``derivation`` with the values of its graph, where it has some."""
    from backproof.cli.show import with_numbers

    return with_numbers(derivation, False)


def check(what: Source, *, witnesses: bool = True) -> Checked:
    """Return what holds of a node of the catalogue, an expression, a file, or the text of one.

    ``witnesses`` asks SymPy and the numpy layer as well as the kernel.
    Raises SourceError, UnknownName or OSError for what cannot be read; a false step is a finding, not an exception.
    """
    return Checked(check_document(read(what), numeric=witnesses))


def read(what: Source) -> Document:
    """Return the document that ``what`` stands for."""
    from backproof.cli import words

    if not isinstance(what, str):
        return words.read_file(Path(what))
    if "\n" not in what.strip():
        return words.read(what.strip())
    fenced = any(line.lstrip().startswith(("```", "~~~")) for line in what.splitlines())
    return (parse_document if fenced else parse_block)(what, known=catalogue.names())
