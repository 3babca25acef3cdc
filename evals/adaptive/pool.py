"""All clips that a session's feed could have shown: what an estimate "over every clip" is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from environments.clips import FeedItem, feed_fingerprint
from environments.feeds import load_feed
from environments.request import FeedPhase
from environments.simulated.phased import held_out_ids, not_for
from evals.adaptive.offpolicy import Run, items_left
from evals.adaptive.reading import PhaseRun, SessionRun, Shown
from evals.values.loadings import FloatArray
from personas.errors import FeedError
from personas.schwartz import VALUES

__all__ = ["Pool", "draws", "load_pool"]


@dataclass(frozen=True)
class Pool:
    """The items of a feed in its order. `loadings` (N, 10) in the order of the ten values, None where some carry no labels."""

    items: tuple[str, ...]
    clusters: tuple[str | None, ...]
    of_feed: tuple[FeedItem, ...]
    loadings: FloatArray | None

    @classmethod
    def of(cls, items: Sequence[FeedItem]) -> Pool:
        """From the feed's items."""
        labelled = all(item.labels is not None for item in items)
        rows = [[float((item.labels or {}).get(code, 0.0)) for code in VALUES] for item in items]
        return cls(
            tuple(item.id for item in items),
            tuple(item.cluster for item in items),
            tuple(items),
            np.array(rows) if labelled and rows else None,
        )

    @property
    def means(self) -> Mapping[str, float] | None:
        """Mean loading by value."""
        return None if self.loadings is None else dict(zip(VALUES, map(float, self.loadings.mean(axis=0)), strict=True))


def load_pool(run: SessionRun) -> Pool | str:
    """The feed of a session as it was, or a sentence why it cannot be had. Blocks while files are checked."""
    if run.fingerprint is None:
        return f"The feed of {run.name} has no fingerprint, so nothing is said about clips that were not shown."
    try:
        loaded = load_feed(run.feed)
    except FeedError as error:
        return f"The feed of {run.name} is not here any more ({error}), so nothing is said about clips that were not shown."
    if feed_fingerprint(loaded.items) != run.fingerprint:
        return f"The feed of {run.name} has changed since it was shown, so nothing is said about clips that were not shown."
    return Pool.of(loaded.items)


def draws(run: SessionRun, phase: PhaseRun, pool: Pool, channel: str) -> Run | None:
    """The answered draws of a phase; None where no propensity was logged (a fixed order)."""
    if not phase.shown or any(one.propensity is None for one in phase.shown):
        return None
    before = [one.item for one in run.shown if one.step < phase.start]
    kept_from = _kept_from(run, phase, pool)
    away = set(before) | phase.shown[-1].gone | kept_from
    there = [place for place, name in enumerate(pool.items) if name not in away]
    kept: list[Shown] = []
    left: list[int] = []
    shown = list(before)
    for one in phase.shown:
        if _outcome(one, channel) is not None:
            kept.append(one)
            left.append(items_left(pool.items, pool.clusters, shown, one.gone | kept_from))
        shown.append(one.item)
    place = {name: number for number, name in enumerate(pool.items)}
    rows = [place[one.item] for one in kept]
    names = [one.cluster or f"\0{one.item}" for one in kept]
    loadings = pool.loadings
    return Run(
        y=np.array([_outcome(one, channel) for one in kept], dtype=float),
        propensity=np.array([one.propensity for one in kept], dtype=float),
        left=np.array(left, dtype=np.int64),
        place=np.array([one.step - phase.start for one in kept], dtype=np.int64),
        length=len(phase.shown),
        pool=len(there),
        cluster=np.unique(names, return_inverse=True)[1].astype(np.int64),
        x=None if loadings is None else loadings[rows],
        pool_x=None if loadings is None else loadings[there],
    )


def _kept_from(run: SessionRun, phase: PhaseRun, pool: Pool) -> frozenset[str]:
    """The clips that the phase could not show, because they were for held-out phases or for the others."""
    phases = [FeedPhase(one.videos, one.policy, one.learn, one.held_out) for one in run.phases]
    this = phases[run.phases.index(phase)]
    return not_for(this, phases, pool.of_feed, held_out_ids(pool.of_feed, run.seed))


def _outcome(one: Shown, channel: str) -> float | None:
    return one.like if channel == "like" else one.rating
