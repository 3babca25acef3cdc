"""Differences on the same images: shown against no and against a wrong picture, and respondents against each other, with Holm."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from evals.mm_scale.measures import FIGURES, orders
from evals.scoring.paired import paired_difference, sign_flip_p
from evals.values.loadings import FloatArray
from evals.values.multiplicity import holm

__all__ = ["CONTROLS", "MEASURES", "MOST_PAIRS", "conditions", "pairs"]

CONTROLS = ("none", "wrong")
MEASURES = (*FIGURES, "mae", "grounding")
MOST_PAIRS = 300
_FIGURES = ("difference", "difference_low", "difference_high", "p", "p_holm")


_Figures = Mapping[str, Mapping[str, float | None]]
"""By image, by name of the measure."""


def conditions(answers: pl.DataFrame, expected: pl.DataFrame, *, seed: int = 0, level: float = 0.95) -> pl.DataFrame:
    """Shown − control by respondent, control and measure: respondent, control, measure, n, images, difference with bounds, p, p_holm.

    Items rated under both, and images with a figure under both from these items; whole images are drawn. `moved`: the mean absolute change
    of the expected rating, which is 0 for a respondent that does not look; it has no p. Holm within a measure.
    """
    ways = answers.select("respondent", "condition", "who").unique(maintain_order=True)
    who = {(respondent, condition): name for respondent, condition, name in ways.iter_rows()}
    people = _People(expected)
    rows = []
    for respondent in ways["respondent"].unique(maintain_order=True):
        for control in CONTROLS:
            if (shown := who.get((respondent, "shown"))) is not None and (other := who.get((respondent, control))) is not None:
                found = _differences(people, shown, other, MEASURES, seed=seed, level=level) + _moved(
                    people.both(shown, other), seed, level
                )
                rows += [{"respondent": shown, "control": control} | row for row in found]
    return _adjusted(rows, ("respondent", "control", "measure"))


def pairs(answers: pl.DataFrame, expected: pl.DataFrame, *, seed: int = 0, level: float = 0.95) -> pl.DataFrame:
    """Every two respondents under one condition: first, second, measure, n, images, difference with bounds, p, p_holm (by measure).

    As `conditions`, on the items that both rated.
    """
    people = _People(expected)
    rows = []
    for alike in answers.select("condition", "who").unique(maintain_order=True).partition_by("condition", maintain_order=True):
        for one, two in itertools.islice(itertools.combinations(sorted(alike["who"]), 2), MOST_PAIRS):
            found = _differences(people, one, two, ("ndcg", "tau_b", "mae"), seed=seed, level=level)
            rows += [{"first": one, "second": two} | row for row in found]
    return _adjusted(rows, ("first", "second", "measure"))


class _People:
    """Respondents' expectations by name, and what each ranks, computed once for all items of one."""

    def __init__(self, expected: pl.DataFrame) -> None:
        self._rows = {str(who): own for (who,), own in expected.partition_by("who", as_dict=True).items()}
        self._none = expected.clear()
        self._ranked: dict[str, _Figures] = {}

    def both(self, first: str, second: str) -> pl.DataFrame:
        """The items that both rated, the second's columns with _2."""
        one, two = (self._rows.get(who, self._none) for who in (first, second))
        return one.join(two, on="item", suffix="_2", how="inner", maintain_order="left")

    def ranked(self, who: str, items: Sequence[str]) -> _Figures:
        """The figures of one respondent's images over these of its items alone."""
        own = self._rows.get(who, self._none)
        if len(items) < own.height:
            return _figures(own.filter(pl.col("item").is_in(items)))
        if who not in self._ranked:
            self._ranked[who] = _figures(own)
        return self._ranked[who]


def _figures(own: pl.DataFrame) -> _Figures:
    return {order.image: order.figures for order in orders(own)[0]}


def _differences(people: _People, first: str, second: str, measures: Sequence[str], *, seed: int, level: float) -> list[dict[str, Any]]:
    """One row a measure that both have somewhere."""
    both = people.both(first, second)
    one, two = (people.ranked(who, both["item"].to_list()) for who in (first, second))
    rows = []
    for measure in measures:
        if measure in FIGURES:
            a, b, images = _by_image(one, two, measure)
        elif measure == "mae":
            a, b = ((both[f"expected{end}"] - both["mean"]).abs().to_numpy() for end in ("", "_2"))
            images = both["image"].to_numpy()
        else:
            known = both.filter(pl.col("ground_right").is_not_null() & pl.col("ground_right_2").is_not_null())
            a, b, images = (known[name].to_numpy() for name in ("ground_right", "ground_right_2", "image"))
        if len(a):
            a, b = a.round(9), b.round(9)  # the same ratings in another order are the same
            found = paired_difference(a, b, images, seed=seed, level=level)
            row = {"measure": measure, "n": len(a), "images": len(set(images.tolist())), "difference": found.estimate}
            rows.append(row | {"difference_low": found.low, "difference_high": found.high, "p": sign_flip_p(a - b, images, seed=seed)})
    return rows


def _by_image(first: _Figures, second: _Figures, measure: str) -> tuple[FloatArray, FloatArray, np.ndarray]:
    """(figures of the first, of the second, images) where both have one."""
    known = [
        (one, two, image)
        for image, figures in first.items()
        if (one := figures[measure]) is not None and image in second and (two := second[image][measure]) is not None
    ]
    a, b = (np.array([row[column] for row in known], dtype=np.float64) for column in (0, 1))
    return a, b, np.array([image for _, _, image in known], dtype=np.str_)


def _moved(both: pl.DataFrame, seed: int, level: float) -> list[dict[str, Any]]:
    if both.is_empty():
        return []
    apart = (both["expected"] - both["expected_2"]).abs().to_numpy().round(9)
    found = paired_difference(apart, np.zeros(len(apart)), both["image"].to_numpy(), seed=seed, level=level)
    row = {"measure": "moved", "n": len(apart), "images": both["image"].n_unique(), "difference": found.estimate}
    return [row | {"difference_low": found.low, "difference_high": found.high, "p": None}]


def _adjusted(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> pl.DataFrame:
    """With Holm's p within each measure."""
    schema: dict[str, Any] = dict.fromkeys(names, pl.String) | {"n": pl.Int64, "images": pl.Int64} | dict.fromkeys(_FIGURES, pl.Float64)
    adjusted: list[dict[str, Any]] = [dict(row) for row in rows]
    for measure in dict.fromkeys(row["measure"] for row in rows):
        family = [row for row in adjusted if row["measure"] == measure and row["p"] is not None]
        for row, p in zip(family, holm(np.array([row["p"] for row in family])) if family else (), strict=True):
            row["p_holm"] = float(p)
    return pl.DataFrame(adjusted, schema=schema)
