"""Negative controls: what has to come out as nothing when the meaning is taken away."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.stats import t as student_t

from evals.values.controls.context import Context
from evals.values.estimator_a import filled_mean
from evals.values.findings import Control
from evals.values.loadings import FloatArray, IntArray
from evals.values.regression import slopes

__all__ = ["permuted_personas", "shuffled_labels", "value_free"]

FEWEST = 5
FEWEST_TARGETS = 3
ROWS = 10


def shuffled_labels(context: Context) -> Control | None:
    """Loadings dealt out anew over the items: 95 % of the intervals should hold zero. Whole clusters move within clusters of their size."""
    if not context.linear:
        return None
    panel = context.primary.panel
    name, outcome = context.contrasts()
    rows = np.arange(len(outcome.names))[:ROWS]
    y, weights = outcome.rows(filled_mean(panel))[rows], outcome.weights[rows]
    rng, v = context.rng, len(panel.values)
    outside, tried = np.zeros(v), 0
    for _ in range(context.shuffles):
        seen = panel.design.seen.copy()
        seen[:, 1 : 1 + v] = seen[_dealt(panel.design.cluster, rng), 1 : 1 + v]
        found = slopes(panel.design.with_seen(seen), y, weights)
        usable = np.isfinite(found.theta).all(axis=1) & (found.se > 0).all(axis=1)
        beyond = np.abs(found.theta[usable]) > student_t.ppf((1 + context.level) / 2, found.effective[usable]) * found.se[usable]
        outside += beyond.sum(axis=0)
        tried += int(usable.sum())
    if not tried:
        return None
    share = float(outside.sum() / (tried * v))
    # Intervals of one shuffle are dependent, so the margin is that of the shuffles, not of all intervals.
    margin = 1.96 * np.sqrt(context.level * (1 - context.level) / context.shuffles)
    return Control(
        name="shuffled labels",
        question="Do preferences vanish when the loadings are dealt out at random?",
        finding=(
            f"In {context.shuffles} random deals, {share:.1%} of the {context.level:.0%} intervals of the {name} preferences leave "
            f"zero out; {1 - context.level:.0%} is expected, up to {1 - context.level + margin:.1%} by chance."
        ),
        passed=bool(share <= 1 - context.level + margin),
        figures={"share_outside": share, "shuffles": context.shuffles, "by_value": dict(zip(panel.values, outside / tried, strict=True))},
    )


def _dealt(cluster: IntArray, rng: np.random.Generator) -> IntArray:
    """(n,) a permutation of the items that moves whole clusters onto clusters of the same size."""
    order = np.argsort(cluster, kind="stable")
    edges = np.flatnonzero(np.diff(cluster[order], prepend=-1, append=-1))
    members = [order[begin:end] for begin, end in pairwise(edges)]
    dealt: IntArray = np.arange(len(cluster))
    for size in {len(one) for one in members}:
        same = [one for one in members if len(one) == size]
        for place, taken in zip(same, rng.permutation(len(same)), strict=True):
            dealt[place] = same[taken]
    return dealt


def permuted_personas(context: Context) -> Control | None:
    """The personas' targets dealt out anew among them: the gain along a wrong target should be small."""
    primary = context.primary
    fit = primary.fits.get("steering")
    if fit is None:
        return None
    persona = dict(zip(primary.panel.respondents, primary.panel.personas, strict=True))
    targets = np.array([[context.targets.get(persona[name], {}).get(v, 0.0) for v in fit.values] for name in primary.steered])
    targets = targets - targets.mean(axis=1, keepdims=True)
    size = np.linalg.norm(targets, axis=1)
    rows = np.flatnonzero((size > 0) & np.isfinite(fit.theta).all(axis=1))
    different = len(np.unique(np.round(targets[rows], 6), axis=0))
    if len(rows) < FEWEST or different < FEWEST_TARGETS:
        return None
    direction = targets[rows] / size[rows, None]
    gains = fit.theta[rows] @ direction.T  # row: respondent, column: whose target
    own, rng = float(np.diag(gains).mean()), context.rng
    draws = np.array([gains[np.arange(len(rows)), rng.permutation(len(rows))].mean() for _ in range(2000)])
    p = (1 + int((draws >= own).sum())) / (1 + len(draws))
    return Control(
        name="permuted personas",
        question="Do personas move their own values rather than any values?",
        finding=(
            f"The {len(rows)} personas with a target move {own:+.2f} along their own and {draws.mean():+.2f} along targets dealt "
            f"out at random (2,000 deals, p = {p:.3g}); {primary.unit}."
        ),
        passed=bool(p < 0.05),
        figures={"own": own, "permuted": float(draws.mean()), "p": p, "personas": len(rows)},
    )


def value_free(context: Context) -> Control | None:
    """Items without any value: whatever a persona does to them is its general manner, not a value."""
    panel = context.primary.panel
    free = ~np.abs(panel.all_loadings.x).any(axis=1)
    name, outcome = context.contrasts()
    if int(free.sum()) < FEWEST or name == "absolute" or not context.linear:
        return None
    y = np.where(outcome.weights > 0, outcome.rows(filled_mean(panel)), np.nan)
    means, carrying = _row_means(np.where(free, y, np.nan)), _row_means(np.where(free, np.nan, y))
    if not len(means) or not len(carrying):
        return None
    return Control(
        name="value-free items",
        question="Is there a shift where there is no value to react to?",
        finding=(
            f"On the {int(free.sum())} items without any value the {name} difference has the median {np.median(means):+.2f} over "
            f"respondents ({means.min():+.2f} to {means.max():+.2f}), on items with one {np.median(carrying):+.2f}; "
            f"{_scale(context)}. It is a general manner of answering, which the slopes leave out."
        ),
        figures={"items": int(free.sum()), "median_free": float(np.median(means)), "median_carrying": float(np.median(carrying))},
    )


def _row_means(y: FloatArray) -> FloatArray:
    """Means of the rows that hold any number, NaN aside."""
    some = np.isfinite(y).any(axis=1)
    return np.nanmean(y[some], axis=1)


def _scale(context: Context) -> str:
    return "points of the scale" if context.primary.channel == "rating" else "SD of normal scores"
