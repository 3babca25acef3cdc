"""The table of sessions: what is the same everywhere, what varies, how each stands, and what went wrong, grouped by message.

A session that ended says all of it in the last line of its trace; only one that did not is folded. What was read is kept until the files
change, so that looking again costs a `stat` a file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.protocols.base import AnswerState
from agent.trace.events import ActionEvent, AnswerEvent, EndEvent, Event
from agent.trace.progress import Progress
from agent.trace.reader import UNFINISHED, BrokenLine, read_located
from agent.viewer.library import Library, Session, leads_out
from agent.viewer.reading import LIVE, STATES, condition_of, kind_of
from agent.viewer.wire import brief, mapping, text_of
from environments.base import ActionKind
from personas.errors import UserError

__all__ = ["Table", "Told"]

PER_MODEL = ("base_url", "serve", "model_options")
"""Fields of a spec that go with the model's name."""
_MOST_MESSAGES = 200
_MOST_NAMES = 50
_TROUBLE = (b'"error":', b'"fault":', b'"refusal":')

Told = tuple[str, str]
"""What went wrong: its kind (failed, unparsable, action, session, trace) and the message."""


@dataclass
class Row:
    """One session as the table shows it, and the state of its files when it was read."""

    stamp: tuple[int, ...]
    spec: Mapping[str, Any]
    persona: str
    status: str = "prepared"
    totals: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None
    told: Counter[Told] = field(default_factory=Counter)
    first: dict[Told, int] = field(default_factory=dict)
    """The step at which it was told first."""
    created_at: float = 0.0
    tail: Tail | None = None

    def data(self, name: str, varying: Sequence[str]) -> dict[str, Any]:
        """As the page takes it."""
        answers, actions = mapping(self.totals.get("answers")), mapping(self.totals.get("actions"))
        expected = self.spec.get("videos")
        return {
            "name": name,
            "model": text_of(self.spec.get("model")),
            "persona": self.persona,
            "fields": {field: self.spec.get(field) for field in varying},
            "status": self.status,
            "steps": _count(self.totals.get("steps")),
            "expected": expected if isinstance(expected, int) else None,
            "answers": {state.value: _count(answers.get(state.value)) for state in AnswerState},
            "errors": self._errors(answers),
            "actions": {kind.value: _count(actions.get(kind.value)) for kind in ActionKind},
            "spent_usd": text_of(self.totals.get("spent_usd")) or "0",
            "possibly_paid": _count(self.totals.get("possibly_paid")),
            "unpriced": _count(self.totals.get("unpriced")),
            "seconds": self.totals.get("seconds") if isinstance(self.totals.get("seconds"), int | float) else 0.0,
            "kind": kind_of(self.spec),
            "condition": condition_of(self.spec),
            "created_at": self.created_at,
            "problem": self.problem,
        }

    def _errors(self, answers: Mapping[str, Any]) -> int:
        """How many steps a session's own page lists as errors: outages, answers that cannot be read, acts that went wrong."""
        acts = sum(count for (kind, _), count in self.told.items() if kind == "action")
        return _count(answers.get("failed")) + _count(answers.get("unparsable")) + acts


@dataclass
class Tail:
    """The state of a trace without an end, carried on as it grows: counts only, no steps."""

    progress: Progress = field(default_factory=Progress)
    told: Counter[Told] = field(default_factory=Counter)
    first: dict[Told, int] = field(default_factory=dict)
    place: tuple[int, int] = (0, 1)
    last: str = ""

    @property
    def status(self) -> str:
        """As `SessionFolder.status`."""
        if self.last in {"", "session"}:
            return "prepared"
        return STATES.get(self.last, "running")

    def read(self, trace: Path) -> None:
        """Take in what was written since."""
        for line in read_located(trace, *self.place):
            if isinstance(line.what, BrokenLine):
                if line.what.reason == UNFINISHED:
                    return
                self.told["trace", f"a line of the trace cannot be read: {line.what.reason}"] += 1
            else:
                self.progress.apply(line.what)
                _note(line.what, self.told, self.first)
                self.last = line.what.reason if isinstance(line.what, EndEvent) else line.what.type
            self.place = (line.end, line.number + 1)


class Table:
    """The table of a library's sessions. Not safe for several threads at once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._rows: dict[str, Row] = {}

    def rows(self) -> dict[str, tuple[Session, Row]]:
        """All sessions on disk as they stand now, by name."""
        sessions = {session.name: session for session in self._library.sessions()}
        self._rows = {name: self._row(session) for name, session in sessions.items()}
        return {name: (session, self._rows[name]) for name, session in sessions.items()}

    def data(self, only: Sequence[str] | None = None) -> dict[str, Any]:
        """As GET api/experiment gives it. `only`: of these sessions, for a file that leaves this machine and is not to be followed."""
        rows = {name: row for name, (_, row) in self.rows().items() if only is None or name in only}
        planned = self._planned(rows) if only is None else {}
        shown = rows | planned
        varying = _varying([row.spec for row in shown.values() if row.spec])
        first = next((row.spec for row in shown.values() if row.spec), {})
        return {
            "title": self._library.title,
            "root": str(self._library.root) if only is None else self._library.title,
            "constants": {name: value for name, value in first.items() if name not in varying and name not in PER_MODEL},
            "variables": varying,
            "sessions": [row.data(name, varying) for name, row in shown.items()],
            "errors": _grouped(rows),
            "live": only is None and any(row.status in {*LIVE, "missing"} for row in shown.values()),
            "alone": self._library.alone,
        }

    def _planned(self, rows: Mapping[str, Row]) -> dict[str, Row]:
        """The sessions of the plans that are not on disk yet."""
        found: dict[str, Row] = {}
        for experiment, plan in self._library.plans():
            constants = mapping(plan.get("constants"))
            sessions = plan.get("sessions")
            for each in sessions if isinstance(sessions, list) else ():
                name = text_of(mapping(each).get("name"))
                name = f"{experiment}:{name}" if experiment else name
                if name and name not in rows:
                    spec = {**constants, **{key: value for key, value in each.items() if key not in {"name", "spec_hash"}}}
                    found[name] = Row((), spec, text_of(spec.get("persona")), "missing")
        return found

    def _row(self, session: Session) -> Row:
        before = self._rows.get(session.name)
        stamp = _stamp(session)
        if before is not None and before.stamp == stamp:
            return before
        return _read(session, stamp, before.tail if before is not None and stamp[:2] == before.stamp[:2] else None)


def _read(session: Session, stamp: tuple[int, ...], tail: Tail | None) -> Row:
    problem, record = leads_out(session), {}
    if problem is None:
        try:
            record = session.record()
        except UserError as error:
            problem = str(error)
    persona, spec = mapping(record.get("persona")), dict(mapping(record.get("spec")))
    row = Row(stamp, spec, text_of(persona.get("name")) or text_of(spec.get("persona")), problem=problem)
    created = record.get("created_at")
    row.created_at = float(created) if isinstance(created, int | float) else 0.0
    if leads_out(session) is None:
        try:
            _fill(row, session, tail)
        except OSError as error:
            row.problem = row.problem or f"the trace cannot be read: {error.strerror}"
    if row.problem:
        row.told["session", brief(row.problem, 500)] += 1
        row.status = "broken"
    return row


def _fill(row: Row, session: Session, tail: Tail | None) -> None:
    """How the session stands, from the end of its trace where it ended, and what went wrong in it."""
    trace = session.folder.trace
    end = session.folder.last_end()
    if end is not None and end.totals:
        row.status = STATES[end.reason]
        row.totals = end.totals
        if _may_hold_trouble(row, end):
            for line in read_located(trace, holding=_TROUBLE):
                if not isinstance(line.what, BrokenLine):
                    _note(line.what, row.told, row.first)
        _note(end, row.told, row.first)
        return
    tail = tail or Tail()
    if trace.exists() and tail.place[0] > trace.stat().st_size:
        tail = Tail()
    tail.read(trace)
    row.tail, row.told, row.first, row.status = tail, Counter(tail.told), dict(tail.first), tail.status
    progress = tail.progress
    waiting = progress.pending is not None and progress.pending.asked is not None
    row.totals = progress.totals() | {"possibly_paid": progress.possibly_paid + waiting}


def _may_hold_trouble(row: Row, end: EndEvent) -> bool:
    """Whether a finished trace is searched for messages: where its counts say so, and where a browser's acts may have gone wrong."""
    answers = mapping(end.totals.get("answers"))
    troubled = any(_count(answers.get(state)) for state in ("failed", "unparsable", "refused"))
    return troubled or row.spec.get("environment") not in {"simulated", "deck"}


def _told(event: Event) -> list[Told]:
    """What an event says went wrong."""
    if isinstance(event, AnswerEvent) and event.final and event.outcome is not AnswerState.ANSWERED:
        message = event.error or event.fault or event.refusal or "no reason given"
        return [(event.outcome.value, brief(message, 500))]
    if isinstance(event, ActionEvent) and event.error:
        return [("action", brief(event.error, 500))]
    if isinstance(event, EndEvent) and event.reason == "failed":
        return [("session", brief(event.detail, 500))]
    return []


def _note(event: Event, told: Counter[Told], first: dict[Told, int]) -> None:
    """Count what an event says went wrong, and where that was told first."""
    for each in _told(event):
        told[each] += 1
        if isinstance(event, AnswerEvent | ActionEvent):
            first.setdefault(each, event.step)


def _grouped(rows: Mapping[str, Row]) -> list[dict[str, Any]]:
    """What went wrong by kind and message, the most frequent first; each names its sessions, up to a limit, and the first step in each."""
    counts: Counter[Told] = Counter()
    names: dict[Told, list[str]] = {}
    for name, row in rows.items():
        for told, count in row.told.items():
            counts[told] += count
            names.setdefault(told, []).append(name)
    return [
        {
            "message": message,
            "kind": kind,
            "count": count,
            "sessions": (some := names[kind, message][:_MOST_NAMES]),
            "steps": [rows[name].first.get((kind, message)) for name in some],
            "in_sessions": len(names[kind, message]),
        }
        for (kind, message), count in counts.most_common(_MOST_MESSAGES)
    ]


def _varying(specs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The fields in which specs differ, in their order; how a model is reached goes with its name."""
    names = dict.fromkeys(name for spec in specs for name in spec if name not in PER_MODEL)
    return [name for name in names if len({repr(spec.get(name)) for spec in specs}) > 1]


def _stamp(session: Session) -> tuple[int, ...]:
    """What changes when the files do: inode and times of both."""
    stamp: list[int] = []
    for name in ("session.json", "trace.jsonl"):
        try:
            found = (session.folder.path / name).lstat()
            stamp += [found.st_ino, found.st_mtime_ns if name == "session.json" else 0, found.st_size, found.st_mtime_ns]
        except OSError:
            stamp += [0, 0, 0, 0]
    return tuple(stamp)


def _count(value: Any) -> int:
    """A count from a record, 0 where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
