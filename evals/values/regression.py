"""Slopes of outcomes on loadings over items: weighted least squares with a jackknife over item clusters. The core of estimator A.

One function serves every estimand: an outcome row is a respondent's item means, or a difference of two respondents' on the same
items. The delete-one-cluster jackknife is HC3 where every cluster is one item (MacKinnon & White 1985), and CV3 in general (Bell &
McCaffrey 2002). With a gold sample the moments are design-based corrected for label error (Egami et al. 2023, "DSL").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.values.loadings import FloatArray, IntArray

__all__ = ["Design", "Slopes", "carried_by_one", "effective_df", "equal_rows", "make_design", "slopes"]


LEVERAGE = 1e-8
"""A cluster whose leverage is that close to 1 carries a column alone."""


@dataclass(frozen=True)
class Design:
    """What stands on the right-hand side.

    values   codes of the V values
    seen     (n, p) columns: 1, V loadings as labelled, covariates; loadings and covariates centred over the pool
    score    (n, p) what multiplies the outcome: `seen`, but corrected for label error where there is a gold sample
    moments  (n, p, p) one item's share of the normal equations
    cluster  (n,) index of each item's cluster, from 0
    stratum  (n,) index of each item's design stratum, from 0
    """

    values: tuple[str, ...]
    seen: FloatArray
    score: FloatArray
    moments: FloatArray
    cluster: IntArray
    stratum: IntArray
    corrected: bool = False

    @cached_property
    def clusters(self) -> int:
        """How many clusters there are."""
        return int(self.cluster.max(initial=-1)) + 1

    @cached_property
    def lone(self) -> NDArray[np.bool_]:
        """(n,) which items are alone in their cluster."""
        alone: NDArray[np.bool_] = np.bincount(self.cluster, minlength=self.clusters)[self.cluster] == 1
        return alone

    def with_seen(self, seen: FloatArray) -> Design:
        """The same clusters with other columns and no correction, such as shuffled loadings or partly demeaned ones."""
        return Design(self.values, seen, seen, np.einsum("np,nq->npq", seen, seen), self.cluster, self.stratum)


@dataclass(frozen=True)
class Slopes:
    """Slopes of K outcomes, per unit loading, in units of the outcome.

    theta      (K, V); NaN rows where an outcome has too few items, NaN where a single cluster carries the value
    influence  (K, C, V): estimate minus the estimate without cluster c, so that the covariance of any linear combination, over outcomes
               and over values, is the sum over clusters of its square
    df         (K,) clusters with data minus columns
    items      (K,) items with data
    effective  (K, V) degrees of freedom of each slope's own t: few items that carry a value leave few, however many there are in all
    """

    values: tuple[str, ...]
    theta: FloatArray
    influence: FloatArray
    df: FloatArray
    items: IntArray
    effective: FloatArray

    def covariance(self, k: int) -> FloatArray:
        """(V, V) covariance of the slopes of outcome k."""
        each = self.influence[k]
        return each.T @ each

    @property
    def se(self) -> FloatArray:
        """(K, V) standard errors."""
        return np.sqrt(np.einsum("kcv,kcv->kv", self.influence, self.influence))

    def over_values(self, matrix: FloatArray) -> Slopes:
        """Linear combinations over values: `matrix` is (V, V) and acts from the right, as I - 1/V does to make priorities."""
        return Slopes(self.values, self.theta @ matrix, self.influence @ matrix, self.df, self.items, self.effective)

    def over_outcomes(self, matrix: FloatArray) -> Slopes:
        """Linear combinations over outcomes: `matrix` is (L, K)."""
        used = np.abs(matrix) > 0
        df = np.array([np.min(self.df[row], initial=np.inf) for row in used])
        items = np.array([np.min(self.items[row], initial=np.iinfo(np.int64).max) for row in used])
        theta, influence = np.nan_to_num(self.theta), np.nan_to_num(self.influence)
        lost = (used & np.isnan(self.theta).any(axis=1)).any(axis=1)
        theta, influence = matrix @ theta, np.einsum("lk,kcv->lcv", matrix, influence)
        theta[lost], influence[lost] = np.nan, np.nan
        effective = np.stack([np.min(self.effective[row], axis=0, initial=np.inf) for row in used])
        return Slopes(self.values, theta, influence, df, items, effective)


def make_design(
    values: Sequence[str],
    x: FloatArray,
    covariates: FloatArray,
    *,
    cluster: IntArray,
    stratum: IntArray,
    gold: FloatArray | None = None,
    inclusion: FloatArray | None = None,
) -> Design:
    """The design of n items: loadings (n, V), covariates (n, W).

    `gold` (n, V) has NaN rows where nobody coded; `inclusion` (n,) in (0, 1] is the probability of having been drawn for it.
    """
    ones = np.ones((len(x), 1))
    centre = x.mean(axis=0)
    seen = np.hstack([ones, x - centre, covariates - covariates.mean(axis=0)])
    score, moments = seen, np.einsum("np,nq->npq", seen, seen)
    if gold is not None and inclusion is not None:
        coded = ~np.isnan(gold).any(axis=1)
        true = seen.copy()
        true[coded, 1 : 1 + x.shape[1]] = gold[coded] - centre
        weight = np.where(coded, 1 / inclusion, 0.0)
        score = seen - weight[:, None] * (seen - true)
        moments = moments - weight[:, None, None] * (moments - np.einsum("np,nq->npq", true, true))
    return Design(tuple(values), seen, score, moments, cluster, stratum, gold is not None)


def slopes(design: Design, y: FloatArray, weights: FloatArray) -> Slopes:
    """Slopes of each row of `y` (K, n) with its `weights` (K, n) ≥ 0; where a weight is 0 the outcome may be NaN.

    Rows with equal weights are solved together, in one factorisation of the normal equations.
    """
    outcomes, v = y.shape[0], len(design.values)
    theta = np.full((outcomes, v), np.nan)
    influence = np.full((outcomes, design.clusters, v), np.nan)
    df, items = np.zeros(outcomes), (weights > 0).sum(axis=1)
    effective = np.ones((outcomes, v))
    for rows in equal_rows(weights):
        weight = weights[rows[0]]
        here = len(np.unique(design.cluster[weight > 0])) - design.seen.shape[1]
        df[rows] = here
        if here < 1:
            continue
        with_data = np.where(weight > 0, y[rows], 0.0)
        theta[rows], influence[rows] = _solve(design, with_data, weight)
        effective[rows] = effective_df(design, weight, here)
    return Slopes(design.values, theta, influence, df, items, effective)


def effective_df(design: Design, weight: FloatArray, most: float) -> FloatArray:
    """(V,) degrees of freedom of each slope: how many clusters carry it, less one, within 1 and `most`.

    A slope is Σ_i c_i y_i, its variance Σ_g (Σ_{i in g} c_i e_i)²: a sum of squares with weights c², whose degrees of freedom are
    Satterthwaite's (Σ c²)² / Σ (c²)², here over clusters.
    """
    v, x = len(design.values), design.seen
    left = (x * weight[:, None]).T @ x
    c = (np.linalg.pinv(left, hermitian=True) @ (x * weight[:, None]).T)[1 : 1 + v]
    squares = np.stack([np.bincount(design.cluster, one, design.clusters) for one in c**2])  # (V, C)
    found = squares.sum(axis=1) ** 2 / np.maximum((squares**2).sum(axis=1), 1e-300) - 1
    return np.clip(found, 1.0, max(most, 1.0))


def _solve(design: Design, y: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(theta (k, V), influence (k, C, V)) of the rows of `y` (k, n), which share `weight` (n,)."""
    v, p = len(design.values), design.seen.shape[1]
    left = _normal(design, weight)
    if np.linalg.matrix_rank(left, hermitian=True) < p:
        return np.full((len(y), v), np.nan), np.full((len(y), design.clusters, v), np.nan)
    full = np.linalg.solve(left, (design.score * weight[:, None]).T @ y.T)  # (p, k)
    inverse, influence = np.linalg.inv(left), np.empty((len(y), design.clusters, v))
    own = ((design.seen @ inverse) * design.seen).sum(axis=1) * weight
    # One item alone in its cluster, its labels taken as they are: what it moves has a closed form, HC3.
    closed = design.lone & (own <= 1 - LEVERAGE) & (not design.corrected)
    lever = (design.seen[closed] * (weight / np.where(closed, 1 - own, 1.0))[closed, None]) @ inverse[:, 1 : 1 + v]
    influence[:, design.cluster[closed]] = (y[:, closed] - full.T @ design.seen[closed].T)[:, :, None] * lever
    others = np.flatnonzero(~closed)
    if len(others):
        x, moments = design.seen[others], design.moments[others]
        fitted = moments @ full if design.corrected else x[:, :, None] * (x @ full)[:, None, :]
        each = (design.score[others, :, None] * y.T[others, None, :] - fitted) * weight[others, None, None]
        scores, shares = (_summed(one, design.cluster[others]) for one in (each, moments * weight[others, None, None]))
        moved, lost = _without_each(left, shares, scores)
        influence[:, np.unique(design.cluster[others])] = moved[:, 1 : 1 + v].transpose(2, 0, 1)
        full[lost], influence[:, :, lost[1 : 1 + v]] = np.nan, np.nan
    return full[1 : 1 + v].T, influence


def _normal(design: Design, weight: FloatArray) -> FloatArray:
    """(p, p) the left-hand side of the normal equations."""
    p = design.seen.shape[1]
    if design.corrected:
        return (weight @ design.moments.reshape(len(weight), p * p)).reshape(p, p)
    return (design.seen * weight[:, None]).T @ design.seen


def carried_by_one(design: Design, used: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(V,) whether the `used` items (n,) tell a value only through a single cluster, without which it could not be estimated."""
    seen, v = design.seen * used[:, None], len(design.values)
    left = seen.T @ seen
    if np.linalg.matrix_rank(left, hermitian=True) < len(left):
        return np.ones(v, dtype=bool)
    own = ((seen @ np.linalg.inv(left)) * seen).sum(axis=1)
    alone = (np.bincount(design.cluster, own, design.clusters) > 1 - LEVERAGE)[design.cluster]
    if not alone.any():
        return np.zeros(v, dtype=bool)
    shares = _summed(seen[alone, :, None] * seen[alone, None, :], design.cluster[alone])
    return _without_each(left, shares, np.zeros((len(shares), len(left), 1)))[1][1 : 1 + v]


def _without_each(left: FloatArray, shares: FloatArray, scores: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """(C, p, k) how the solution moves when each of C clusters comes in, and (p,) which columns some cluster carries alone.

    Such a cluster has a leverage of 1; what it does to the other columns comes from a pseudo-inverse.
    """
    remaining, lost = left[None] - shares, np.zeros(len(left), dtype=bool)
    alone = np.flatnonzero(np.einsum("cpq,qp->c", shares, np.linalg.inv(left)) > 1 - LEVERAGE)
    kept = remaining[alone]
    remaining[alone] = np.eye(len(left))
    moved = np.linalg.solve(remaining, scores)
    scale = 1 / np.sqrt(np.maximum(np.abs(np.diag(left)), 1e-300))
    for cluster, rest in zip(alone, kept, strict=True):
        size, direction = np.linalg.eigh(rest * scale[:, None] * scale)
        some = np.abs(size) > LEVERAGE
        lost |= (np.abs(direction[:, ~some]) > 1e-6).any(axis=1)
        moved[cluster] = scale[:, None] * ((direction[:, some] / size[some]) @ (direction[:, some].T @ (scale[:, None] * scores[cluster])))
    return moved, lost


def equal_rows(weights: NDArray[Any]) -> list[IntArray]:
    """Groups of rows of `weights` (K, n) that are equal."""
    groups: dict[bytes, list[int]] = {}
    for number, row in enumerate(weights):
        groups.setdefault(row.tobytes(), []).append(number)
    return [np.array(group) for group in groups.values()]


def _summed(each: FloatArray, cluster: IntArray) -> FloatArray:
    """Sums (C, …) of the items' entries (n, …) over each cluster that there is, in order."""
    order = np.argsort(cluster, kind="stable")
    return np.add.reduceat(each[order], np.flatnonzero(np.diff(cluster[order], prepend=-1)), axis=0)
