"""The tables as text, for a page and a terminal."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from evals.ch3ef.analysis import Found
from evals.ch3ef.scoring import ALL
from evals.ch3ef.taxonomy import H
from evals.report.sections import Column, Recipe, Row, Section, counted, estimate, p_of, sections_from, text_of
from evals.report.words import count, number

__all__ = ["TASKS", "sections_of"]

TASKS = "Scores by task"


def sections_of(found: Found, most: int) -> list[Section]:
    """The tables there are, with at most `most` rows each."""
    return sections_from(_RECIPES, found.tables, most)


def _group(row: Row) -> str:
    return "all" if row["group"] == ALL else str(row["group"])


def _bounds(row: Row) -> str:
    return "–" if not row["open"] else f"{number(100 * row['least'], 1)} to {number(100 * row['most'], 1)}"


def _samples(row: Row) -> str:
    return ", ".join("–" if row[f"{h}_samples"] is None else count(row[f"{h}_samples"]) for h in H)


def _places(name: str) -> Callable[[Row], str]:
    return lambda row: ", ".join(map(count, row[name]))


def _coarse(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("level") != "task")


def _tasks(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("level") == "task")


def _known(table: pl.DataFrame) -> pl.DataFrame:
    """What could be computed, h first, the strongest first."""
    return table.filter(pl.col("pearson").is_not_null()).sort(
        pl.col("level") == "domain", pl.col("source"), pl.col("pearson").abs(), descending=[False, False, True]
    )


_SCORES: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("of", _group),
    ("samples", counted("samples")),
    ("score, %", estimate("score", 1, bounds="score", scale=100)),
    ("rank", counted("rank")),
    *((state, counted(state)) for state in ("answered", "refused", "unparsable", "failed")),
    ("if outages decided, %", _bounds),
)
_BESIDE: tuple[Column, ...] = (
    ("model", text_of("model")),
    ("scores", text_of("source")),
    *((h.lower(), estimate(h, 1)) for h in H),
    ("samples", _samples),
)
_POSITIONS: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("options", counted("options")),
    ("answers", counted("answers")),
    ("chosen, by place", _places("chosen")),
    ("first right option, by place", _places("keys")),
    ("p (all places alike)", p_of("p")),
)
_CALIBRATION: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("of", text_of("h")),
    ("answers", counted("answers")),
    ("without", counted("without")),
    ("ECE", estimate("ece")),
    ("by chance alone", estimate("by_chance")),
    ("confidence", estimate("confidence")),
    ("accuracy", estimate("accuracy")),
)
_PAIRED: tuple[Column, ...] = (
    ("first", text_of("first")),
    ("second", text_of("second")),
    ("items", counted("items")),
    ("difference, points", estimate("difference", 1, sign=True, scale=100)),
    ("only first", counted("only_first")),
    ("only second", counted("only_second")),
    ("p", p_of("p")),
    ("p (Holm)", p_of("p_holm")),
)
_CORRELATIONS: tuple[Column, ...] = (
    ("scores", text_of("source")),
    ("first", text_of("first")),
    ("second", text_of("second")),
    ("models", counted("models")),
    ("Pearson", estimate("pearson")),
    ("Spearman", estimate("spearman")),
)
_BESIDE_LEAD = "Percent right by h. The published scores are over the benchmark's own items, and came without intervals."
_POSITION_LEAD = (
    "Options stand in another order for each item, so a respondent that prefers a place shows here, and over as many repeats as options "
    "gains nothing by it."
)
_CALIBRATION_LEAD = "Expected calibration error in ten bins of equal mass; confidence by softmax over the log-probabilities of the options."
_PAIRED_LEAD = (
    "Items that both answered; McNemar's exact test, or signs of clusters flipped where items share a picture; Holm over the table."
)
_CORRELATIONS_LEAD = "Between the scores of two domains, or two h, over models asked in the same way; Fisher's interval."
_RECIPES = (
    Recipe("scores.csv", "Scores by h and domain", "Right / samples in percent, with Wilson's interval.", _SCORES, _coarse),
    Recipe("published.csv", "Beside the published leaderboards", _BESIDE_LEAD, _BESIDE),
    Recipe("paired.csv", "Two respondents on the same items", _PAIRED_LEAD, _PAIRED),
    Recipe("positions.csv", "Where answers and keys stand", _POSITION_LEAD, _POSITIONS),
    Recipe("calibration.csv", "Calibration", _CALIBRATION_LEAD, _CALIBRATION),
    Recipe("correlations.csv", "Correlations", _CORRELATIONS_LEAD, _CORRELATIONS, _known),
    Recipe("scores.csv", TASKS, "As above; no rank below 20 samples.", _SCORES, _tasks),
)
"""In the order of the page."""
