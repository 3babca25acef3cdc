"""A feed in phases: one history, and at each place the policy of the phase, which sees as feedback only what may be learnt from.

A step of a phase that is not learnt from counts as a `pass`: its clip was shown and does not come again, and it says nothing about taste.
So the choice stays a function of items, seed and past, and a resumed session continues as if it had never stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from itertools import accumulate

from environments.base import Action, ActionKind, Outcome, PastStep
from environments.canonical import rng
from environments.clips import FeedItem
from environments.request import FeedPhase
from environments.simulated.policies import Choice, Policy, build_policy
from personas.errors import FeedError

__all__ = ["PhasedPolicy", "held_out_ids", "not_for"]

_FIXED = "balanced"
"""Draws its clips before it begins: in a later phase, from those that are left then."""


def held_out_ids(items: Sequence[FeedItem], seed: int) -> frozenset[str]:
    """The clips that are kept aside for held-out phases: each with chance one half, clips of one cluster together."""
    return frozenset(item.id for item in items if rng(seed, "held out", item.cluster or f"clip {item.id}").random() < 0.5)


def not_for(phase: FeedPhase, phases: Sequence[FeedPhase], items: Sequence[FeedItem], aside: Collection[str]) -> frozenset[str]:
    """The clips that a phase must not show; none where no phase is held out."""
    if not any(each.held_out for each in phases):
        return frozenset()
    return frozenset(item.id for item in items if (item.id in aside) != phase.held_out)


def _check_room(items: Sequence[FeedItem], phases: Sequence[FeedPhase], away: Sequence[frozenset[str]]) -> None:
    for held_out in (False, True):
        parts = [(phase.videos, gone) for phase, gone in zip(phases, away, strict=True) if phase.held_out == held_out]
        wanted, room = sum(videos for videos, _ in parts), len(items) - (len(parts[0][1]) if parts else 0)
        if wanted > room:
            which = "held-out phases" if held_out else "phases"
            raise FeedError(f"the {which} show {wanted} clips, and the feed has {room} for them: use shorter phases or a larger feed")


class PhasedPolicy:
    """See the module. Raises FeedError where `items` are fewer than the phases show, or a policy is unknown."""

    name = "phased"

    def __init__(self, items: Sequence[FeedItem], seed: int, phases: Sequence[FeedPhase]) -> None:
        aside = held_out_ids(items, seed)
        self._away = tuple(not_for(phase, phases, items, aside) for phase in phases)
        _check_room(items, phases, self._away)
        self._items = tuple(items)
        self._seed = seed
        self._phases = tuple(phases)
        self._ends = tuple(accumulate(phase.videos for phase in phases))
        self._policies = {phase.policy: build_policy(phase.policy, items, seed) for phase in phases if phase.policy != _FIXED}
        self._fixed: dict[tuple[int, frozenset[str]], Policy] = {}

    def choose(self, past: Sequence[PastStep], gone: Set[str]) -> Choice | None:
        """See `environments.simulated.policies.Policy.choose`; the propensity is that of the phase's policy."""
        number = self._phase(len(past))
        return self._policy(number, past).choose(self._learnt(past), {*gone, *self._away[number]})

    def _phase(self, position: int) -> int:
        return next((number for number, end in enumerate(self._ends) if position < end), len(self._ends) - 1)

    def _learnt(self, past: Sequence[PastStep]) -> list[PastStep]:
        """The past with what must not be learnt from as passed over."""
        seen = list(past)
        start = 0
        for phase, end in zip(self._phases, self._ends, strict=True):
            if not phase.learn:
                seen[start:end] = [_passed(step) for step in seen[start:end]]
            start = end
        return seen

    def _policy(self, number: int, past: Sequence[PastStep]) -> Policy:
        phase = self._phases[number]
        if phase.policy != _FIXED:
            return self._policies[phase.policy]
        start = self._ends[number] - phase.videos
        shown = frozenset(step.stimulus_id for step in past[:start])
        if (number, shown) not in self._fixed:
            left = [item for item in self._items if item.id not in shown and item.id not in self._away[number]]
            self._fixed[number, shown] = build_policy(_FIXED, left, self._seed, phase.videos)
        return self._fixed[number, shown]


def _passed(step: PastStep) -> PastStep:
    return PastStep(step.stimulus_id, Action(ActionKind.PASS), Outcome(like_registered=False, advanced=step.outcome.advanced, dwell_s=0.0))
