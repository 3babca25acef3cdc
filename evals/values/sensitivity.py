"""How much to believe a common preference: the unmeasured confounder it would take to erase it, and the twin effect beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, stdev

import numpy as np
from scipy.special import stdtr, stdtrit

from evals.values.intervals import Interval
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
    """Effect of the value's content on the outcome, per unit loading: the mean over pairs, with a t interval over them and p against 0."""

    value: str
    effect: Interval
    se: float
    p: float


def twin_effects(panel: Panel, means: FloatArray, level: float = 0.95, *, wording: float = 0.0) -> list[TwinEffect]:
    """The twin contrast of each value with at least three pairs whose difference varies.

    means     (n,) item means of whoever is asked about, NaN where none
    wording   what the choice of wordings adds to the variance of a slope
    A pair is a cluster of two items of which only one value's loading differs; with a gold sample only pairs that it holds count, for
    errors of the judges make values differ that do not.
    """
    found: dict[str, list[float]] = {}
    labels, cluster = panel.all_loadings, panel.design.cluster
    x = labels.x if labels.gold is None else labels.gold
    order = np.argsort(cluster, kind="stable")
    for begin, end in pairwise(np.flatnonzero(np.diff(cluster[order], prepend=-1, append=-1))):
        if end - begin != 2:
            continue
        one, other = order[begin], order[begin + 1]
        difference = x[one] - x[other]
        differs = np.flatnonzero(np.abs(difference) > 1e-9)
        contrast = means[one] - means[other]
        if len(differs) == 1 and np.isfinite(difference).all() and np.isfinite(contrast):
            found.setdefault(labels.values[differs[0]], []).append(float(contrast / difference[differs[0]]))
    effects = [_effect(value, found[value], level, wording) for value in labels.values if len(found.get(value, [])) >= FEWEST_PAIRS]
    return [effect for effect in effects if effect is not None]


def _effect(value: str, contrasts: list[float], level: float, wording: float) -> TwinEffect | None:
    """Mean and interval over pairs; None where they do not vary."""
    n, mean, spread = len(contrasts), fmean(contrasts), stdev(contrasts)
    if spread < 1e-12:
        return None
    se = math.sqrt(spread**2 / n + wording)
    half = float(stdtrit(n - 1, 0.5 + level / 2)) * se
    return TwinEffect(value, Interval(mean, mean - half, mean + half, n, "t", level), se, 2 * float(stdtr(n - 1, -abs(mean) / se)))
