"""What items share beyond their loadings: a cluster (twins, near-duplicates) and a topic.

A unit is a cluster of two items or more, or an item alone. An item alone varies as much as one with a twin: its unit has both variances.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evals.values.estimator_b.answers import Answers
from evals.values.loadings import FloatArray, IntArray
from evals.values.topics import FEWEST

__all__ = ["Sharing", "find_sharing"]


@dataclass(frozen=True)
class Sharing:
    """unit (n,) from 0 to U − 1, twins (T,) the items that share their unit, topic (n,) from 0 to G − 1 and −1 for an item without others
    of its topic."""

    unit: IntArray
    twins: IntArray
    topic: IntArray

    @property
    def units(self) -> int:
        """How many there are."""
        return int(self.unit.max()) + 1

    @property
    def topics(self) -> int:
        """How many have several items."""
        return int(self.topic.max(initial=-1)) + 1

    @property
    def single(self) -> FloatArray:
        """(U,) 1 where a unit is one item."""
        return (np.bincount(self.unit) == 1).astype(np.float64)

    @property
    def without_topic(self) -> FloatArray:
        """(U,) 1 where none of the unit's items shares a topic."""
        return 1.0 - (np.bincount(self.unit, self.topic >= 0) > 0)

    @property
    def member(self) -> FloatArray:
        """(G, n) 1 where the item has the topic."""
        return (self.topic == np.arange(self.topics)[:, None]).astype(np.float64)

    def without_clusters(self) -> Sharing:
        """Every item a unit of its own."""
        return replace(self, unit=np.arange(len(self.unit)), twins=np.zeros(0, dtype=np.int64))

    def met(self, answers: Answers) -> Sharing:
        """For effects of each respondent: without clusters where nobody has answered two items of one; without topics, which are common."""
        answered = (answers.items_answered() > 0).astype(np.float64)
        several = answered @ (self.unit[:, None] == np.arange(self.units)) > 1
        found = self if several.any() else self.without_clusters()
        return replace(found, topic=np.full_like(self.topic, -1))


def find_sharing(clusters: Sequence[str | None], topics: Sequence[str | None] | None) -> tuple[Sharing, tuple[str, ...]]:
    """What the items (n,) share, and a sentence where there are too few topics for a variance: as many as estimator A needs."""
    cluster, topic = _groups(clusters), _groups(topics or [None] * len(clusters))
    few = int(topic.max(initial=-1)) + 1
    notes: tuple[str, ...] = ()
    if 0 < few < FEWEST:
        topic = np.full_like(topic, -1)
        notes = (f"Topics have no effects: {few} with several items, and fewer than {FEWEST} say too little about their variance.",)
    alone = cluster < 0
    unit = np.where(alone, int(cluster.max(initial=-1)) + np.cumsum(alone), cluster)
    return Sharing(unit, np.flatnonzero(~alone), topic), notes


def _groups(names: Sequence[str | None]) -> IntArray:
    """(n,) number of each name that stands there more than once, −1 elsewhere."""
    count = Counter(each for each in names if each is not None)
    number = {each: place for place, each in enumerate(each for each in count if count[each] > 1)}
    return np.array([-1 if each is None else number.get(each, -1) for each in names], dtype=np.int64)
