"""What the wording of the prompt adds: slopes differ between prompt cells by more than their items explain, and the cells are a sample.

Intervals are widened by that variance over the number of cells, pooled over outcomes and values; the slopes of each cell also give ICCs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from evals.values.estimator_a import Outcome, fit
from evals.values.loadings import FloatArray
from evals.values.panel import Panel
from evals.values.regression import Slopes

__all__ = ["FEWEST_CELLS", "cell_panels", "cell_slopes", "prompt_variance"]

FEWEST_CELLS = 3


def cell_panels(panel: Panel) -> list[Panel]:
    """The panel of each prompt cell alone."""
    return [
        replace(
            panel,
            cells=(cell,),
            total=panel.total_by_cell[number],
            count=panel.count_by_cell[number],
            total_by_cell=panel.total_by_cell[[number]],
            count_by_cell=panel.count_by_cell[[number]],
        )
        for number, cell in enumerate(panel.cells)
    ]


def cell_slopes(panel: Panel, estimand: Callable[[Panel], Outcome | None]) -> list[Slopes]:
    """The slopes of an estimand in each prompt cell in which all of its rows can be estimated."""
    found = []
    for one in cell_panels(panel):
        outcome = estimand(one)
        if outcome is not None:
            each = fit(one, outcome).slopes
            if np.isfinite(each.theta).all() and np.isfinite(each.influence).all():
                found.append(each)
    return found


def prompt_variance(cells: list[Slopes]) -> float:
    """Variance of a true slope between prompt cells, ≥ 0, pooled over outcomes and values; 0 below three cells: too few to say."""
    r = len(cells)
    if r < FEWEST_CELLS:
        return 0.0
    between = np.stack([one.theta for one in cells]).var(axis=0, ddof=1)
    mean: FloatArray = sum(one.influence for one in cells) / r  # type: ignore[assignment]
    noise = sum(((one.influence - mean) ** 2).sum(axis=1) for one in cells) / (r - 1)
    return max(0.0, float((between - noise).mean()))
