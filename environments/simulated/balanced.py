"""The default order: equal shares of the ten values among the clips that are shown, and chance alone for the places.

First it is drawn which N clips are shown, then they are shuffled. So position says nothing about a clip's value, its sign, the side of its
twin pair or its stratum, and nothing depends on what the respondent does.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import chain, pairwise

from environments.base import PastStep
from environments.canonical import rng
from environments.clips import FeedItem
from environments.simulated.policies import Choice

__all__ = ["BalancedPolicy"]

_NONE = "none"
_TRIES = 200  # shuffles until no twins are neighbours; one in three will do even when every clip has a twin

_Unit = tuple[FeedItem, ...]


class BalancedPolicy:
    """`videos` clips (None: all of `items`) drawn by design, in random order; then the others, shuffled, in case some cannot be played.

    Units of the draw are single clips and twin pairs: a pair enters whole. Each value, and value-free, gets an equal share of the clips
    as far as there are enough, with remainders to values drawn at random; within a share, units are drawn at random. Pairs of twins
    are not neighbours where that can be avoided. The order is a function of items, seed and `videos`; its propensity is None.
    """

    name = "balanced"

    def __init__(self, items: Sequence[FeedItem], seed: int, videos: int | None = None) -> None:
        total = len(items) if videos is None else min(videos, len(items))
        first = _draw(_units(items), total, rng(seed, "balanced", "draw"))
        drawn = {item.id for item in first}
        reserve = [item for item in items if item.id not in drawn]
        self._order = (
            *_shuffled([item for item in items if item.id in drawn], rng(seed, "balanced", "order")),
            *_shuffled(reserve, rng(seed, "balanced", "reserve")),
        )

    def choose(self, past: Sequence[PastStep], gone: Set[str]) -> Choice | None:
        """The next in the order. See `environments.simulated.policies.Policy.choose`."""
        shown = {step.stimulus_id for step in past}
        left = (item for item in self._order if item.id not in shown and item.id not in gone)
        item = next(left, None)
        return None if item is None else Choice(item, None)


def _units(items: Sequence[FeedItem]) -> dict[str, list[_Unit]]:
    """Pairs and single clips by value ("HE" … "none"); a pair belongs to the value of the twin that carries one.

    A cluster of other than two clips is no pair: its clips enter one by one.
    """
    clusters: dict[str, list[FeedItem]] = defaultdict(list)
    for item in items:
        clusters[item.cluster or ""].append(item)
    pairs = {name for name, members in clusters.items() if name and len(members) == 2}
    singles = [(item,) for item in items if item.cluster not in pairs]
    by_value: dict[str, list[_Unit]] = defaultdict(list)
    for unit in chain(singles, (tuple(clusters[name]) for name in sorted(pairs))):
        by_value[_value(unit)].append(unit)
    return dict(by_value)


def _value(unit: _Unit) -> str:
    carried = [item.stratum.rstrip("+-") for item in unit if item.stratum and item.stratum != _NONE]
    return carried[0] if carried else _NONE


def _draw(units: Mapping[str, Sequence[_Unit]], total: int, dice: random.Random) -> list[FeedItem]:
    """Exactly `total` clips in equal shares."""
    shares = _shares({value: sum(map(len, units[value])) for value in sorted(units)}, total, dice)
    taken: list[FeedItem] = []
    left: list[_Unit] = []
    for value, share in shares.items():
        chosen, others = _fit(dice.sample(units[value], len(units[value])), share)
        taken += chosen
        left += others
    # A share that only pairs could fill, with one place left: the place goes to another value, and as a last resort a pair is divided.
    chosen, left = _fit(dice.sample(left, len(left)), total - len(taken))
    taken += chosen
    return taken + dice.sample(list(chain.from_iterable(left)), total - len(taken))


def _shares(sizes: Mapping[str, int], total: int, dice: random.Random) -> dict[str, int]:
    """`total` divided equally, nobody getting more than its size; what cannot be divided goes to some at random."""
    shares = dict.fromkeys(sizes, 0)
    while left := total - sum(shares.values()):
        hungry = [name for name in sizes if shares[name] < sizes[name]]
        each = left // len(hungry)
        for name in hungry if each else dice.sample(hungry, left):
            shares[name] += min(max(each, 1), sizes[name] - shares[name])
    return shares


def _fit(units: Iterable[_Unit], places: int) -> tuple[list[FeedItem], list[_Unit]]:
    """Clips of the units that fit into `places`, first come first served, and the units that did not."""
    taken: list[FeedItem] = []
    left: list[_Unit] = []
    for unit in units:
        if len(taken) + len(unit) <= places:
            taken += unit
        else:
            left.append(unit)
    return taken, left


def _shuffled(items: Sequence[FeedItem], dice: random.Random) -> list[FeedItem]:
    """One of the orders without neighbours of one cluster, all equally likely; where there is none, one with few of them.

    Shuffling anew until it fits, instead of moving twins apart, keeps every clip's mean position the same and either twin as often
    first: the reverse of an order, and the order with two twins exchanged, fit just as well.
    """
    best: tuple[int, list[FeedItem]] | None = None
    for _ in range(_TRIES):
        order = dice.sample(items, len(items))
        neighbours = sum(one.cluster is not None and one.cluster == other.cluster for one, other in pairwise(order))
        if best is None or neighbours < best[0]:
            best = neighbours, order
        if not best[0]:
            break
    assert best is not None
    return best[1]
