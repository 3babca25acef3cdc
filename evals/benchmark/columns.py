"""Sections of a report that benchmarks with a key share: scores, places, respondents against each other."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from evals.report.sections import Column, Recipe, Row, counted, estimate, p_of, text_of
from evals.report.words import count, number

__all__ = ["PAIRED", "POSITIONS", "SCORES", "bounds_of", "scores_recipe"]


def bounds_of(row: Row) -> str:
    """What a score would be if the samples without an answer were all wrong, or all right."""
    return "–" if not row["open"] else f"{number(100 * row['least'], 1)} to {number(100 * row['most'], 1)}"


def _places(name: str) -> Callable[[Row], str]:
    return lambda row: ", ".join(map(count, row[name]))


SCORES: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("of", text_of("group")),
    ("samples", counted("samples")),
    ("score, %", estimate("score", 1, bounds="score", scale=100)),
    ("rank", counted("rank")),
    *((state, counted(state)) for state in ("answered", "refused", "unparsable", "failed")),
    ("if outages decided, %", bounds_of),
)
_POSITIONS: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("options", counted("options")),
    ("answers", counted("answers")),
    ("chosen, by place", _places("chosen")),
    ("first right option, by place", _places("keys")),
    ("p (all places alike)", p_of("p")),
)
_PAIRED: tuple[Column, ...] = (
    ("first", text_of("first")),
    ("second", text_of("second")),
    ("items", counted("items")),
    ("difference, points", estimate("difference", 1, sign=True, scale=100)),
    ("first ahead", counted("only_first")),
    ("second ahead", counted("only_second")),
    ("p", p_of("p")),
    ("p (Holm)", p_of("p_holm")),
)
POSITIONS = Recipe(
    "positions.csv",
    "Where answers and keys stand",
    "Options stand in another order for each item, so a respondent that prefers a place shows here, and over as many repeats as options "
    "gains nothing by it.",
    _POSITIONS,
)
PAIRED = Recipe(
    "paired.csv",
    "Two respondents on the same items",
    "Items that both answered. Ahead: items that it alone has right, or with repeats more often than the other. McNemar's exact test, or "
    "signs of clusters flipped where items share a picture or were asked again; Holm over the table.",
    _PAIRED,
)


def scores_recipe(title: str, rows: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame) -> Recipe:
    """The section of scores.csv, or of some of its `rows`."""
    return Recipe("scores.csv", title, "Right / samples in percent, with Wilson's interval.", SCORES, rows)
