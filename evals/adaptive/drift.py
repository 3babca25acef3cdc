"""Drift: how what is shown, and what is liked of it, moves over a session, in windows of a few clips and by value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from evals.adaptive.reading import SessionRun, Shown
from evals.values.intervals import Interval, t_interval
from personas.schwartz import HIGHER_ORDER, VALUES

__all__ = ["WINDOW", "Drift", "drift_of", "drift_over_sessions", "higher_order"]

WINDOW = 10
"""Clips a window; the last of a phase may be shorter."""


@dataclass(frozen=True)
class Drift:
    """A window of a session: mean loading by value of the clips shown, and of those liked (empty where none was)."""

    session: str
    phase: str
    first: int
    last: int
    shown: Mapping[str, float]
    liked: Mapping[str, float]
    likes: int


def drift_of(run: SessionRun, window: int = WINDOW) -> list[Drift]:
    """The windows of a session, phase by phase; none where clips carry no labels."""
    found = []
    for phase in run.phases:
        for start in range(phase.start, phase.start + phase.videos, window):
            there = [one for one in phase.shown if start <= one.step < start + window and one.labels is not None]
            liked = [one for one in there if one.like]
            if there:
                found.append(Drift(run.name, phase.name, start, there[-1].step, _means(there), _means(liked), len(liked)))
    return found


def _means(shown: Sequence[Shown]) -> dict[str, float]:
    return {code: fmean((one.labels or {}).get(code, 0.0) for one in shown) for code in VALUES} if shown else {}


def higher_order(means: Mapping[str, float]) -> dict[str, float]:
    """Mean over the values of each higher-order group."""
    return {group: fmean(means[code] for code in codes) for group, codes in HIGHER_ORDER.items() if codes} if means else {}


def drift_over_sessions(runs: Sequence[SessionRun], level: float) -> dict[str, list[tuple[int, Interval]]]:
    """By higher-order group: the first step of each window with the mean of what is shown, over sessions of one design."""
    gathered: dict[tuple[str, int], list[float]] = defaultdict(list)
    for run in runs:
        for window in drift_of(run):
            for group, mean in higher_order(window.shown).items():
                gathered[group, window.first].append(mean)
    found: dict[str, list[tuple[int, Interval]]] = defaultdict(list)
    for (group, start), means in sorted(gathered.items()):
        interval = t_interval(means, level)
        assert interval is not None, "a window has clips"
        found[group].append((start, interval))
    return dict(found)
