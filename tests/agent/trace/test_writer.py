"""Appending to a trace: whole lines, one process, torn ends, full disks."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.trace.events import ProblemEvent, SessionEvent
from agent.trace.reader import SessionFolder
from agent.trace.recorder import Recorder
from agent.trace.writer import RESERVE_BYTES, TraceWriter
from personas.errors import SpecError, StorageFailed, UserError
from tests.agent.driving import ROOT, browse_here, check_whole, decisions, of

SESSION = SessionEvent(at=1.0, spec_hash="f" * 64)


def problem(number: int, size: int = 10) -> ProblemEvent:
    return ProblemEvent(at=1.0, name=f"p{number}", reason="x" * size)


def names(path: Path) -> list[str]:
    return [event.name for event in SessionFolder(path.parent).events() if isinstance(event, ProblemEvent)]


def test_lines_are_appended_in_order(tmp_path: Path) -> None:
    """What is written is there at once, and a second writer goes on after the first."""
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path) as writer:
        writer.write(SESSION)
        writer.write(problem(1))
        assert names(path) == ["p1"]
    with TraceWriter(path) as writer:
        assert writer.torn_bytes == 0
        writer.write(problem(2))
    assert names(path) == ["p1", "p2"]


@pytest.mark.parametrize("torn", [b"{", b'{"type": "problem", "name": "half', b"\x00" * 5000, b"y" * 200_000])
def test_an_unfinished_last_line_is_cut_and_counted(tmp_path: Path, torn: bytes) -> None:
    """What a killed process left of a line is cut off, however long it is, and its length is told; whole lines stay."""
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path) as writer:
        writer.write(SESSION)
        writer.write(problem(1))
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    recorder = Recorder(tmp_path)
    recorder.begin("f" * 64, {"axiofeed": "9.8.7"})
    recorder.close()
    assert path.read_bytes().startswith(whole + b'{"at":')
    (resumed,) = of(tmp_path, "resume")
    assert (resumed["torn_bytes"], resumed["step"], resumed["versions"]) == (len(torn), 0, {"axiofeed": "9.8.7"})


def test_a_trace_of_another_spec_is_not_written_to(tmp_path: Path) -> None:
    """A trace that begins with another spec's hash is refused, and stays as it was; the session's own is taken up."""
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path) as writer:
        writer.write(SESSION)
    before = path.read_bytes()
    recorder = Recorder(tmp_path)
    with pytest.raises(SpecError, match=r"the trace in .* is of another spec; use another --session"):
        recorder.begin("0" * 64, {})
    recorder.close()
    assert path.read_bytes() == before
    recorder = Recorder(tmp_path)
    recorder.begin("f" * 64, {})
    recorder.close()
    assert [event["type"] for event in (json.loads(line) for line in path.read_bytes().splitlines())] == ["session", "resume"]


def test_a_trace_with_a_broken_line_within_is_not_written_to(tmp_path: Path) -> None:
    """The first broken line is named with what is wrong with it, the file stays as it was, and nobody keeps its lock."""
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path) as writer:
        writer.write(SESSION)
        writer.write(problem(1))
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = lines[0] + b'{"type": "unheard-of"}\n' + lines[1] + b"\x00\n"
    path.write_bytes(damaged)
    with pytest.raises(UserError, match=r"2 line\(s\) of .*trace\.jsonl cannot be read \(line 2: .*begin a new --session") as caught:
        Recorder(tmp_path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == damaged
    path.write_bytes(lines[0] + lines[1])
    Recorder(tmp_path).close()


def test_a_file_that_is_one_torn_line_begins_anew(tmp_path: Path) -> None:
    """A process that died while it wrote the first line leaves a session that has not begun."""
    path = tmp_path / "trace.jsonl"
    path.write_bytes(b'{"type":"sess')
    with TraceWriter(path) as writer:
        assert writer.torn_bytes == 13
    assert path.read_bytes() == b""
    assert SessionFolder(tmp_path).status() == "prepared"


def test_two_writers_cannot_have_one_session(tmp_path: Path) -> None:
    """The second is told in one line what to do, in this process and in another, and the file stays as it is."""
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path) as writer:
        writer.write(SESSION)
        with pytest.raises(UserError, match=r"is being run by another process.*--session"):
            TraceWriter(path)
        code = "import sys; from pathlib import Path; from agent.trace.writer import TraceWriter; TraceWriter(Path(sys.argv[1]))"
        other = subprocess.run([sys.executable, "-c", code, str(path)], check=False, cwd=ROOT, capture_output=True, text=True)
        assert other.returncode == 1
        assert "SessionBusy: session" in other.stderr
    TraceWriter(path).close()


@pytest.mark.parametrize("kind", ["folder", "pipe", "missing"])
def test_a_trace_that_cannot_be_written_is_one_clear_line(tmp_path: Path, kind: str) -> None:
    """A trace that is a folder, a pipe, or lies nowhere raises StorageFailed that names it."""
    path = tmp_path / "trace.jsonl"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path = tmp_path / "nowhere" / "trace.jsonl"
    with pytest.raises(StorageFailed, match="cannot write") as caught:
        TraceWriter(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


LIMITED = """
import resource, sys
from pathlib import Path
from agent.trace.writer import TraceWriter
from agent.trace.events import ProblemEvent
from personas.errors import StorageFailed
path = Path(sys.argv[1])
writer = TraceWriter(path)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    for number in range(100):
        writer.write(ProblemEvent(at=1.0, name=f"p{number}", reason="x" * 50))
except StorageFailed as failure:
    print(number, failure)
"""


def test_a_line_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    """On a file that can grow no further, the lines before are whole and of the line that failed nothing is left."""
    path = tmp_path / "trace.jsonl"
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], check=True, cwd=ROOT, capture_output=True, text=True)
    written, _, message = done.stdout.partition(" ")
    assert "File too large" in message
    assert "run the same command again" in message
    assert path.stat().st_size < 1000
    assert path.read_bytes().endswith(b"\n")
    assert names(path) == [f"p{number}" for number in range(int(written))]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB, where this machine allows one to be made."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "axiofeed-test", str(disk)]
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("left", [RESERVE_BYTES - 2**20, 0], ids=["nearly", "quite"])
def test_a_full_disk_stops_before_the_next_question(
    small_disk: Path, clips: Path, own_cache: Path, left: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """With less room than an answer may need no question goes out: one line, exit code 1, nothing lost, and with room it carries on."""
    ballast = small_disk / "ballast"
    arguments = (
        "--feed",
        clips,
        "--videos",
        "7",
        "--model",
        "scripted/mixed",
        "--runs",
        small_disk / "runs",
        "--session",
        "full",
        "--quiet",
    )
    stopped = browse_here(capsys, *arguments, "--max-steps", "2")
    assert stopped.returncode == 3, stopped.stderr
    room = os.statvfs(small_disk)
    ballast.write_bytes(bytes(room.f_bavail * room.f_frsize - left))
    session = small_disk / "runs" / "full"
    failed = browse_here(capsys, *arguments)
    assert failed.returncode == 1
    assert "No space left" in failed.stdout + failed.stderr
    assert "Traceback" not in failed.stdout + failed.stderr
    assert failed.stderr.count("\n") <= 1
    before = decisions(session)
    assert len(before) == len(of(session, "ask")) == 2
    ballast.unlink()
    assert browse_here(capsys, *arguments).returncode == 0
    check_whole(session, 7)
    assert decisions(session)[:2] == before


def test_a_file_size_limit_ends_a_session_cleanly(tmp_path: Path, clips: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A session whose trace can grow no further fails in one line with exit code 1; the same command without the limit completes it."""
    arguments = [
        "--feed",
        str(clips),
        "--videos",
        "7",
        "--model",
        "scripted/mixed",
        "--runs",
        str(tmp_path),
        "--session",
        "small",
        "--quiet",
    ]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, hard))
    try:
        failed = browse_here(capsys, *arguments)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    session = tmp_path / "small"
    assert failed.returncode == 1, failed.stderr
    said = failed.stdout + failed.stderr
    assert "File too large" in said
    assert "Traceback" not in said
    assert failed.stderr.count("\n") <= 1
    before = decisions(session)
    assert 0 < len(before) < 7
    again = browse_here(capsys, *arguments)
    assert again.returncode == 0, again.stderr
    check_whole(session, 7)
    assert decisions(session)[: len(before)] == before
