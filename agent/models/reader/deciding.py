"""From what was read to a decision: a utility in rating points, one seeded draw, and all channels of the answer from that one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from agent.models.reader.taste import Taste
from agent.protocols.base import Decision
from environments.base import ActionKind
from environments.canonical import content_hash, rng
from personas.schwartz import NAMES, VALUES

__all__ = ["BASE", "GAIN", "Evidence", "decide", "match", "probabilities", "utility"]

BASE = 2.35
"""Utility of an ordinary post for a viewer without a lean, rating points."""

GAIN = 2.5
"""Rating points between a post that does not speak of what the persona cares about and one that clearly does."""

TYPICAL = 0.12
"""Degree at which a post speaks of any value by accident."""

SPREAD = 1.0
"""Standard deviation of the draw, rating points."""

SKIP_BELOW = 2.0
LIKE_FROM = 3.2
_READS_AS = 0.3
_NORMAL = NormalDist()
_WATCHED = NormalDist(2.6, 0.8)


@dataclass(frozen=True)
class Evidence:
    """What was taken from one post.

    degrees  by value code, in [0, 1]: how much its words speak of the value
    appeal   of the picture, rating points in [-.3, .3]
    sources  which texts had words, such as ("caption", "on-screen text")
    frames   how many pictures were looked at
    """

    degrees: Mapping[str, float]
    appeal: float
    sources: tuple[str, ...]
    frames: int


def utility(evidence: Evidence, taste: Taste) -> float:
    """Expected liking in rating points: BASE + appeal + GAIN × Σ_v weight_v (degree_v − TYPICAL); without words the sum is left out."""
    return round(BASE + evidence.appeal + GAIN * match(evidence, taste), 4)


def match(evidence: Evidence, taste: Taste) -> float:
    """How well the words of a post meet a taste: Σ_v weight_v (degree_v − TYPICAL); 0 without words."""
    return sum(taste.weights[v] * (evidence.degrees[v] - TYPICAL) for v in VALUES) if evidence.sources else 0.0


def probabilities(mean: float) -> dict[ActionKind, float]:
    """The chance of each action at utility `mean`: an ordered probit."""
    skip = _NORMAL.cdf((SKIP_BELOW - mean) / SPREAD)
    like = 1.0 - _NORMAL.cdf((LIKE_FROM - mean) / SPREAD)
    return {ActionKind.SKIP: skip, ActionKind.WATCH: 1.0 - skip - like, ActionKind.LIKE: like}


def decide(evidence: Evidence, taste: Taste, *, step_seed: int, stimulus_id: str, persona: str, options: Sequence[str] = ()) -> Decision:
    """One decision, the same for the same arguments.

    liking = utility + SPREAD × N(0, 1): skip below 2, like from 3.2. The draw is from (`step_seed`, `stimulus_id`, `persona`): one for all
    stages and attempts at a stimulus, and independent between personas, whose texts are part of the key (a draw common to them would make
    them agree, and paired comparisons narrower than a real model's). Where `options` are given and skipping is not among them
    (the second question of `staged`), liking is at least 2: who is still watching did not skip. Rating and watch fraction are
    functions of the same liking, so that no channel contradicts another.
    """
    mean = utility(evidence, taste)
    drawn = rng("reader", step_seed, stimulus_id, content_hash(persona.encode("utf-8", "surrogatepass"))).random()
    liking = mean + SPREAD * _NORMAL.inv_cdf(min(max(drawn, 1e-9), 1.0 - 1e-9))
    if options and ActionKind.SKIP not in options:
        liking = max(liking, SKIP_BELOW)
    kind = ActionKind.SKIP if liking < SKIP_BELOW else ActionKind.LIKE if liking >= LIKE_FROM else ActionKind.WATCH
    return Decision(
        action=kind,
        watch_fraction=round(_WATCHED.cdf(liking), 3),
        rating=min(max(int(liking + 0.5), 0), 5) if liking > 0 else 0,
        reason=reason(evidence, taste),
    )


def reason(evidence: Evidence, taste: Taste) -> str:
    """What the decision rests on, in the reader's own words: nothing of the post is repeated."""
    lead = taste.leading
    turn = "to" if lead and taste.weights[lead] > 0 else "away from"
    persona = f"the persona leans {turn} {NAMES[lead]}" if lead else "the persona shows no clear lean"
    if not evidence.sources:
        seen = (
            f"decided from the look of {evidence.frames} picture{'s' * (evidence.frames != 1)} alone"
            if evidence.frames
            else "nothing was seen"
        )
        return f"no words to read, {seen}; {persona}"
    code = max(VALUES, key=lambda v: evidence.degrees[v])
    degree = f"{min(evidence.degrees[code], 0.99):.2f}".removeprefix("0")
    reads = f"as {NAMES[code]} ({degree})" if evidence.degrees[code] >= _READS_AS else "as no value in particular"
    *others, last = evidence.sources
    read = f"{', '.join(others)} and {last}" if others else last
    return f"{read} read {reads}; {persona}"
