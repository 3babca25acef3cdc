"""The trace while it is being written: every event goes to the file, then into the state, then to whoever looks on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from agent.trace.events import Event, ResumeEvent, SessionEvent
from agent.trace.frames import frame_store
from agent.trace.making import now
from agent.trace.progress import Progress
from agent.trace.reader import SessionFolder
from agent.trace.writer import TraceWriter
from personas.errors import SpecError, UserError

__all__ = ["Observer", "Recorder"]

Observer = Callable[[Event, Progress], None]
"""Called after each event with the state it led to. It must not raise."""


class Recorder:
    """Opens a session's trace, folds what is in it, and appends. Raises as TraceWriter does."""

    def __init__(self, folder: Path, observer: Observer | None = None) -> None:
        self.folder = folder
        self.frames = frame_store(folder.parent)
        self._observer = observer
        self._writer = TraceWriter(folder / "trace.jsonl")
        self.progress = self._folded()

    def begin(self, spec_hash: str, versions: Mapping[str, str]) -> None:
        """Write the first line, or that the session is taken up again. Raises SpecError when the trace is of another spec."""
        before = self.progress.spec_hash
        if before and before != spec_hash:
            raise SpecError(f"the trace in {self.folder} is of another spec; use another --session")
        if before:
            self.record(ResumeEvent(at=now(), step=self.progress.steps, torn_bytes=self._writer.torn_bytes, versions=dict(versions)))
        else:
            self.record(SessionEvent(at=now(), spec_hash=spec_hash))

    def _folded(self) -> Progress:
        """The state so far. Raises UserError when a line within the trace cannot be read: what it held cannot be guessed."""
        broken = SessionFolder(self.folder).broken_lines()
        if broken:
            self._writer.close()
            where = f"line {broken[0].number}: {broken[0].reason}"
            trace = self.folder / "trace.jsonl"
            raise UserError(f"{len(broken)} line(s) of {trace} cannot be read ({where}): restore the file, or begin a new --session")
        return SessionFolder(self.folder).progress()

    def record(self, event: Event) -> None:
        """Store one event, then count it. Raises StorageFailed, and then nothing was counted."""
        self._writer.write(event)
        self.progress.apply(event)
        if self._observer:
            self._observer(event, self.progress)

    def check_room(self) -> None:
        """Raises StorageFailed when an answer might not fit any more."""
        self._writer.check_room()

    def close(self) -> None:
        """Sync and release the session."""
        self._writer.close()
