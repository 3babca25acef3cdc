"""Watch time as an outcome: never raw seconds, which follow the clip's length, but normal scores of its rank among clips of like length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from evals.values.loadings import FloatArray

__all__ = ["COMPLETE", "watch_scores"]

COMPLETE = 0.98
"""From this share of the clip on it was watched to its end: how long it would have been watched is not known (censored)."""
BINS = 10
ITEMS_A_BIN = 20


def watch_scores(fraction: FloatArray, duration: FloatArray, reference: NDArray[np.bool_]) -> FloatArray:
    """Normal scores of watched fractions within deciles of the duration; fewer bins where there are fewer than 20 observations a decile.

    fraction    watched share of each clip (N,), ≥ 0
    duration    of each clip in seconds (N,)
    reference   whose distribution defines the ranks (N,), as the default persona's: adding others then changes nobody's score

    Ties, such as all completed clips (censored), get the mean of the normal scores that they span. Finite everywhere.
    """
    bins = max(1, min(BINS, int(reference.sum()) // ITEMS_A_BIN))
    edges = np.quantile(duration[reference], np.linspace(0, 1, bins + 1)[1:-1])
    decile = np.searchsorted(edges, duration, side="right")
    watched = np.where(fraction >= COMPLETE, 1.0, fraction)
    scores = np.zeros(len(fraction))
    for number in range(bins):
        here = decile == number
        if here.any():
            pool = np.sort(watched[here & reference]) if (here & reference).any() else np.sort(watched[reference])
            scores[here] = _normal_scores(watched[here], pool)
    return scores


def _normal_scores(values: FloatArray, pool: FloatArray) -> FloatArray:
    """Normal scores of `values` in the distribution `pool` (sorted)."""
    n = len(pool)
    low, high = np.searchsorted(pool, values, side="left") / n, np.searchsorted(pool, values, side="right") / n
    tied = high > low
    middle = norm.ppf(np.clip((low + high) / 2, 0.5 / n, 1 - 0.5 / n))
    width = np.where(tied, high - low, 1.0)
    spanned = (norm.pdf(norm.ppf(low)) - norm.pdf(norm.ppf(high))) / width
    return np.where(tied, spanned, middle)
