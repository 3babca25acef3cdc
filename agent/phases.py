"""Phases of a session: one continuous feed in which the persona, the policy, or whether the recommender learns changes at fixed places.

A train phase and a probe, or "stain, then scrub": what the recommender learnt in one phase decides what the next one shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from environments.request import FeedPhase
from environments.simulated.policies import POLICIES
from personas.one_line import one_line
from personas.persona import Persona, load_persona

__all__ = ["Phase", "cast_of", "check_phases", "feed_phases", "phase_at", "phase_records", "total_videos"]


class Phase(BaseModel):
    """A part of a session, `videos` clips long.

    name     unique within the session, at most 40 characters
    videos   1 to 100000 clips
    persona  who is played here, as `SessionSpec.persona`; None: the session's
    learn    whether the recommender learns from what happens here; without, the feed stays as personalised as it was when the phase began
    held_out shows clips of the half of the feed that is kept aside for such phases, so that nothing of it is used up before
    policy   what orders the feed here; None: the session's policy. "shuffled": drawn uniformly, whatever was learnt
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=40)]
    videos: Annotated[int, Field(ge=1, le=100_000)]
    persona: Annotated[str, Field(min_length=1)] | None = None
    learn: bool = True
    held_out: bool = False
    policy: str | None = None

    @field_validator("name")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if one_line(value) != value or value != value.strip():
            raise ValueError("a phase's name is one line of plain text")
        return value

    @field_validator("policy")
    @classmethod
    def _known_policy(cls, value: str | None) -> str | None:
        if value is not None and value not in POLICIES:
            raise ValueError(f"choose one of: {', '.join(POLICIES)}")
        return value


def total_videos(given: Any) -> int | None:
    """The clips of all phases in not yet validated data; None where it does not say."""
    if not isinstance(given, list | tuple) or not given:
        return None
    lengths = [each.videos if isinstance(each, Phase) else each.get("videos") if isinstance(each, dict) else None for each in given]
    known = [length for length in lengths if isinstance(length, int)]
    return sum(known) if len(known) == len(lengths) else None


def check_phases(phases: Sequence[Phase], videos: int, environment: str) -> None:
    """Raises ValueError with what to change where phases do not fit the session."""
    if not phases:
        return
    if environment != "simulated":
        raise ValueError(f"phases need the environment simulated, not {environment}: leave one of them out")
    names = [phase.name for phase in phases]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two phases are called {twice[0]!r}: give each a name of its own")
    total = sum(phase.videos for phase in phases)
    if total != videos:
        raise ValueError(f"videos is {videos}, but the phases have {total} together: leave videos out, or make them agree")


def phase_at(phases: Sequence[Phase], step: int) -> int:
    """The number of the phase in which `step` (from 0) lies; the last one after the end."""
    end = 0
    for number, phase in enumerate(phases):
        end += phase.videos
        if step < end:
            return number
    return len(phases) - 1


def cast_of(phases: Sequence[Phase], persona: Persona) -> tuple[Persona, ...]:
    """Who is played in each phase, where `persona` is the session's. Raises PersonaError."""
    return tuple(persona if phase.persona is None else load_persona(phase.persona) for phase in phases)


def feed_phases(phases: Sequence[Phase], policy: str) -> tuple[FeedPhase, ...]:
    """What a feed needs to know of the phases of a session with this policy."""
    return tuple(FeedPhase(phase.videos, phase.policy or policy, phase.learn, phase.held_out) for phase in phases)


def phase_records(phases: Sequence[Phase], cast: Sequence[Persona], policy: str, paraphrase: int) -> list[dict[str, Any]]:
    """The phases as `session.json` keeps them: resolved, each with the text and target of its persona."""
    return [
        {
            "name": phase.name,
            "videos": phase.videos,
            "learn": phase.learn,
            "held_out": phase.held_out,
            "policy": phase.policy or policy,
            "persona": {
                "name": persona.name,
                "kind": persona.kind,
                "text": persona.text(paraphrase),
                "target": dict(persona.target),
            },
        }
        for phase, persona in zip(phases, cast, strict=True)
    ]
