"""Appends events to a trace: in full at once, without secrets, flushed to disk in groups, by one process at a time."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from types import TracebackType

from agent.redaction import known_secrets, may_hold_a_secret, redact_all
from agent.trace.events import Event, StimulusEvent
from environments.line_file import LineFile
from personas.errors import SessionBusy, StorageFailed

__all__ = ["TraceWriter"]

RESERVE_BYTES = 8 * 1024 * 1024
"""Room that must be left before a question goes out, so that its answer can be stored when it arrives."""


class TraceWriter:
    """Opens `path` for appending, locks it, and cuts a torn last line, of `torn_bytes`.

    Raises SessionBusy when another process has it, StorageFailed when it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._secrets = known_secrets()
        try:
            self._file = LineFile(path)
        except BlockingIOError as error:
            raise SessionBusy(
                f"session {path.parent.name!r} is being run by another process; wait for it, or use another --session"
            ) from error
        except OSError as error:
            raise self._failure(error) from error
        try:
            self.torn_bytes = self._file.cut_torn_line()
        except OSError as error:
            self._file.release()
            raise self._failure(error) from error

    def write(self, event: Event) -> None:
        """Append one event as a whole line, or nothing. Raises StorageFailed."""
        try:
            self._file.append(self._line(event))
        except OSError as error:
            raise self._failure(error) from error

    def _line(self, event: Event) -> bytes:
        """The event as one line. Each text is redacted before it becomes JSON, where numbers and escapes could be torn by it.

        What a feed shows is stored as it is: it holds no secret of the user, and a clip must keep its name.
        """
        line = event.model_dump_json(exclude_none=True)
        if isinstance(event, StimulusEvent) or not may_hold_a_secret(line, self._secrets):
            return line.encode() + b"\n"
        data = redact_all(event.model_dump(mode="json", exclude_none=True), self._secrets)
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    def check_room(self) -> None:
        """Raises StorageFailed when so little space is left that an answer might not fit."""
        if self._file.room() < RESERVE_BYTES:
            raise self._failure(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def sync(self) -> None:
        """Force what was written to disk. Raises StorageFailed; the lines stay in the file."""
        try:
            self._file.sync()
        except OSError as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Sync and release the lock. Raises StorageFailed."""
        try:
            self._file.close()
        except OSError as error:
            raise self._failure(error) from error

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _failure(self, error: OSError) -> StorageFailed:
        reason = error.strerror or str(error)
        return StorageFailed(
            f"cannot write {self._path}: {reason}; what was written is kept: free space (or mend it) and run the same command again"
        )
