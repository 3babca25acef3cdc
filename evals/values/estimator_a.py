"""Estimator A: what each respondent's answers say, value by value, as weighted least squares over items.

An estimand is an `Outcome`: rows of item-level outcomes that are linear in the respondents' item means, and a regression on the loadings.

    absolute   θ_a          a respondent's own item means
    priority   θ*_a         θ_a less its mean over the values
    common     β            the reference respondents' item means, models weighted equally
    relative   d_a          item-centred over the panel; Σ_a d_a = 0
    steering   θ_a − θ_ref  a persona's item means less those of the same model's reference persona on the same items
    persona                 steering averaged over the respondents that play a persona, models weighted equally

Absolute, priority and common are identified only given the covariates, for appeal that goes with a value looks like preference for it.
Relative, steering and persona are immune to whatever all respondents share on an item.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse.csgraph import connected_components

from evals.values.loadings import FloatArray, IntArray, Loadings
from evals.values.panel import BINARY, Panel
from evals.values.regression import Design, Slopes, equal_rows, slopes
from evals.values.topics import TopicEffect, topic_effect

__all__ = [
    "Fitted",
    "Outcome",
    "absolute",
    "common",
    "errors_uncorrected",
    "fit",
    "fit_parts",
    "identified_by",
    "persona",
    "references",
    "relative",
    "steering",
]

IDENTIFIED_BY = {
    "common": "given the covariates (appeal that goes with a value looks like preference for it)",
    "absolute": "given the covariates (appeal that goes with a value looks like preference for it)",
    "priority": "given the covariates (appeal that goes with a value looks like preference for it)",
    "relative": "by design, but for appeal that respondents weigh differently, and for the ends of the scale",
    "steering": "by design (paired on the same items), but for appeal that the persona weighs differently, and for the ends of the scale",
    "persona": (
        "by design (paired on the same items), but for appeal that the persona weighs differently, and for the ends of the scale; for "
        "these models and wordings of the persona, which are no sample of others"
    ),
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
    of_slopes an outcome of J rows and a matrix (K, J) ≥ 0 by which its slopes are mixed, where outcomes cannot be: so that each keeps its
              share whatever it answered
    """

    names: tuple[str, ...]
    rows: Callable[[FloatArray], FloatArray] = field(repr=False)
    weights: FloatArray = field(repr=False)
    mixing: FloatArray = field(repr=False)
    of_slopes: tuple[Outcome, FloatArray] | None = None


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


COVERED = 0.8
"""A reference respondent that answered a smaller share of what the best covered one of its model did is left out."""


def references(panel: Panel, reference: str = "default") -> dict[str, IntArray]:
    """The reference respondents of each model, but for those that answered too little of what the others did: a session that broke off
    must not take the items that it lacks from everybody."""
    found: dict[str, IntArray] = {}
    for row in panel.of(reference):
        found[panel.models[row]] = np.append(found.get(panel.models[row], np.zeros(0, np.int64)), row)
    for model, rows in found.items():
        answered = panel.count[rows] > 0
        best = answered[answered.sum(axis=1).argmax()]
        found[model] = rows[(answered & best).sum(axis=1) >= COVERED * best.sum()]
    return found


def common(panel: Panel, reference: str = "default", against: Mapping[str, IntArray] | None = None) -> Outcome | None:
    """The reference respondents' item means, models weighted equally; None where nobody plays the reference. `against`: as `steering`'s.

    Each respondent's general level is taken off first, so that an item which one of them did not answer is not moved by who did.
    """
    of_model = references(panel, reference) if against is None else against
    if not of_model:
        return None
    rows = np.concatenate(list(of_model.values()))
    share = np.concatenate([np.full(len(same), 1 / (len(same) * len(of_model))) for same in of_model.values()])
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

    uneven = None if (count == count[:, :1]).all() else (absolute(panel), mixing)
    return Outcome((f"all models, {reference}",), averaged, weights[None], mixing, uneven)


def steering(panel: Panel, reference: str = "default", against: Mapping[str, IntArray] | None = None) -> Outcome | None:
    """Each other persona's item means less those of the same model's reference; None where no model plays both.

    `against` are the reference respondents of each model (default: `references`), such as those of all cells for a panel of one.
    """
    of_model = references(panel, reference) if against is None else against
    who = [row for row, name in enumerate(panel.personas) if name != reference and panel.models[row] in of_model]
    if not who:
        return None
    mixing = np.zeros((len(who), len(panel.respondents)))
    mixing[np.arange(len(who)), who] = 1.0
    weights = np.zeros((len(who), len(panel.items)))
    for row, same in enumerate(of_model[panel.models[number]] for number in who):
        mixing[row, same] -= 1 / len(same)
        n, m = panel.count[who[row]], panel.count[same].sum(axis=0) * (panel.count[same] > 0).all(axis=0)
        weights[row] = np.divide(n * m, n + m, out=np.zeros_like(n), where=(n > 0) & (m > 0))
    return Outcome(tuple(panel.respondents[row] for row in who), lambda means: mixing @ means, weights, mixing)


def persona(panel: Panel, reference: str = "default") -> Outcome | None:
    """What each persona that several respondents play does, over all of them: steering averaged within each model, then over the models
    weighted equally. None where no persona has two respondents.

    Respondents with too few items in common with their reference are left out. Models and wordings of a persona are taken as they are.
    """
    steered = steering(panel, reference)
    if steered is None:
        return None
    who = [panel.respondents.index(name) for name in steered.names]
    told = np.flatnonzero((steered.weights > 0).sum(axis=1) > panel.design.seen.shape[1])
    played = {name: [row for row in told if panel.personas[who[row]] == name] for name in sorted(set(panel.personas))}
    played = {name: rows for name, rows in played.items() if len(rows) > 1}
    if not played:
        return None
    names, share = [], np.zeros((len(played), len(who)))
    for place, (name, rows) in enumerate(played.items()):
        models = [panel.models[who[row]] for row in rows]
        share[place, rows] = [1 / (len(set(models)) * models.count(model)) for model in models]
        names.append(f"{name}, all models" if len(set(models)) > 1 else f"{name}, all of {models[0]}")
    mixing = share @ steered.mixing
    return Outcome(tuple(names), lambda means: mixing @ means, share @ steered.weights, mixing, (steered, share))


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
        mixed, share = outcome.of_slopes
        return Fitted(outcome, fit(panel, mixed).slopes.over_outcomes(share))
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
