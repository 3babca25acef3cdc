"""Whether stated or computed confidence is borne out: expected calibration error over bins of equal mass, with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evals.values.intervals import Interval
from evals.values.loadings import FloatArray, IntArray

__all__ = ["Bin", "Calibration", "calibration"]


@dataclass(frozen=True)
class Bin:
    """`n` answers with mean confidence `confidence` and share right `accuracy`."""

    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """ECE = Σ n_b/n |accuracy_b − confidence_b|, in [0, 1].

    by_chance: the mean ECE of a perfectly calibrated respondent with these confidences, which is above 0 by chance alone.
    """

    ece: Interval
    by_chance: float
    bins: tuple[Bin, ...]


def calibration(
    confidence: ArrayLike, right: ArrayLike, *, bins: int = 10, draws: int = 2000, seed: int = 0, level: float = 0.95
) -> Calibration | None:
    """ECE of confidences in [0, 1] and outcomes 0 or 1 (n,), over at most `bins` bins of equal mass; equal confidences share a bin.

    The interval is a percentile bootstrap over answers, shifted by what resampling adds (Efron's bias correction of the estimate, not below
    0). None without answers. Source of equal-mass bins: Nixon et al. 2019 (arXiv 1904.01685).
    """
    p, y = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if p.shape != y.shape or p.ndim != 1 or ((p < 0) | (p > 1)).any():
        raise ValueError("needs confidences from 0 to 1 and as many outcomes")
    if not len(p):
        return None
    edges = _bins(p, bins)
    ece = _ece(p, y, edges)
    dice = np.random.default_rng([seed, 30])
    chance = float(np.mean([_ece(p, (dice.random(len(p)) < p).astype(np.float64), edges) for _ in range(200)]))
    low = high = None
    if len(p) > 2:
        again = _resampled(p, y, bins, draws, dice)
        shift = float(again.mean()) - ece
        low, high = (max(0.0, float(q) - shift) for q in np.quantile(again, [0.5 - level / 2, 0.5 + level / 2]))
    found = tuple(
        Bin(int((edges == b).sum()), float(p[edges == b].mean()), float(y[edges == b].mean())) for b in range(int(edges.max()) + 1)
    )
    return Calibration(Interval(ece, low, high, len(p), "bootstrap", level), chance, found)


def _resampled(p: FloatArray, y: FloatArray, bins: int, draws: int, dice: np.random.Generator) -> FloatArray:
    """(draws,) ECE of resamples, each with bins of its own. Sorted once: a resample is how often each answer is taken."""
    order, n = np.argsort(p, kind="stable"), len(p)
    gap, first = (y - p)[order], np.searchsorted(p[order], p[order], side="left")
    found = np.empty(draws)
    for draw in range(draws):
        taken = np.bincount(dice.integers(0, n, size=n), minlength=n)[order]
        before = np.concatenate(([0], np.cumsum(taken)))[first]
        found[draw] = np.abs(np.bincount(np.minimum(before * bins // n, bins - 1), taken * gap)).sum() / n
    return found


def _bins(p: FloatArray, bins: int) -> IntArray:
    """(n,) the bin of each, from 0 without gaps: of equal mass, equal confidences together."""
    rank = np.searchsorted(np.sort(p), p, side="left")
    raw = np.minimum(rank * bins // len(p), bins - 1)
    return np.unique(raw, return_inverse=True)[1].astype(np.int64)


def _ece(p: FloatArray, y: FloatArray, edges: IntArray) -> float:
    gap = np.bincount(edges, y - p)
    return float(np.abs(gap).sum() / len(p))
