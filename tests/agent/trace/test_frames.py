"""Frames by content."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from agent.trace.frames import FrameStore, frame_store
from environments.base import Frame
from personas.errors import StorageFailed

FRAME = Frame.of(b"\xff\xd8" + b"picture" * 10_000, 0.5)


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_frame_lies_under_its_hash_and_is_stored_once(tmp_path: Path) -> None:
    """`frames/ab/<sha256>.jpg`, one file for equal bytes, and nothing else beside it."""
    store = FrameStore(tmp_path)
    store.put(FRAME)
    store.put(Frame.of(FRAME.jpeg, 9.0))
    FrameStore(tmp_path).put(FRAME)
    assert files(tmp_path) == [f"frames/{FRAME.sha256[:2]}/{FRAME.sha256}.jpg"]
    assert store.read(FRAME.sha256) == FRAME.jpeg


@pytest.mark.parametrize("name", ["../../secret", "0" * 63, "0" * 65, "A" * 64, "/" * 64, "", "0" * 64 + "\n", "٣" * 64])
def test_a_name_that_is_no_hash_is_refused(tmp_path: Path, name: str) -> None:
    """A trace from elsewhere cannot name another file through the store."""
    with pytest.raises(ValueError, match="not a SHA-256"):
        FrameStore(tmp_path).path(name)


def test_a_missing_frame_says_so(tmp_path: Path) -> None:
    """Reading what was never stored raises FileNotFoundError."""
    with pytest.raises(FileNotFoundError):
        FrameStore(tmp_path).read("0" * 64)


@pytest.mark.parametrize("damage", [b"", FRAME.jpeg[:100]])
def test_a_damaged_frame_is_replaced(tmp_path: Path, damage: bytes) -> None:
    """A file that was cut short by a crash is written anew when the frame is shown again."""
    FrameStore(tmp_path).put(FRAME)
    path = FrameStore(tmp_path).path(FRAME.sha256)
    path.write_bytes(damage)
    FrameStore(tmp_path).put(FRAME)
    assert path.read_bytes() == FRAME.jpeg


def test_many_writers_of_the_same_frames_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Sessions that run side by side in one process, on the same clips, each with a store of its own, store every frame whole."""
    frames = [Frame.of(b"\xff\xd8" + bytes([number]) * 5_000, 0.0) for number in range(60)]
    failures: list[StorageFailed] = []
    together = threading.Barrier(8)

    def write() -> None:
        store = FrameStore(tmp_path)
        together.wait()
        try:
            for frame in frames:
                store.put(frame)
        except StorageFailed as error:
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(files(tmp_path)) == len(frames)
    assert all(FrameStore(tmp_path).read(frame.sha256) == frame.jpeg for frame in frames)


def test_processes_write_the_same_frame_together(tmp_path: Path) -> None:
    """Two processes that store the same frames end with whole files and no leftovers."""
    frames = [Frame.of(b"\xff\xd8" + os.urandom(2_000), 0.0) for _ in range(100)]
    child = os.fork()
    store = FrameStore(tmp_path)
    code = 1
    try:
        for frame in frames:
            store.put(frame)
        code = 0
    finally:
        if child == 0:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert len(files(tmp_path)) == len(frames)
    assert all(store.read(frame.sha256) == frame.jpeg for frame in frames)


def test_a_store_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    """When the folder of frames cannot be made, the error names it and leaves no unfinished file."""
    (tmp_path / "frames").write_text("in the way")
    with pytest.raises(StorageFailed, match="cannot store a frame in"):
        FrameStore(tmp_path).put(FRAME)


def test_sessions_of_one_folder_share_what_they_know(tmp_path: Path) -> None:
    """While one of them lives, all sessions in a run folder have the same store; a later one looks at the disk again."""
    first, second = frame_store(tmp_path), frame_store(tmp_path)
    first.put(FRAME)
    assert second.holds(FRAME)
    assert not frame_store(tmp_path / "other").holds(FRAME)
    second.path(FRAME.sha256).unlink()
    del first, second
    again = frame_store(tmp_path)
    assert not again.holds(FRAME)
    again.put(FRAME)
    assert again.read(FRAME.sha256) == FRAME.jpeg
