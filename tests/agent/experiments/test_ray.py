"""Experiments on a Ray cluster, a real one of two workers on this machine."""

from __future__ import annotations

import asyncio
import csv
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.experiments.plan import make_plan
from agent.experiments.running import Sweep
from agent.sweep import main
from agent.trace.reader import find_sessions

try:
    import ray
except ImportError:
    ray = None

needs_ray = pytest.mark.skipif(ray is None, reason="the extra `ray` is not installed")


@pytest.fixture(scope="module")
def cluster():
    """One cluster for all tests here: what is there already is used and left alone."""
    from agent.experiments.ray_workers import RayCluster

    there = RayCluster(workers=2)
    yield there
    there.close()


def steps(folder: Path) -> dict[str, list[tuple]]:
    """What was shown and decided, session by session."""
    return {
        each.path.name: [(step.stimulus.id, step.answer.outcome, step.answer.decision, step.action.done) for step in each.steps()]
        for each in find_sessions(folder)
    }


def calls(folder: Path) -> int:
    with (folder / "summary.csv").open(encoding="utf-8", newline="") as file:
        return sum(int(row["calls"] or 0) for row in csv.DictReader(file))


def go(path: Path, runs: Path | str, *arguments: str) -> int:
    return main([str(path), "--runs", str(runs), "--no-report", "--quiet", *arguments])


RAY = ("--executor", "ray", "--workers", "2")


@needs_ray
def test_a_cluster_holds_limits_and_another_machine_goes_on_from_the_store(cluster, experiment, tmp_path, capsys):
    """Two workers on Ray, which store their sessions at a URL, stop at exactly a limit in requests, whichever of them asks; nothing but the
    result is printed. Without the limit, the cluster and its work folder the sweep goes on from the store, to what one process does."""
    path, url = experiment(), f"file://{tmp_path}/store"
    assert go(path, url, *RAY, "--work", str(tmp_path / "one"), "--max-requests", "10", "--json") == 3
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert calls(tmp_path / "store" / "small") == 10
    assert go(path, url, "--work", str(tmp_path / "two")) == 0
    assert calls(tmp_path / "store" / "small") == 24
    assert go(path, tmp_path / "here") == 0
    assert steps(tmp_path / "store" / "small") == steps(tmp_path / "here" / "small") == steps(tmp_path / "two" / "small")
    assert (tmp_path / "store" / "small" / "summary.csv").read_bytes() == (tmp_path / "two" / "small" / "summary.csv").read_bytes()


@needs_ray
def test_a_killed_worker_loses_nothing(cluster, experiment, long, tmp_path):
    """The sessions of a worker that dies run on elsewhere from where they were, and no call is made twice that was answered."""
    path = experiment(long)
    assert go(path, tmp_path / "here", "--workers", "1") == 0
    killed: list[int] = []

    async def run() -> Any:
        sweep = Sweep(make_plan(path), tmp_path / "ray", workers=2, executor="ray")
        hired: list[Any] = []
        hire = sweep._hire

        async def watched() -> Any:
            hired.append(await hire())
            return hired[-1]

        sweep._hire = watched

        async def kill() -> None:
            while sum(counts["calls"] for counts in sweep.tally.counts.values()) < 20:
                await asyncio.sleep(0.02)
            killed.append(await hired[0].pid())
            os.kill(killed[0], signal.SIGKILL)

        killing = asyncio.create_task(kill())
        try:
            return await sweep.run(lambda *_: None, lambda _: None), len(hired), await killing
        finally:
            killing.cancel()
            sweep.close()

    result, workers, _ = asyncio.run(run())
    assert killed
    assert workers == 3
    assert (result.remaining, result.exit_code) == (0, 0)
    assert steps(tmp_path / "ray" / "small") == steps(tmp_path / "here" / "small")


@needs_ray
def test_more_workers_than_the_cluster_has_are_refused(cluster, experiment, tmp_path, capsys):
    """A worker that would wait for a CPU for ever is not asked for."""
    assert go(experiment(), tmp_path, "--executor", "ray", "--workers", "7") == 2
    assert "the Ray cluster has 2 CPUs, one a worker" in capsys.readouterr().err


@needs_ray
def test_a_cluster_that_is_not_there_is_said(experiment, tmp_path):
    """A wrong address is one line, in seconds."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        command = [
            sys.executable,
            "-m",
            "agent.sweep",
            str(experiment()),
            "--runs",
            str(tmp_path),
            "--executor",
            "ray",
            "--ray-address",
            address,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: no Ray cluster at --ray-address {address}")
    assert len(done.stderr.splitlines()) == 1


def test_without_ray_the_cure_is_named(experiment, tmp_path, capsys, monkeypatch):
    """One line says what to install."""
    monkeypatch.setitem(sys.modules, "ray", None)
    assert go(experiment(), tmp_path, *RAY) == 2
    assert "pip install 'axiofeed[ray]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--ray-address", "auto"), "--ray-address goes with --executor ray"),
        (("--executor", "ray", "--runs", "memory://x"), "memory:// is of one process"),
        (("--work", "x"), "--work goes with --runs URL"),
    ],
)
def test_options_that_do_not_go_together(experiment, tmp_path, capsys, arguments, told):
    """What cannot be meant is said in one line."""
    assert go(experiment(), tmp_path, *arguments) == 2
    assert told in capsys.readouterr().err
