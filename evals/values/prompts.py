"""What the wording of the prompt adds: slopes differ between wordings by more than their items explain, and the wordings are a sample.

Intervals are widened by that variance over the number of wordings; the slopes of each cell also give ICCs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from evals.values.estimator_a import Outcome, fit
from evals.values.loadings import IntArray
from evals.values.logit import log_odds_apart
from evals.values.panel import Panel
from evals.values.regression import Slopes

__all__ = ["FEWEST_WORDINGS", "cell_panels", "cell_slopes", "complete_rows", "wording_odds", "wording_variance", "wordings"]

FEWEST_WORDINGS = 3


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
    """The slopes of an estimand in each prompt cell; NaN rows where an outcome has too few items there."""
    outcomes = [(one, estimand(one)) for one in cell_panels(panel)]
    return [fit(one, outcome).slopes for one, outcome in outcomes if outcome is not None]


def wording_odds(panel: Panel) -> tuple[list[Slopes], list[int]]:
    """Log-odds slopes (rows: respondents) in each wording, its orders pooled, and numbers of cells by which `wording_variance` takes each
    of them for one wording."""
    groups = wordings(panel.cells)
    yes, count = (np.stack([each[group].sum(axis=0) for group in groups]) for each in (panel.total_by_cell, panel.count_by_cell))
    return log_odds_apart(panel.design, yes, count), [2 * number for number in range(len(groups))]


def complete_rows(cells: Sequence[Slopes]) -> IntArray:
    """The rows (outcomes) that every cell can estimate."""
    whole = [np.isfinite(one.theta).all(axis=1) & np.isfinite(one.influence).all(axis=(1, 2)) for one in cells]
    return np.flatnonzero(np.all(whole, axis=0)) if whole else np.zeros(0, np.int64)


def wordings(cells: Sequence[int]) -> list[list[int]]:
    """Places of the cells by wording: cells 2k and 2k + 1 are the two orders of the options of wording k, where all come in such pairs."""
    if all(cell ^ 1 in cells for cell in cells):
        return [[place for place, cell in enumerate(cells) if cell // 2 == pair] for pair in sorted({cell // 2 for cell in cells})]
    return [[place] for place in range(len(cells))]


def wording_variance(slopes: Sequence[Slopes], cells: Sequence[int]) -> float:
    """What the choice of wordings adds to the variance of a slope, ≥ 0, pooled over values and the outcomes that all cells can estimate.

    0 below three wordings, or where no outcome is complete. `slopes` of each of `cells`. The orders of one wording share their slopes,
    so it is wordings that are a sample: their variance over their number.
    """
    groups = wordings(cells)
    g = len(groups)
    if g < FEWEST_WORDINGS or len(slopes) != len(cells) or not len(rows := complete_rows(slopes)):
        return 0.0
    theta = np.stack([np.mean([slopes[place].theta[rows] for place in group], axis=0) for group in groups])
    influence = np.stack([np.mean([slopes[place].influence[rows] for place in group], axis=0) for group in groups])
    noise = ((influence - influence.mean(axis=0)) ** 2).sum(axis=(0, 2)) / (g - 1)
    return max(0.0, float((theta.var(axis=0, ddof=1) - noise).mean())) / g
