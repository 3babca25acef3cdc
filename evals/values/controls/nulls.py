"""Negative controls: what has to come out as nothing when the meaning is taken away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student_t

from evals.values.controls.context import Context, absent
from evals.values.controls.deals import deal, jackknifed, members
from evals.values.estimator_a import filled_mean
from evals.values.findings import Control
from evals.values.loadings import FloatArray, IntArray
from evals.values.panel import REVERSED
from evals.values.regression import Design
from evals.values.topics import topic_effect

__all__ = ["permuted_personas", "shuffled_labels", "value_free"]

FEWEST = 5
FEWEST_TARGETS = 3
MOST = 40
ROWS_WITH_TOPICS = 4


def shuffled_labels(context: Context) -> Control:
    """Loadings dealt out anew over the items: 95 % of the intervals should hold zero. Whole clusters move, topics as far as they fit."""
    name, question = "shuffled labels", "Do preferences vanish when the loadings are dealt out at random?"
    panel, rng = context.panel, context.rng
    estimand, outcome = context.contrasts()
    known = np.flatnonzero(outcome.weights.any(axis=1))
    rows = known if len(known) <= MOST else np.sort(rng.choice(known, MOST, replace=False))
    y, weights = outcome.rows(filled_mean(panel)), outcome.weights
    groups, v, topics = members(panel.design.cluster), len(panel.values), panel.topics
    outside, tried = np.zeros(v), 0
    for _ in range(context.shuffles):
        seen = panel.design.seen.copy()
        seen[:, 1 : 1 + v] = seen[deal(groups, topics, rng), 1 : 1 + v]
        # A topic's variance is estimated row by row, which takes long: a few rows a deal, drawn anew.
        some = rows if topics is None else rng.permutation(rows)[:ROWS_WITH_TOPICS]
        theta, se, df = _fitted(panel.design.with_seen(seen), y[some], weights[some], topics, groups)
        usable = np.isfinite(theta).all(axis=1) & (se > 0).all(axis=1)
        outside += (np.abs(theta[usable]) > student_t.ppf((1 + context.level) / 2, df[usable]) * se[usable]).sum(axis=0)
        tried += int(usable.sum())
    if not tried:
        return absent(name, question, "no respondent's loadings can be dealt out over enough items")
    share = float(outside.sum() / (tried * v))
    # Intervals of one shuffle are dependent, so the margin is that of the shuffles, not of all intervals.
    margin = 1.96 * np.sqrt(context.level * (1 - context.level) / context.shuffles)
    drawn = f" of {MOST} respondents drawn from {len(known)}" if len(known) > MOST else ""
    return Control(
        name=name,
        question=question,
        finding=(
            f"In {context.shuffles} random deals, {share:.1%} of the {context.level:.0%} intervals of the {estimand} preferences{drawn}"
            f"{' (linear probability)' if context.binary else ''} leave zero out; {1 - context.level:.0%} is expected, up to "
            f"{1 - context.level + margin:.1%} by chance."
        ),
        passed=bool(share <= 1 - context.level + margin),
        figures={
            "share_outside": share,
            "shuffles": context.shuffles,
            "respondents": len(rows),
            "by_value": dict(zip(panel.values, outside / tried, strict=True)),
        },
    )


def _fitted(
    design: Design, y: FloatArray, weights: FloatArray, topics: IntArray | None, groups: Sequence[IntArray]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(theta, se, degrees of freedom), each (K, V); with topics as a random effect where the items have them."""
    if topics is None:
        return jackknifed(design, y, weights, groups)
    each = []
    for outcome, weight in zip(y, weights, strict=True):
        effect = topic_effect(design, outcome, weight, topics)
        demeaned = (effect.design(design), effect.rows(outcome)) if effect else (design, outcome)
        each.append(jackknifed(demeaned[0], demeaned[1][None], weight[None], groups))
    theta, se, df = (np.concatenate(part) for part in zip(*each, strict=True))
    return theta, se, df


def permuted_personas(context: Context) -> Control:
    """The personas' targets dealt out anew among them: the gain along a wrong target should be small."""
    name, question = "permuted personas", "Do personas move their own values rather than any values?"
    primary = context.primary
    fit = primary.fits.get("steering")
    if fit is None:
        return absent(name, question, f"needs personas beside {primary.contrast!r} of the same model")
    persona = dict(zip(primary.panel.respondents, primary.panel.personas, strict=True))
    targets = np.array([[context.targets.get(persona[who], {}).get(v, 0.0) for v in fit.values] for who in primary.steered])
    targets = (targets - targets.mean(axis=1, keepdims=True)) * (-1 if primary.channel in REVERSED else 1)
    size = np.linalg.norm(targets, axis=1)
    rows = np.flatnonzero((size > 0) & np.isfinite(fit.theta).all(axis=1))
    different = len(np.unique(np.round(targets[rows], 6), axis=0))
    if len(rows) < FEWEST or different < FEWEST_TARGETS:
        why = f"needs {FEWEST} personas with targets, {FEWEST_TARGETS} of them different; here {len(rows)} and {different}"
        return absent(name, question, why)
    direction = targets[rows] / size[rows, None]
    gains = fit.theta[rows] @ direction.T  # row: respondent, column: whose target
    own, rng = float(np.diag(gains).mean()), context.rng
    draws = np.array([gains[np.arange(len(rows)), rng.permutation(len(rows))].mean() for _ in range(2000)])
    p = (1 + int((draws >= own).sum())) / (1 + len(draws))
    return Control(
        name=name,
        question=question,
        finding=(
            f"The {len(rows)} personas with a target move {own:+.2f} along their own and {draws.mean():+.2f} along targets dealt "
            f"out at random (2,000 deals, p = {p:.3g}); {primary.unit}."
        ),
        passed=bool(p < 0.05),
        figures={"own": own, "permuted": float(draws.mean()), "p": p, "personas": len(rows)},
    )


def value_free(context: Context) -> Control:
    """Items without any value: whatever a persona does to them is its general manner, not a value."""
    name, question = "value-free items", "Is there a shift where there is no value to react to?"
    panel = context.panel
    free = ~np.abs(panel.all_loadings.x).any(axis=1)
    estimand, outcome = context.contrasts()
    if int(free.sum()) < FEWEST:
        return absent(name, question, f"needs {FEWEST} items without any value; here {int(free.sum())}")
    if estimand == "absolute":
        return absent(name, question, "needs two respondents to compare")
    y = np.where(outcome.weights > 0, outcome.rows(filled_mean(panel)), np.nan)
    means, carrying = _row_means(np.where(free, y, np.nan)), _row_means(np.where(free, np.nan, y))
    if not len(means) or not len(carrying):
        return absent(name, question, "respondents share no items without, or none with a value")
    return Control(
        name=name,
        question=question,
        finding=(
            f"On the {int(free.sum())} items without any value the {estimand} difference has the median {np.median(means):+.2f} over "
            f"respondents ({means.min():+.2f} to {means.max():+.2f}), on items with one {np.median(carrying):+.2f}; "
            f"{context.scale}. It is a general manner of answering, which the slopes leave out."
        ),
        figures={"items": int(free.sum()), "median_free": float(np.median(means)), "median_carrying": float(np.median(carrying))},
    )


def _row_means(y: FloatArray) -> FloatArray:
    """Means of the rows that hold any number, NaN aside."""
    some = np.isfinite(y).any(axis=1)
    return np.nanmean(y[some], axis=1)
