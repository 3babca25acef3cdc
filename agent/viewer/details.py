"""One step of a session whole: what was shown, the questions as they went out, every answer, what was done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.protocols.base import FeedbackProtocol
from agent.protocols.likert import IMPORTANCE, LIKENESS
from agent.protocols.rating import SCALE
from agent.protocols.strategies.registry import asked_protocol
from agent.trace.events import ActionEvent, AnswerEvent, AskEvent, Event, PromptEvent, StimulusEvent
from agent.trace.reader import BrokenLine, read_located
from agent.viewer.prompts import asked, persona_slots
from agent.viewer.reading import Reading, kind_of, read_event
from agent.viewer.rows import phase_name
from agent.viewer.wire import clean, mapping, text_of
from personas.errors import SpecError

__all__ = ["step_details"]

_SCALES = {"likert": LIKENESS.points, "likert-svs": IMPORTANCE.points, "rating": SCALE}
_MOST_EVENTS = 1_000


def step_details(reading: Reading, number: int) -> dict[str, Any] | None:
    """The step with that number, from 0; None where there is no such step. Only its own lines of the trace are read."""
    if not 0 <= number < len(reading.places):
        return None
    events = list(_events(reading, number))
    stimulus = next((event for event in events if isinstance(event, StimulusEvent)), None)
    answers = [event for event in events if isinstance(event, AnswerEvent)]
    action = next((event for event in events if isinstance(event, ActionEvent)), None)
    return {
        "step": number,
        "at": events[0].at if events else None,
        "stimulus": None if stimulus is None else _stimulus(reading, stimulus),
        "asks": [] if stimulus is None or _is_person(reading) else _asks(reading, number, stimulus, events),
        "answers": [_answer(answer) for answer in answers],
        "action": None if action is None else clean(action.model_dump(mode="json", exclude={"type", "step"})),
    }


def _is_person(reading: Reading) -> bool:
    return kind_of(reading.record.get("spec")) == "human"


def _events(reading: Reading, number: int) -> Iterator[Event]:
    """The events from where the step begins to where the next one does."""
    place = reading.places[number]
    end = reading.places[number + 1].start if number + 1 < len(reading.places) else None
    for count, line in enumerate(read_located(reading.session.folder.trace, place.start, place.number)):
        if count >= _MOST_EVENTS or (end is not None and line.start >= end) or (count and isinstance(line.what, StimulusEvent)):
            return
        if not isinstance(line.what, BrokenLine):
            yield line.what


def _stimulus(reading: Reading, event: StimulusEvent) -> dict[str, Any]:
    shown = event.model_dump(mode="json", exclude={"type", "at", "step", "text"})
    protocol = mapping(reading.record.get("spec")).get("protocol")
    scale = _SCALES.get(protocol) if isinstance(protocol, str) else None
    return dict(clean({**event.text, "options": event.text.get("options", scale), "key": event.text.get("key"), **shown}))


def _asks(reading: Reading, number: int, stimulus: StimulusEvent, events: list[Event]) -> list[dict[str, Any]]:
    asks = [event for event in events if isinstance(event, AskEvent)]
    answers = [event for event in events if isinstance(event, AnswerEvent)]
    templates = {ask.prompt: found for ask in asks if (found := _template(reading, ask.prompt, events))}
    slots = persona_slots(reading.record, phase_name(reading.phases, number))
    return [each.data() for each in asked(asks, answers, templates, stimulus, slots, protocol=_protocol(reading))]


def _protocol(reading: Reading) -> FeedbackProtocol | None:
    """The protocol as the session asked it; None where there is none of that name any more."""
    spec = mapping(reading.record.get("spec"))
    name, strategy, placement = (text_of(spec.get(key)) for key in ("protocol", "strategy", "placement"))
    try:
        return asked_protocol(name or "feed", strategy or "narrative", placement or "system")
    except SpecError:
        return None


def _template(reading: Reading, digest: str, events: list[Event]) -> PromptEvent | None:
    """The template of that hash: among the step's own events, or where the trace had it first."""
    own = next((event for event in events if isinstance(event, PromptEvent) and event.hash == digest), None)
    if own is not None or digest not in reading.prompts:
        return own
    event = read_event(reading.session, reading.prompts[digest])
    return event if isinstance(event, PromptEvent) else None


def _answer(event: AnswerEvent) -> dict[str, Any]:
    return dict(clean(event.model_dump(mode="json", exclude={"type", "step"})))
