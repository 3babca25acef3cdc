"""What the page asks for, by name: sessions, steps, comparisons, frames. Keeps the sessions read last, within a bound of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from agent.viewer.comparing import compared
from agent.viewer.details import step_details
from agent.viewer.experiment import Table
from agent.viewer.library import Library, Session, leads_out
from agent.viewer.reading import Reading
from agent.viewer.wire import encoded
from personas.errors import UserError

__all__ = ["MOST_COMPARED", "NotHere", "Shelf"]

KEPT_BYTES = 48 * 1024 * 1024
"""Of rows of steps; a session that is larger is kept alone."""
MOST_COMPARED = 50
_PER_READING = 20_000
"""Bytes of a session besides its rows, about."""


class NotHere(UserError):
    """There is no such thing in this folder."""


class Shelf:
    """Answers the page's questions as JSON. Safe for several threads."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._table = Table(library)
        self._readings: OrderedDict[str, Reading] = OrderedDict()
        self._sessions: dict[str, Session] = {}
        self._lock = threading.RLock()

    def experiment(self, only: Sequence[str] | None = None) -> bytes:
        """The table of sessions. `only`: of these, as they stand, for a file that leaves this machine."""
        with self._lock:
            return encoded(self._table.data(only))

    def session(self, name: str, *, still: bool = False) -> bytes:
        """A session with its steps. `still`: nothing more is to be asked for. Raises NotHere."""
        with self._lock:
            return self.reading(name).whole(still=still)

    def steps(self, name: str, first: int) -> bytes:
        """What came since step `first`. Raises NotHere."""
        with self._lock:
            reading = self.reading(name)
            head = {"status": reading.status, "live": reading.live, "totals": reading.totals()}
            return b'{"steps":' + reading.steps(first) + b"," + encoded(head)[1:]

    def step(self, name: str, number: int) -> bytes:
        """One step whole. Raises NotHere."""
        with self._lock:
            found = step_details(self.reading(name), number)
        if found is None:
            raise NotHere(f"this session has no step {number}")
        return encoded(found)

    def compare(self, names: Sequence[str]) -> bytes:
        """Sessions side by side. Raises NotHere, and UserError for fewer than two or too many."""
        wanted = list(dict.fromkeys(names))
        if not 2 <= len(wanted) <= MOST_COMPARED:
            raise UserError(f"2 to {MOST_COMPARED} different sessions can be compared, not {len(wanted)}")
        with self._lock:
            return encoded(compared([self.reading(name) for name in wanted]))

    def frame(self, sha256: str) -> bytes:
        """A picture, JPEG. Raises NotHere."""
        with self._lock:
            if not self._sessions:
                self._find("")
            stores = list(dict.fromkeys(session.folder.path.parent / "frames" for session in self._sessions.values()))
        data = self.library.frame(sha256, stores)
        if data is None:
            raise NotHere("there is no such frame")
        return data

    def reading(self, name: str) -> Reading:
        """The session of that name as it stands now. Raises NotHere; hold the lock, or be the only one."""
        session = self._find(name)
        if session is None:
            raise NotHere("there is no such session")
        reading = self._readings.pop(name, None)
        try:
            if reading is None or not reading.refresh():
                reading = Reading.of(session)
        except OSError as error:
            raise NotHere(f"the trace cannot be read: {error.strerror}") from error
        self._readings[name] = reading
        self._let_go()
        return reading

    def rows(self) -> dict[str, Any]:
        """The table's rows by name, with their sessions."""
        with self._lock:
            return self._table.rows()

    def _find(self, name: str) -> Session | None:
        found = self._sessions.get(name)
        if found is None or not found.folder.path.is_dir():
            self._sessions = {session.name: session for session in self.library.sessions()}
            found = self._sessions.get(name)
        if found is not None and (why := leads_out(found)):
            raise NotHere(why)
        return found

    def _let_go(self) -> None:
        """Drop the sessions that were read longest ago, beyond the bound."""
        while len(self._readings) > 1 and sum(each.bytes_held + _PER_READING for each in self._readings.values()) > KEPT_BYTES:
            self._readings.popitem(last=False)
