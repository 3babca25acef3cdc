"""How much to believe a common preference: the unmeasured confounder it would take to erase it, and the twin effect beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evals.values.intervals import Interval, t_interval
from evals.values.loadings import FloatArray
from evals.values.panel import Panel

__all__ = ["TwinEffect", "robustness_value", "twin_effects"]

FEWEST_PAIRS = 3


def robustness_value(t: float, df: float) -> float:
    """Share of the residual variance of both outcome and loading, in [0, 1], that a confounder must explain to bring a slope to zero.

    t   the slope over its standard error; df   residual degrees of freedom. Source: Cinelli & Hazlett 2020, eq. 19 with q = 1.
    """
    f2 = t * t / df
    return float((np.sqrt(f2 * f2 + 4 * f2) - f2) / 2)


@dataclass(frozen=True)
class TwinEffect:
    """Effect of the value's content on the outcome, per unit loading: the mean over pairs, with a t interval over them."""

    value: str
    effect: Interval


def twin_effects(panel: Panel, means: FloatArray, level: float = 0.95) -> list[TwinEffect]:
    """The twin contrast of each value with at least three pairs. `means` (n,): the item means of whoever is asked about, NaN where none.

    A pair is a cluster of two items of which only one value's loading differs.
    """
    found: dict[str, list[float]] = {}
    x, cluster = panel.loadings.x, panel.design.cluster
    order = np.argsort(cluster, kind="stable")
    starts = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    for begin, end in zip(starts, [*starts[1:], len(order)], strict=True):
        if end - begin != 2:
            continue
        one, other = order[begin], order[begin + 1]
        difference = x[one] - x[other]
        differs = np.flatnonzero(np.abs(difference) > 1e-9)
        contrast = means[one] - means[other]
        if len(differs) == 1 and np.isfinite(contrast):
            found.setdefault(panel.values[differs[0]], []).append(float(contrast / difference[differs[0]]))
    effects = []
    for value in panel.values:
        if len(found.get(value, [])) >= FEWEST_PAIRS:
            interval = t_interval(found[value], level)
            assert interval is not None
            effects.append(TwinEffect(value, interval))
    return effects
