"""Events as lines: what is written is what is read."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from pydantic import ValidationError

from agent.protocols.base import AnswerState
from agent.trace.events import (
    ActionEvent,
    AnswerEvent,
    AskEvent,
    DecisionRecord,
    EndEvent,
    Event,
    FrameRef,
    ProblemEvent,
    PromptEvent,
    ResumeEvent,
    SessionEvent,
    StimulusEvent,
    TokenUsage,
    parse_event,
)
from environments.base import ActionKind

NASTY = 'line\nbreak "quoted" \\ \x00 \x1b[31m \u2028 \u202e 🌅 ' + "x" * 1_000_000

EVERY_KIND: tuple[Event, ...] = (
    SessionEvent(at=1.5, spec_hash="0" * 64),
    ResumeEvent(at=1.5, step=3, torn_bytes=12),
    PromptEvent(hash="h", stage="feed", cell=5, system="$persona", user=NASTY),
    ProblemEvent(name="a.mp4", reason=NASTY),
    StimulusEvent(
        step=0,
        id=NASTY,
        frames=(FrameRef(sha256="ab" * 32, t=0.25),),
        text={"caption": NASTY, "hashtags": ["a", "b"], "counts": {"likes": 3}},
        duration_s=4.0,
        source="test",
        propensity=0.125,
        labels={"HE": -0.5},
        labels_source="design",
    ),
    AskEvent(step=0, stage="feed", attempt=0, cell=1, prompt="h", seed=2**63 - 1, slots={"memory": NASTY}),
    AnswerEvent(
        step=0,
        stage="feed",
        attempt=1,
        outcome=AnswerState.ANSWERED,
        final=True,
        decision=DecisionRecord(action=ActionKind.LIKE, watch_fraction=1.0, rating=5, reason=NASTY),
        raw=NASTY,
        usage=TokenUsage(input=1, cached=2, cache_written=3, output=4, reasoning=5),
        cost_usd=Decimal("0.00000123456789"),
        logprobs={"like": -0.25},
    ),
    ActionEvent(step=0, asked=ActionKind.LIKE, watch_fraction=1.0, done=ActionKind.WATCH, advanced=True, dwell_s=4.0, error=NASTY),
    EndEvent(reason="complete", totals={"steps": 1, "answers": {"answered": 1}}),
)


@pytest.mark.parametrize("event", EVERY_KIND, ids=lambda event: event.type)
def test_every_event_comes_back_as_it_was(event: Event) -> None:
    """Each kind of event, with awkward and very long text in it, is one line of JSON that reads back equal."""
    line = event.model_dump_json(exclude_none=True)
    assert "\n" not in line
    assert json.loads(line)["type"] == event.type
    assert parse_event(line) == event
    assert parse_event(line.encode()) == event


def test_money_is_stored_to_the_last_digit() -> None:
    """A cost is text in the file, never a rounded float."""
    line = EVERY_KIND[6].model_dump_json()
    assert json.loads(line)["cost_usd"] == "0.00000123456789"


def test_fields_of_a_later_version_are_passed_over() -> None:
    """A reader ignores fields that it does not know, at every depth."""
    line = json.dumps(
        {"type": "stimulus", "step": 1, "id": "a", "duration_s": 1, "source": "s", "text": {}, "new": {"deep": [1]}}
        | {"frames": [{"sha256": "0" * 64, "t": 0, "width": 360}]}
    )
    event = parse_event(line)
    assert isinstance(event, StimulusEvent)
    assert (event.id, event.frames[0].t) == ("a", 0.0)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"type": "unheard-of"}',
        '{"type": "answer"}',
        '{"type": "end", "reason": "bored"}',
        '{"type": "stimulus", "step": 0, "id": "a", "frames": [{"sha256": "../../etc/passwd", "t": 0}], "text": {}, "duration_s": 1, '
        '"source": "s"}',
        "[" * 100_000,
        b"\xff\xfe",
    ],
    ids=repr,
)
def test_what_is_no_event_is_refused(line: str | bytes) -> None:
    """Anything else raises pydantic's ValidationError, also frames whose hash is a path, deep nesting and bytes that are no text."""
    with pytest.raises(ValidationError):
        parse_event(line)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_cannot_hold_do_not_spoil_an_answer(value: float) -> None:
    """A log-probability of minus infinity is stored in a way that reads back: an answer that was paid for is never lost to it."""
    event = AnswerEvent(step=0, stage="feed", attempt=0, outcome=AnswerState.REFUSED, final=True, logprobs={"like": value})
    back = parse_event(event.model_dump_json(exclude_none=True))
    assert isinstance(back, AnswerEvent)
    assert back.logprobs is not None
    assert repr(back.logprobs["like"]) == repr(value)
