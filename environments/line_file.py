"""An append-only file of lines, such as a trace: each line whole or not at all, one process at a time, flushed to disk in groups."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

__all__ = ["FSYNC_EVERY_S", "LineFile"]

FSYNC_EVERY_S = 1.0
"""Between two flushes to disk while lines are written. A killed process loses nothing, a power cut about so much."""

_BLOCK = 65536
_flusher = ThreadPoolExecutor(1, "flush")
"""One thread for all files of the process: whoever writes lines does not wait for the disk, and flushes do not crowd each other."""


class LineFile:
    """`path`, opened for appending (it is made, its folder is not) and locked.

    Raises BlockingIOError when another process has it; this and all methods raise OSError when the file cannot be written. Whoever uses it
    turns these into their own words for the user.
    """

    def __init__(self, path: Path) -> None:
        self._synced = time.monotonic()
        self._dirty = False
        self._flushing: Future[None] | None = None
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            _lock(self._fd)
        except BaseException:
            os.close(self._fd)
            raise

    def cut_torn_line(self) -> int:
        """Drop what follows the last line end: a line that a killed process did not finish. Returns its length in bytes.

        Not done on opening: whether the file is what it should be may have to be looked at before anything in it is touched.
        """
        size = os.lseek(self._fd, 0, os.SEEK_END)
        keep = size
        while keep > 0:
            start = max(0, keep - _BLOCK)
            found = os.pread(self._fd, keep - start, start).rfind(b"\n")
            keep = start + found + 1
            if found >= 0:
                break
        if keep < size:
            os.ftruncate(self._fd, keep)
            self._dirty = True
        return size - keep

    def append(self, line: bytes) -> None:
        """Write one line, its end included, or nothing.

        A flush begins, in a thread, when the last one is `FSYNC_EVERY_S` ago; if it fails the lines stay, and the next call raises.
        """
        done = 0
        try:
            while done < len(line):
                done += os.write(self._fd, line[done:])
        except OSError:
            os.ftruncate(self._fd, os.lseek(self._fd, 0, os.SEEK_END) - done)
            raise
        self._dirty = True
        if self._flushing is not None and self._flushing.done():
            self._wait_for_flush()
        if self._flushing is None and time.monotonic() - self._synced >= FSYNC_EVERY_S:
            self._synced, self._dirty = time.monotonic(), False
            self._flushing = _flusher.submit(os.fsync, self._fd)

    def sync(self) -> None:
        """Return when all that was written is on the disk; the lines stay in the file if that fails."""
        if self._flushing is not None:
            self._dirty |= self._flushing.cancel()  # it was still in the queue
            self._wait_for_flush()
        if self._dirty:
            os.fsync(self._fd)
            self._synced, self._dirty = time.monotonic(), False

    def _wait_for_flush(self) -> None:
        """Raises what the flush that was begun failed with, once."""
        flushing, self._flushing = self._flushing, None
        if flushing is not None and not flushing.cancelled():
            flushing.result()

    def room(self) -> int:
        """Bytes that are left on the file's disk."""
        room = os.fstatvfs(self._fd)
        return room.f_bavail * room.f_frsize

    def close(self) -> None:
        """Sync and release the lock. The file is closed whatever becomes of the sync."""
        try:
            self.sync()
        finally:
            os.close(self._fd)

    def release(self) -> None:
        """Close without a sync: nothing was written."""
        os.close(self._fd)


def _lock(fd: int) -> None:
    """Raises BlockingIOError when another process, or another opening of the file in this one, has it."""
    try:
        import fcntl  # noqa: PLC0415 - Unix only
    except ImportError:  # pragma: no cover - elsewhere two processes on one file are the user's care
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # some network file systems know no locks; there it is the user's care too
        return
