"""What a simulated feed shows next. A policy is a pure function of (items, seed, what was shown), which makes resuming exact.

balanced   permuted blocks over design strata ("HE+", "HE-" … "none"): each choice draws one of the strata that were shown least so far,
           then one of its items, both uniformly. So every prefix of a session is as balanced as its strata allow. Without strata it
           is `shuffled`, choice by choice.
shuffled   one of the remaining items, uniformly.
adaptive   learns from what was watched: `environments.simulated.adaptive`.

Two items of one cluster (twins) are never shown in a row unless nothing else is left. All three give the exact propensity: the
probability of the choice, given what was shown before. The first two ignore what the respondent did: same seed, same clips.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from environments.base import PastStep
from environments.canonical import rng
from environments.clips import FeedItem
from personas.errors import FeedError

__all__ = ["POLICIES", "Choice", "Policy", "StratifiedPolicy", "build_policy", "eligible_items"]


@dataclass(frozen=True)
class Choice:
    """The item to show, and the probability in (0, 1] with which it was chosen given the past."""

    item: FeedItem
    propensity: float


class Policy(Protocol):
    """Chooses the next item. `name` is what the user typed."""

    name: str

    def choose(self, past: Sequence[PastStep], gone: Set[str]) -> Choice | None:
        """The next choice after `past`; items in `gone` (ids) cannot be shown. None when nothing is left."""
        ...


class StratifiedPolicy:
    """`balanced` and, with `strata` off, `shuffled`."""

    def __init__(self, name: str, items: Sequence[FeedItem], seed: int, *, strata: bool) -> None:
        self.name = name
        self._items = {item.id: item for item in items}
        self._seed = seed
        self._stratum: Mapping[str, str] = {item.id: (item.stratum or "") if strata else "" for item in items}

    def choose(self, past: Sequence[PastStep], gone: Set[str]) -> Choice | None:
        """See `Policy.choose`."""
        candidates = eligible_items(self._items, past, gone)
        if not candidates:
            return None
        counts = Counter(self._stratum[step.stimulus_id] for step in past)
        open_strata = sorted({self._stratum[item.id] for item in candidates})
        fewest = min(counts[stratum] for stratum in open_strata)
        least_shown = [stratum for stratum in open_strata if counts[stratum] == fewest]
        stratum = rng(self._seed, "stratum", len(past)).choice(least_shown)
        drawn_from = [item for item in candidates if self._stratum[item.id] == stratum]
        item = rng(self._seed, "item", len(past)).choice(drawn_from)
        return Choice(item, 1 / (len(least_shown) * len(drawn_from)))


def _balanced(items: Sequence[FeedItem], seed: int) -> Policy:
    return StratifiedPolicy("balanced", items, seed, strata=True)


def _shuffled(items: Sequence[FeedItem], seed: int) -> Policy:
    return StratifiedPolicy("shuffled", items, seed, strata=False)


def _adaptive(items: Sequence[FeedItem], seed: int) -> Policy:
    from environments.simulated.adaptive import AdaptivePolicy  # noqa: PLC0415 - embeddings load when used

    return AdaptivePolicy(items, seed)


POLICIES: dict[str, Callable[[Sequence[FeedItem], int], Policy]] = {
    "balanced": _balanced,
    "shuffled": _shuffled,
    "adaptive": _adaptive,
}
"""Policies by name. A new one is a file and a line here."""


def build_policy(name: str, items: Sequence[FeedItem], seed: int) -> Policy:
    """The policy called `name` over `items`. Raises FeedError that lists the choices."""
    if name not in POLICIES:
        raise FeedError(f"there is no feed policy {name!r}; use one of: {', '.join(POLICIES)}")
    return POLICIES[name](items, seed)


def eligible_items(items: Mapping[str, FeedItem], past: Sequence[PastStep], gone: Set[str]) -> list[FeedItem]:
    """Items not shown yet and not gone, in order; without those of the last item's cluster, as long as others remain."""
    shown = {step.stimulus_id for step in past}
    left = [item for item in items.values() if item.id not in shown and item.id not in gone]
    last = items[past[-1].stimulus_id].cluster if past else None
    apart = [item for item in left if last is None or item.cluster != last]
    return apart or left
