"""The events of a trace, one JSON object a line. Schema version 1.

    session   first line: schema version, spec hash
    resume    a later process carries on: how much of an unfinished last line it cut off, and the versions it runs under
    prompt    a template and the schema of its answer, once, by hash; its slots are filled from the step
    stimulus  what was shown
    problem   something of the feed that cannot be shown, by name
    ask       a question goes out (written before the call)
    answer    what came back (written the moment it arrives, before it is used)
    action    what was asked of the feed, and what was done
    consent   a person agreed to take part, and to what
    questionnaire  what a person answered beside the clips
    end       why this process stopped, with totals

`at` is in Unix seconds. Fields may be added within a version; a reader ignores fields it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import from_json

from agent.protocols.base import AnswerState
from environments.base import ActionKind

__all__ = [
    "SCHEMA_VERSION",
    "UPGRADES",
    "ActionEvent",
    "AnswerEvent",
    "AskEvent",
    "ConsentEvent",
    "EndEvent",
    "Event",
    "ExampleRecord",
    "FrameRef",
    "ItemRecord",
    "ProblemEvent",
    "PromptEvent",
    "QuestionnaireEvent",
    "QuestionnaireItem",
    "ResumeEvent",
    "SessionEvent",
    "StimulusEvent",
    "TokenUsage",
    "parse_event",
]

SCHEMA_VERSION = 1


class _Record(BaseModel):
    # JSON has no NaN and no infinity: written as null they would make the line unreadable, and its answer would be asked for again.
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")


class _Event(_Record):
    at: float = 0.0


class SessionEvent(_Event):
    """First line of a trace."""

    type: Literal["session"] = "session"
    schema_version: int = SCHEMA_VERSION
    spec_hash: str


class ResumeEvent(_Event):
    """A process took the session up again. `torn_bytes` of an unfinished last line were cut off. `versions` as in `session.json`."""

    type: Literal["resume"] = "resume"
    step: int
    torn_bytes: int = 0
    versions: dict[str, str] = Field(default_factory=dict)


class PromptEvent(_Event):
    """The words of one prompt cell of one stage."""

    type: Literal["prompt"] = "prompt"
    hash: str
    stage: str
    cell: int
    system: str
    user: str
    answer_schema: dict[str, Any] | None = None


class FrameRef(_Record):
    """A stored frame: its hash and its time in the clip, seconds."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    t: float


class ItemRecord(_Record):
    """Of a benchmark's question: `environments.base.ItemFacts`. Never shown to a real model."""

    key: tuple[int, ...] = ()
    order: tuple[int, ...] = ()
    reference: str = ""
    condition: str = "shown"
    about: dict[str, str] = Field(default_factory=dict)
    distribution: tuple[float, ...] = ()


class ExampleRecord(_Record):
    """Another question that was shown before a stimulus, with the place of its right answer among its options, from 0."""

    id: str
    frames: tuple[FrameRef, ...] = ()
    caption: str = ""
    options: tuple[str, ...] = ()
    place: int = 0


class StimulusEvent(_Event):
    """What was shown at a step. Labels are the design's or the judges' and were never shown to a real model."""

    type: Literal["stimulus"] = "stimulus"
    step: int
    id: str
    frames: tuple[FrameRef, ...]
    text: dict[str, Any]
    duration_s: float
    source: str
    ad: bool = False
    propensity: float | None = None
    request_id: str | None = None
    labels: dict[str, float] | None = None
    labels_source: str | None = None
    cluster: str | None = None
    stratum: str | None = None
    topic: str | None = None
    item: ItemRecord | None = None
    examples: tuple[ExampleRecord, ...] | None = None


class ProblemEvent(_Event):
    """Something of the feed that cannot be shown: a damaged file, a row of metadata without one."""

    type: Literal["problem"] = "problem"
    name: str
    reason: str


class AskEvent(_Event):
    """A question goes out. `slots` holds those that the stimulus and the session do not determine, when they are not empty.

    `most_usd` bounds what the call can cost, where a limit in USD is set.
    """

    type: Literal["ask"] = "ask"
    step: int
    stage: str
    attempt: int
    cell: int
    prompt: str
    seed: int
    slots: dict[str, str] = Field(default_factory=dict)
    most_usd: Decimal | None = None


class TokenUsage(_Record):
    """Tokens as billed; `input` without the cached ones."""

    input: int = 0
    cached: int = 0
    cache_written: int = 0
    output: int = 0
    reasoning: int = 0


class DecisionRecord(_Record):
    """A decision, as far as it was understood. `scores`: what a strategy asks for besides, such as the sub-scores of `isq`."""

    action: ActionKind
    watch_fraction: float
    rating: int | None = None
    reason: str = ""
    scores: dict[str, float] | None = None


class AnswerEvent(_Event):
    """What came back. Exactly one answer of a step is `final`; its `outcome` is the state of the stimulus."""

    type: Literal["answer"] = "answer"
    step: int
    stage: str
    attempt: int
    outcome: AnswerState
    final: bool
    decision: DecisionRecord | None = None
    raw: str = ""
    fault: str | None = None
    refusal: str | None = None
    usage: TokenUsage = TokenUsage()
    cost_usd: Decimal | None = None
    latency_s: float = 0.0
    attempts: int = 1
    possibly_paid: int = 0
    finish_reason: str = ""
    model_version: str = ""
    logprobs: dict[str, float] | None = None
    error: str | None = None


class ActionEvent(_Event):
    """What was asked of the feed and what was done. `dwell_s` is in seconds of the clip.

    `click`: where the pointer pressed, in fractions of the frame, from (0, 0) at its top left; None where nothing was pressed, or unknown.
    """

    type: Literal["action"] = "action"
    step: int
    asked: ActionKind
    watch_fraction: float
    done: ActionKind
    advanced: bool
    dwell_s: float
    error: str | None = None
    click: tuple[float, float] | None = None


class ConsentEvent(_Event):
    """A person agreed to `text`, which stood on the screen in full."""

    type: Literal["consent"] = "consent"
    text: str


class QuestionnaireItem(_Record):
    """One item as it was put, and the answer: a point of the scale, from 1. None: left out. `number` is its place, from 0."""

    number: int
    text: str
    code: str | None = None
    answer: int | None = None


class QuestionnaireEvent(_Event):
    """What a person answered beside the clips, on `scale` (the labels of its points, from low to high).

    Each answer is one event with its item, and a later one to the same item replaces it. When the person hands in, all items are
    written once more with `complete` set: that event says it all.
    """

    type: Literal["questionnaire"] = "questionnaire"
    items: tuple[QuestionnaireItem, ...]
    scale: tuple[str, ...]
    complete: bool = False


class EndEvent(_Event):
    """Why a process stopped: complete, limit, interrupted or failed.

    `asked_unpaid`: if a question was still without an answer, it was certainly not billed.
    """

    type: Literal["end"] = "end"
    reason: Literal["complete", "limit", "interrupted", "failed"]
    detail: str = ""
    asked_unpaid: bool = False
    totals: dict[str, Any] = Field(default_factory=dict)


Event = Annotated[
    SessionEvent
    | ResumeEvent
    | PromptEvent
    | ProblemEvent
    | StimulusEvent
    | AskEvent
    | AnswerEvent
    | ActionEvent
    | ConsentEvent
    | QuestionnaireEvent
    | EndEvent,
    Field(discriminator="type"),
]
_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""By schema version: what makes an event of the next version from one of this. A new version adds a line, and old traces open."""


def parse_event(line: bytes | str, version: int = SCHEMA_VERSION) -> Event:
    """One line of a trace that was written under `version`. Raises pydantic's ValidationError."""
    if version == SCHEMA_VERSION:
        return _ADAPTER.validate_json(line)
    event = from_json(line)
    for step in range(version, SCHEMA_VERSION):
        event = UPGRADES[step](event)
    return _ADAPTER.validate_python(event)
