"""A session as the page reads it: folded from its trace once, carried on where it grows, with a place in the file for every step."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from agent.trace.events import (
    ActionEvent,
    AnswerEvent,
    AskEvent,
    ConsentEvent,
    EndEvent,
    Event,
    PromptEvent,
    QuestionnaireEvent,
    StimulusEvent,
)
from agent.trace.progress import Progress
from agent.trace.reader import UNFINISHED, BrokenLine, Line, read_located
from agent.viewer.library import Session
from agent.viewer.rows import OpenStep, phase_name
from agent.viewer.wire import brief, encoded, mapping, text_of
from personas.errors import UserError
from personas.schwartz import VALUES

__all__ = ["LIVE", "STATES", "Place", "Reading", "condition_of", "kind_of", "phases_of", "read_event", "told"]

LIVE = frozenset({"prepared", "running"})
"""States in which a session may still write."""
STATES = {"complete": "complete", "failed": "failed", "limit": "stopped", "interrupted": "stopped"}
"""The state of a session by the reason of the end that is its last event."""
_MOST_LISTED = 200


@dataclass(frozen=True)
class Place:
    """Where something stands in a trace: the byte at which its line begins, and that line's number."""

    start: int
    number: int


@dataclass
class Reading:
    """The fold over one session's trace. `refresh` takes in what was written since; memory grows with the steps, not with the trace."""

    session: Session
    record: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None
    """Why `session.json` cannot be read."""
    rows: list[bytes] = field(default_factory=list)
    """One JSON object a finished step."""
    places: list[Place] = field(default_factory=list)
    """Where each step begins."""
    prompts: dict[str, Place] = field(default_factory=dict)
    broken: list[BrokenLine] = field(default_factory=list)
    broken_count: int = 0
    progress: Progress = field(default_factory=Progress)
    said: dict[str, Any] = field(default_factory=dict)
    """Of people: what they read and agreed to, and their questionnaire."""
    open_step: OpenStep | None = None
    last: str = ""
    bytes_held: int = 0
    _next: Place = Place(0, 1)
    _torn: bool = False
    _file: int = 0
    phases: list[tuple[str, int]] = field(default_factory=list)

    @classmethod
    def of(cls, session: Session) -> Reading:
        """A reading of what is there now. Raises OSError where the trace cannot be opened."""
        reading = cls(session)
        try:
            reading.record = session.record()
        except UserError as error:
            reading.problem = str(error)
        reading.phases = phases_of(reading.record)
        reading.refresh()
        return reading

    def refresh(self) -> bool:
        """Take in what was written since. False where it is another file or became shorter, and has to be read anew."""
        path = self.session.folder.trace
        try:
            found = path.stat()
        except FileNotFoundError:
            return self._next.start == 0
        self._file = self._file or found.st_ino
        if found.st_size < self._next.start or found.st_ino != self._file:
            return False
        self._torn = False
        for line in read_located(path, self._next.start, self._next.number):
            if isinstance(line.what, BrokenLine) and line.what.reason == UNFINISHED:
                self._torn = True  # it may still be being written, and is read again next time
                break
            self._next = Place(line.end, line.number + 1)
            self._take(line)
        return True

    def _take(self, line: Line) -> None:
        what = line.what
        if isinstance(what, BrokenLine):
            self.broken_count += 1
            if len(self.broken) < _MOST_LISTED:
                self.broken.append(what)
            return
        self.progress.apply(what)
        self.last = what.reason if isinstance(what, EndEvent) else what.type
        if isinstance(what, PromptEvent):
            self.prompts[what.hash] = Place(line.start, line.number)
            if kind_of(self.record.get("spec")) == "human":
                self.said["instructions"] = brief(what.user.replace("$$", "$"), 20_000)
        elif isinstance(what, StimulusEvent):
            self._begin(what.step, what, line)
        elif isinstance(what, AskEvent | AnswerEvent | ActionEvent):
            self._carry_on(what, line)
        elif isinstance(what, ConsentEvent):
            self.said["consent"] = brief(what.text, 20_000)
        elif isinstance(what, QuestionnaireEvent):
            self._questionnaire(what)

    def _begin(self, named: int, stimulus: StimulusEvent | None, line: Line) -> None:
        before = self.open_step
        if before and before.named == named and not before.answers:
            self.places.pop()  # fresh pictures of the same item
        elif before:
            self._close()
        self.open_step = OpenStep(len(self.rows), named, stimulus)
        self.places.append(Place(line.start, line.number))

    def _carry_on(self, event: AskEvent | AnswerEvent | ActionEvent, line: Line) -> None:
        if self.open_step is None or self.open_step.named != event.step:
            self._begin(event.step, None, line)
        assert self.open_step is not None, "a step was begun"
        if isinstance(event, AnswerEvent):
            self.open_step.answers.append(event)
        elif isinstance(event, ActionEvent):
            self.open_step.action = event
            self._close()

    def _close(self) -> None:
        assert self.open_step is not None, "a step is open"
        self.rows.append(self._row(self.open_step))
        self.bytes_held += len(self.rows[-1])
        self.open_step = None

    def _row(self, step: OpenStep) -> bytes:
        protocol = text_of(mapping(self.record.get("spec")).get("protocol"))
        return encoded(step.row(phase_name(self.phases, step.number), protocol))

    def _questionnaire(self, event: QuestionnaireEvent) -> None:
        held = self.said.setdefault("questionnaire", {"items": {}, "scale": [], "complete": False})
        held["scale"], held["complete"] = [brief(label) for label in event.scale], event.complete
        for item in event.items:
            held["items"][item.number] = {**item.model_dump(), "text": brief(item.text)}

    @property
    def status(self) -> str:
        """As `SessionFolder.status`, of what was read."""
        if self.last in {"", "session"}:
            return "prepared"
        return STATES.get(self.last, "running")

    @property
    def live(self) -> bool:
        """Whether more may come."""
        return self.status in LIVE

    def steps(self, first: int = 0) -> bytes:
        """The rows from step `first` on as a JSON list, with the step that is under way."""
        rows = self.rows[first:]
        if self.open_step is not None and self.open_step.number >= first:
            rows = [*rows, self._row(self.open_step)]
        return b"[" + b",".join(rows) + b"]"

    def totals(self) -> dict[str, Any]:
        """The counts of what was read, as in `Progress.totals`; a question that is under way may be paid for."""
        totals = self.progress.totals()
        waiting = self.progress.pending is not None and self.progress.pending.asked is not None
        return totals | {"possibly_paid": totals["possibly_paid"] + waiting}

    def head(self) -> dict[str, Any]:
        """All of the session but its steps."""
        record, persona = self.record, mapping(self.record.get("persona"))
        spec = mapping(record.get("spec"))
        return {
            "name": self.session.name,
            "status": self.status,
            "live": self.live,
            "quiet_s": self._quiet_s(),
            "detail": self.progress.end.detail if self.progress.end else "",
            "kind": kind_of(spec),
            "persona": {
                "name": text_of(persona.get("name")) or text_of(spec.get("persona")),
                "text": text_of(persona.get("text")),
                "told": told(persona, spec),
                "target": dict(mapping(persona.get("target"))),
            },
            "phases": record.get("persona", {}).get("phases", []) if persona else [],
            "model": text_of(spec.get("model")),
            "condition": condition_of(spec),
            "spec": dict(spec),
            "versions": dict(mapping(record.get("versions"))),
            "created_at": record.get("created_at"),
            "totals": self.totals(),
            "problem": self.problem,
            "problems": self._problems(),
            "broken": [{"number": line.number, "reason": line.reason} for line in self.broken],
            "broken_count": self.broken_count,
            "torn": self._torn and not self.live,
            "values": list(VALUES),
            **self._said(),
        }

    def _problems(self) -> list[dict[str, str]]:
        held = list(self.progress.problems.items())[:_MOST_LISTED]
        return [{"name": brief(name, 500), "reason": brief(reason, 500)} for name, reason in held]

    def _said(self) -> dict[str, Any]:
        said = dict(self.said)
        if "questionnaire" in said:
            held = said["questionnaire"]
            said["questionnaire"] = held | {"items": [held["items"][number] for number in sorted(held["items"])]}
        return said

    def _quiet_s(self) -> float | None:
        """Seconds since the trace was last written to."""
        try:
            return max(0.0, round(time.time() - self.session.folder.trace.stat().st_mtime, 1))
        except OSError:
            return None

    def whole(self, *, still: bool = False) -> bytes:
        """The session with all of its steps, as JSON. `still`: it is not to be followed."""
        return encoded(self.head() | ({"live": False} if still else {}))[:-1] + b',"steps":' + self.steps() + b"}"


def kind_of(spec: Any) -> str:
    """Who answered what: `human`, `deck` (items of a benchmark or questionnaire), else `model`."""
    spec = mapping(spec)
    if text_of(spec.get("model")).startswith("human/"):
        return "human"
    return "deck" if spec.get("environment") == "deck" else "model"


def condition_of(spec: Any) -> str | None:
    """Of a deck: what became of the items' pictures (shown, none, wrong). None of a feed, and where the spec does not say."""
    return text_of(mapping(spec).get("condition")) or None if kind_of(spec) == "deck" else None


def phases_of(record: Any) -> list[tuple[str, int]]:
    """(name, videos) of each phase of a session's record."""
    phases = mapping(mapping(record).get("spec")).get("phases")
    known = [mapping(phase) for phase in phases] if isinstance(phases, list) else []
    return [(text_of(phase.get("name")), phase["videos"]) for phase in known if isinstance(phase.get("videos"), int)]


def told(persona: Any, spec: Any) -> str:
    """What the model reads of the persona, where the strategy tells it as it stands or otherwise."""
    persona = mapping(persona)
    return text_of(persona.get("told")) if "told" in persona else text_of(persona.get("text"))


def read_event(session: Session, place: Place) -> Event | None:
    """The event whose line begins at `place`; None where it is not there any more."""
    line = next(read_located(session.folder.trace, place.start, place.number), None)
    return None if line is None or isinstance(line.what, BrokenLine) else line.what
