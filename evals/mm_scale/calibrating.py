"""Whether the probability that a scenario is unacceptable is borne out by people: calibration against shares, in bins of equal mass.

Equal-mass bins: Nixon et al. 2019 (arXiv 1904.01685). The outcome of an item is the share of its raters at or below 2, not 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evals.values.intervals import Interval
from evals.values.loadings import FloatArray, IntArray

__all__ = ["BINS", "ShareBin", "ShareCalibration", "share_calibration"]

BINS = 10


@dataclass(frozen=True)
class ShareBin:
    """`n` items with mean probability `stated` and mean share of people `people`."""

    n: int
    stated: float
    people: float


@dataclass(frozen=True)
class ShareCalibration:
    """ECE = Σ n_b/n |people_b − stated_b|, in [0, 1].

    by_chance  the mean ECE where every rater is a draw with exactly the stated probability: above 0, since raters are few
    """

    ece: Interval
    by_chance: float
    bins: tuple[ShareBin, ...]


def share_calibration(
    stated: FloatArray, shares: FloatArray, raters: IntArray, images: np.ndarray, *, draws: int = 2000, seed: int = 0, level: float = 0.95
) -> ShareCalibration | None:
    """Calibration of probabilities (n,) against shares (n,) of `raters` (n,) people; None without items.

    Items with equal probabilities share a bin. The interval is a percentile bootstrap that draws whole images, shifted by what resampling
    adds (Efron's bias correction), not below 0; none with fewer than three images.
    """
    if not len(stated):
        return None
    order = np.argsort(stated, kind="stable")
    p, y, n = stated[order], shares[order], raters[order]
    codes = np.unique(images, return_inverse=True)[1][order]
    first = np.searchsorted(p, p, side="left")
    edges = _bins(np.ones(len(p)), first)
    ece = _ece(y - p, edges)
    dice = np.random.default_rng([seed, 50])
    chance = float(np.mean([_ece(dice.binomial(n, p) / n - p, edges) for _ in range(200)]))
    low, high = _bounds(y - p, first, codes, ece, dice=dice, draws=draws, level=level)
    found = [ShareBin(int((edges == b).sum()), float(p[edges == b].mean()), float(y[edges == b].mean())) for b in np.unique(edges)]
    return ShareCalibration(Interval(ece, low, high, len(p), "bootstrap by image", level), chance, tuple(found))


def _bounds(
    gap: FloatArray, first: IntArray, codes: IntArray, ece: float, *, dice: np.random.Generator, draws: int, level: float
) -> tuple[float | None, float | None]:
    """Of the ECE over items in order of probability; a draw is how often each image, and so each of its items, is taken."""
    count = int(codes.max()) + 1
    if count < 3 or not draws:
        return None, None
    again = np.empty(draws)
    for draw in range(draws):
        weights = dice.multinomial(count, np.full(count, 1 / count))[codes].astype(np.float64)
        again[draw] = _ece(gap * weights, _bins(weights, first)) * len(gap) / weights.sum()
    shift = float(again.mean()) - ece
    low, high = (max(0.0, float(q) - shift) for q in np.quantile(again, [0.5 - level / 2, 0.5 + level / 2]))
    return (low, high) if high - low > 1e-9 else (None, None)  # a zero width is not claimed


def _bins(weights: FloatArray, first: IntArray) -> IntArray:
    """(n,) the bin of each item in order of probability: of equal mass; `first` is the first item of the same probability."""
    before = np.concatenate(([0.0], np.cumsum(weights)))
    return np.minimum(before[first] * BINS // before[-1], BINS - 1).astype(np.int64)


def _ece(gap: FloatArray, edges: IntArray) -> float:
    return float(np.abs(np.bincount(edges, gap)).sum() / len(gap))
