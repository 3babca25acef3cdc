"""Loadings dealt out anew over the items, and the slopes of many outcomes on them with their jackknife, fast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evals.values.loadings import FloatArray, IntArray
from evals.values.regression import LEVERAGE, Design, equal_rows

__all__ = ["deal", "jackknifed", "members"]


def members(cluster: IntArray) -> list[IntArray]:
    """The items of the clusters, as tables (clusters, size): one for each size that there is."""
    order = np.argsort(cluster, kind="stable")
    begins = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    sizes = np.diff(begins, append=len(order))
    return [order[begins[sizes == size][:, None] + np.arange(size)] for size in np.unique(sizes)]


def deal(groups: Sequence[IntArray], topic: IntArray | None, rng: np.random.Generator) -> IntArray:
    """(n,) a permutation of the items that moves whole clusters onto clusters of the same size.

    With a topic for each item, (n,), those of one topic go to another as far as sizes allow: loadings alike within a topic still are.
    """
    n = sum(one.size for one in groups)
    dealt = np.arange(n)
    for clusters in groups:
        if topic is None:
            dealt[clusters] = clusters[rng.permutation(len(clusters))]
            continue
        own = topic[clusters[:, 0]]
        to, of = (np.lexsort((rng.random(len(own)), rng.permutation(int(topic.max()) + 1)[own])) for _ in range(2))
        dealt[clusters[to]] = clusters[of]
    return dealt


def jackknifed(
    design: Design, y: FloatArray, weights: FloatArray, groups: Sequence[IntArray] | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(theta, se, degrees of freedom), each (K, V), of the rows of `y` (K, n), as `regression.slopes` gives them for uncorrected loadings.

    The delete-one-cluster jackknife from the leverages of the clusters, A⁻¹X_g′(I − H_g)⁻¹e_g, not from their deletion. Rows that cannot be
    estimated are NaN. `groups` are the `members` of the clusters.
    """
    groups = members(design.cluster) if groups is None else groups
    v = len(design.values)
    theta, se = np.full((len(y), v), np.nan), np.full((len(y), v), np.nan)
    df = np.ones((len(y), v))
    for rows in equal_rows(weights):
        weight = weights[rows[0]]
        root = np.sqrt(weight)
        x = design.seen * root[:, None]
        moments = x.T @ x
        freedom = int((np.bincount(design.cluster, weight) > 0).sum()) - x.shape[1]
        if freedom < 1 or np.linalg.matrix_rank(moments, hermitian=True) < x.shape[1]:
            continue
        c = x @ np.linalg.inv(moments)  # (n, p)
        outcome = np.where(weight > 0, y[rows], 0.0) * root
        full = outcome @ c
        squares = _squares(groups, c, x, outcome - full @ x.T, v)
        if squares is not None:
            theta[rows], se[rows] = full[:, 1 : 1 + v], np.sqrt(squares)
            df[rows] = _freedom(groups, c[:, 1 : 1 + v] * root[:, None], freedom)
    return theta, se, df


def _squares(groups: Sequence[IntArray], c: FloatArray, x: FloatArray, left: FloatArray, v: int) -> FloatArray | None:
    """(k, V) squared influence, summed over clusters, of residuals `left` (k, n); None where one cluster carries a column alone."""
    found = np.zeros((len(left), v))
    for clusters in groups:
        if clusters.shape[1] == 1:
            alone = clusters[:, 0]
            kept = 1 - np.einsum("np,np->n", c[alone], x[alone])
            if kept.min() < LEVERAGE:
                return None
            found += (left[:, alone] / kept) ** 2 @ c[alone, 1 : 1 + v] ** 2
            continue
        own = c[clusters]  # (G, size, p)
        blocks = np.eye(clusters.shape[1]) - own @ x[clusters].transpose(0, 2, 1)
        if np.linalg.det(blocks).min() < LEVERAGE:
            return None
        error = np.linalg.solve(blocks, left[:, clusters].transpose(1, 2, 0))  # (G, size, k)
        found += ((own[:, :, 1 : 1 + v].transpose(0, 2, 1) @ error) ** 2).sum(axis=0).T
    return found


def _freedom(groups: Sequence[IntArray], c: FloatArray, most: float) -> FloatArray:
    """(V,) Satterthwaite's, as `regression.effective_df` has it, from the slopes' coefficients on the outcomes (n, V)."""
    squares = np.concatenate([(c[clusters] ** 2).sum(axis=1) for clusters in groups])
    return np.clip(squares.sum(axis=0) ** 2 / np.maximum((squares**2).sum(axis=0), 1e-300) - 1, 1.0, max(most, 1.0))
