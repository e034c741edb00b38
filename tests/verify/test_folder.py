"""A folder of certificates: what ``derive verify`` says of one that is missing, too many, changed, or forged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backproof import certificates
from backproof.audit.documents import check_document
from backproof.cli import main
from backproof.cli.trust import write_certificates
from backproof.language import parse_document

TEXT = """# Notes

```derive
node double(x[n], c: positive)
y[n] = c*x[n]
```

```derive
dx[n] = c*dy[n]
dc = sum[n](x[n]*dy[n])
```

```derive
given x: positive, w
claim exp(log(x))*w = x*w
```
"""
FALSE = TEXT.replace("= x*w", "= w")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the certificates of ``notes.md``."""
    monkeypatch.chdir(tmp_path)
    return written(TEXT)


def written(text: str) -> Path:
    Path("notes.md").write_text(text, encoding="utf-8")
    report = check_document(parse_document(text, "notes.md"), numeric=False)
    placed = (("notes.md", step, context) for step, context in report.proofs)
    write_certificates(Path("made"), certificates.statements(placed))
    return Path("made")


def test_every_step_and_claim_is_confirmed(folder: Path) -> None:
    done = run("verify", "made")
    assert (done.exit_code, done.stdout) == (0, "3 certificates: 3 confirmed\n")


def test_a_refutation_is_confirmed_as_well(folder: Path) -> None:
    written(FALSE)
    assert json.loads(Path("made/00003.json").read_text())["verdict"] == "refuted"
    assert run("verify", "made").exit_code == 0


def _remove(folder: Path) -> None:
    (folder / "00002.json").unlink()


def _add(folder: Path) -> None:
    (folder / "00009.json").write_text((folder / "00001.json").read_text())


def _swap(folder: Path) -> None:
    (folder / "00001.json").write_text((folder / "00002.json").read_text())


def _cut(folder: Path) -> None:
    (folder / "00001.json").write_text((folder / "00001.json").read_text()[:-40])


def _spoil_the_index(folder: Path) -> None:
    (folder / "index.json").write_text("[]")


def _edit_the_source(folder: Path) -> None:
    Path("notes.md").write_text(TEXT.replace("Notes", "Other notes"))


def _drop_the_source(folder: Path) -> None:
    Path("notes.md").unlink()


def _drop_the_index(folder: Path) -> None:
    (folder / "index.json").unlink()


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (_remove, 1, "00002.json: missing: in the index, not in the folder"),
        (_add, 1, "00009.json: extra: in the folder, not in the index"),
        (_swap, 1, "00001.json: rejected: not the file that was written"),
        (_cut, 1, "00001.json: rejected: not the file that was written"),
        (_spoil_the_index, 1, "index.json: rejected: not an index of certificates"),
        (_edit_the_source, 3, "notes.md: changed: not the source that the certificates were made from"),
        (_drop_the_source, 3, "notes.md: changed: not the source that the certificates were made from"),
        (_drop_the_index, 0, "index.json: unlisted: without an index nobody knows what is missing"),
    ],
)
def test_what_does_not_fit_is_said(folder: Path, change: Callable[[Path], None], code: int, said: str) -> None:
    change(folder)
    done = run("verify", "made")
    assert done.exit_code == code
    assert said in done.stdout


def reindexed(folder: Path, name: str, data: object) -> None:
    """Put a statement into a folder as if it had been written with the others."""
    text = json.dumps(data)
    (folder / name).write_text(text, encoding="utf-8")
    index = json.loads((folder / "index.json").read_text())
    index["files"][name] = certificates.digest(text)
    (folder / "index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("left", "x", "the text is not that of the terms"),
        ("conditions", ["x > 0"], "the text is not that of the terms"),
        ("place", "other.md", "the source is not in the index"),
        ("verdict", "proved if", "the verdict is not that of the proof"),
        ("verdict", "true", "the verdict is not that of the proof"),
        ("certificate", {}, "the certificate is damaged"),
        ("terms", [], "not a certificate"),
    ],
)
def test_a_statement_that_was_forged_is_rejected(folder: Path, key: str, value: object, reason: str) -> None:
    data = json.loads((folder / "00001.json").read_text())
    reindexed(folder, "00001.json", {**data, key: value})
    done = run("verify", "made")
    assert done.exit_code == 1
    assert f"00001.json: rejected: {reason}" in done.stdout


def test_a_line_that_is_not_in_the_source_is_rejected(folder: Path) -> None:
    data = json.loads((folder / "00001.json").read_text())
    data["context"]["domains"]["x"] = data["context"]["domains"]["c"]
    reindexed(folder, "00001.json", data)
    assert "what is in force there is not what the source says" in run("verify", "made").stdout


def test_a_step_without_a_certificate_is_listed(folder: Path) -> None:
    written(TEXT.replace("exp(log(x))*w = x*w", "sqrt(1 + 2*sin(x)*cos(x)) = abs(sin(x) + cos(x))"))
    done = run("verify", "made")
    assert done.exit_code == 3
    assert "notes.md: uncertified: sqrt(1 + 2*sin(x)*cos(x)) = abs(sin(x) + cos(x)) is unknown" in done.stdout
    assert "2 confirmed, 1 uncertified" in done.stdout


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    assert run("verify", str(tmp_path)).exit_code == 2
