"""Files: read as documents, and checked; a file that cannot be read is a finding like any other."""

from __future__ import annotations

from pathlib import Path

from backproof import catalogue
from backproof.audit.documents import Report, check_document, unreadable
from backproof.audit.findings import relative
from backproof.errors import BackproofError
from backproof.language import parse_document
from backproof.language.document import Document


def check_file(path: Path) -> Report:
    """Return the report on one file."""
    document = document_of(path, relative(path))
    return check_document(document) if isinstance(document, Document) else document


def document_of(path: Path, shown: str) -> Document | Report:
    """Return the document in a file, whose mistakes name it as ``shown``, or the report on why there is none."""
    try:
        return parse_document(path.read_text(encoding="utf-8"), shown, catalogue.names())
    except (BackproofError, OSError, UnicodeError) as mistake:
        return Report(shown, findings=(unreadable(shown, mistake),))
