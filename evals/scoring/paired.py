"""Two respondents, or two conditions, on the same items: exact McNemar, and a bootstrap by item of the difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from evals.values.intervals import Interval

__all__ = ["Paired", "mcnemar_exact", "paired", "paired_difference", "sign_flip_p"]

_CELLS = 4_000_000
"""Random signs, or counts of a resample, that are in memory at once."""
_SAME = 1e-9
_MANY = 2000
"""Clusters from which on equal ones are drawn together."""


@dataclass(frozen=True)
class Paired:
    """first − second on `items` that both answered. `only_first`, `only_second`: items that one alone has right, or where an
    item was answered several times, more often than the other.

    p: by `test`: McNemar's, exact; by flipping the signs of whole clusters where items share some, or where an item was answered several
    times and is neither right nor wrong.
    """

    difference: Interval
    only_first: int
    only_second: int
    items: int
    p: float
    test: str


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided p of equal shares from the discordant pairs: the binomial test at one half (McNemar 1947, exact). 1 without any."""
    n, least = only_first + only_second, min(only_first, only_second)
    if n == 0:
        return 1.0
    tail = ways = 1
    for k in range(1, least + 1):
        ways = ways * (n - k + 1) // k
        tail += ways
    return min(1.0, 2 * tail / 2**n)


def paired_difference(
    first: np.ndarray, second: np.ndarray, clusters: np.ndarray | None = None, *, draws: int = 2000, seed: int = 0, level: float = 0.95
) -> Interval:
    """Mean of first − second over items (n,), with the percentile interval of a bootstrap that draws whole clusters of items.

    No bounds with fewer than three clusters, or where all differences are the same (a zero width is not claimed).
    """
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    labels = np.arange(len(difference)) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    count = int(labels.max()) + 1 if len(labels) else 0
    mean = float(difference.mean()) if len(difference) else 0.0
    if count < 3 or np.ptp(difference) == 0:
        return Interval(mean, None, None, len(difference), "bootstrap by item", level)
    sums = np.bincount(labels, difference, count)
    sizes = np.bincount(labels, minlength=count).astype(np.float64)
    kinds, shares = np.stack([sums, sizes], axis=1), np.full(count, 1 / count)
    if count > _MANY:  # clusters that are equal are one kind, drawn as often as all of them: the same distribution
        kinds, many = np.unique(kinds.round(12), axis=0, return_counts=True)
        shares = many / count
    source, at_once = np.random.default_rng([seed, 20]), max(1, _CELLS // len(kinds))
    parts = [min(at_once, draws - start) for start in range(0, draws, at_once)]
    again = np.concatenate([source.multinomial(count, shares, size=part).astype(np.float64) @ kinds for part in parts])
    means = again[:, 0] / again[:, 1]
    low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(mean, float(low), float(high), len(difference), "bootstrap by item", level)


def paired(first: pl.DataFrame, second: pl.DataFrame, *, draws: int = 2000, seed: int = 0, level: float = 0.95) -> Paired | None:
    """Compare the answers of two tables (`evals.scoring.answers`) on the items that both answered and that have a key; None without any.

    Several answers to an item are one observation, their mean.
    """
    one, two = _by_item(first), _by_item(second)
    both = one.join(two, on="item", suffix="_2", maintain_order="left")
    if both.is_empty():
        return None
    a, b = both["share"].to_numpy(), both["share_2"].to_numpy()
    clusters = both.select(pl.col("cluster").fill_null(pl.format("item {}", "item")))["cluster"].to_numpy()
    whole = bool(np.isin(a, (0.0, 1.0)).all() and np.isin(b, (0.0, 1.0)).all()) and len(np.unique(clusters)) == len(clusters)
    only_first, only_second = int((a > b + _SAME).sum()), int((b > a + _SAME).sum())
    difference = paired_difference(a, b, clusters, draws=draws, seed=seed, level=level)
    p = mcnemar_exact(only_first, only_second) if whole else sign_flip_p(a - b, clusters, seed=seed)
    return Paired(difference, only_first, only_second, both.height, p, "exact McNemar" if whole else "sign flips by cluster")


def sign_flip_p(difference: np.ndarray, clusters: np.ndarray, *, draws: int = 20_000, seed: int = 0) -> float:
    """Two-sided p of no difference (n,): how often random signs of the clusters' sums give one as large (Fisher 1935). 1 where all are 0.

    All sign patterns are counted for up to 14 clusters that differ, `draws` random ones for more.
    """
    sums = np.bincount(np.unique(clusters, return_inverse=True)[1], np.asarray(difference, dtype=np.float64))
    sums = sums[np.abs(sums) > 1e-12]
    if not len(sums):
        return 1.0
    least = abs(sums.sum()) - 1e-9
    if len(sums) <= 14:
        bits = (np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums))) & 1
        return float((np.abs((2 * bits - 1) @ sums) >= least).mean())
    source = np.random.default_rng([seed, 21])
    if len(sums) > _MANY:  # of equal sums, how many keep their sign is drawn: the same distribution
        kinds, many = np.unique(np.abs(sums).round(12), return_counts=True)
        at_once = max(1, _CELLS // len(kinds))
        parts = [min(at_once, draws - start) for start in range(0, draws, at_once)]
        found = (2 * source.binomial(many, 0.5, size=(part, len(kinds))) - many for part in parts)
        return (1 + sum(int((np.abs(signs @ kinds) >= least).sum()) for signs in found)) / (1 + draws)
    at_once = max(1, _CELLS // len(sums))
    parts = [min(at_once, draws - start) for start in range(0, draws, at_once)]
    reached = sum(int((np.abs(source.choice((-1.0, 1.0), size=(part, len(sums))) @ sums) >= least).sum()) for part in parts)
    return (1 + reached) / (1 + draws)


def _by_item(rows: pl.DataFrame) -> pl.DataFrame:
    answered = rows.filter((pl.col("state") == "answered") & pl.col("key_place").is_not_null())
    share = pl.col("right").fill_null(value=False).cast(pl.Float64).mean()
    return answered.group_by("item", maintain_order=True).agg(share.alias("share"), pl.col("cluster").first())
