"""Estimator A: what each respondent's answers say, value by value, as weighted least squares over items.

An estimand is an `Outcome`: rows of item-level outcomes that are linear in the respondents' item means, and a regression on the loadings.

    absolute   θ_a          a respondent's own item means
    priority   θ*_a         θ_a less its mean over the values
    common     β            the reference respondents' item means, models weighted equally
    relative   d_a          item-centred over the panel; Σ_a d_a = 0
    steering   θ_a − θ_ref  a persona's item means less those of the same model's reference persona on the same items

Absolute, priority and common are identified only given the covariates, for appeal that goes with a value looks like preference for it.
Relative and steering are immune to whatever all respondents share on an item.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse.csgraph import connected_components

from evals.values.loadings import FloatArray, IntArray, Loadings
from evals.values.panel import BINARY, Panel
from evals.values.regression import Design, Slopes, equal_rows, slopes
from evals.values.topics import TopicEffect, topic_effect

__all__ = ["Fitted", "Outcome", "absolute", "common", "errors_uncorrected", "fit", "fit_parts", "identified_by", "relative", "steering"]

IDENTIFIED_BY = {
    "common": "given the covariates (appeal that goes with a value looks like preference for it)",
    "absolute": "given the covariates (appeal that goes with a value looks like preference for it)",
    "priority": "given the covariates (appeal that goes with a value looks like preference for it)",
    "relative": "by design, but for appeal that respondents weigh differently, and for the ends of the scale",
    "steering": "by design (paired on the same items), but for appeal that the persona weighs differently, and for the ends of the scale",
    "twin": "by design (the same frames with and without the value)",
}
JUDGED = ("judge", "embedding", "pyvalues")
"""Where loadings come from that nobody corrected: the start of a word in their source."""


def errors_uncorrected(loadings: Loadings) -> bool:
    """Whether the loadings are judgements, with errors that no gold sample corrects."""
    return loadings.gold is None and (loadings.sd is not None or any(word in loadings.source.lower() for word in JUDGED))


def identified_by(estimand: str, panel: Panel) -> str:
    """What identifies an estimand of this panel, in words."""
    words = IDENTIFIED_BY[estimand]
    return f"{words}; for the labels, whose errors are not corrected" if errors_uncorrected(panel.loadings) else words


@dataclass(frozen=True)
class Outcome:
    """K rows to regress.

    names     of the rows
    rows      from respondents' item means (…, A, n), finite everywhere, to outcomes (…, K, n); linear but for a constant
    weights   (K, n) of the rows; 0 where a row has no outcome
    mixing    (K, A) how the rows are made of respondents, the same on every item when all are complete
    of_slopes whether the slopes of the respondents are mixed, not their outcomes: so that each keeps its share whatever it answered
    """

    names: tuple[str, ...]
    rows: Callable[[FloatArray], FloatArray] = field(repr=False)
    weights: FloatArray = field(repr=False)
    mixing: FloatArray = field(repr=False)
    of_slopes: bool = False


@dataclass(frozen=True)
class Fitted:
    """An outcome with its slopes."""

    outcome: Outcome
    slopes: Slopes


def filled_mean(panel: Panel) -> FloatArray:
    """Item means (A, n) with 0 where there is no answer, where no weight reads them."""
    return np.nan_to_num(panel.mean)


def absolute(panel: Panel) -> Outcome:
    """Each respondent's own item means, weighted by the number of answers."""
    return Outcome(panel.respondents, lambda means: means, panel.count, np.eye(len(panel.respondents)))


def common(panel: Panel, reference: str = "default") -> Outcome | None:
    """The reference respondents' item means, models weighted equally; None where nobody plays the reference.

    Each respondent's general level is taken off first, so that an item which one of them did not answer is not moved by who did.
    """
    rows = panel.of(reference)
    if not len(rows):
        return None
    models = np.array(panel.models)[rows]
    share = np.array([1.0 / (len(np.unique(models)) * (models == model).sum()) for model in models])
    count = panel.count[rows]
    present = (count > 0) * share[:, None]
    total = present.sum(axis=0)
    weight = np.divide(present, total, out=np.zeros_like(present), where=total > 0)
    level = np.array([[panel.total[row].sum() / max(panel.count[row].sum(), 1)] for row in rows])
    precision = np.divide(weight**2, count, out=np.zeros_like(weight), where=count > 0).sum(axis=0)
    weights = np.divide(1.0, precision, out=np.zeros_like(precision), where=precision > 0)
    mixing = np.zeros((1, len(panel.respondents)))
    mixing[0, rows] = share

    def averaged(means: FloatArray) -> FloatArray:
        return ((means[..., rows, :] - level) * weight).sum(axis=-2, keepdims=True)

    uneven = not bool((count == count[:, :1]).all())
    return Outcome((f"all models, {reference}",), averaged, weights[None], mixing, uneven)


def steering(panel: Panel, reference: str = "default") -> Outcome | None:
    """Each other persona's item means less those of the same model's reference; None where no model plays both."""
    who: list[int] = []
    against: list[IntArray] = []
    for number, (model, persona) in enumerate(zip(panel.models, panel.personas, strict=True)):
        same = np.array([row for row in panel.of(reference) if panel.models[row] == model], dtype=np.int64)
        if persona != reference and len(same):
            who.append(number)
            against.append(same)
    if not who:
        return None
    people = np.array(who)
    mixing = np.zeros((len(who), len(panel.respondents)))
    mixing[np.arange(len(who)), people] = 1.0
    weights = np.zeros((len(who), len(panel.items)))
    for row, same in enumerate(against):
        mixing[row, same] -= 1 / len(same)
        n, m = panel.count[who[row]], panel.count[same].sum(axis=0) * (panel.count[same] > 0).all(axis=0)
        weights[row] = np.divide(n * m, n + m, out=np.zeros_like(n), where=(n > 0) & (m > 0))
    return Outcome(tuple(panel.respondents[row] for row in who), lambda means: mixing @ means, weights, mixing)


def relative(panel: Panel) -> Outcome | None:
    """Item means centred on the panel's; None for a single respondent.

    Where not everybody answered everything, an item's mean is taken of what is left when each respondent's own slopes are off, so that it
    does not depend on who answered (two-way least squares). Respondents who share too few items with the others have no row's weight.
    """
    respondents = len(panel.respondents)
    if respondents < 2:
        return None
    group = _comparable(panel)
    same = group[:, None] == group
    mixing = np.eye(respondents) - same / same.sum(axis=1)
    if (panel.count == panel.count[0, 0]).all():
        return Outcome(panel.respondents, lambda means: means - means.mean(axis=-2, keepdims=True), panel.count, mixing)
    present = panel.count
    total = present.sum(axis=0)
    share = np.divide(present, total, out=np.zeros_like(present), where=total > 0)
    fitted = _two_way(panel, share)

    def centred(means: FloatArray) -> FloatArray:
        return means - ((means - fitted) * share).sum(axis=-2, keepdims=True)

    return Outcome(panel.respondents, centred, np.where((same.sum(axis=1) > 1)[:, None], panel.count, 0.0), mixing)


def _comparable(panel: Panel) -> IntArray:
    """(A,) group of each respondent: those linked by more common items than there are columns. Only within one do slopes compare."""
    present = (panel.count > 0).astype(float)
    return connected_components(present @ present.T > panel.design.seen.shape[1], directed=False)[1]


def _two_way(panel: Panel, share: FloatArray, rounds: int = 500) -> FloatArray:
    """(A, n) each respondent's level and slopes in the least squares that have an effect for each item too.

    Item effects are eliminated, and what is left is solved by conjugate gradients, a respondent's own normal equations as preconditioner.
    """
    means, seen, weights = filled_mean(panel), panel.design.seen, panel.count

    def scores(y: FloatArray) -> FloatArray:
        return (weights * (y - (y * share).sum(axis=0))) @ seen

    own = np.linalg.pinv(np.einsum("an,np,nq->apq", weights, seen, seen, optimize=True), hermitian=True)
    left, solution = scores(means), np.zeros((len(means), seen.shape[1]))
    step = np.zeros_like(solution)
    size, least = 0.0, 1e-24 * float((left * np.einsum("apq,aq->ap", own, left)).sum())
    for _ in range(rounds):
        eased = np.einsum("apq,aq->ap", own, left)
        before, size = size, float((left * eased).sum())
        if size <= least:
            break
        step = eased + (size / before if before else 0.0) * step
        moved = scores(step @ seen.T)
        length = size / float((step * moved).sum())
        solution, left = solution + length * step, left - length * moved
    return solution @ seen.T


def fit(panel: Panel, outcome: Outcome) -> Fitted:
    """The slopes of an outcome, with topics as a random effect where items have them. For likes and skips use `evals.values.logit`."""
    assert panel.channel not in BINARY, "a yes or no takes log-odds: evals.values.logit"
    if outcome.of_slopes:
        return Fitted(outcome, fit(panel, absolute(panel)).slopes.over_outcomes(outcome.mixing))
    clusters, values = panel.design.clusters, panel.values
    rows = len(outcome.names)
    theta, influence = np.full((rows, len(values)), np.nan), np.full((rows, clusters, len(values)), np.nan)
    df, items = np.zeros(rows), np.zeros(rows, np.int64)
    effective = np.ones((rows, len(values)))
    y = outcome.rows(filled_mean(panel))
    for group, design, effect in fit_parts(panel, outcome, y):
        part = slopes(design, effect.rows(y[group]) if effect else y[group], outcome.weights[group])
        theta[group], influence[group], df[group], items[group] = part.theta, part.influence, part.df, part.items
        effective[group] = part.effective
    found = Slopes(values, theta, influence, df, items, effective)
    if outcome.names == panel.respondents and not np.allclose(outcome.mixing, np.eye(rows)):
        found = found.over_outcomes(outcome.mixing)  # Σ_a d_a = 0 also where the panel is not balanced
        nothing = ~outcome.weights.any(axis=1)
        found.theta[nothing], found.influence[nothing], found.df[nothing], found.items[nothing] = np.nan, np.nan, 0, 0
    return Fitted(outcome, found)


def fit_parts(panel: Panel, outcome: Outcome, y: FloatArray) -> list[tuple[IntArray, Design, TopicEffect | None]]:
    """The rows of an outcome in groups with equal weights, each with its design; where topics add variance, row by row with its effect."""
    parts: list[tuple[IntArray, Design, TopicEffect | None]] = []
    topics = panel.topics
    for group in equal_rows(outcome.weights):
        effects = [topic_effect(panel.design, y[row], outcome.weights[row], topics) for row in group]
        plain = np.array([effect is None for effect in effects])
        if plain.any():
            parts.append((group[plain], panel.design, None))
        parts += [(group[[place]], effect.design(panel.design), effect) for place, effect in enumerate(effects) if effect is not None]
    return parts
