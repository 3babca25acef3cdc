"""How far two distributions over the same options are apart: Jensen–Shannon, its base named, its root, and Wasserstein-1 for a scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evals.values.loadings import FloatArray

__all__ = ["checked_distribution", "js_distance", "js_divergence", "wasserstein_1"]


def checked_distribution(values: ArrayLike) -> FloatArray:
    """`values` as probabilities (k,) that sum to 1. Raises ValueError for negative numbers, none, or all zero: nothing is made up."""
    p = np.asarray(values, dtype=np.float64)
    if p.ndim != 1 or len(p) < 2 or not np.isfinite(p).all() or (p < 0).any():
        raise ValueError("a distribution needs two or more numbers, none of them negative")
    if p.sum() <= 0:
        raise ValueError("the distribution is all zero: nobody answered")
    return np.asarray(p / p.sum(), dtype=np.float64)


def js_divergence(first: ArrayLike, second: ArrayLike, base: float = 2.0) -> float:
    """Jensen–Shannon divergence (Lin 1991), in [0, 1] for base 2, in [0, ln 2] for base e. Raises ValueError as `checked_distribution`."""
    p, q = checked_distribution(first), checked_distribution(second)
    if len(p) != len(q):
        raise ValueError(f"the distributions have {len(p)} and {len(q)} options")
    m = (p + q) / 2
    return max(0.0, float((_kl(p, m) + _kl(q, m)) / 2 / np.log(base)))


def js_distance(first: ArrayLike, second: ArrayLike, base: float = 2.0) -> float:
    """Its square root, which is a metric (Endres and Schindelin 2003)."""
    return float(np.sqrt(js_divergence(first, second, base)))


def wasserstein_1(first: ArrayLike, second: ArrayLike) -> float:
    """Mean distance that mass has to move between options in their order, as a share of the scale's length, in [0, 1]."""
    p, q = checked_distribution(first), checked_distribution(second)
    if len(p) != len(q):
        raise ValueError(f"the distributions have {len(p)} and {len(q)} options")
    return float(np.abs(np.cumsum(p - q)[:-1]).sum() / (len(p) - 1))


def _kl(p: FloatArray, m: FloatArray) -> float:
    there = p > 0
    return float((p[there] * np.log(p[there] / m[there])).sum())
