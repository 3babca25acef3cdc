"""How well a graded order is reproduced: NDCG, Kendall's τ-b, Spearman's ρ per group (such as an image), and their means by group.

A group whose grades are all equal has no order: it is left out and counted. A respondent whose scores are all equal has τ and ρ of 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from evals.values.intervals import Interval
from evals.values.loadings import FloatArray

__all__ = ["Ranking", "kendall_tau_b", "ndcg", "rank_groups", "spearman"]


def ndcg(scores: ArrayLike, grades: ArrayLike) -> float:
    """Normalised discounted cumulative gain in [0, 1] of the order of `scores`, highest first.

    Gain 2^grade − 1, discount 1 / log2(place + 1) (Järvelin and Kekäläinen 2002; Burges et al. 2005).

    Tied scores share the mean gain of their places (McSherry and Najork 2008), so that no order in the file decides.
    """
    s, g = np.asarray(scores, dtype=np.float64), np.asarray(grades, dtype=np.float64)
    gain = 2.0**g - 1
    discount = 1 / np.log2(np.arange(len(s)) + 2)
    ideal = float(np.sort(gain)[::-1] @ discount)
    if ideal == 0:
        return 1.0
    order = np.argsort(-s, kind="stable")
    _, start, count = np.unique(-s[order], return_index=True, return_counts=True)
    means = np.add.reduceat(gain[order], start) / count
    return float(np.repeat(means, count) @ discount / ideal)


def kendall_tau_b(a: ArrayLike, b: ArrayLike) -> float:
    """τ-b in [-1, 1], corrected for ties in both; 0 where one side has a single value (Kendall 1945)."""
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    dx, dy = np.sign(x[:, None] - x[None, :]), np.sign(y[:, None] - y[None, :])
    scale = float(np.sqrt((dx**2).sum() * (dy**2).sum()))
    return float((dx * dy).sum() / scale) if scale else 0.0


def spearman(a: ArrayLike, b: ArrayLike) -> float:
    """Spearman's ρ in [-1, 1], ties at their mean rank; 0 where one side has a single value."""
    x, y = rankdata(np.asarray(a, dtype=np.float64)), rankdata(np.asarray(b, dtype=np.float64))
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y / scale) if scale else 0.0


@dataclass(frozen=True)
class Ranking:
    """Means over `groups` with intervals. `without_order`: groups left out for equal grades; `too_small`: for fewer than two items."""

    ndcg: Interval
    tau_b: Interval
    rho: Interval
    groups: int
    without_order: int
    too_small: int


def rank_groups(groups: Sequence[tuple[ArrayLike, ArrayLike]], *, draws: int = 2000, seed: int = 0, level: float = 0.95) -> Ranking | None:
    """The three figures over groups of (scores, grades); None where no group has an order."""
    pairs = [(np.asarray(s, dtype=np.float64), np.asarray(g, dtype=np.float64)) for s, g in groups]
    small = sum(len(g) < 2 for _, g in pairs)
    usable = [(s, g) for s, g in pairs if len(g) > 1 and np.ptp(g) > 0]
    if not usable:
        return None
    figures = np.array([(ndcg(s, g), kendall_tau_b(s, g), spearman(s, g)) for s, g in usable])
    first, second, third = (_mean(figures[:, column], draws, seed, level) for column in range(3))
    return Ranking(first, second, third, len(usable), len(pairs) - small - len(usable), small)


def _mean(values: FloatArray, draws: int, seed: int, level: float) -> Interval:
    low = high = None
    n = len(values)
    if n > 2 and np.ptp(values) > 0:
        drawn = np.random.default_rng([seed, 40]).integers(0, n, size=(draws, n))
        low, high = (float(q) for q in np.quantile(values[drawn].mean(axis=1), [0.5 - level / 2, 0.5 + level / 2]))
    return Interval(float(values.mean()), low, high, n, "bootstrap by group", level)
