"""What a simulated feed shows next. A policy is a pure function of (items, seed, what was shown), which makes resuming exact.

balanced   equal shares of the values, drawn before the session; places by chance alone: `environments.simulated.balanced`.
shuffled   one of the remaining items, uniformly.
adaptive   learns from what was watched: `environments.simulated.adaptive`.

Two items of one cluster (twins) are not shown in a row where that can be avoided. The first two ignore what the respondent did: same
seed, same clips. The last two give the exact propensity: the probability with which the item was drawn, given what was shown before
and what was known to be unplayable. `balanced` gives none: its order is drawn as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from environments.base import PastStep
from environments.canonical import rng
from environments.clips import FeedItem
from personas.errors import FeedError

__all__ = ["POLICIES", "Choice", "Policy", "ShuffledPolicy", "build_policy", "eligible_items", "unplayable"]


@dataclass(frozen=True)
class Choice:
    """The item to show, and the probability in (0, 1] with which it was drawn given the past; None for an order that was fixed before."""

    item: FeedItem
    propensity: float | None


class Policy(Protocol):
    """Chooses the next item. `name` is what the user typed."""

    name: str

    def choose(self, past: Sequence[PastStep], gone: Set[str]) -> Choice | None:
        """The next choice after `past`; items in `gone` (ids) cannot be shown. None when nothing is left."""
        ...


class ShuffledPolicy:
    """One of the items that are left, uniformly, twins apart."""

    name = "shuffled"

    def __init__(self, items: Sequence[FeedItem], seed: int) -> None:
        self._items = {item.id: item for item in items}
        self._seed = seed

    def choose(self, past: Sequence[PastStep], gone: Set[str]) -> Choice | None:
        """See `Policy.choose`."""
        candidates = eligible_items(self._items, past, gone)
        if not candidates:
            return None
        dice = rng(self._seed, "item", len(past), *unplayable(self._items, gone))
        return Choice(dice.choice(candidates), 1 / len(candidates))


def _balanced(items: Sequence[FeedItem], seed: int, videos: int | None) -> Policy:
    from environments.simulated.balanced import BalancedPolicy  # noqa: PLC0415 - it builds on this module

    return BalancedPolicy(items, seed, videos)


def _shuffled(items: Sequence[FeedItem], seed: int, _videos: int | None) -> Policy:
    return ShuffledPolicy(items, seed)


def _adaptive(items: Sequence[FeedItem], seed: int, _videos: int | None) -> Policy:
    from environments.simulated.adaptive import AdaptivePolicy  # noqa: PLC0415 - embeddings load when used

    return AdaptivePolicy(items, seed)


POLICIES: dict[str, Callable[[Sequence[FeedItem], int, int | None], Policy]] = {
    "balanced": _balanced,
    "shuffled": _shuffled,
    "adaptive": _adaptive,
}
"""Policies by name: what makes one of (items, seed, how many will be shown; None: all). A new one is a file and a line here."""


def build_policy(name: str, items: Sequence[FeedItem], seed: int, videos: int | None = None) -> Policy:
    """The policy called `name` over `items`, of which `videos` will be shown (None: all). Raises FeedError that lists the choices."""
    if name not in POLICIES:
        raise FeedError(f"there is no feed policy {name!r}; use one of: {', '.join(POLICIES)}")
    return POLICIES[name](items, seed, videos)


def eligible_items(items: Mapping[str, FeedItem], past: Sequence[PastStep], gone: Set[str]) -> list[FeedItem]:
    """Items not shown yet and not gone, in order; without those of the last item's cluster, as long as others remain."""
    shown = {step.stimulus_id for step in past}
    left = [item for item in items.values() if item.id not in shown and item.id not in gone]
    last = items[past[-1].stimulus_id].cluster if past else None
    apart = [item for item in left if last is None or item.cluster != last]
    return apart or left


def unplayable(items: Mapping[str, FeedItem], gone: Set[str]) -> list[str]:
    """Ids of `items` that are gone, sorted: part of a draw's random key, so that the draw after an unplayable clip is a new one."""
    return sorted(name for name in gone if name in items)
