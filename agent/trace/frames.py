"""Frames by content: `frames/ab/<sha256>.jpg`, stored once for all sessions of a run folder."""

from __future__ import annotations

from pathlib import Path
from weakref import WeakValueDictionary

from environments.base import Frame
from environments.frame_store import FrameStore as FramesByHash
from personas.errors import StorageFailed

__all__ = ["FrameStore", "frame_store"]


class FrameStore(FramesByHash):
    """The frames of the run folder `runs`, as `environments.frame_store.FrameStore`."""

    def __init__(self, runs: Path) -> None:
        super().__init__(runs / "frames")

    def put(self, frame: Frame) -> None:
        """Store a frame unless it is there. Raises StorageFailed."""
        try:
            super().put(frame)
        except OSError as error:
            raise StorageFailed(f"cannot store a frame in {self.root}: {error.strerror}; free space or choose another --runs") from error


_open: WeakValueDictionary[Path, FrameStore] = WeakValueDictionary()


def frame_store(runs: Path) -> FrameStore:
    """The store of the run folder `runs`, one for all sessions that run in it at once: each frame is looked for once."""
    return _open.setdefault(runs.absolute(), FrameStore(runs))
