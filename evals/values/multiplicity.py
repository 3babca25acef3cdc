"""Many comparisons at once, and the claim that there is no difference.

Holm within the values of one contrast (any error among them); Benjamini–Hochberg over a sweep (the share of false ones among those called);
two one-sided tests before "no difference" is said, since a large p shows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from evals.values.intervals import Interval
from evals.values.loadings import FloatArray, IntArray

__all__ = ["Equivalence", "benjamini_hochberg", "holm", "tost"]


@dataclass(frozen=True)
class Equivalence:
    """Whether an effect is shown to lie within ± `margin`.

    p         the larger of the two one-sided p; equivalent where it is at most 1 − level
    interval  the (2 level − 1) interval, 90 % for a level of .95, which lies inside the margin exactly where `equivalent`
    """

    margin: float
    p: float
    equivalent: bool
    interval: Interval


def holm(p: ArrayLike) -> FloatArray:
    """Holm's (1979) step-down adjusted p-values along the last axis, in [0, 1]: one family a row. Raises ValueError for what is no p."""
    values = _checked(p)
    order, ranked = _ranked(values)
    m = values.shape[-1]
    return _back(order, np.minimum(np.maximum.accumulate(ranked * (m - np.arange(m)), axis=-1), 1.0))


def benjamini_hochberg(p: ArrayLike) -> FloatArray:
    """Benjamini and Hochberg's (1995) step-up adjusted p-values (q), the whole array one family. Raises ValueError for what is no p."""
    values = _checked(p)
    order, ranked = _ranked(values.reshape(-1))
    m = values.size
    falling = (ranked * m / np.arange(1, m + 1))[::-1]
    return _back(order, np.minimum(np.minimum.accumulate(falling)[::-1], 1.0)).reshape(values.shape)


def tost(estimate: float, se: float, margin: float, *, df: float = np.inf, n: int = 0, level: float = 0.95) -> Equivalence:
    """Two one-sided t tests (Schuirmann 1987) that an effect lies within ± `margin` (.2 SD is the study's), all in one unit.

    `df` inf is the normal distribution; `n` the observations behind the estimate. Raises ValueError where a figure makes no sense.
    """
    if not (np.isfinite(estimate) and se > 0 and margin > 0 and df > 0 and 0.5 < level < 1):
        raise ValueError(
            f"needs a finite estimate, se, margin and df > 0 and .5 < level < 1, not {estimate}, {se}, {margin}, {df}, {level}"
        )
    below, above = float(stdtr(df, -(estimate + margin) / se)), float(stdtr(df, (estimate - margin) / se))
    half = float(stdtrit(df, level)) * se
    interval = Interval(estimate, estimate - half, estimate + half, n, "t", round(2 * level - 1, 12))
    p = max(below, above)
    return Equivalence(margin, p, p <= 1 - level, interval)


def _checked(p: ArrayLike) -> FloatArray:
    values = np.asarray(p, dtype=np.float64)
    if values.ndim == 0 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("needs an array of p-values from 0 to 1")
    return values


def _ranked(values: FloatArray) -> tuple[IntArray, FloatArray]:
    order = np.argsort(values, axis=-1, kind="stable").astype(np.int64)
    return order, np.take_along_axis(values, order, axis=-1)


def _back(order: IntArray, ranked: FloatArray) -> FloatArray:
    found = np.empty_like(ranked)
    np.put_along_axis(found, order, ranked, axis=-1)
    return found
