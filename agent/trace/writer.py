"""Appends events to a trace: in full at once, without secrets, flushed to disk in groups, by one process at a time."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path
from types import TracebackType

from agent.redaction import known_secrets, redact_all
from agent.trace.events import Event, StimulusEvent
from personas.errors import StorageFailed, UserError

__all__ = ["TraceWriter"]

FSYNC_EVERY_S = 1.0
RESERVE_BYTES = 8 * 1024 * 1024
"""Room that must be left before a question goes out, so that its answer can be stored when it arrives."""


class TraceWriter:
    """Opens `path` for appending and locks it. Raises UserError when another process has it, StorageFailed when it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last_fsync = time.monotonic()
        self._secrets = known_secrets()
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise self._failure(error) from error
        try:
            self._lock()
            self.torn_bytes = self._cut_torn_line()
        except OSError as error:
            os.close(self._fd)
            raise self._failure(error) from error
        except BaseException:
            os.close(self._fd)
            raise

    def write(self, event: Event) -> None:
        """Append one event as a whole line, or nothing. Raises StorageFailed."""
        line = self._line(event)
        before = os.lseek(self._fd, 0, os.SEEK_END)
        try:
            done = 0
            while done < len(line):
                done += os.write(self._fd, line[done:])
        except OSError as error:
            os.ftruncate(self._fd, before)
            raise self._failure(error) from error
        if time.monotonic() - self._last_fsync >= FSYNC_EVERY_S:
            self.sync()

    def _line(self, event: Event) -> bytes:
        """The event as one line. Each text is redacted before it becomes JSON, where numbers and escapes could be torn by it.

        What a feed shows is stored as it is: it holds no secret of the user, and a clip must keep its name.
        """
        if isinstance(event, StimulusEvent):
            return event.model_dump_json(exclude_none=True).encode() + b"\n"
        data = redact_all(event.model_dump(mode="json", exclude_none=True), self._secrets)
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    def check_room(self) -> None:
        """Raises StorageFailed when so little space is left that an answer might not fit."""
        room = os.fstatvfs(self._fd)
        if room.f_bavail * room.f_frsize < RESERVE_BYTES:
            raise self._failure(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def sync(self) -> None:
        """Force what was written to disk. Raises StorageFailed; the lines stay in the file."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise self._failure(error) from error
        self._last_fsync = time.monotonic()

    def close(self) -> None:
        """Sync and release the lock."""
        try:
            self.sync()
        finally:
            os.close(self._fd)

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _lock(self) -> None:
        try:
            import fcntl  # noqa: PLC0415 - Unix only
        except ImportError:  # pragma: no cover - elsewhere two processes on one session are the user's care
            return
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                f"session {self._path.parent.name!r} is being run by another process; wait for it, or use another --session"
            ) from error
        except OSError:  # some network file systems know no locks; there it is the user's care too
            return

    def _cut_torn_line(self) -> int:
        """Drop what follows the last line end: a line that a killed process did not finish. Returns its length in bytes."""
        size = os.lseek(self._fd, 0, os.SEEK_END)
        keep, block = size, 65536
        while keep > 0:
            start = max(0, keep - block)
            found = os.pread(self._fd, keep - start, start).rfind(b"\n")
            keep = start + found + 1
            if found >= 0:
                break
        if keep < size:
            os.ftruncate(self._fd, keep)
        return size - keep

    def _failure(self, error: OSError) -> StorageFailed:
        reason = error.strerror or str(error)
        return StorageFailed(
            f"cannot write {self._path}: {reason}; what was written is kept: free space (or mend it) and run the same command again"
        )
