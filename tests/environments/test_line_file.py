"""An append-only file of lines: what all who keep one rely on. Traces and recorded feeds have tests of their own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from environments import line_file
from environments.line_file import LineFile


def next_descriptor() -> int:
    """The lowest free one: it grows when something is left open."""
    descriptor = os.dup(0)
    os.close(descriptor)
    return descriptor


def wait_until(true: Callable[[], bool]) -> None:
    """Until another thread has done its part; at most ten seconds."""
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.parametrize("torn", [b"", b"half", b"\x00" * 70_000])
def test_a_torn_line_is_cut_when_asked_for(tmp_path: Path, torn: bytes) -> None:
    """Opening leaves the file as it is; cutting takes what follows the last line end, tells its length, and lines go on from there."""
    path = tmp_path / "lines"
    path.write_bytes(b"one\ntwo\n" + torn)
    file = LineFile(path)
    assert path.read_bytes() == b"one\ntwo\n" + torn
    assert (file.cut_torn_line(), file.cut_torn_line()) == (len(torn), 0)
    file.append(b"three\n")
    file.close()
    assert path.read_bytes() == b"one\ntwo\nthree\n"


def test_one_opening_at_a_time(tmp_path: Path) -> None:
    """While a file is open it cannot be opened again, which says so as BlockingIOError; closed or released it can."""
    first = LineFile(tmp_path / "lines")
    with pytest.raises(BlockingIOError):
        LineFile(tmp_path / "lines")
    first.close()
    LineFile(tmp_path / "lines").release()
    LineFile(tmp_path / "lines").close()


def test_a_failed_opening_holds_no_file(tmp_path: Path) -> None:
    """An opening that another one keeps out leaves no file descriptor behind."""
    first = LineFile(tmp_path / "lines")
    before = next_descriptor()
    for _ in range(5):
        with pytest.raises(BlockingIOError):
            LineFile(tmp_path / "lines")
    assert next_descriptor() == before
    first.close()


def test_flushes_come_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that follow each other share a flush; after `FSYNC_EVERY_S` the next line brings one, and closing does where it is needed."""
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    file = LineFile(tmp_path / "lines")
    for _ in range(50):
        file.append(b"x\n")
    assert flushed == []
    monkeypatch.setattr(line_file, "FSYNC_EVERY_S", 0.0)
    file.append(b"x\n")
    wait_until(lambda: len(flushed) == 1)
    monkeypatch.setattr(line_file, "FSYNC_EVERY_S", 60.0)
    file.append(b"x\n")
    file.sync()
    assert len(flushed) == 2
    file.close()
    assert len(flushed) == 2


def test_nobody_waits_for_a_flush_but_who_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk takes its time lines are appended; closing returns when the flush that was begun is over."""
    slow, over = threading.Event(), threading.Event()

    def sluggish(_: int) -> None:
        assert slow.wait(10)
        over.set()

    monkeypatch.setattr(os, "fsync", sluggish)
    monkeypatch.setattr(line_file, "FSYNC_EVERY_S", 0.0)
    file = LineFile(tmp_path / "lines")
    for _ in range(20):
        file.append(b"x\n")
    assert not over.is_set()
    slow.set()
    file.close()
    assert over.is_set()


def test_a_flush_that_fails_keeps_the_line_and_frees_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk refuses to flush, a later line or closing raises, the lines stand, and others can open the file all the same."""

    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    file = LineFile(tmp_path / "lines")
    monkeypatch.setattr(os, "fsync", broken)
    monkeypatch.setattr(line_file, "FSYNC_EVERY_S", 0.0)
    file.append(b"kept\n")
    wait_until(lambda: file._flushing is not None and file._flushing.done())
    with pytest.raises(OSError, match="Input/output"):
        file.append(b"kept\n")
    with pytest.raises(OSError, match="Input/output"):
        file.close()
    monkeypatch.undo()
    LineFile(tmp_path / "lines").close()
    assert (tmp_path / "lines").read_bytes() == b"kept\nkept\n"


def test_the_room_is_that_of_the_disk(tmp_path: Path) -> None:
    """The bytes left are those the file system reports for the folder."""
    file = LineFile(tmp_path / "lines")
    room = os.statvfs(tmp_path)
    assert abs(file.room() - room.f_bavail * room.f_frsize) < 2**30
    file.close()
