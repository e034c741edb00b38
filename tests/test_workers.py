"""Workers answer as the kernel does, and a worker that hangs or dies costs one verdict."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import pytest

from backproof.calculus import derive
from backproof.catalogue import load
from backproof.domains import NAMED, Context
from backproof.kernel import Kind, judge
from backproof.language import parse_expression
from backproof.terms import num, power, sym
from backproof.wire import pack_context, pack_terms, pack_verdict, unpack_context, unpack_terms, unpack_verdict
from backproof.workers import Pool, Question, Worker, judging_apart
from tests.fuzz.steps import all_corpus_steps

STEPS: list[Question] = [(step.left, step.right, step.context) for step in all_corpus_steps()[::40]]


def question(left: str, right: str) -> Question:
    return parse_expression(left), parse_expression(right), Context({}, {"x": NAMED["positive"]})


def test_terms_survive_the_wire():
    term = parse_expression("where(x > 0.1, D(exp(x)/0.3, x)^2, 0)")
    assert unpack_terms(json.loads(json.dumps(pack_terms([term, term]))))[1] is term


def test_deep_terms_survive_the_wire():
    term = sym("x")
    for _ in range(20_000):
        term = power(term, num(1))
    assert unpack_terms(pack_terms([term]))[0] is term


@pytest.mark.parametrize("step", STEPS)
def test_verdicts_and_contexts_survive_the_wire(step):
    left, right, context = step
    verdict = judge(left, right, context)
    assert unpack_verdict(json.loads(json.dumps(pack_verdict(verdict)))) == verdict
    assert unpack_context(json.loads(json.dumps(pack_context(context)))) == context


@pytest.mark.parametrize("jobs", [1, 4])
def test_verdicts_and_their_order_do_not_depend_on_the_number_of_workers(jobs):
    with Pool(jobs, seconds=20) as pool:
        assert list(pool.judge_all(STEPS)) == [judge(*step) for step in STEPS]


def test_a_step_that_takes_too_long_is_unknown_and_the_next_is_judged():
    hang = question("(x+2)^64*(x+3)^64*(w+x+z)^60", "(x+w+z+1)^60")
    with Pool(1, seconds=0.001) as pool:
        verdict = pool.judge(*hang)
        assert (verdict.kind, verdict.reason) == (
            Kind.UNKNOWN,
            "no answer within 0.001 seconds",
        )
        pool.seconds = 20
        assert pool.judge(*question("x/x", "1")).kind is Kind.PROVED


@pytest.mark.parametrize("body", ["import os; os.abort()", "import time; time.sleep(60)", "print('no json', end='')"])
def test_a_worker_that_aborts_hangs_or_stammers_gives_no_answer_and_leaves_no_process(body):
    worker = Worker([sys.executable, "-c", f"import sys; print('ready', flush=True); sys.stdin.readline(); {body}"])
    assert worker.ask("{}", 0.5) == ""
    assert worker.process is None


BARE = """
import signal, sys
del signal.setitimer, signal.SIGPROF
sys.modules["resource"] = None
sys.argv = ["kernel_worker", "512"]
from backproof import kernel_worker
kernel_worker.main()
"""


def test_a_system_without_timers_and_limits_has_workers_all_the_same():
    pool = Pool(1, seconds=20)
    pool.workers[0].command = [sys.executable, "-c", BARE]
    with pool:
        assert pool.judge(*question("x/x", "1")).kind is Kind.PROVED


def test_a_step_is_ended_by_its_processor_time_within_a_library():
    body = "import signal; signal.setitimer(signal.ITIMER_PROF, 0.2); sum(range(10**11))"
    worker = Worker([sys.executable, "-c", f"import sys; print('ready', flush=True); sys.stdin.readline(); {body}"])
    start = time.monotonic()
    assert worker.ask("{}", 60) == ""
    assert worker.failure == ""
    assert time.monotonic() - start < 30


def test_a_worker_that_aborts_says_so():
    pool = Pool(1, seconds=20)
    pool.workers[0].command = [sys.executable, "-c", "import os; print('ready', flush=True); input(); os.abort()"]
    with pool:
        verdict = pool.judge(*question("x/x", "1"))
    assert (verdict.kind, verdict.reason) == (Kind.UNKNOWN, "the kernel was lost: the process ended with code -6")


def test_a_step_that_needs_more_memory_than_it_may_have_is_unknown():
    code = "import backproof.kernel_worker as w; w.judge = lambda *_: bytearray(10**12); w.main()"
    pool = Pool(1, seconds=20)
    pool.workers[0].command = [sys.executable, "-c", f"import sys; sys.argv = ['', '512']; {code}"]
    with pool:
        assert pool.judge(*question("x/x", "1")).reason == "the step needs more memory than it may have"


def test_leaving_the_pool_ends_every_process_at_once():
    pool = Pool(2, seconds=60)
    for worker in pool.workers:
        worker.launch()
    processes = [worker.process for worker in pool.workers]
    start = time.monotonic()
    pool.close()
    assert time.monotonic() - start < 1
    assert all(process is not None and process.poll() is not None for process in processes)


def test_closing_from_another_thread_frees_a_step_that_is_being_judged():
    pool = Pool(1, seconds=60)
    pool.workers[0].command = [sys.executable, "-c", "print('ready', flush=True); import time; time.sleep(60)"]
    threading.Timer(0.7, pool.close).start()
    assert pool.judge(*question("x", "x")).kind is Kind.UNKNOWN


def test_kernel_workers_load_neither_sympy_nor_numpy():
    code = "import sys, backproof.kernel_worker; print([m for m in ('sympy', 'numpy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_derivation_made_with_workers_is_the_same_as_one_made_without():
    node = load("sigmoid").nodes[0]
    with judging_apart(seconds=20):
        apart = derive(node)
    assert apart.steps == derive(node).steps


def test_a_worker_takes_nothing_from_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('the file of a stranger was run')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "")
    with Pool(1, seconds=20) as pool:
        assert pool.judge(*question("x", "x")).kind is Kind.PROVED
