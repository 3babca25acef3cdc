"""Likes and skips: log-odds per unit loading, by binomial regression over items with Firth's penalty (rare and separated data stay finite).

The slopes are marginal log-odds. A contrast of two respondents is the difference of theirs, its covariance that of the joint jackknife
over item clusters (one step), which carries the pairing on items. Source: Firth 1993; Heinze & Schemper 2002.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from evals.values.loadings import FloatArray
from evals.values.regression import Design, Slopes, effective_df, slopes

__all__ = ["log_odds", "log_odds_apart"]

STEPS = 60
LARGEST_STEP = 2.0
LEVEL_STEPS = 20


def log_odds(design: Design, yes: FloatArray, count: FloatArray) -> Slopes:
    """Slopes of K respondents. `yes` and `count` (K, n): how often each item was liked, and how often it was answered."""
    v, outcomes = len(design.values), len(yes)
    theta = np.full((outcomes, v), np.nan)
    influence = np.full((outcomes, design.clusters, v), np.nan)
    df, items = np.zeros(outcomes), (count > 0).sum(axis=1)
    effective = np.ones((outcomes, v))
    for k in range(outcomes):
        df[k] = len(np.unique(design.cluster[count[k] > 0])) - design.seen.shape[1]
        if df[k] >= 1 and 0 < yes[k].sum() < count[k].sum():
            theta[k], influence[k] = _one(design, yes[k], count[k])
            effective[k] = effective_df(design, count[k], float(df[k]))
    return Slopes(design.values, theta, influence, df, items, effective)


def log_odds_apart(design: Design, yes: FloatArray, count: FloatArray) -> list[Slopes]:
    """Slopes of K respondents in each of G parts of their answers, `yes` and `count` (G, K, n): one step from the fit of all parts.

    A part alone is too sparse for a fit of its own. From the common coefficients, at a level of its own, the step is a weighted regression
    of the working responses: no slope runs away, and its jackknife is that of estimator A. NaN where a part has too few items.
    """
    plain = design.with_seen(design.seen)
    eta = np.stack([plain.seen @ _coefficients(plain.seen, *each) for each in zip(yes.sum(axis=0), count.sum(axis=0), strict=True)])
    found = []
    for liked, put in zip(yes, count, strict=True):
        total = put.sum(axis=1, keepdims=True)
        meant = total * (liked.sum(axis=1, keepdims=True) + 0.5) / (total + 1)
        level = np.zeros_like(total)
        for _ in range(LEVEL_STEPS):
            p = expit(eta + level)
            step = (meant - (put * p).sum(axis=1, keepdims=True)) / np.maximum((put * p * (1 - p)).sum(axis=1, keepdims=True), 1e-9)
            level += np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        p = np.clip(expit(eta + level), 1e-9, 1 - 1e-9)
        weight = put * p * (1 - p)
        working = eta + level + np.divide(liked - put * p, weight, out=np.zeros_like(weight), where=put > 0)
        found.append(slopes(plain, working, weight))
    return found


def _coefficients(x: FloatArray, yes: FloatArray, count: FloatArray) -> FloatArray:
    """(p,) where Firth's penalised likelihood is largest."""
    beta = np.zeros(x.shape[1])
    beta[0] = np.log((yes.sum() + 0.5) / (count.sum() - yes.sum() + 0.5))
    for _ in range(STEPS):
        p, information = _information(x, count, beta)
        inverse = np.linalg.pinv(information, hermitian=True)
        leverage = np.einsum("np,pq,nq->n", x, inverse, x) * count * p * (1 - p)
        step = inverse @ (x.T @ (yes - count * p + leverage * (0.5 - p)))
        largest = float(np.abs(step).max())
        beta = beta + step * min(1.0, LARGEST_STEP / max(largest, 1e-12))
        if largest < 1e-8:
            break
    return beta


def _one(design: Design, yes: FloatArray, count: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(theta (V,), influence (C, V)) of one respondent."""
    x, v = design.seen, len(design.values)
    beta = _coefficients(x, yes, count)
    p, information = _information(x, count, beta)
    each = x * (yes - count * p)[:, None]
    shares = np.einsum("np,n,nq->npq", x, count * p * (1 - p), x)
    scores, held = np.zeros((design.clusters, x.shape[1])), np.zeros((design.clusters, x.shape[1], x.shape[1]))
    np.add.at(scores, design.cluster, each)
    np.add.at(held, design.cluster, shares)
    moved = (np.linalg.pinv(information[None] - held, hermitian=True) @ scores[:, :, None])[:, :, 0]
    return beta[1 : 1 + v], moved[:, 1 : 1 + v]


def _information(x: FloatArray, count: FloatArray, beta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fitted probabilities (n,) and the information (p, p)."""
    p = np.clip(expit(x @ beta), 1e-9, 1 - 1e-9)
    return p, (x * (count * p * (1 - p))[:, None]).T @ x
