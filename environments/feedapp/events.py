"""What happened on a page, as the app tells it to whoever keeps the record, and the shape in which a page posts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

__all__ = ["ITEM_EVENTS", "MAX_EVENTS", "EventKind", "FeedEvent", "PostedEvent", "posted_events"]

MAX_EVENTS = 256
"""Events in one request."""

_LONGEST = 1e11  # ms of page clock: three years


class EventKind(StrEnum):
    """What can happen. `DWELL` closes a stretch of time for which the clip was on a visible screen; a clip can have many."""

    CONSENT = "consent"
    IMPRESSION = "impression"
    DWELL = "dwell"
    COMPLETE = "complete"
    REWATCH = "rewatch"
    LIKE = "like"
    UNLIKE = "unlike"
    RATING = "rating"
    LEAVE = "leave"
    UNPLAYABLE = "unplayable"
    ANSWER = "answer"
    END = "end"


ITEM_EVENTS = frozenset(EventKind) - {EventKind.CONSENT, EventKind.ANSWER, EventKind.END}
"""Kinds that are about the current item."""


@dataclass(frozen=True)
class FeedEvent:
    """One thing that happened. `page` and `number` identify it; `at_ms` is its time on the page's clock.

    The clock runs in milliseconds of clip time (wall time × time scale), from 0 when the viewer first came, and goes on from the last known
    time after a reload. `item` and `position` are set for ITEM_EVENTS. `from_ms` is where a DWELL stretch, which ends at `at_ms`, began.
    `dwell_ms` of a LEAVE is the sum of all stretches. `value` is the 0 to 5 of a RATING or the point (from 0) of an ANSWER to `question`
    (from 0). `counts` of an IMPRESSION are those the page showed.
    """

    kind: EventKind
    page: str
    number: int
    at_ms: float
    item: str | None = None
    position: int | None = None
    from_ms: float | None = None
    dwell_ms: float | None = None
    value: int | None = None
    question: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


_Milliseconds = Annotated[float, Field(ge=0, le=_LONGEST, allow_inf_nan=False)]
_Small = Annotated[int, Field(ge=0, le=10_000, strict=True)]


class PostedEvent(BaseModel):
    """One event as a page sends it: nothing in it is believed beyond these bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,40}$")]
    number: Annotated[int, Field(ge=0, le=2**31, strict=True)]
    kind: EventKind
    at_ms: _Milliseconds
    item: Annotated[str, Field(max_length=2000)] | None = None
    from_ms: _Milliseconds | None = None
    value: _Small | None = None
    question: _Small | None = None


_POSTED: TypeAdapter[list[PostedEvent]] = TypeAdapter(Annotated[list[PostedEvent], Field(max_length=MAX_EVENTS)])


def posted_events(body: bytes) -> list[PostedEvent]:
    """The events in the body of a request. Raises pydantic's ValidationError (a ValueError) for anything else."""
    return _POSTED.validate_json(body)
