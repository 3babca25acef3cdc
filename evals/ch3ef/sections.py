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
_RULES: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("rule", text_of("rule")),
    ("items", counted("items")),
    ("right of answered, %", estimate("accuracy", 1, scale=100)),
    ("ECE", estimate("ece")),
    ("by chance alone", estimate("by_chance")),
    ("confidence", estimate("confidence")),
    ("merged borders", counted("merged")),
)
_TEXTS: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("of", text_of("group")),
    ("metric", text_of("metric")),
    ("value", lambda row: estimate("value", 3)({"value_low": row["low"], "value_high": row["high"], **row})),
    ("samples", counted("samples")),
    ("items", counted("items")),
    *((state, counted(state)) for state in ("answered", "refused", "unparsable", "failed")),
)
_JUDGED: tuple[Column, ...] = (
    ("judge", text_of("judge")),
    ("respondent", text_of("respondent")),
    ("answers", counted("answers")),
    ("true", counted("true")),
    ("unjudged", counted("unjudged")),
    ("true of judged, %", estimate("share", 1, scale=100)),
)
_RULES_LEAD = "The same likelihoods, chosen among by the mean of a token, by the sum, and by the gain over a neutral prompt (PMI)."
_TEXTS_LEAD = "Against the references, with bootstrap intervals by item; a refused or unreadable answer counts as empty, an outage not."
_JUDGED_LEAD = "What judges said of the answers, with Wilson's interval; an answer that a judge did not decide is unjudged."
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
_CORRELATIONS_LEAD = "Between the scores of two domains, or two h, over models asked in one way, which the notes name; Fisher's interval."
RECIPES = (
    scores_recipe("Scores by h and domain", _coarse),
    Recipe("published.csv", "Beside the published leaderboards", _BESIDE_LEAD, _BESIDE),
    Recipe("rules.csv", "Likelihood by its three rules", _RULES_LEAD, _RULES),
    Recipe("texts.csv", "Answers in words", _TEXTS_LEAD, _TEXTS),
    Recipe("judged.csv", "Answers in words, as judged", _JUDGED_LEAD, _JUDGED),
    PAIRED,
    POSITIONS,
    Recipe("calibration.csv", "Calibration", _CALIBRATION_LEAD, _CALIBRATION),
    Recipe("correlations.csv", "Correlations", _CORRELATIONS_LEAD, _CORRELATIONS, _known),
    Recipe("scores.csv", TASKS, "As above; no rank below 20 samples.", SCORES, _tasks),
)
"""In the order of the page."""
