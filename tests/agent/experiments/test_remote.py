"""Experiments kept at a URL, in fsspec's own stores: memory:// in this process, file:// on the disk."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.experiments.remote import Mirror, Store, local_copies, work_folder
from agent.sweep import main
from agent.trace.reader import find_sessions
from personas.errors import SpecError, StorageFailed


def steps(folder: Path) -> dict[str, list[tuple]]:
    """What was shown and decided, session by session."""
    return {
        each.path.name: [(step.stimulus.id, step.answer.outcome, step.answer.decision, step.action.done) for step in each.steps()]
        for each in find_sessions(folder)
    }


@pytest.fixture
def go(tmp_path: Path):
    """Runs the command with a work folder of the test's own."""

    def run(path: Path, runs: str, *arguments: str, work: str = "work") -> int:
        place = ("--work", str(tmp_path / work)) if "://" in runs else ()
        return main([str(path), "--runs", runs, *place, "--no-report", "--quiet", *arguments])

    return run


@pytest.fixture
def memory(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store in memory."""
    fsspec = pytest.importorskip("fsspec")
    url = f"memory://{request.node.name}"
    yield url
    fsspec.filesystem("memory").rm(request.node.name, recursive=True)


def test_another_machine_carries_on(experiment, go, tmp_path, memory):
    """A limit stops an experiment; with the work folder gone it goes on from the store, and no answer is asked for again."""
    path = experiment()
    assert go(path, str(tmp_path / "here")) == 0
    assert go(path, memory, "--max-requests", "10") == 3
    shutil.rmtree(tmp_path / "work")
    assert go(path, memory, work="elsewhere") == 0
    with (tmp_path / "elsewhere" / "small" / "summary.csv").open(encoding="utf-8") as file:
        assert sum(int(row["calls"]) for row in csv.DictReader(file)) == 24
    with local_copies([f"{memory}/small"]) as [folder]:
        assert steps(Path(folder)) == steps(tmp_path / "elsewhere" / "small") == steps(tmp_path / "here" / "small")


def test_the_store_holds_what_the_folder_holds(experiment, go, tmp_path, memory):
    """Plan, log, summary, sessions and every frame that a trace names, under the names that they have in a folder."""
    assert go(experiment(), memory) == 0
    folder = tmp_path / "work" / "small"
    here = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    assert Store(f"{memory}/small").sizes() == here
    assert any(name.startswith("frames/") for name in here)


def test_a_killed_sweep_goes_on_from_the_store(experiment, long, tmp_path):
    """After kill −9 and the loss of the machine, the same command elsewhere gives what an undisturbed run gives."""
    path = experiment(long)
    command = [sys.executable, "-m", "agent.sweep", str(path), "--runs", f"file://{tmp_path}/store", "--no-report", "--quiet"]
    with subprocess.Popen([*command, "--work", str(tmp_path / "one"), "--concurrency", "1"], stderr=subprocess.DEVNULL) as sweep:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(list(tmp_path.glob("store/small/*/trace.jsonl"))) < 3:
            time.sleep(0.05)
        sweep.kill()
    shutil.rmtree(tmp_path / "one")
    done = {trace: trace.read_bytes() for trace in tmp_path.glob("store/small/*/trace.jsonl")}
    assert len(done) >= 3
    assert main([*command[3:], "--work", str(tmp_path / "two")]) == 0
    assert main([str(path), "--runs", str(tmp_path / "whole"), "--no-report", "--quiet", "--workers", "1"]) == 0
    assert steps(tmp_path / "store" / "small") == steps(tmp_path / "whole" / "small")
    assert all(trace.read_bytes().startswith(before) for trace, before in done.items())


def test_a_changed_file_is_held_against_the_plan_in_the_store(experiment, go, tmp_path, memory, capsys):
    """A machine that has never seen the experiment refuses another one of that name, or runs it beside the first."""
    path = experiment()
    assert go(path, memory) == 0
    path.write_text(path.read_text().replace("videos = 3", "videos = 2"))
    assert go(path, memory, work="elsewhere") == 2
    assert "videos 3 → 2" in capsys.readouterr().err
    assert go(path, memory, "--new", work="elsewhere") == 0
    assert "small-002/experiment.json" in Store(memory).sizes()


def test_values_are_read_from_a_url(experiment, go, tmp_path, memory, monkeypatch):
    """`evals.values export` gives the same table for a URL as for the folder, and says that it came from the URL."""
    from evals.values.__main__ import main as values

    assert go(experiment(), memory) == 0
    url = f"{memory}/small"
    assert values(["export", url, str(tmp_path / "url.csv")]) == 0
    assert values(["export", str(tmp_path / "work" / "small"), str(tmp_path / "folder.csv")]) == 0
    assert (tmp_path / "url.csv").read_bytes() == (tmp_path / "folder.csv").read_bytes()
    about = json.loads((tmp_path / "url.provenance.json").read_text())
    assert about["source"] == [url]
    assert all(session["path"].startswith(f"{url}/") for session in about["sessions"])


def test_a_trace_is_stored_up_to_its_last_whole_line(tmp_path, memory):
    """What is being written is not stored half; the longer of two traces is the newer one."""
    session = tmp_path / "a"
    session.mkdir()
    (session / "session.json").write_text("{}")
    (session / "trace.jsonl").write_bytes(b'{"n": 1}\n{"n"')
    mirror = Mirror(Store(memory), tmp_path)
    mirror.push_session("a")
    assert mirror.store.read(["a/trace.jsonl"]) == [b'{"n": 1}\n']
    (session / "trace.jsonl").write_bytes(b'{"n": 1}\n{"n": 2}\n')
    mirror.pull()
    assert (session / "trace.jsonl").read_bytes().count(b"\n") == 2
    (session / "trace.jsonl").unlink()
    mirror.pull()
    assert (session / "trace.jsonl").read_bytes() == b'{"n": 1}\n'


def test_names_from_a_store_stay_in_the_folder(tmp_path):
    """A store cannot write beside the work folder."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.store["/hostile/../trace.jsonl"] = memory.open("/hostile/x/session.json", "wb")
    try:
        Mirror(Store("memory://hostile"), tmp_path / "work").pull()
        assert not (tmp_path / "trace.jsonl").exists()
    finally:
        memory.store.clear()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://bucket/path", "pip install s3fs"),
        ("nosuch://bucket", "nosuch://bucket/small cannot be opened"),
        ("ftp://me:secret@host/path", "leave user names and keys out of the URL"),
    ],
)
def test_a_store_that_cannot_be_opened_is_said(experiment, go, capsys, url, told):
    """One line that names the cure, and no key in it."""
    assert go(experiment(), url) == 2
    line = capsys.readouterr().err
    assert told in line
    assert "secret" not in line


def test_a_store_that_cannot_be_written_keeps_what_ran(experiment, go, tmp_path, capsys):
    """The failure is said with what to do; nothing of the work folder is lost."""
    (tmp_path / "store").write_text("a file")
    assert go(experiment(), f"file://{tmp_path}/store") == 1
    assert "cannot be used" in capsys.readouterr().err
    with pytest.raises(StorageFailed):
        Store(f"file://{tmp_path}/store").write([("a", b"")])


def test_each_url_has_its_work_folder(own_cache):
    """Under the cache folder, the same each time."""
    assert work_folder("s3://a/b/") == work_folder("s3://a/b")
    assert work_folder("s3://a/b") != work_folder("s3://a/c")
    with pytest.raises(SpecError, match="no session at"), local_copies(["memory://nothing-here"]):
        pass
