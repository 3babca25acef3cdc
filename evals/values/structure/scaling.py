"""Ordinal multidimensional scaling in two dimensions: where the values lie when only the order of their correlations counts.

SMACOF (de Leeuw 1977; Borg & Groenen 2005, chapters 8 and 9): monotone regression of the distances on the dissimilarities, then the
Guttman transform, in turn. Local minima are common, so there are many random starts beside the classical solution; the starts move
together, as one array. Ties among dissimilarities may be broken (Kruskal's primary approach).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from evals.values.loadings import FloatArray, IntArray

__all__ = ["Scaling", "around", "ordinal_mds"]


@dataclass(frozen=True)
class Scaling:
    """The best configuration.

    points  (V, 2) centred, mean squared distance from the centre 1
    stress  Kruskal's Stress-1 in [0, 1]: 0 where distances keep the order of the dissimilarities
    starts  how many there were; `agreeing` of them ended within .001 of the best Stress-1
    """

    points: FloatArray
    stress: float
    starts: int
    agreeing: int


def ordinal_mds(dissimilarity: FloatArray, starts: int = 50, seed: int = 0, iterations: int = 1000, tolerance: float = 1e-7) -> Scaling:
    """Two-dimensional ordinal scaling of a symmetric matrix (V, V), V ≥ 4. A start ends when its Stress-1 falls by under `tolerance`."""
    v = len(dissimilarity)
    rows, columns = np.triu_indices(v, 1)
    delta = dissimilarity[rows, columns]
    points = np.random.default_rng([seed, 4]).standard_normal((max(starts, 1), v, 2))
    points[0] = _classical(dissimilarity)
    points -= points.mean(axis=1, keepdims=True)
    stress = np.full(len(points), np.inf)
    moving = np.arange(len(points))
    for _ in range(iterations):
        here = points[moving]
        apart = np.linalg.norm(here[:, rows] - here[:, columns], axis=2)
        fitted = _disparities(delta, apart)
        found = np.sqrt(((apart - fitted) ** 2).sum(axis=1) / (apart**2).sum(axis=1))
        going = stress[moving] - found > tolerance
        stress[moving] = np.minimum(stress[moving], found)
        if not going.any():
            break
        moving = moving[going]
        points[moving] = _guttman(here[going], apart[going], fitted[going], rows, columns)
    best = int(stress.argmin())
    chosen = points[best] / np.sqrt((points[best] ** 2).sum() / v)
    return Scaling(chosen, float(stress[best]), len(points), int((stress < stress[best] + 1e-3).sum()))


def around(points: FloatArray, values: Sequence[str], distance: FloatArray) -> tuple[tuple[str, ...], int]:
    """The values in the order in which they lie around the centre of `points` (V, 2), from the first value on, and how many of the V
    neighbours in it are neighbours on the theoretical circle, whose distances (V, V) are in degrees."""
    centred = points - points.mean(axis=0)
    order = np.argsort(np.arctan2(centred[:, 1], centred[:, 0]), kind="stable")
    order = np.roll(order, -int(np.flatnonzero(order == 0)[0]))
    beside = np.roll(order, -1)
    step = np.min(np.where(distance > 0, distance, np.inf), axis=1)  # what the nearest other wedge is away
    near = int((distance[order, beside] <= step[order] + 1e-6).sum())
    return tuple(values[place] for place in order), near


def _classical(dissimilarity: FloatArray) -> FloatArray:
    """Torgerson's solution: the two largest principal axes of the doubly centred squares."""
    v = len(dissimilarity)
    centring = np.eye(v) - 1 / v
    roots, axes = np.linalg.eigh(-0.5 * centring @ dissimilarity**2 @ centring)
    found: FloatArray = axes[:, -2:] * np.sqrt(np.maximum(roots[-2:], 1e-9))
    return found


def _disparities(delta: FloatArray, apart: FloatArray) -> FloatArray:
    """Monotone regression of each row of `apart` (S, m) on `delta` (m,); equal dissimilarities are put in the order of the distances."""
    fitted = np.empty_like(apart)
    for start, row in enumerate(apart):
        order = np.lexsort((row, delta))
        fitted[start, order] = isotonic_regression(row[order]).x
    return fitted


def _guttman(points: FloatArray, apart: FloatArray, fitted: FloatArray, rows: IntArray, columns: IntArray) -> FloatArray:
    """The configurations (S, V, 2) that lessen stress for given disparities.

    These are first scaled to the size of the distances: Stress-1 does not change, but the points would shrink to nothing over many steps.
    """
    scale = np.sqrt((apart**2).sum(axis=1) / np.maximum((fitted**2).sum(axis=1), 1e-300))
    ratio = np.divide(fitted * scale[:, None], apart, out=np.zeros_like(apart), where=apart > 1e-12)
    v = points.shape[1]
    pull = np.zeros((len(points), v, v))
    pull[:, rows, columns] = pull[:, columns, rows] = -ratio
    pull[:, np.arange(v), np.arange(v)] = -pull.sum(axis=2)
    return pull @ points / v
