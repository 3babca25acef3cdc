"""Controls on halves of the items: does the profile come out again on other videos, and can a respondent be told by it?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evals.values.controls.context import Context, absent
from evals.values.estimator_a import filled_mean
from evals.values.findings import Control
from evals.values.intervals import Interval
from evals.values.loadings import FloatArray
from evals.values.regression import Design, equal_rows
from evals.values.reliability import spearman_brown
from evals.values.stability import identify, ipsative_stability, rank_order_stability

__all__ = ["identification", "ipsative", "rank_order", "split_half"]

SPLITS = 25
FEWEST_PERSONAS = 4
FEWEST_SCORES = 8


@dataclass(frozen=True)
class _Halves:
    """Slopes (K, V) of the contrast on both halves of the items, and the model of each row."""

    first: FloatArray
    second: FloatArray
    models: tuple[str, ...]


def _halves(context: Context, splits: int) -> list[_Halves]:
    """Random halves of the item clusters, within strata; rows that both halves can estimate."""
    panel = context.panel
    _, outcome = context.contrasts()
    model = dict(zip(panel.respondents, panel.models, strict=True))
    y, rng = outcome.rows(filled_mean(panel)), context.rng
    _, first = np.unique(panel.design.cluster, return_index=True)
    found = []
    for _ in range(splits):
        shuffled = rng.permutation(panel.design.clusters)
        order = shuffled[np.argsort(panel.design.stratum[first][shuffled], kind="stable")]
        half = np.zeros(panel.design.clusters, dtype=bool)
        half[order[::2]] = True
        chosen = half[panel.design.cluster]
        one, other = (_theta(panel.design, y, np.where(side, outcome.weights, 0.0)) for side in (chosen, ~chosen))
        usable = np.flatnonzero(np.isfinite(one).all(axis=1) & np.isfinite(other).all(axis=1))
        if len(usable):
            found.append(_Halves(one[usable], other[usable], tuple(model[outcome.names[row]] for row in usable)))
    return found


def _theta(design: Design, y: FloatArray, weights: FloatArray) -> FloatArray:
    """(K, V) slopes of the rows of `y` (K, n) without their errors; NaN where the items do not tell the columns apart."""
    v, p = len(design.values), design.seen.shape[1]
    theta = np.full((len(y), v), np.nan)
    for rows in equal_rows(weights):
        weight = weights[rows[0]]
        left = (weight @ design.moments.reshape(len(weight), p * p)).reshape(p, p)
        if (weight > 0).sum() > p and np.linalg.matrix_rank(left) == p:
            theta[rows] = np.linalg.solve(left, design.score.T @ np.where(weight > 0, y[rows] * weight, 0.0).T)[1 : 1 + v].T
    return theta


def split_half(context: Context) -> Control:
    """Correlation of all scores between halves of the items, stepped up to the full number."""
    title, question = "split half over items", "Would other videos give the same profile?"
    pairs = [pair for pair in _halves(context, SPLITS) if pair.first.size >= FEWEST_SCORES]
    varied = [pair for pair in pairs if np.ptp(pair.first) > 0 and np.ptp(pair.second) > 0]
    r = np.array([np.corrcoef(pair.first.reshape(-1), pair.second.reshape(-1))[0, 1] for pair in varied])
    if not len(r):
        return absent(title, question, f"needs {FEWEST_SCORES} preferences that vary, and items enough to estimate them twice")
    half = float(np.median(r))
    full = spearman_brown(half) if half > 0 else half  # there is no reliability to lengthen
    stepped = f"stepped up to all items {full:.2f} (Spearman–Brown" if half > 0 else "not stepped up (Spearman–Brown needs one above 0"
    name, _ = context.contrasts()
    return Control(
        name=title,
        question=question,
        finding=(
            f"The {name} preferences on random halves of the items correlate {half:.2f} (median of {len(r)} splits, {r.min():.2f} to "
            f"{r.max():.2f}); {stepped}{_linear(context)})."
        ),
        passed=full >= 0.6,
        figures={"half": half, "full": full, "splits": len(r)},
    )


def identification(context: Context) -> Control:
    """Nearest profile: learnt on half of the items, recognised on the other half."""
    title, question = "identification", "Can a persona be recognised by its profile on other videos?"
    pairs = [pair for pair in _halves(context, 1) if len(pair.first) >= FEWEST_PERSONAS]
    found = identify(pairs[0].first, pairs[0].second, groups=pairs[0].models, seed=context.seed, level=context.level) if pairs else None
    if found is None:
        return absent(title, question, f"needs {FEWEST_PERSONAS} profiles, two of one model, that half of the items can estimate")
    return Control(
        name=title,
        question=question,
        finding=(
            f"{found.accuracy.estimate:.0%}{_bounds(found.accuracy, '.0%')} of {len(found.personas)} profiles learnt on half of the items "
            f"are recognised on the other half (Wilson{_linear(context)}); chance is {found.chance:.0%}, p = {found.p:.3g}."
        ),
        passed=found.p < 0.05,
        figures={"accuracy": found.accuracy.estimate, "chance": found.chance, "p": found.p, "profiles": len(found.personas)},
    )


def rank_order(context: Context) -> Control:
    """Spearman over respondents, value by value, between halves of the items."""
    title, question = "rank-order stability", "Do respondents keep their order on a value?"
    pairs = _halves(context, 1)
    found = (
        rank_order_stability(pairs[0].first, pairs[0].second, groups=pairs[0].models, seed=context.seed, level=context.level)
        if pairs
        else None
    )
    if found is None:
        return absent(title, question, "needs 4 respondents, two of one model, that half of the items can estimate")
    return Control(
        name=title,
        question=question,
        finding=(
            f"Mean Spearman over the values {found.mean.estimate:.2f}{_bounds(found.mean, '.2f')} between two halves of the items "
            f"({found.mean.method}, n = {found.mean.n} respondents{_linear(context)})."
        ),
        figures={"mean": found.mean.estimate},
    )


def ipsative(context: Context) -> Control:
    """Spearman over values, respondent by respondent, between halves of the items."""
    title, question = "ipsative stability", "Do values keep their order within a respondent?"
    pairs = _halves(context, 1)
    found = ipsative_stability(pairs[0].first, pairs[0].second, groups=pairs[0].models, level=context.level) if pairs else None
    if found is None:
        return absent(title, question, "needs three values, and profiles that half of the items can estimate and that are not flat")
    return Control(
        name=title,
        question=question,
        finding=(
            f"Mean Spearman over respondents {found.mean.estimate:.2f}{_bounds(found.mean, '.2f')} between two halves of the items "
            f"({found.mean.method}, n = {found.mean.n}{_linear(context)}); of one respondent with another {found.mismatched:.2f}."
        ),
        figures={"mean": found.mean.estimate, "mismatched": found.mismatched},
    )


def _bounds(interval: Interval, form: str) -> str:
    return "" if interval.low is None or interval.high is None else f" [{interval.low:{form}}, {interval.high:{form}}]"


def _linear(context: Context) -> str:
    return "; linear probability" if context.binary else ""
