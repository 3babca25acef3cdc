"""Files by their content: `ab/<sha256>.jpg`, each stored once, whole or not at all."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

from environments.base import Frame

__all__ = ["FrameStore", "path_by_hash"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


def path_by_hash(root: Path, sha256: str, suffix: str) -> Path:
    """`root/ab/<sha256><suffix>`. Raises ValueError for anything that is not 64 hex digits, so that no record can name another file."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"not a SHA-256: {sha256[:80]!r}")
    return root / sha256[:2] / f"{sha256}{suffix}"


class FrameStore:
    """The frames in the folder `root`, which is made when the first is stored.

    Safe for several threads, processes and machines: a frame is written aside and renamed into place.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._stored: set[str] = set()
        self._folders: set[Path] = set()

    def path(self, sha256: str) -> Path:
        """Where a frame lies. Raises ValueError as `path_by_hash`."""
        return path_by_hash(self.root, sha256, ".jpg")

    def holds(self, frame: Frame) -> bool:
        """Whether this store has stored the frame, or seen that it is there."""
        return frame.sha256 in self._stored

    def put(self, frame: Frame) -> None:
        """Store a frame unless it is there; a file of another length, cut short by a crash, is written anew. Raises OSError."""
        if frame.sha256 in self._stored:
            return
        path = self.path(frame.sha256)
        if _size(path) != len(frame.jpeg):
            if path.parent not in self._folders:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._folders.add(path.parent)
            _write_aside(path, frame.jpeg)
        self._stored.add(frame.sha256)

    def read(self, sha256: str) -> bytes:
        """The JPEG bytes. Raises FileNotFoundError, ValueError as `path`."""
        return self.path(sha256).read_bytes()


def _size(path: Path) -> int:
    """Bytes of the file, -1 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


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
