"""Answers as the ordered model reads them: equal rows are counted once, with their number as weight.

Rows are equal in respondent, item, cell, position and category. So the cost of one step grows with the rows that differ, not with the
decisions. Refused, unparsable and failed rows are left out here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from evals.values.loadings import FloatArray, IntArray
from personas.errors import UserError

__all__ = ["CATEGORIES", "Answers", "count_answers"]

CATEGORIES = {"rating": 6, "like": 2, "skip": 2}
"""Channels that have ordered categories, and how many; the lowest is 0."""


@dataclass(frozen=True)
class Answers:
    """N counted rows of A respondents on n items.

    respondents, models, personas   names, all of length A
    items, clusters, cells          names (n), cluster of each item or None (n), cell numbers (R)
    categories                      K
    respondent, item, cell          (N,) indices into the above
    category                        (N,) from 0 to K − 1
    position                        (N,) place in the session in standard deviations from its mean, or None where it does not vary
    weight                          (N,) how many answers each row stands for
    left_out                        rows without an answer
    """

    channel: str
    respondents: tuple[str, ...]
    models: tuple[str, ...]
    personas: tuple[str, ...]
    items: tuple[str, ...]
    clusters: tuple[str | None, ...]
    cells: tuple[int, ...]
    categories: int
    respondent: IntArray
    item: IntArray
    cell: IntArray
    category: IntArray
    position: FloatArray | None
    weight: FloatArray
    left_out: int

    def repeated_items(self) -> int:
        """How many items have more than one answer."""
        return int((np.bincount(self.item, self.weight, len(self.items)) > 1).sum())

    def items_answered(self) -> FloatArray:
        """(A, n) number of answers of each respondent to each item."""
        table = np.zeros((len(self.respondents), len(self.items)))
        np.add.at(table, (self.respondent, self.item), self.weight)
        return table


def count_answers(decisions: pl.DataFrame, channel: str = "rating") -> Answers:
    """The answers of one channel of a complete decisions table (`evals.values.decisions`).

    Raises UserError where the channel has no ordered categories, no answers, or answers between its categories.
    """
    if channel not in CATEGORIES:
        named = ", ".join(CATEGORIES)
        raise UserError(f"the Bayesian model takes answers in steps ({named}), not {channel!r}: use estimator A for it")
    rows = decisions.filter(pl.col("channel") == channel)
    answered = rows.filter(pl.col("state") == "answered")
    if answered.is_empty():
        there = ", ".join(sorted(decisions.filter(pl.col("state") == "answered")["channel"].unique().to_list())) or "none at all"
        raise UserError(f"no answered decision on channel {channel!r}: the channels with answers are {there}")
    categories = CATEGORIES[channel]
    between = answered.filter(~pl.col("y").is_in([float(step) for step in range(categories)]))
    if not between.is_empty():
        raise UserError(
            f"{len(between)} answers on channel {channel!r} are not whole numbers from 0 to {categories - 1}, such as {between['y'][0]:g}: "
            "the Bayesian model needs steps; use estimator A"
        )
    return _index(answered, channel, categories, len(rows) - len(answered))


def _index(rows: pl.DataFrame, channel: str, categories: int, left_out: int) -> Answers:
    """Names to indices, equal rows counted."""
    rows = rows.sort("model", "persona", "respondent", "item", "cell", "position", "y")
    who = rows.select("respondent", "model", "persona").unique(maintain_order=True)
    place = rows["position"]
    spread = place.std()
    moves = isinstance(spread, float) and spread > 0
    rows = rows.with_columns(position=((pl.col("position") - place.mean()) / spread).fill_null(0.0) if moves else pl.lit(0.0))
    keys = ["respondent", "item", "cell", "position", "y"]
    counted = rows.group_by(keys, maintain_order=True).len("weight")
    cluster_of = dict(rows.select("item", "cluster").drop_nulls().unique().iter_rows())
    items, cells = counted["item"].unique(maintain_order=True).to_list(), sorted(counted["cell"].unique().to_list())
    return Answers(
        channel=channel,
        respondents=tuple(who["respondent"]),
        models=tuple(who["model"]),
        personas=tuple(who["persona"]),
        items=tuple(items),
        clusters=tuple(cluster_of.get(item) for item in items),
        cells=tuple(cells),
        categories=categories,
        respondent=_codes(counted["respondent"], who["respondent"].to_list()),
        item=_codes(counted["item"], items),
        cell=_codes(counted["cell"], cells),
        category=counted["y"].cast(pl.Int64).to_numpy(),
        position=counted["position"].to_numpy() if moves else None,
        weight=counted["weight"].cast(pl.Float64).to_numpy(),
        left_out=left_out,
    )


def _codes(column: pl.Series, names: list[str] | list[int]) -> IntArray:
    """Index of each entry in `names`."""
    number = {name: place for place, name in enumerate(names)}
    return np.array([number[entry] for entry in column], dtype=np.int64)
