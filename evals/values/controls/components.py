"""Variance components of crossed factors by the method of moments, with gaps in the data.

Half the mean squared difference of two observations that agree on exactly the factors S is the sum of the components that they do not
share: γ(S) = Σ σ²(T) over the T not within S. Averaged over all such pairs it is unbiased for random effects whatever is missing at
random, and the analysis of variance where nothing is. The components follow from the γ by differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from evals.values.loadings import FloatArray

__all__ = ["components"]

Subset = frozenset[str]
FEWEST_PAIRS = 20


def components(y: FloatArray, factors: Sequence[str]) -> dict[Subset, float] | None:
    """σ² of every set of `factors`, which are the axes of `y`, NaN where there is no observation; noise is in the set of all of them.

    Sets that no pair of observations agrees on, as a nested factor without what it is nested in, have no component of their own. Estimates
    may be below 0. None where the design does not tell the components apart.
    """
    there = np.isfinite(y)
    filled = np.where(there, y - y[there].mean(), 0.0)
    whole = frozenset(factors)
    subsets = [frozenset(some) for size in range(len(factors) + 1) for some in combinations(factors, size)]
    squares, pairs = {}, {}
    for some in subsets:
        others = tuple(axis for axis, name in enumerate(factors) if name not in some)
        n, total, square = (part.sum(axis=others) for part in (there.astype(float), filled, filled**2))
        squares[some] = float((n * square - total**2).sum())
        pairs[some] = float((n * (n - 1)).sum() / 2)
    for some in reversed(subsets):  # from pairs that agree on these factors to those that agree on no other
        for more in subsets:
            if some < more:
                squares[some] -= squares[more]
                pairs[some] -= pairs[more]
    known = [some for some in subsets if some == whole or pairs[some] >= FEWEST_PAIRS]
    if frozenset() not in known or any(one & other not in known for one in known for other in known):
        return None
    total_variance = squares[frozenset()] / (2 * pairs[frozenset()])
    found: dict[Subset, float] = {}
    for some in known[1:]:
        shared = total_variance - (0.0 if some == whole else squares[some] / (2 * pairs[some]))
        found[some] = shared - sum(value for other, value in found.items() if other < some)
    return found
