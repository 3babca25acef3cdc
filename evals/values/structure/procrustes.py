"""How alike a configuration and the ideal circle are, when one may be turned, mirrored, stretched evenly and moved (Gower 1975).

The congruence is not 0 by chance: turning two sets of points into each other always finds some likeness. So it is set against the same
configuration with the labels of the values exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evals.values.loadings import FloatArray
from evals.values.structure.circular import EXACT_UP_TO, relabellings

__all__ = ["Congruence", "align", "congruence", "ideal_circle", "procrustes_test"]


@dataclass(frozen=True)
class Congruence:
    """trace(S) / √(‖X‖² ‖T‖²) in [0, 1], S the singular values of X′T; mean and 95th percentile of its null, and p by relabelling."""

    value: float
    null_mean: float
    null_95: float
    p: float
    relabelled: int


def ideal_circle(angles: FloatArray) -> FloatArray:
    """(V, 2) points on the unit circle at `angles` (V,) in degrees."""
    radians = np.deg2rad(angles)
    return np.column_stack([np.cos(radians), np.sin(radians)])


def congruence(points: FloatArray, target: FloatArray) -> float:
    """Congruence in [0, 1] of two configurations (V, 2), neither of them a single point."""
    x, t = points - points.mean(axis=0), target - target.mean(axis=0)
    return float(_congruences((x.T @ t)[None], x, t)[0])


def align(points: FloatArray, target: FloatArray) -> FloatArray:
    """`points` (V, 2) turned, mirrored and scaled to lie as near as they can to `target` (V, 2), for drawing."""
    x, t = points - points.mean(axis=0), target - target.mean(axis=0)
    left, singular, right = np.linalg.svd(x.T @ t)
    return np.asarray(singular.sum() / (x**2).sum() * x @ left @ right + target.mean(axis=0), dtype=np.float64)


def procrustes_test(points: FloatArray, target: FloatArray, permutations: int = 2000, seed: int = 0) -> Congruence:
    """Congruence of `points` with `target`, both (V, 2), against that of the points with their labels exchanged."""
    x, t = points - points.mean(axis=0), target - target.mean(axis=0)
    labels = relabellings(len(x), permutations, np.random.default_rng([seed, 5]))
    null = _congruences(np.einsum("pvi,vj->pij", x[labels], t), x, t)
    observed = float(_congruences((x.T @ t)[None], x, t)[0])
    hits = int((null >= observed - 1e-12).sum())
    p = hits / len(labels) if len(x) <= EXACT_UP_TO else (1 + hits) / (1 + len(labels))
    return Congruence(observed, float(null.mean()), float(np.quantile(null, 0.95)), p, len(labels))


def _congruences(cross: FloatArray, x: FloatArray, t: FloatArray) -> FloatArray:
    """(P,) from cross products (P, 2, 2). The singular values of a 2 × 2 matrix sum to √(‖M‖² + 2 |det M|)."""
    trace = np.sqrt((cross**2).sum(axis=(1, 2)) + 2 * np.abs(np.linalg.det(cross)))
    found: FloatArray = np.minimum(trace / np.sqrt((x**2).sum() * (t**2).sum()), 1.0)
    return found
