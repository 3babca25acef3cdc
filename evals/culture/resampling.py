"""Means over cells (question × country) with bootstraps that draw questions, or questions and countries, and t intervals by question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr

from evals.values.intervals import t_interval
from evals.values.loadings import FloatArray

__all__ = ["Mean", "mean_by_question", "mean_of_cells"]

LEAST = 3
"""Questions, or countries, below which nothing is resampled."""


@dataclass(frozen=True)
class Mean:
    """A mean over cells. `low`, `high`: questions resampled; `wide_…`: countries as well, which are then a sample of countries."""

    estimate: float
    low: float | None
    high: float | None
    wide_low: float | None
    wide_high: float | None
    cells: int
    questions: int
    countries: int

    def columns(self, name: str) -> dict[str, Any]:
        """As columns of a table."""
        bounds = {"low": self.low, "high": self.high, "wide_low": self.wide_low, "wide_high": self.wide_high}
        return {name: self.estimate} | {f"{name}_{end}": value for end, value in bounds.items()}


def mean_of_cells(
    values: FloatArray, questions: list[str], countries: list[str], *, draws: int = 2000, seed: int = 0, level: float = 0.95
) -> Mean | None:
    """The mean of `values` (n,), one a cell; None without any.

    Percentile bootstraps: by question, all of its countries with it; and by question and country independently, a cell weighted by the
    product (Owen 2007, the pigeonhole bootstrap). No bounds with fewer than three to draw from, or where all values are the same.
    """
    if not len(values):
        return None
    rows, row = np.unique(questions, return_inverse=True)
    columns, column = np.unique(countries, return_inverse=True)
    shape = (len(rows), len(columns))
    sums, sizes = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (row, column), values)
    np.add.at(sizes, (row, column), 1.0)
    bounds: list[float | None] = [None] * 4
    if np.ptp(values) > 0 and shape[0] >= LEAST:
        dice = np.random.default_rng([seed, 30])
        drawn = dice.multinomial(shape[0], np.full(shape[0], 1 / shape[0]), size=draws).astype(np.float64)
        bounds[:2] = _bounds(drawn @ sums.sum(axis=1), drawn @ sizes.sum(axis=1), level)
        if shape[1] >= LEAST:
            across = dice.multinomial(shape[1], np.full(shape[1], 1 / shape[1]), size=draws).astype(np.float64)
            bounds[2:] = _bounds(((drawn @ sums) * across).sum(axis=1), ((drawn @ sizes) * across).sum(axis=1), level)
    narrow, wide = bounds[:2], bounds[2:]
    return Mean(float(np.mean(values)), narrow[0], narrow[1], wide[0], wide[1], len(values), shape[0], shape[1])


def _bounds(sums: FloatArray, sizes: FloatArray, level: float) -> list[float | None]:
    means = sums[sizes > 0] / sizes[sizes > 0]
    return [float(bound) for bound in np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])]


def mean_by_question(values: FloatArray, questions: list[str], *, level: float = 0.95) -> dict[str, Any]:
    """estimate, low, high, p, n over few questions: Student's t over the means of questions; `p` of a mean of 0, from three on."""
    rows, row = np.unique(questions, return_inverse=True)
    means = np.bincount(row, values) / np.bincount(row)
    found = t_interval(means.tolist(), level)
    assert found is not None
    n = len(rows)
    p = None
    if n >= LEAST and (spread := float(means.std(ddof=1))) > 0:
        p = float(2 * stdtr(n - 1, -abs(found.estimate) / (spread / np.sqrt(n))))
    return {"estimate": found.estimate, "low": found.low, "high": found.high, "p": p, "n": n}
