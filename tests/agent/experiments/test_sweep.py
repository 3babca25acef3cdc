"""`python -m agent.sweep` as its user meets it."""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
import time
from collections import Counter
from decimal import Decimal
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from agent.sweep import main
from agent.trace.reader import find_sessions
from tests.agent.models.provider_server import ProviderServer, dropped, ok
from tests.ready import begin

SWEEP = [sys.executable, "-m", "agent.sweep"]


def steps(folder: Path) -> dict[str, list[tuple]]:
    """What was shown and decided, session by session."""
    return {
        each.path.name: [(step.stimulus.id, step.answer.outcome, step.answer.decision, step.action.done) for step in each.steps()]
        for each in find_sessions(folder)
    }


def summary(folder: Path) -> list[dict[str, str]]:
    with (folder / "summary.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def go(tmp_path: Path):
    """Runs the command with a run folder of the test's own."""

    def run(path: Path, *arguments: str) -> int:
        return main([str(path), "--runs", str(tmp_path / "runs"), "--no-report", "--quiet", *arguments])

    return run


def test_an_experiment_runs_and_a_second_run_does_nothing(experiment, go, tmp_path, capsys):
    """All sessions complete, one row each in summary.csv; the same command finds nothing to do."""
    assert go(experiment(), "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["complete"] == 8
    assert told["decisions"] == 24
    rows = summary(tmp_path / "runs" / "small")
    assert [row["status"] for row in rows] == ["complete"] * 8
    assert sum(int(row["answered"]) for row in rows) == 24
    traces = {path: path.read_bytes() for path in (tmp_path / "runs").glob("small/*/trace.jsonl")}
    assert go(experiment()) == 0
    assert all(path.read_bytes() == text for path, text in traces.items())


def test_processes_give_the_same_decisions(experiment, go, tmp_path):
    """Two worker processes decide what one does."""
    assert go(experiment()) == 0
    assert main([str(experiment()), "--runs", str(tmp_path / "other"), "--no-report", "--quiet", "--workers", "2"]) == 0
    assert steps(tmp_path / "runs" / "small") == steps(tmp_path / "other" / "small")


def test_dry_run_writes_nothing(experiment, go, tmp_path, capsys):
    """The plan is printed: what varies, what is constant, sessions, decisions, cost."""
    assert go(experiment(), "--dry-run") == 0
    told = capsys.readouterr().out
    assert "8 sessions, 24 decisions, about 0.00 USD" in told
    assert "planted/persona" in told
    assert not (tmp_path / "runs").exists()


def test_words_of_others_are_no_markup(experiment, go, capsys):
    """Brackets in the file are printed as they stand."""
    text = 'summary = "a [/red] b"\ncontrast = "[/b]"\n[[cross]]\nmodel = "scripted/like"\nvideos = 2\n'
    assert go(experiment(text), "--dry-run") == 0
    told = capsys.readouterr().out
    assert "a [/red] b" in told
    assert "[/b]" in told


def test_a_plan_that_was_cut_off_does_not_stand_in_the_way(experiment, go, tmp_path):
    """After a kill or a full disk while the plan was written, the same command runs."""
    cut = tmp_path / "runs" / "small" / ".experiment.json.123.part"
    cut.parent.mkdir(parents=True)
    cut.write_text("{")
    assert go(experiment()) == 0


def test_a_changed_file_is_refused_with_its_differences_or_run_beside(experiment, go, tmp_path, capsys):
    """Another experiment under the same name does not mix with the old one."""
    path = experiment()
    assert go(path) == 0
    path.write_text(path.read_text().replace("videos = 3", "videos = 4"))
    assert go(path) == 2
    said = capsys.readouterr().err
    assert "videos 3 → 4" in said and "Change the file back, or run it beside the old one with --new" in said
    assert go(path, "--new") == 0
    assert {row["answered"] for row in summary(tmp_path / "runs" / "small-002")} == {"4"}


def test_limits_hold_over_runs(experiment, go, tmp_path):
    """A limit in requests stops at exactly that many; a higher one goes on from there."""
    path = experiment()
    assert go(path, "--max-requests", "10") == 3
    assert sum(int(row["calls"] or 0) for row in summary(tmp_path / "runs" / "small")) == 10
    assert go(path, "--max-requests", "10") == 3
    assert sum(int(row["calls"] or 0) for row in summary(tmp_path / "runs" / "small")) == 10
    assert go(path, "--workers", "2", "--max-requests", "17") == 3
    assert sum(int(row["calls"] or 0) for row in summary(tmp_path / "runs" / "small")) == 17
    assert go(path) == 0


def test_an_unknown_price_refuses_a_limit_in_usd(experiment, go, capsys, monkeypatch):
    """What cannot be kept is not promised."""
    monkeypatch.setenv("OPENAI_API_KEY", "x" * 20)
    path = experiment('[[cross]]\nmodel = "openai/never-heard-of"\nvideos = 2\n[limits]\nmax_usd = 1\n')
    assert go(path) == 2
    assert "unknown price: openai/never-heard-of" in capsys.readouterr().err


PRICED = """
[[cross]]
model = "compatible/paid"
videos = 3
seed = [1, 2]
[models."compatible/paid"]
base_url = "{url}"
options = {{ price_input = 1, price_output = 10, max_attempts = 1 }}
[limits]
max_usd = 1
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_answers_of_unknown_price_cannot_slip_past_a_limit_in_usd(experiment, go, tmp_path, capsys, workers):
    """A server that names no token counts ends the run at the limit, this time and the next."""
    with ProviderServer(ok(tokens=None)) as server:
        path = experiment(PRICED.format(url=server.url()), "paid.toml")
        for _ in range(2):
            assert go(path, "--workers", workers) == 3
            assert "the price of" in capsys.readouterr().err
        assert 1 <= len(server.requests) <= 2, "those that were under way"


def test_a_call_that_was_lost_counts_at_its_most(experiment, go, tmp_path):
    """Under a limit in USD each question is recorded with what it can cost, so that a resume counts a lost one in full."""
    with ProviderServer([dropped(), ok()]) as server:
        assert go(experiment(PRICED.format(url=server.url()), "paid.toml")) == 0
    rows = summary(tmp_path / "runs" / "paid")
    lost = [row for row in rows if row["possibly_paid"] == "1"]
    assert len(lost) == 1
    session = next(each for each in find_sessions(tmp_path / "runs" / "paid") if each.path.name == lost[0]["session"])
    asks = [json.loads(line) for line in session.trace.read_text(encoding="utf-8").splitlines() if '"type":"ask"' in line]
    most = max(Decimal(ask["most_usd"]) for ask in asks)
    assert Decimal(lost[0]["budgeted_usd"]) == Decimal(lost[0]["spent_usd"]) + most


def test_failures_are_counted_and_end_only_their_model(experiment, go, tmp_path, capsys):
    """Every stimulus is accounted for; a model that always fails ends early, and the others finish."""
    (tmp_path / "fails.jsonl").write_text('{"error": "unavailable"}\n')
    text = f"""
[common]
videos = 12
[[cross]]
model = ["planted/persona", "scripted/{tmp_path}/fails.jsonl"]
persona = ["default", "hedonist", "achiever", "traditionalist", "neutral"]
[models."planted/persona"]
options = {{ failure_rate = 0.05, refusal_rate = 0.1, unparsable_rate = 0.1 }}
"""
    assert go(experiment(text, "mixed.toml"), "--concurrency", "2") == 1
    assert "was stopped: scripted/" in capsys.readouterr().err
    rows = summary(tmp_path / "runs" / "mixed")
    good = [row for row in rows if row["model"] == "planted/persona"]
    assert all(row["status"] == "complete" for row in good)
    states = Counter({state: sum(int(row[state]) for row in good) for state in ("answered", "refused", "unparsable", "failed")})
    assert states.total() == 60
    assert min(states.values()) > 0
    assert any(row["status"] == "missing" for row in rows)


def steps_taken(folder: Path) -> int:
    """How many steps all sessions together have come to their end of, complete or not."""
    return sum(trace.read_bytes().count(b'"type":"action"') for trace in folder.glob("*/trace.jsonl"))


def wait_for_steps(sweep: BaseProcess, folder: Path, number: int) -> None:
    """Until the running sweep has taken so many steps."""
    until = time.monotonic() + 60
    while steps_taken(folder) < number:
        assert sweep.exitcode is None, "it ended before that"
        assert time.monotonic() < until, "it did not get there"
        time.sleep(0.005)


def test_kill_at_any_moment_and_go_on(experiment, long, tmp_path):
    """After kill −9 of the sweep, and of a worker, the same command gives what an undisturbed run gives."""
    path = experiment(long)
    command = [*SWEEP, str(path), "--runs", str(tmp_path / "killed"), "--no-report", "--quiet", "--workers", "2"]
    for number in (30, 160):
        sweep = begin(command, tmp_path / "stderr")
        wait_for_steps(sweep, tmp_path / "killed" / "small", number)
        sweep.kill()
        sweep.join()
    assert main(command[3:]) == 0
    assert main([str(path), "--runs", str(tmp_path / "whole"), "--no-report", "--quiet", "--workers", "1"]) == 0
    assert steps(tmp_path / "killed" / "small") == steps(tmp_path / "whole" / "small")


def test_ctrl_c_once_finishes_what_is_in_flight(experiment, long, tmp_path):
    """The run stops with 130 and no broken session; the same command completes it."""
    path = experiment(long)
    command = [*SWEEP, str(path), "--runs", str(tmp_path / "runs"), "--no-report", "--quiet"]
    sweep = begin([*command, "--workers", "2"], tmp_path / "stderr")
    wait_for_steps(sweep, tmp_path / "runs" / "small", 30)
    os.kill(sweep.pid, signal.SIGINT)
    sweep.join(60)
    told = (tmp_path / "stderr").read_text(encoding="utf-8")
    assert sweep.exitcode == 130, told
    assert "Traceback" not in told
    statuses = {each.status() for each in find_sessions(tmp_path / "runs" / "small")}
    assert statuses <= {"complete", "stopped", "prepared"}
    assert main([str(path), "--runs", str(tmp_path / "runs"), "--no-report", "--quiet"]) == 0


def test_two_sweeps_of_one_experiment_do_not_meet(experiment, go, tmp_path, capsys):
    """The second says that the first is at work."""
    from agent.experiments.standing import SweepLog

    path = experiment()
    assert go(path) == 0
    log = SweepLog(tmp_path / "runs" / "small")
    try:
        assert go(path) == 2
    finally:
        log.close()
    assert "another process runs the experiment" in capsys.readouterr().err
