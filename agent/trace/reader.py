"""Reads session folders: the spec, the events line by line, the state, the steps. Everything downstream of a trace reads through here."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pydantic import ValidationError

from agent.trace.events import SCHEMA_VERSION, ActionEvent, AnswerEvent, EndEvent, Event, SessionEvent, StimulusEvent, parse_event
from agent.trace.progress import Progress
from personas.errors import UserError

__all__ = ["UNFINISHED", "BrokenLine", "Line", "SessionFolder", "Step", "find_sessions", "read_lines", "read_located"]

TAIL_BYTES = 65536
MOST_LINE_BYTES = 32 * 1024 * 1024
"""A longer line is no event of ours, and is never held in memory."""
UNFINISHED = "unfinished last line"
"""Why the last line cannot be read where a process died while it wrote, or is writing still."""
Status = Literal["prepared", "running", "complete", "stopped", "failed"]


@dataclass(frozen=True)
class BrokenLine:
    """A line that is no event: its number from 1, and why."""

    number: int
    reason: str


@dataclass(frozen=True)
class Step:
    """One stimulus with its final answer and what was done, as far as they are there."""

    stimulus: StimulusEvent
    answer: AnswerEvent | None
    action: ActionEvent | None


@dataclass(frozen=True)
class Line:
    """A line of a trace where it stands: from byte `start` up to `end`, its number from 1, and what it holds."""

    start: int
    end: int
    number: int
    what: Event | BrokenLine


def read_lines(path: Path) -> Iterator[Event | BrokenLine]:
    """The events of a trace in order, bounded memory. A line that cannot be read comes as a BrokenLine; an unfinished last line too."""
    return (line.what for line in read_located(path))


def read_located(path: Path, start: int = 0, number: int = 1, *, holding: Sequence[bytes] = ()) -> Iterator[Line]:
    """As `read_lines`, each with its place, from the line `number` that begins at byte `start`.

    `holding`: only lines in which one of these stands are read; the others are passed over, unread.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        version = _version(file.readline(TAIL_BYTES))
        file.seek(start)
        for line in iter(partial(file.readline, MOST_LINE_BYTES), b""):
            end = start + len(line)
            whole = line.endswith(b"\n")
            if not whole:
                end += _to_line_end(file)
            if not whole and len(line) < MOST_LINE_BYTES:
                yield Line(start, end, number, BrokenLine(number, UNFINISHED))
                return
            if not whole:
                yield Line(start, end, number, BrokenLine(number, f"longer than {MOST_LINE_BYTES // 2**20} MB"))
            elif not holding or any(words in line for words in holding):
                yield Line(start, end, number, _parsed(line, number, version))
            start, number = end, number + 1


def _to_line_end(file: BinaryIO) -> int:
    """Pass over the rest of a line; returns its bytes."""
    passed = 0
    for part in iter(partial(file.readline, MOST_LINE_BYTES), b""):
        passed += len(part)
        if part.endswith(b"\n"):
            break
    return passed


def _parsed(line: bytes, number: int, version: int) -> Event | BrokenLine:
    try:
        return parse_event(line, version)
    except ValidationError as error:
        return BrokenLine(number, error.errors(include_input=False, include_url=False)[0]["msg"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # an older line without what its upgrade needs
        return BrokenLine(number, f"not of schema version {version} ({type(error).__name__})")


def _version(first_line: bytes) -> int:
    """The schema version that the first line of a trace names; the current one where it names none that is older."""
    try:
        named = json.loads(first_line).get("schema_version")
    except (ValueError, AttributeError, RecursionError):
        return SCHEMA_VERSION
    return named if isinstance(named, int) and 1 <= named < SCHEMA_VERSION else SCHEMA_VERSION


@dataclass(frozen=True)
class SessionFolder:
    """A session on disk."""

    path: Path

    @property
    def trace(self) -> Path:
        """The events file."""
        return self.path / "trace.jsonl"

    def record(self) -> dict[str, Any]:
        """`session.json`: the spec, resolved. Raises UserError when it cannot be read."""
        try:
            record: dict[str, Any] = json.loads((self.path / "session.json").read_text(encoding="utf-8"))
            version = int(record.get("schema_version", 0))
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else "session.json is not what it should be"
            raise UserError(f"{self.path} is no readable session folder ({reason}); give a folder that holds session.json") from error
        if version > SCHEMA_VERSION:
            raise UserError(f"{self.path} was written by a newer version of axiofeed; upgrade axiofeed to read it")
        return record

    def events(self) -> Iterator[Event]:
        """All events that can be read."""
        return (event for event in read_lines(self.trace) if not isinstance(event, BrokenLine))

    def broken_lines(self) -> list[BrokenLine]:
        """All lines that cannot be read."""
        return [line for line in read_lines(self.trace) if isinstance(line, BrokenLine)]

    def progress(self) -> Progress:
        """The state, folded from the events."""
        progress = Progress()
        for event in self.events():
            progress.apply(event)
        return progress

    def status(self) -> Status:
        """Computed from the files alone. A session without an end is `running`: it is, or it died and can be resumed."""
        last = self._last_event()
        if last is None or isinstance(last, SessionEvent):
            return "prepared"
        if last.type != "end":
            return "running"
        return {"complete": "complete", "failed": "failed"}.get(last.reason, "stopped")  # type: ignore[return-value]

    def last_end(self) -> EndEvent | None:
        """How the session ended, if that is the last thing that happened to it."""
        last = self._last_event()
        return last if isinstance(last, EndEvent) else None

    def _last_event(self) -> Event | None:
        """The last event; read from the end of the file where the last line is whole, as it nearly always is."""
        try:
            with self.trace.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return None
        if len(lines) > 2 and not lines[-1] and self._is_current():
            try:
                return parse_event(lines[-2])
            except ValidationError:
                pass
        return next(iter(deque(self.events(), maxlen=1)), None)

    def _is_current(self) -> bool:
        with self.trace.open("rb") as file:
            return _version(file.readline()) == SCHEMA_VERSION

    def steps(self) -> Iterator[Step]:
        """The steps in order; the last may be unfinished."""
        stimulus: StimulusEvent | None = None
        answer: AnswerEvent | None = None
        for event in self.events():
            if isinstance(event, StimulusEvent):
                stimulus, answer = event, None
            elif isinstance(event, AnswerEvent) and event.final:
                answer = event
            elif isinstance(event, ActionEvent) and stimulus is not None:
                yield Step(stimulus, answer, event)
                stimulus = None
        if stimulus is not None:
            yield Step(stimulus, answer, None)


def find_sessions(runs: Path) -> list[SessionFolder]:
    """The session folders directly in `runs`, or `runs` itself when it is one, by name. Raises UserError when there is no such folder."""
    if not runs.is_dir():
        raise UserError(f"no folder {str(runs)!r}; give a run folder or a session folder")
    if (runs / "session.json").exists():
        return [SessionFolder(runs)]
    return [SessionFolder(path.parent) for path in sorted(runs.glob("*/session.json"))]
