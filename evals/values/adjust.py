"""Effects of the prompt cell and of the position in the session, which are no property of an item: estimated and removed from every answer.

Observation level, respondent by respondent, so that nobody's estimates depend on who else was asked: least squares on cells and a linear
position, with items as a random effect, so that designs that ask each item once stay estimable. Cells and positions are assigned at
random, so the effects are unbiased whatever the items' variance is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evals.values.loadings import FloatArray, IntArray

__all__ = ["nuisance_effects"]

ITEM_RIDGE = 1.0
"""Residual variance over the variance of one respondent's items: about .72 / (.36 + .32) of the calibration process (MEASUREMENT §10)."""


def nuisance_effects(
    y: FloatArray,
    *,
    respondent: IntArray,
    item: IntArray,
    cell: IntArray,
    position: FloatArray,
    answered: NDArray[np.bool_],
) -> FloatArray:
    """What cell and position add to each of N observations, mean 0 over the answered ones of each respondent.

    y           outcomes (N,), read where `answered`
    respondent, item, cell   indices from 0 (N,)
    position    place in the session (N,), NaN where it is not known
    """
    respondents, items = int(respondent.max()) + 1, int(item.max()) + 1
    columns = _columns(cell, _scaled(position, respondent, answered))
    if columns.shape[1] < 2:
        return np.zeros(len(y))
    people, nuisance = respondent[answered], columns[answered]
    left, right = _normal_equations(nuisance, y[answered], people * items + item[answered], (respondents, items))
    solution = (np.linalg.pinv(left, rcond=1e-9, hermitian=True) @ right[:, :, None])[:, :, 0]
    effects = (columns * solution[respondent]).sum(axis=1)
    mean = np.bincount(people, effects[answered], respondents) / np.maximum(np.bincount(people, minlength=respondents), 1)
    return effects - mean[respondent]


def _scaled(position: FloatArray, respondent: IntArray, answered: NDArray[np.bool_]) -> FloatArray:
    """(N,) the position about each respondent's mean, in units of the longest session; 0 where it is not known."""
    known = ~np.isnan(position)
    used = known & answered
    count = np.bincount(respondent[used], minlength=int(respondent.max()) + 1)
    mean = np.bincount(respondent[used], position[used], len(count)) / np.maximum(count, 1)
    spread = np.where(known, position - mean[respondent], 0.0)
    return spread / max(float(np.abs(spread).max(initial=0.0)), 1.0)


def _columns(cell: IntArray, position: FloatArray) -> FloatArray:
    """(N, q): a dummy for each cell, and the position where it varies."""
    cells = [(cell == one).astype(float) for one in range(int(cell.max()) + 1)]
    return np.column_stack([*cells, position] if np.ptp(position) > 0 else cells)


def _normal_equations(columns: FloatArray, y: FloatArray, place: IntArray, shape: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """(A, q, q) and (A, q): each respondent's, with its items partialled out as a random effect. `place` numbers respondent × item."""
    (a, n), q = shape, columns.shape[1]

    def summed(weights: FloatArray) -> FloatArray:
        found: FloatArray = np.bincount(place, weights, a * n).astype(float)
        return found.reshape(a, n)

    sums = np.stack([summed(column) for column in columns.T], axis=-1)  # (A, n, q)
    of_y, share = summed(y), 1 / (summed(np.ones(len(y))) + ITEM_RIDGE)
    left, right = -(sums * share[:, :, None]).transpose(0, 2, 1) @ sums, -np.einsum("anq,an->aq", sums, share * of_y)
    people = place // n
    for one in range(q):
        right[:, one] += np.bincount(people, columns[:, one] * y, a)
        for other in range(one, q):
            added = np.bincount(people, columns[:, one] * columns[:, other], a)
            left[:, one, other] += added
            if other != one:
                left[:, other, one] += added
    return left, right
