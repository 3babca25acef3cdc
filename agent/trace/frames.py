"""Frames by content: `frames/ab/<sha256>.jpg`, stored once for all sessions of a run folder."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

from environments.base import Frame
from personas.errors import StorageFailed

__all__ = ["FrameStore"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


class FrameStore:
    """The frames of one run folder. Safe for several threads, processes and machines: a frame is written aside and renamed into place."""

    def __init__(self, runs: Path) -> None:
        self._root = runs / "frames"
        self._stored: set[str] = set()
        self._folders: set[Path] = set()

    def path(self, sha256: str) -> Path:
        """Where a frame lies. Raises ValueError for anything that is not 64 hex digits, so that a trace can name no other file."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"not a SHA-256: {sha256[:80]!r}")
        return self._root / sha256[:2] / f"{sha256}.jpg"

    def put(self, frame: Frame) -> None:
        """Store a frame unless it is there. Raises StorageFailed."""
        if frame.sha256 in self._stored:
            return
        path = self.path(frame.sha256)
        try:
            if not path.exists() or path.stat().st_size != len(frame.jpeg):
                if path.parent not in self._folders:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    self._folders.add(path.parent)
                _write_aside(path, frame.jpeg)
        except OSError as error:
            raise StorageFailed(f"cannot store a frame in {self._root}: {error.strerror}; free space or choose another --runs") from error
        self._stored.add(frame.sha256)

    def read(self, sha256: str) -> bytes:
        """The JPEG bytes. Raises FileNotFoundError."""
        return self.path(sha256).read_bytes()


def _write_aside(path: Path, data: bytes) -> None:
    """Write under a name that nobody else uses, then rename; nothing is left of an attempt that failed."""
    aside = path.with_suffix(f".{uuid.uuid4().hex}.part")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
        finally:
            os.close(descriptor)
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
