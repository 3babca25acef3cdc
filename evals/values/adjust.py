"""Effects of the prompt cell and of the position in the session, which are no property of an item: estimated and removed from every answer.

Observation level, by least squares on respondent, item (a random effect, so that sparse designs stay estimable) and, within each
model, cell and a linear position. Cells and positions are assigned at random, so the effects are unbiased
whatever the items' variance is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evals.values.loadings import FloatArray, IntArray

__all__ = ["nuisance_effects"]

ITEM_RIDGE = 2.0
"""Residual variance over item variance: about (.32 + .72) / .36 of the calibration process (MEASUREMENT §10), rounded down."""


def nuisance_effects(
    y: FloatArray,
    *,
    respondent: IntArray,
    item: IntArray,
    cell: IntArray,
    model: IntArray,
    position: FloatArray,
    answered: NDArray[np.bool_],
) -> FloatArray:
    """What cell and position add to each of N observations, mean 0 over the answered ones of each model.

    y           outcomes (N,), read where `answered`
    respondent, item, cell, model   indices from 0 (N,); a respondent is of one model
    position    place in the session (N,), NaN where it is not known
    """
    nuisance = _columns(cell, model, position, answered)  # (N, q)
    seen, values = nuisance[answered], y[answered]
    people, things = respondent[answered], item[answered]
    respondents, items, q = int(respondent.max()) + 1, int(item.max()) + 1, nuisance.shape[1]
    per_item = np.bincount(things, minlength=items) + ITEM_RIDGE
    cross = np.zeros((respondents + q, items))
    np.add.at(cross[:respondents], (people, things), 1.0)
    for column in range(q):
        cross[respondents + column] = np.bincount(things, seen[:, column], items)
    inner = np.zeros((respondents + q, respondents + q))
    inner[:respondents, :respondents] = np.diag(np.bincount(people, minlength=respondents).astype(float))
    for column in range(q):
        inner[:respondents, respondents + column] = np.bincount(people, seen[:, column], respondents)
    inner[respondents:, :respondents] = inner[:respondents, respondents:].T
    inner[respondents:, respondents:] = seen.T @ seen
    right = np.concatenate([np.bincount(people, values, respondents), seen.T @ values])
    left = inner - (cross / per_item) @ cross.T
    right = right - (cross / per_item) @ np.bincount(things, values, items)
    solution = np.linalg.lstsq(left, right, rcond=1e-9)[0]
    effects = nuisance @ solution[respondents:]
    of_model = np.bincount(model[answered], effects[answered]) / np.maximum(np.bincount(model[answered]), 1)
    return effects - np.concatenate([of_model, np.zeros(int(model.max()) + 1 - len(of_model))])[model]


def _columns(cell: IntArray, model: IntArray, position: FloatArray, answered: NDArray[np.bool_]) -> FloatArray:
    """(N, q): a dummy for each cell of each model that asks in several, and the position within each model where it varies."""
    columns = []
    for number in np.unique(model):
        here = model == number
        cells = np.unique(cell[here & answered])
        columns += [(here & (cell == one)).astype(float) for one in cells[1:]]
        known = here & ~np.isnan(position)
        if known.any() and np.ptp(position[known]) > 0:
            spread = position[known] - position[known].mean()
            column = np.zeros(len(cell))
            column[known] = spread / max(np.abs(spread).max(), 1.0)
            columns.append(column)
    return np.column_stack(columns) if columns else np.zeros((len(cell), 0))
