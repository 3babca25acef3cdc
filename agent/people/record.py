"""What a person did with a clip: the answer as it stands in the trace, and how it is read as a decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.models.base import Prompt, Reply, Turn
from agent.protocols.base import AnswerState, Decision, Interpretation, PromptTemplate, Question
from environments.base import ActionKind, Stimulus
from environments.feedapp.ledger import ItemRecord

__all__ = ["SKIPPED_BELOW", "PersonProtocol", "WatchRecord", "watch_record"]

SKIPPED_BELOW = 0.25
"""A clip that was left with less than this share of its length seen, and never played to its end, counts as skipped."""

_Times = tuple[float, ...]


class WatchRecord(BaseModel):
    """A person's answer to one clip. Times are milliseconds of the page's clock, which runs from the person's first visit.

    `dwell` holds the stretches (from, to) for which the clip was the current one of a visible page, paused or not; `ratings` pairs of
    time and 0 to 5, the last of which counts; `counts` what the page showed as likes, comments, shares.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    impressions: _Times = ()
    dwell: tuple[tuple[float, float], ...] = ()
    completions: _Times = ()
    rewatches: _Times = ()
    likes: _Times = ()
    unlikes: _Times = ()
    ratings: tuple[tuple[float, Annotated[int, Field(ge=0, le=5)]], ...] = ()
    left_ms: float = 0.0
    counts: dict[str, int] = Field(default_factory=dict)

    @property
    def dwell_s(self) -> float:
        """Seconds for which the clip was on the screen; more than its length when it played again or was paused."""
        return sum(end - start for start, end in self.dwell) / 1000

    @property
    def liked(self) -> bool:
        """Whether a like stood at the end."""
        return len(self.likes) > len(self.unlikes)

    def decision(self, duration_s: float) -> Decision:
        """`like` if a like stood, else `skip` if less than SKIPPED_BELOW of the clip was seen and never its end, else `watch`.

        The watch fraction is dwell over `duration_s`, at most 1. The rating is None where none was given.
        """
        fraction = min(1.0, self.dwell_s / duration_s) if duration_s > 0 else 0.0
        skipped = fraction < SKIPPED_BELOW and not self.completions
        kind = ActionKind.LIKE if self.liked else ActionKind.SKIP if skipped else ActionKind.WATCH
        return Decision(kind, round(fraction, 4), self.ratings[-1][1] if self.ratings else None)


def watch_record(item: ItemRecord, left_ms: float, counts: Mapping[str, int]) -> WatchRecord:
    """What the page's ledger holds of a clip, to a tenth of a millisecond."""

    def rounded(times: list[float]) -> _Times:
        return tuple(round(time, 1) for time in times)

    return WatchRecord(
        impressions=rounded(item.impressions),
        dwell=tuple((round(start, 1), round(end, 1)) for start, end in item.dwell),
        completions=rounded(item.completions),
        rewatches=rounded(item.rewatches),
        likes=rounded(item.likes),
        unlikes=rounded(item.unlikes),
        ratings=tuple((round(time, 1), rating) for time, rating in item.ratings),
        left_ms=round(left_ms, 1),
        counts=dict(counts),
    )


class PersonProtocol:
    """The protocol of a person on the page: the template holds the instructions they read, and an answer is a WatchRecord."""

    name = "feed"
    cells = 1
    first_stage = "feed"
    first_moment = False

    def __init__(self, instructions: str) -> None:
        self._template = PromptTemplate("", instructions.replace("$", "$$"), WatchRecord)

    def template(self, stage: str, cell: int) -> PromptTemplate:
        """The instructions, as the page showed them."""
        return self._template

    def prompt(self, question: Question, stimulus: Stimulus, slots: Mapping[str, str], seed: int) -> Prompt:
        """One clip. The person reads the instructions once and sees the clip itself."""
        system, user = self._template.render(slots)
        turns = (Turn("user", user),)
        return Prompt("feed", system, turns, WatchRecord, seed, slots=slots, stimulus_id=stimulus.id)

    def interpret(self, stage: str, reply: Reply, stimulus: Stimulus) -> Interpretation:
        """See `WatchRecord.decision`."""
        try:
            record = WatchRecord.model_validate_json(reply.text)
        except ValidationError:
            return Interpretation(AnswerState.UNPARSABLE, fault="it is no record of a clip")
        return Interpretation(AnswerState.ANSWERED, record.decision(stimulus.duration_s))

    def next_stage(self, stage: str, decision: Decision) -> str | None:
        """There is only one stage."""
        return None
