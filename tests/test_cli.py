"""The command: what it prints where, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

import backproof
from backproof import __version__, catalogue
from backproof.cli import main
from backproof.cli.group import protect_negative
from backproof.cli.output import STALE_SECONDS, write_atomically
from backproof.terminal import wants_colour

TRUE = """# Double

```derive
node double(x)
y = 2*x
dx = dy*2
```
"""
FALSE = TRUE.replace("dx = dy*2", "dx = dy*3")
UNREADABLE = TRUE.replace("y = 2*x", "y = 2*")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), prog_name="derive")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a true derivation, ``notes.md``, in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "notes.md"
    path.write_text(TRUE, encoding="utf-8")
    return path


# ------------------------------------------------------------------ derive WORD


@pytest.mark.parametrize("word", ["sigmoid", "leaky_relu", "x*exp(-x^2)", "log(1+exp(x))", "tanh(x)", "-x^2"])
def test_a_name_or_an_expression_is_derived(word: str) -> None:
    done = run(word)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Derivation" in done.stdout


def test_an_expression_may_be_longer_than_any_path() -> None:
    assert run("+".join(["x"] * 150)).exit_code == 0


REFUSED = {
    "x=1": "x=1 has no derivative: it is true or false",
    "dx*x": "dx is the gradient of x; choose another name",
    "y*dy": "dy is the gradient of y; choose another name",
    "x[i]*x[j]": "x is used with several indices",
    "x[i, i]": "the axes of x[i, i] are not clear from an expression",
    "1/0": "1/0 has no variable to derive by",
}


@pytest.mark.parametrize(("text", "message"), REFUSED.items(), ids=REFUSED.keys())
def test_an_expression_that_is_no_function_of_variables_is_refused(text: str, message: str) -> None:
    done = run(text)
    assert done.exit_code == 2
    assert message in done.stderr


OPEN = {
    "x/0": "y has no derivative: a division by zero",
    "0^x": "a division by zero, or a power of zero",
    "x/(x-x)": "the two sides are defined nowhere",
    "D(x^2, x)": "y holds a derivative; D(…) may stand in claims and gradients only",
    "abs(x)*sign(x)": "no dx was found that is right everywhere",
}


@pytest.mark.parametrize(("text", "message"), OPEN.items(), ids=OPEN.keys())
def test_an_expression_without_a_gradient_that_holds_ends_with_3(text: str, message: str) -> None:
    done = run(text)
    assert done.exit_code == 3
    assert message in done.stderr


def test_an_expression_with_indices_has_axes() -> None:
    done = run("sum[i](x[i]^2)")
    assert done.exit_code == 0
    assert "2 · ∂L/∂y · x[i]" in done.stdout


@pytest.mark.parametrize(
    "arguments", [("prose.md",), ("prose.md", "--latex"), ("check", "prose.md"), ("check", "notes.md", "prose.md")]
)
def test_a_file_without_a_derive_block_is_not_called_verified(file: Path, arguments: tuple[str, ...]) -> None:
    (file.parent / "prose.md").write_text("# Prose\n", encoding="utf-8")
    done = run(*arguments)
    assert done.exit_code == 2
    assert "derive block" in done.output
    assert "✓ prose" not in done.stdout


def test_a_file_without_a_step_is_not_called_verified(file: Path) -> None:
    file.write_text("```derive\nnode f(t[k]: onehot(k))\ny = sum[k](t[k])\n```\n", encoding="utf-8")
    done = run("check", "notes.md")
    assert done.exit_code == 3
    assert "notes.md:1:1: there is no step: nothing was verified" in done.stdout


def test_a_folder_may_hold_prose_that_counts_for_nothing(file: Path) -> None:
    (file.parent / "prose.md").write_text("# Prose\n", encoding="utf-8")
    done = run("check", ".")
    assert done.exit_code == 0
    assert "prose" not in done.stdout


def test_a_folder_of_prose_alone_is_a_misuse(file: Path) -> None:
    file.write_text("# Prose\n", encoding="utf-8")
    done = run("check", ".")
    assert done.exit_code == 2
    assert "no derive block" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.md",), "derive: missing.md: no such file or directory\n"),
        (("double.md", "-o", "missing/x.tex"), "missing: no such folder\n"),
        (("double.md", "-o", "."), "is a folder\n"),
    ],
)
def test_a_path_that_does_not_do_is_named(file: Path, arguments: tuple[str, ...], message: str) -> None:
    file.rename("double.md")
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stderr.endswith(message)


def test_a_file_is_derived(file: Path) -> None:
    assert "Double" in run(file.name).stdout


@pytest.mark.parametrize("form", ["--text", "--latex", "--markdown", "--json"])
def test_claims_are_shown_after_the_nodes(form: str) -> None:
    shown = run("tanh", form).stdout
    assert 0 <= shown.index("Hyperbolic tangent") < shown.index("Claim")


def test_every_node_of_a_file_has_its_own_title(file: Path) -> None:
    file.write_text(TRUE + TRUE.replace("double", "twice"), encoding="utf-8")
    shown = run("notes.md").stdout
    assert 0 <= shown.index("double") < shown.index("twice")


def test_text_fits_80_columns() -> None:
    assert max(map(len, run("gelu").stdout.splitlines())) <= 80


def test_latex_is_a_fragment_unless_a_document_is_asked_for() -> None:
    assert r"\documentclass" not in run("sigmoid", "--latex").stdout
    assert r"\documentclass" in run("sigmoid", "--latex", "--standalone").stdout


def test_json_has_a_schema_version_and_every_step() -> None:
    data = json.loads(run("sigmoid", "--json").stdout)
    assert data["schema"] == 1
    assert "proved" in json.dumps(data)


def test_the_numbers_of_a_shopping_graph_are_shown() -> None:
    shown = run("apple").stdout
    assert "220.00000000000003" in shown
    assert "110.00000000000001" in shown


def test_options_may_stand_before_the_word() -> None:
    assert run("--latex", "sigmoid").stdout == run("sigmoid", "--latex").stdout


def test_a_misspelt_name_suggests_the_nearest() -> None:
    done = run("sigmod")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "did you mean sigmoid" in done.stderr


def test_a_condition_is_printed_where_an_expression_is_not_defined_everywhere() -> None:
    done = run("log(x)")
    assert done.exit_code == 0
    assert "x > 0" in done.stdout


def test_a_false_file_is_shown_and_ends_with_1(file: Path) -> None:
    file.write_text(FALSE, encoding="utf-8")
    done = run("notes.md", "--latex")
    assert done.exit_code == 1
    assert "notes.md:6:6: step 1 of dx is false" in done.stderr
    assert "is false" in done.stdout


MISUSES = {
    "an expression that cannot be read": ("x +* 2",),
    "an expression without a variable": ("2 + 3",),
    "a file that does not exist": ("nowhere.md",),
    "a folder": (".",),
    "an unknown option": ("sigmoid", "--latec"),
    "a document in another format": ("sigmoid", "--json", "--standalone"),
    "an output folder that does not exist": ("sigmoid", "-o", "no/such/folder/s.txt"),
    "a name that cannot be checked": ("check", "sigmod"),
    "a file that cannot be checked": ("check", "nowhere.md"),
    "a word too many": ("sigmoid", "tanh"),
}


@pytest.mark.parametrize("arguments", MISUSES.values(), ids=MISUSES.keys())
def test_a_mistake_of_the_user_ends_with_2_and_no_traceback(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stderr or "nowhere" in done.stdout
    assert "Traceback" not in done.output


# ------------------------------------------------------------------ -o


SIGNS = {"s.tex": r"\section*{", "s.md": "# Sigmoid", "s.json": '"schema"', "s.txt": "∂L/∂x"}


@pytest.mark.parametrize(("name", "sign"), SIGNS.items())
def test_the_end_of_the_file_name_chooses_the_format(file: Path, name: str, sign: str) -> None:
    assert run("sigmoid", "-o", name).stdout == ""
    assert sign in (file.parent / name).read_text(encoding="utf-8")


def test_a_file_is_replaced_as_a_whole_and_keeps_its_mode(file: Path) -> None:
    file.chmod(0o640)
    write_atomically(file, "new\n")
    assert (file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777) == ("new\n", 0o640)


def test_nothing_is_left_when_writing_fails(file: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_atomically(file, "half \ud800")
    assert [path.name for path in file.parent.iterdir()] == ["notes.md"]
    assert file.read_text(encoding="utf-8") == TRUE


def test_what_a_killed_run_left_is_swept(file: Path) -> None:
    stale = file.parent / ".notes.md.backproof-dead"
    stale.write_text("torn", encoding="utf-8")
    os.utime(stale, (0, stale.stat().st_mtime - 2 * STALE_SECONDS))
    write_atomically(file, "new\n")
    assert not stale.exists()


# ------------------------------------------------------------------ derive check


def test_check_without_a_path_verifies_the_whole_catalogue() -> None:
    done = run("check")
    assert done.exit_code == 0
    summary = done.stdout.splitlines()[-1]
    expected = rf"{len(catalogue.names())} derivations; \d+ steps: .*; \d+ witnesses: .*; [\d.]+ seconds"
    assert re.fullmatch(expected, summary)


def test_check_says_where_a_step_is_false_at_which_point_and_what_differs(file: Path) -> None:
    file.write_text(FALSE, encoding="utf-8")
    done = run("check", "notes.md")
    assert done.exit_code == 1
    headline, equation, values, difference, _ = done.stdout.splitlines()
    assert headline == "notes.md:6:6: step 1 of dx is false"
    assert equation.strip() == "dx  =  dy*3"
    assert re.fullmatch(r"    at dy = \S+, x = \S+:  \S+  ≠  \S+", values)
    assert difference.strip() == "they differ by a factor: the left side is 2/3 times the right side"


def test_check_of_an_unreadable_file_ends_with_2_and_shows_the_place(file: Path) -> None:
    file.write_text(UNREADABLE, encoding="utf-8")
    done = run("check", "notes.md")
    assert done.exit_code == 2
    assert done.stdout.startswith("notes.md:5:7: expected an expression")
    assert "      ^" in done.stdout


def test_a_wrong_step_outweighs_an_unreadable_file(file: Path) -> None:
    file.write_text(UNREADABLE, encoding="utf-8")
    (file.parent / "false.md").write_text(FALSE, encoding="utf-8")
    assert run("check", ".").exit_code == 1


def test_check_of_a_folder_verifies_its_files(file: Path) -> None:
    done = run("check", str(file.parent))
    assert done.exit_code == 0
    assert done.stdout.startswith("✓ notes")


def test_check_quietly_prints_the_summary_alone() -> None:
    done = run("check", "-q", "sigmoid")
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 1)


def test_check_of_a_node_verifies_that_node() -> None:
    assert run("check", "sigmoid").stdout.splitlines()[-1].startswith("1 derivation; 4 steps: 4 proved;")


def test_check_as_json_gives_places_from_1(file: Path) -> None:
    file.write_text(FALSE, encoding="utf-8")
    done = run("check", "--json", "notes.md")
    data = json.loads(done.stdout)
    (found,) = data["files"][0]["findings"]
    assert (data["schema"], data["exit_code"], done.exit_code) == (1, 1, 1)
    assert (found["path"], found["line"], found["column"], found["severity"]) == ("notes.md", 6, 6, "wrong")


def test_a_file_that_is_not_utf_8_is_unreadable(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    assert run("check", "notes.md").exit_code == 2


# ------------------------------------------------------------------ help, list, version, completion


def test_help_gives_examples_and_exit_codes() -> None:
    shown = run("--help").stdout
    assert "derive sigmoid --latex" in shown
    assert "Exit codes" in shown
    assert "--standalone" in shown


def test_without_arguments_the_help_is_shown() -> None:
    assert "Examples" in run().output


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"derive {__version__}\n"


@pytest.mark.parametrize("name", catalogue.names())
def test_the_list_has_every_node(name: str) -> None:
    assert re.search(rf"^{name}(\s|$)", run("list").stdout, re.MULTILINE)


def test_the_list_describes_every_node_as_json() -> None:
    nodes = json.loads(run("list", "--json").stdout)["nodes"]
    assert [node["name"] for node in nodes] == list(catalogue.names())
    assert all(len(node["description"]) > 10 for node in nodes)


def completions(arguments: list[str], incomplete: str) -> set[str]:
    found = ShellComplete(main, {}, "derive", "_DERIVE_COMPLETE").get_completions(arguments, incomplete)
    return {item.value for item in found}


@pytest.mark.parametrize(
    ("arguments", "incomplete", "expected"),
    [
        ([], "sig", {"sigmoid"}),
        ([], "che", {"check"}),
        ([], "hard_s", {"hard-sigmoid", "hard-swish"}),
        (["check"], "gel", {"gelu", "gelu-tanh"}),
        (["sigmoid"], "--la", {"--latex"}),
    ],
)
def test_completion_knows_nodes_commands_and_options(arguments: list[str], incomplete: str, expected: set[str]) -> None:
    assert expected <= completions(arguments, incomplete)


# ------------------------------------------------------------------ what a stranger's file may not do


@pytest.mark.skipif(os.name != "posix", reason="links are of POSIX systems")
@pytest.mark.parametrize("arguments", [("sigmoid", "--latex", "-o"), ("graph", "sigmoid", "-o")])
def test_nothing_is_written_through_a_link_out_of_the_folder(
    file: Path, tmp_path_factory: pytest.TempPathFactory, arguments: tuple[str, ...]
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "victim"
    elsewhere.write_text("precious", encoding="utf-8")
    Path("out.tex").symlink_to(elsewhere)
    done = run(*arguments, "out.tex")
    assert (done.exit_code, done.stderr) == (2, "derive: out.tex: is a link out of its folder\n")
    assert elsewhere.read_text(encoding="utf-8") == "precious"


@pytest.mark.skipif(os.name != "posix", reason="links are of POSIX systems")
def test_a_link_within_the_folder_is_followed(file: Path) -> None:
    Path("link.md").symlink_to(file)
    write_atomically(Path("link.md"), "new\n")
    assert Path("link.md").is_symlink()
    assert file.read_text(encoding="utf-8") == "new\n"


@pytest.mark.skipif(os.name != "posix", reason="links are of POSIX systems")
def test_certificates_are_not_written_through_a_link(file: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "victim"
    Path("certificates").mkdir()
    Path("certificates/00001.json").symlink_to(elsewhere)
    assert run("check", "notes.md", "--certificates", "certificates").exit_code == 2
    assert not elsewhere.exists()


def test_certificates_of_a_former_run_do_not_stay(file: Path) -> None:
    for words in (["sigmoid", "tanh"], ["notes.md"]):
        assert run("check", *words, "--certificates", "certificates").exit_code == 0
    assert {path.name for path in Path("certificates").iterdir()} == {"00001.json", "index.json"}
    assert run("verify", "certificates").exit_code == 0


def test_checking_and_showing_write_nothing(file: Path) -> None:
    for arguments in (["check", "notes.md"], ["notes.md"], ["notes.md", "--json"]):
        assert run(*arguments).exit_code == 0
    assert [path.name for path in file.parent.iterdir()] == ["notes.md"]


HOSTILE = TRUE.replace("# Double", "# \x1b[2JDouble\u202e\n\n\x1b]0;title\x07 <script>alert(1)</script> \\input{x}")


@pytest.mark.parametrize("form", ["--text", "--latex", "--markdown", "--html", "--svg", "--tikz", "--dot"])
def test_prose_steers_no_terminal_whatever_the_format(file: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(HOSTILE, encoding="utf-8")
    shown = run("notes.md", form).stdout
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


@pytest.mark.skipif(os.name != "posix", reason="such a name is of POSIX systems")
@pytest.mark.parametrize("text", [TRUE, FALSE, UNREADABLE])
def test_the_name_of_a_file_steers_no_terminal(file: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    name = "\x1b[2J\u202e.md"
    Path(name).write_text(text, encoding="utf-8")
    done = run("check", name)
    assert "\x1b[2J" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout + done.stderr


# ------------------------------------------------------------------ colour


@pytest.mark.parametrize(
    ("environment", "no_color", "colour"),
    [
        ({}, False, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour_is_for_terminals_unless_it_is_forced_or_forbidden(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], no_color: bool, colour: bool
) -> None:
    monkeypatch.setattr(os, "environ", environment)
    assert wants_colour(no_color) is colour


def test_forced_colour_reaches_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = run("sigmoid").stdout
    assert "\x1b[" in coloured
    assert click.unstyle(coloured) == run("sigmoid", "--no-color").stdout


@pytest.mark.parametrize(
    ("arguments", "protected"),
    [
        (["-x^2"], ["--", "-x^2"]),
        (["-log(x)", "--latex"], ["--latex", "--", "-log(x)"]),
        (["sigmoid", "-o", "s.tex"], ["sigmoid", "-o", "s.tex"]),
        (["--", "-x"], ["--", "-x"]),
    ],
)
def test_an_expression_that_starts_with_a_minus_is_no_option(arguments: list[str], protected: list[str]) -> None:
    assert protect_negative(arguments) == protected


def test_the_command_runs_as_a_process() -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(backproof.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "backproof", "sigmoid", "--latex"],
        env=environment, capture_output=True, check=True, encoding="utf-8",
    )  # fmt: skip
    assert r"\section*{Sigmoid}" in done.stdout
    assert done.stderr == ""


def test_a_terminal_without_unicode_gets_question_marks_and_no_traceback() -> None:
    environment = {"PYTHONPATH": str(Path(backproof.__file__).parents[1]), "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        [sys.executable, "-m", "backproof", "sigmoid"],
        env=os.environ | environment, capture_output=True, check=True,
    )  # fmt: skip
    assert b"?L/?x" in done.stdout
