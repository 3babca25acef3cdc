"""The tables as text, for a page and a terminal."""

from __future__ import annotations

import polars as pl

from evals.benchmark.columns import PAIRED, POSITIONS, SCORES, scores_recipe
from evals.ch3ef.taxonomy import H
from evals.report.sections import Column, Recipe, Row, counted, estimate, text_of
from evals.report.words import count

__all__ = ["RECIPES", "TASKS"]

TASKS = "Scores by task"


def _samples(row: Row) -> str:
    return ", ".join("–" if row[f"{h}_samples"] is None else count(row[f"{h}_samples"]) for h in H)


def _coarse(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("level") != "task")


def _tasks(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("level") == "task")


def _known(table: pl.DataFrame) -> pl.DataFrame:
    """What could be computed, h first, the strongest first."""
    return table.filter(pl.col("pearson").is_not_null()).sort(
        pl.col("level") == "domain", pl.col("source"), pl.col("pearson").abs(), descending=[False, False, True]
    )


_BESIDE: tuple[Column, ...] = (
    ("model", text_of("model")),
    ("scores", text_of("source")),
    *((h.lower(), estimate(h, 1)) for h in H),
    ("samples", _samples),
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
_CORRELATIONS: tuple[Column, ...] = (
    ("scores", text_of("source")),
    ("first", text_of("first")),
    ("second", text_of("second")),
    ("models", counted("models")),
    ("Pearson", estimate("pearson")),
    ("Spearman", estimate("spearman")),
)
_BESIDE_LEAD = "Percent right by h. The published scores are over the benchmark's own items, and came without intervals."
_CALIBRATION_LEAD = "Expected calibration error in ten bins of equal mass; confidence by softmax over the log-probabilities of the options."
_CORRELATIONS_LEAD = "Between the scores of two domains, or two h, over models asked in the same way; Fisher's interval."
RECIPES = (
    scores_recipe("Scores by h and domain", _coarse),
    Recipe("published.csv", "Beside the published leaderboards", _BESIDE_LEAD, _BESIDE),
    PAIRED,
    POSITIONS,
    Recipe("calibration.csv", "Calibration", _CALIBRATION_LEAD, _CALIBRATION),
    Recipe("correlations.csv", "Correlations", _CORRELATIONS_LEAD, _CORRELATIONS, _known),
    Recipe("scores.csv", TASKS, "As above; no rank below 20 samples.", SCORES, _tasks),
)
"""In the order of the page."""
