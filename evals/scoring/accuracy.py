"""Shares of right answers with their intervals, the four answer states beside them, and where the answers and the keys stand.

What was refused, unparsable or failed is no wrong answer and no right one; two shares are given, of the answered and of all that was shown
but for outages, so that refusing cannot raise a score unseen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
from scipy.special import chdtrc

from evals.values.intervals import Interval

__all__ = ["STATES", "accuracy", "positions", "share_interval"]

STATES = ("answered", "refused", "unparsable", "failed")


def accuracy(answers: pl.DataFrame, by: Sequence[str] = ("respondent",), level: float = 0.95) -> pl.DataFrame:
    """One row a group of `by`: items, shown, the four states, right, accuracy of the answered with low, high, and `of_shown`.

    items      different items
    accuracy   right / answered over items with a key; several answers to an item are one observation, their mean
    of_shown   right / (answered + refused + unparsable), with its own interval
    method     of both intervals; n: items in them
    """
    rows = []
    for names, group in answers.sort(by).partition_by(*by, as_dict=True, maintain_order=True).items():
        keyed = group.filter(pl.col("key_place").is_not_null())
        counts = {state: int((group["state"] == state).sum()) for state in STATES}
        answered = _shares(keyed.filter(pl.col("state") == "answered"))
        shown = _shares(keyed.filter(pl.col("state") != "failed"))
        row: dict[str, Any] = dict(zip(by, names, strict=True))
        row |= {
            "items": group["item"].n_unique(),
            "shown": group.height,
            **counts,
            "right": int(keyed["right"].fill_null(value=False).sum()),
        }
        row |= _columns("accuracy", share_interval(answered, level)) | _columns("of_shown", share_interval(shown, level))
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def _shares(rows: pl.DataFrame) -> pl.DataFrame:
    """(item, share of right answers), (cluster) one row an item."""
    right = pl.col("right").fill_null(value=False).cast(pl.Float64).mean()
    return rows.group_by("item", maintain_order=True).agg(right.alias("share"), pl.col("cluster").first())


def share_interval(shares: pl.DataFrame, level: float = 0.95) -> Interval | None:
    """The mean of `share` over items, with Wilson's interval; n is reduced by the design effect where items share a `cluster`.

    The design effect is the ratio of the variance of the mean by cluster to that by item (Kish 1965), at least 1; at a mean of 0 or 1,
    which shows none, n is the number of clusters. One cluster alone gives no bounds.
    """
    n = shares.height
    if not n:
        return None
    values = shares["share"].to_numpy().astype(np.float64)
    mean = float(values.mean())
    named = shares.select(pl.col("cluster").fill_null(pl.format("item {}", "item")))["cluster"]
    effective = float(n)
    clusters = named.n_unique()
    if clusters == 1 < n:
        return Interval(mean, None, None, n, "none: all items are of one cluster", level)
    if clusters < n and mean in {0.0, 1.0}:
        effective = float(clusters)  # no spread to judge by: clusters may be of one piece
    elif clusters < n:
        sums = pl.DataFrame({"cluster": named, "e": values - mean}).group_by("cluster").agg(pl.col("e").sum())["e"].to_numpy()
        by_cluster = float((sums**2).sum()) * clusters / max(clusters - 1, 1)
        by_item = float(((values - mean) ** 2).sum())
        effective = n / max(1.0, by_cluster / by_item) if by_item else n
    low, high = _wilson(mean, effective, level)
    return Interval(mean, low, high, n, "Wilson" if effective == n else "Wilson, n reduced for clusters", level)


def _wilson(rate: float, n: float, level: float) -> tuple[float, float]:
    """Wilson's bounds (Wilson 1927) for a rate over `n` observations, which need be no whole number."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (0.0 if rate == 0 else max(0.0, centre - half)), (1.0 if rate == 1 else min(1.0, centre + half))


def _columns(name: str, found: Interval | None) -> dict[str, Any]:
    if found is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None, f"{name}_n": 0, f"{name}_method": None}
    told = f"{found.method}, {found.level:.0%}"
    return {name: found.estimate, f"{name}_low": found.low, f"{name}_high": found.high, f"{name}_n": found.n, f"{name}_method": told}


def positions(answers: pl.DataFrame) -> pl.DataFrame:
    """How often each place was chosen and held a key, by respondent and number of options, with the p of "all places alike" (chi-square).

    A respondent that prefers a place shows here; since keys are spread evenly, it does not show in its accuracy.
    """
    rows = []
    chosen = answers.filter(pl.col("place").is_not_null())
    for (respondent, options), group in chosen.sort("respondent", "options").partition_by("respondent", "options", as_dict=True).items():
        count = int(options)
        places = np.bincount(group["place"].to_numpy(), minlength=count)[:count]
        keys = np.bincount(group["key_place"].drop_nulls().to_numpy(), minlength=count)[:count]
        rows.append(
            {
                "respondent": str(respondent),
                "options": count,
                "answers": group.height,
                "chosen": places.tolist(),
                "keys": keys.tolist(),
                "p": _p_uniform(places),
            }
        )
    return pl.DataFrame(rows, schema_overrides={"p": pl.Float64})


def _p_uniform(counts: Any) -> float | None:
    total, k = int(counts.sum()), len(counts)
    if k < 2 or total < 5 * k:
        return None
    expected = total / k
    return float(chdtrc(k - 1, float(((counts - expected) ** 2 / expected).sum())))
