"""The events of a trace, one JSON object a line. Schema version 1.

    session   first line: schema version, spec hash
    resume    a later process carries on: what it found broken at the end of the file, and how many asks may have been paid in vain
    prompt    a template, once, by hash; its slots are filled from the step
    stimulus  what was shown
    problem   something of the feed that cannot be shown, by name
    ask       a question goes out (written before the call)
    answer    what came back (written the moment it arrives, before it is used)
    action    what was asked of the feed, and what was done
    end       why this process stopped, with totals

`at` is in Unix seconds. Fields may be added within a version; a reader ignores fields it does not know.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from agent.protocols.base import AnswerState
from environments.base import ActionKind

__all__ = [
    "SCHEMA_VERSION",
    "ActionEvent",
    "AnswerEvent",
    "AskEvent",
    "EndEvent",
    "Event",
    "FrameRef",
    "ProblemEvent",
    "PromptEvent",
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
    """A process took the session up again. `torn_bytes` of an unfinished last line were cut off."""

    type: Literal["resume"] = "resume"
    step: int
    torn_bytes: int = 0


class PromptEvent(_Event):
    """The words of one prompt cell of one stage."""

    type: Literal["prompt"] = "prompt"
    hash: str
    stage: str
    cell: int
    system: str
    user: str


class FrameRef(_Record):
    """A stored frame: its hash and its time in the clip, seconds."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    t: float


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


class ProblemEvent(_Event):
    """Something of the feed that cannot be shown: a damaged file, a row of metadata without one."""

    type: Literal["problem"] = "problem"
    name: str
    reason: str


class AskEvent(_Event):
    """A question goes out. `slots` holds those that the stimulus and the session do not determine, when they are not empty."""

    type: Literal["ask"] = "ask"
    step: int
    stage: str
    attempt: int
    cell: int
    prompt: str
    seed: int
    slots: dict[str, str] = Field(default_factory=dict)


class TokenUsage(_Record):
    """Tokens as billed; `input` without the cached ones."""

    input: int = 0
    cached: int = 0
    cache_written: int = 0
    output: int = 0
    reasoning: int = 0


class DecisionRecord(_Record):
    """A decision, as far as it was understood."""

    action: ActionKind
    watch_fraction: float
    rating: int | None = None
    reason: str = ""


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
    """What was asked of the feed and what was done. `dwell_s` is in seconds of the clip."""

    type: Literal["action"] = "action"
    step: int
    asked: ActionKind
    watch_fraction: float
    done: ActionKind
    advanced: bool
    dwell_s: float
    error: str | None = None


class EndEvent(_Event):
    """Why a process stopped: complete, limit, interrupted or failed."""

    type: Literal["end"] = "end"
    reason: Literal["complete", "limit", "interrupted", "failed"]
    detail: str = ""
    totals: dict[str, Any] = Field(default_factory=dict)


Event = Annotated[
    SessionEvent | ResumeEvent | PromptEvent | ProblemEvent | StimulusEvent | AskEvent | AnswerEvent | ActionEvent | EndEvent,
    Field(discriminator="type"),
]
_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


def parse_event(line: bytes | str) -> Event:
    """One line of a trace. Raises pydantic's ValidationError."""
    return _ADAPTER.validate_json(line)
