"""Files are checked by processes that can be killed: nothing is lost or left, and their number does not matter."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from backproof import catalogue
from backproof.audit.files import check_file
from backproof.audit.findings import Severity
from backproof.audit.fleet import Fleet, Limits
from backproof.audit.summary import pack, summarise, unpack
from backproof.cli import main
from tests.audit.determinism import RUNS, digest

FOLDER = Path(str(catalogue.folder()))
NAMES = ["relu", "sigmoid", "softmax", "mse", "abs", "huber"]
FILES = [FOLDER / f"{name}.md" for name in NAMES]
FALSE = "```derive\nnode f(x)\ny = x^2\ndx = dy*x\n```\n\n```derive\ngiven x\nclaim x + x = 2*x\n```\n"

#: A worker that answers the first question by dying in the way that is asked for, and the others by what they skip.
DYING = """
import json, sys, time, os
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    question = json.loads(line)
    if "1" not in question["skipped"]:
        print(json.dumps({"block": 1, "judging": False}), flush=True)
        BODY
    summary = {"path": question["shown"], "findings": [], "nodes": list(question["skipped"].values()), "claims": 0,
               "kinds": {}, "witnesses": {}, "conditions": [], "certificates": []}
    print(json.dumps({"summary": summary}), flush=True)
"""


def summaries(jobs: int, files: list[Path] = FILES, certified: bool = False) -> list[str]:
    """Return what the workers say of every file, as bytes would have it."""
    with Fleet(jobs, Limits(30, 60, certified)) as fleet:
        arrived = [found for found in fleet.check(files) if found is not None]
    return [json.dumps(pack(found)) for _, found in sorted(arrived, key=lambda pair: pair[0])]


@pytest.mark.parametrize("jobs", [1, 4])
def test_what_is_found_does_not_depend_on_the_number_of_workers(jobs):
    assert summaries(jobs, certified=True) == [json.dumps(pack(summarise(check_file(path), True))) for path in FILES]


def test_reports_and_certificates_are_the_same_bytes_for_every_hash_seed():
    assert len({digest(seed, jobs, ["silu", "softmax", "huber"]) for seed, jobs in RUNS[:4]}) == 1


def test_a_summary_survives_the_wire(tmp_path):
    (tmp_path / "f.md").write_text(FALSE)
    found = summarise(check_file(tmp_path / "f.md"), certified=True)
    assert [each.severity for each in found.findings] == [Severity.WRONG]
    assert unpack(json.loads(json.dumps(pack(found)))) == found


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("os._exit(3)", "the process ended with code 3"),
        ("os.abort()", "the process ended with code -6"),
        ("time.sleep(60)", "SymPy proposed nothing within 0.2 seconds"),
    ],
)
def test_a_worker_that_dies_or_hangs_costs_one_block_and_the_rest_is_asked_again(body, reason):
    fleet = Fleet(1, Limits(proposal=0.2))
    fleet.workers[0].command = [sys.executable, "-c", DYING.replace("BODY", body)]
    with fleet:
        (found,) = [found for found in fleet.check(FILES[:1]) if found is not None]
    assert found[1].nodes == (reason,)


def test_a_worker_that_cannot_start_leaves_a_file_undecided():
    fleet = Fleet(1, Limits())
    fleet.workers[0].command = [sys.executable, "-c", "raise SystemExit(7)"]
    with fleet:
        (found,) = [found for found in fleet.check(FILES[:1]) if found is not None]
    assert [str(each) for each in found[1].findings] == [
        f"{found[1].path}:1:1: nothing is known: the process ended with code 7"
    ]


def started(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    """Return ``derive check`` on the whole catalogue, in a session of its own, at work for a while."""
    process = subprocess.Popen(
        [sys.executable, "-m", "backproof", "check", "--jobs", "2", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(FOLDER.parent / "src")},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()  # the first file is done
    return process


def of_session(session: int) -> list[str]:
    """Return the processes of a session that are alive."""
    found = subprocess.run(["ps", "-e", "-o", "sid=,stat=,args="], capture_output=True, text=True, check=True)
    rows = [line.split(None, 2) for line in found.stdout.splitlines()]
    return [args for sid, stat, args in rows if int(sid) == session and not stat.startswith("Z")]


@pytest.mark.skipif(os.name != "posix", reason="sessions and ps are of POSIX systems")
def test_an_interrupt_ends_everything_within_a_second_and_says_how_far_it_came(tmp_path):
    process = started(tmp_path, "--certificates", "out")
    start = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, notes = process.communicate(timeout=20)
    assert time.monotonic() - start < 1
    assert process.returncode == 130
    assert notes.startswith("interrupted: ")
    assert f" of {len(list(FOLDER.glob('*.md')))} files checked; " in notes
    assert of_session(process.pid) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="sessions and ps are of POSIX systems")
def test_workers_end_when_the_command_is_killed(tmp_path):
    process = started(tmp_path)
    process.kill()
    process.communicate(timeout=20)
    deadline = time.monotonic() + 5
    while of_session(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert of_session(process.pid) == []


def test_a_step_without_an_answer_is_unknown_with_the_reason_and_the_next_file_is_judged():
    words = ["contrastive-infonce", "mul"]
    done = CliRunner().invoke(main, ["check", *words, "--timeout", "0.01"], prog_name="derive")
    assert done.exit_code == 3
    assert "no answer within 0.01 seconds" in done.stdout
    assert "✓ mul" in done.stdout


def test_a_node_on_which_sympy_takes_too_long_is_undecided_and_the_next_is_judged(tmp_path):
    names = [f"x{number}" for number in range(300)]
    long, short = f"node long({', '.join(names)})\ny = {'*'.join(names)}", "node short(x)\ny = 2*x"
    (tmp_path / "f.md").write_text(f"```derive\n{long}\n```\n\n```derive\n{short}\n```\n")
    with Fleet(1, Limits(proposal=0.5)) as fleet:
        (found,) = [found for found in fleet.check([tmp_path / "f.md"]) if found is not None]
    assert found[1].nodes == ("short",)
    assert [each.severity for each in found[1].findings] == [Severity.UNDECIDED]
    assert "SymPy proposed nothing within 0.5 seconds" in found[1].findings[0].message
