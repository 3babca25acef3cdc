"""Bootstrap-t over item clusters, within design strata. Not for loadings corrected by a gold sample.

Every draw is studentised by its own cluster-robust standard error, and the quantiles of those ratios replace Student's. All is matrix
products in single precision: quantiles need no more. Topics' random effect is left out of the draws, for it moves the ratios little. Prompt
cells are not drawn anew inside an item: its mean already carries that noise, and drawing it twice made intervals 10 % too wide; `prompts`
says what the cells add.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.values.estimator_a import Fitted, filled_mean
from evals.values.loadings import FloatArray, IntArray
from evals.values.panel import Panel
from evals.values.regression import Design, Slopes

__all__ = ["Studentised", "bootstrap_t"]

SingleArray = NDArray[Any]  # float32
FEWEST_CLUSTERS = 5
BLOCK_ENTRIES = 1_000_000
"""Numbers in the largest array of residuals: small enough for a processor's own memory."""
DRAWS = 100
"""So many draws are solved together."""
LEAST = 1e-3
"""A draw whose variance is this much smaller than the data's has lost a value, or its residuals."""
DEGENERATE = 0.01
"""From this share of such draws on there are no quantiles."""


@dataclass(frozen=True)
class Studentised:
    """Quantiles of the studentised draws at both ends, the standard error that goes with them, and two-sided p against 0, each (K, V).

    The interval of an estimate is [estimate − high × se, estimate − low × se]. NaN but for `se` where so many draws lose a value that
    quantiles mean nothing.
    """

    low: FloatArray
    high: FloatArray
    se: FloatArray
    p: FloatArray


def bootstrap_t(
    panel: Panel, fitted: list[Fitted], *, draws: int = 2000, level: float = 0.95, seed: int = 0, wording: float = 0.0
) -> list[Studentised]:
    """Quantiles for all `fitted` outcomes from the same draws of clusters. `draws` ≥ 199.

    `wording` is what the choice of wordings adds to the variance of a slope: p holds it, the standard error returned does not.
    """
    return [_studentised(panel, one, draws, level, seed=seed, wording=wording) for one in fitted]


def _studentised(panel: Panel, fitted: Fitted, draws: int, level: float, *, seed: int, wording: float) -> Studentised:
    rng = np.random.default_rng([seed, 21])
    found = fitted.slopes
    usable = np.isfinite(found.theta).all(axis=1)
    ratios, se = np.zeros((draws, *found.theta.shape), np.float32), np.full(found.theta.shape, np.nan)
    if usable.any():
        weights = fitted.outcome.weights[usable]
        rows = _Rows.of(panel.design, fitted.outcome.rows(filled_mean(panel))[usable], weights)
        estimate, own = rows.estimates(np.ones((1, len(panel.items)), np.float32))
        # Topics' random effect is in the estimate but not in the draws: the jackknife's error holds it.
        se[usable] = np.maximum(np.sqrt(np.maximum(own[0], 0.0)), found.se[usable] if panel.topics is not None else 0.0)
        for begin, often in _drawn(panel.design, draws, DRAWS, rng):
            theta, variance = rows.estimates(often)
            told = variance > LEAST * own
            ratio = (theta - estimate) / np.sqrt(np.where(told, variance, 1.0))
            ratios[begin : begin + len(often), usable] = np.where(told, ratio, np.nan)
    return _quantiles(found, ratios, se, level, wording)


@dataclass(frozen=True)
class _Rows:
    """Outcomes made ready for products. q = p (p + 1) / 2 entries of a symmetric matrix; `first` and `second` are the pairs of items
    that share a cluster. `weights` has one row where all outcomes weigh alike."""

    values: int
    columns: SingleArray  # (n, p)
    squares: SingleArray  # (n, q) products of an item's columns
    y: SingleArray  # (K, n)
    weights: SingleArray  # (K or 1, n)
    normal: SingleArray  # (n, (K or 1) q) each item's share of the normal equations
    right: SingleArray  # (n, K p) and of their right-hand side
    first: IntArray
    second: IntArray
    pairs: SingleArray  # (pairs, q) products of two items' columns, both ways

    @classmethod
    def of(cls, design: Design, y: FloatArray, weights: FloatArray) -> _Rows:
        x = design.seen.astype(np.float32)
        upper = np.triu_indices(x.shape[1])
        first, second = _pairs(design.cluster)
        shared = weights[:1] if (weights == weights[0]).all() else weights
        scale = np.float32(shared.mean())  # keeps single precision away from its ends
        outcomes, light = np.where(weights > 0, y, 0.0).astype(np.float32), shared.astype(np.float32) / scale
        squares = x[:, upper[0]] * x[:, upper[1]]
        return cls(
            values=len(design.values),
            columns=x,
            squares=squares,
            y=outcomes,
            weights=light,
            normal=(light.T[:, :, None] * squares[:, None]).reshape(len(x), -1),
            right=((light * outcomes).T[:, :, None] * x[:, None]).reshape(len(x), -1),
            first=first,
            second=second,
            pairs=x[first][:, upper[0]] * x[second][:, upper[1]] + x[second][:, upper[0]] * x[first][:, upper[1]],
        )

    def estimates(self, often: SingleArray) -> tuple[SingleArray, SingleArray]:
        """Slopes and their cluster-robust variances, both (b, K, V), where items came `often` (b, n)."""
        p, k, b, v = self.columns.shape[1], len(self.y), len(often), self.values
        bread = _inverse(_symmetric((often @ self.normal).reshape(b, -1, self.squares.shape[1]), p))
        full = (bread @ (often @ self.right).reshape(b, k, p, 1))[..., 0]  # (b, K, p)
        meat = np.empty((b, k, self.squares.shape[1]), np.float32)
        step = max(1, BLOCK_ENTRIES // (k * (often.shape[1] + len(self.first))))
        for begin in range(0, b, step):
            end = min(b, begin + step)
            meat[begin:end] = self._meat(full[begin:end], often[begin:end])
        lever = bread[:, :, 1 : 1 + v]  # (b, K or 1, V, p)
        variance = ((lever @ _symmetric(meat, p)) * lever).sum(axis=-1)
        return full[:, :, 1 : 1 + v], variance

    def _meat(self, full: SingleArray, often: SingleArray) -> SingleArray:
        """(b, K, q) sums over the clusters of the squared scores at the coefficients `full` (b, K, p)."""
        b, k, _ = full.shape
        residual = full @ self.columns.T  # from here on in place: new arrays of this size cost more than the arithmetic
        np.subtract(self.y, residual, out=residual)
        residual *= self.weights
        cross = residual[:, :, self.first] * residual[:, :, self.second]
        np.square(residual, out=residual)
        residual *= often[:, None]
        meat = residual.reshape(b * k, -1) @ self.squares
        if len(self.first):
            cross *= often[:, None, self.first]
            meat += cross.reshape(b * k, -1) @ self.pairs
        return meat.reshape(b, k, -1)


def _drawn(design: Design, draws: int, block: int, rng: np.random.Generator) -> Iterator[tuple[int, SingleArray]]:
    """Blocks of draws: where each begins, and how often each item comes (b, n); whole clusters, with replacement within their stratum."""
    _, first = np.unique(design.cluster, return_index=True)
    of_cluster = design.stratum[first]
    members = _strata(of_cluster)
    for begin in range(0, draws, block):
        b = min(block, draws - begin)
        often = np.zeros((b, len(first)), np.float32)
        for one in members:
            picked = rng.integers(0, len(one), (b, len(one))) + len(one) * np.arange(b)[:, None]
            often[:, one] = np.bincount(picked.reshape(-1), minlength=b * len(one)).reshape(b, -1)
        yield begin, often[:, design.cluster]


def _strata(of_cluster: IntArray) -> list[IntArray]:
    """Clusters by stratum; strata of fewer than five go together, for drawing within them would leave out most of the variance."""
    each = [np.flatnonzero(of_cluster == one) for one in np.unique(of_cluster)]
    small = [members for members in each if len(members) < FEWEST_CLUSTERS]
    large = [members for members in each if len(members) >= FEWEST_CLUSTERS]
    return [*large, np.concatenate(small)] if small else large


def _pairs(cluster: IntArray) -> tuple[IntArray, IntArray]:
    """All pairs of items that share a cluster."""
    order = np.argsort(cluster, kind="stable")
    edges = np.flatnonzero(np.diff(cluster[order], prepend=-1, append=-1))
    several = [order[begin:end] for begin, end in pairwise(edges) if end - begin > 1]
    both = [np.stack(np.triu_indices(len(one), 1)) for one in several]
    if not several:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    chosen = [one[pair] for one, pair in zip(several, both, strict=True)]
    return np.concatenate([pair[0] for pair in chosen]), np.concatenate([pair[1] for pair in chosen])


def _symmetric(upper: SingleArray, p: int) -> SingleArray:
    """(…, p, p) from the entries on and above the diagonal (…, q)."""
    place = np.zeros((p, p), np.int64)
    rows, columns = np.triu_indices(p)
    place[rows, columns] = place[columns, rows] = np.arange(len(rows))
    return upper[..., place]


def _inverse(matrix: SingleArray) -> SingleArray:
    """Inverses, with a ridge far below the data's for draws that lack a column."""
    p = matrix.shape[-1]
    ridge = 1e-6 * np.trace(matrix, axis1=-2, axis2=-1) / p
    return np.linalg.inv(matrix + ridge[..., None, None] * np.eye(p, dtype=np.float32))


def _quantiles(found: Slopes, ratios: SingleArray, se: FloatArray, level: float, wording: float) -> Studentised:
    tail = (1 - level) / 2
    low, high = np.quantile(np.nan_to_num(ratios), [tail, 1 - tail], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = np.abs(found.theta) / np.sqrt(se**2 + wording)
    beyond, told = (np.abs(ratios) >= observed).sum(axis=0), np.isfinite(ratios).mean(axis=0)
    low, high, p = (np.where(told > 1 - DEGENERATE, each, np.nan) for each in (low, high, (1 + beyond) / (1 + len(ratios))))
    return Studentised(low, high, se, p)
