"""Stain, then scrub: how much of what a persona did to the feed is left after the control persona has browsed on.

Personalisation at a place is the loading of the clip shown there on the stain's target, treated less control twin. The scrub is what the
recommender learns from after the stain, played by one persona in both sessions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.adaptive.reading import PhaseRun
from evals.adaptive.twins import Group, Pair
from evals.values.intervals import Interval, t_interval
from evals.values.loadings import FloatArray

__all__ = ["WINDOW", "Scrub", "scrub_of"]

WINDOW = 20
"""Clips at the end of the stain and of the scrub that are averaged."""
DRAWS = 1000
FEWEST_PAIRS = 5
"""A bootstrap over fewer pairs is no interval."""
HALF_LIVES = np.geomspace(1, 1000, 121)


@dataclass(frozen=True)
class Scrub:
    """Personalisation (loading on the target, −1 to 1) before and after the scrub, what is left of it, and its half-life in clips.

    `remaining` is None where the stain cannot be told from zero, `half_life` too: there is nothing to lose then. `steps` of scrub.
    """

    group: str
    target: Mapping[str, float]
    before: Interval
    after: Interval
    remaining: Interval | None
    half_life: Interval | None
    steps: int
    pairs: int
    note: str


def scrub_of(group: Group, level: float, seed: int = 0) -> Scrub | None:
    """None where nothing is learnt after the stain, or the stain has no target, or the clips carry no labels."""
    stained = group.pairs[0].stained
    phases = group.pairs[0].treated.phases
    if not stained:
        return None
    target = {code: weight for code, weight in phases[stained[-1]].player.target.items() if weight}
    scrub = [number for number, phase in enumerate(phases) if number > stained[-1] and phase.learn]
    if not target or not scrub:
        return None
    curves = [_curve(pair, stained[-1], scrub, target) for pair in group.pairs]
    usable = [curve for curve in curves if curve is not None]
    if not usable:
        return None
    length = min(len(after) for _, after in usable)
    before = np.array([stain for stain, _ in usable])
    after = np.array([curve[:length] for _, curve in usable])
    tail = after[:, -WINDOW:].mean(axis=1)
    first, last = t_interval(list(before), level), t_interval(list(tail), level)
    assert first is not None and last is not None, "there is a pair"
    told = first.low is not None and first.low > 0
    note = "" if told else "the feed was not told to be stained: nothing is said of what is left"
    left = _ratio(before, tail, level, seed) if told else None
    half = _half_life(before, after, level, seed) if told else None
    return Scrub(group.name, target, first, last, left, half, length, len(usable), note)


def _curve(pair: Pair, stain: int, scrub: Sequence[int], target: Mapping[str, float]) -> tuple[float, FloatArray] | None:
    """The mean difference at the end of the stain, and the difference at each step of the scrub."""
    sides = []
    for run in (pair.treated, pair.control):
        before = _affinity(run.phases[stain], target)
        after = [each for number in scrub for each in _affinity(run.phases[number], target)]
        if not before or not after:
            return None
        sides.append((float(np.mean(before[-WINDOW:])), after))
    (stained, one), (plain, other) = sides
    length = min(len(one), len(other))
    return stained - plain, np.array(one[:length]) - np.array(other[:length])


def _affinity(phase: PhaseRun, target: Mapping[str, float]) -> list[float]:
    """Loadings of what was shown on the target, weighted by it, in [−1, 1]."""
    size = sum(abs(weight) for weight in target.values())
    return [
        sum(weight * one.labels.get(code, 0.0) for code, weight in target.items()) / size for one in phase.shown if one.labels is not None
    ]


def _ratio(before: FloatArray, tail: FloatArray, level: float, seed: int) -> Interval:
    """What is left, as a share of what was there; bootstrap over pairs."""
    return _interval(float(tail.mean() / before.mean()), [before, tail], _ratio_of, level, seed)


def _ratio_of(before: FloatArray, tail: FloatArray) -> float:
    return float(tail.mean() / before.mean()) if before.mean() > 1e-9 else float("nan")


def _half_life(before: FloatArray, after: FloatArray, level: float, seed: int) -> Interval:
    """Clips until half is left: least squares of the mean difference on before × 2^(−t / h), over a grid of h from 1 to 1000."""
    return _interval(_fitted(before, after), [before, after], _fitted, level, seed)


def _fitted(before: FloatArray, after: FloatArray) -> float:
    steps = np.arange(1, after.shape[1] + 1)
    curves = before.mean() * 2.0 ** (-steps / HALF_LIVES[:, None])
    return float(HALF_LIVES[int(((after.mean(axis=0) - curves) ** 2).sum(axis=1).argmin())])


def _interval(estimate: float, data: Sequence[FloatArray], statistic: object, level: float, seed: int) -> Interval:
    pairs = len(data[0])
    if pairs < FEWEST_PAIRS:
        return Interval(estimate, None, None, pairs, "no interval: too few pairs", level)
    assert callable(statistic), "a statistic of the data"
    source = np.random.default_rng(seed)
    drawn = [statistic(*(each[chosen] for each in data)) for chosen in source.integers(0, pairs, (DRAWS, pairs))]
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, float(low), float(high), pairs, f"bootstrap over pairs (B = {DRAWS})", level)
