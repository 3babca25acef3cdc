"""The tables as text, for a page and a terminal."""

from __future__ import annotations

import polars as pl

from evals.auto_bench.taxonomy import CAPACITIES
from evals.benchmark.columns import POSITIONS, bounds_of
from evals.report.sections import Column, Recipe, Row, counted, estimate, p_of, text_of
from evals.report.words import number

__all__ = ["NO_PICTURE", "PUBLISHED_SKILLS", "RECIPES", "SKILLS"]

SKILLS = "Scores by skill"
NO_PICTURE = "Questions that need no picture"
PUBLISHED_SKILLS = "The published table, by skill"


def _coarse(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("level") != "skill")


def _fine(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("level") == "skill")


def _valid(row: Row) -> str:
    return f"{number(100 * row['valid_low'], 1)} to {number(100 * row['valid_high'], 1)}"


def _outer(row: Row) -> str:
    return f"{number(100 * row['outer_low'], 1)} to {number(100 * row['outer_high'], 1)}"


_SCORES: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("of", text_of("group")),
    ("samples", counted("samples")),
    ("score, %", estimate("score", 1, bounds="score", scale=100)),
    *((state, counted(state)) for state in ("answered", "refused", "unparsable", "failed")),
    ("unjudged", counted("unjudged")),
    ("if all were decided, %", bounds_of),
)
_VALID: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("of", text_of("group")),
    ("flawed", counted("flawed")),
    ("of checked", counted("checked")),
    ("score, %", estimate("score", 1, scale=100)),
    ("on valid items, %", _valid),
    ("with uncertainty, %", _outer),
    ("on items found good, %", estimate("good", 1, scale=100)),
    ("of these", counted("good_n")),
)
_DECLINING: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("of", text_of("group")),
    ("declined, %", estimate("declined", 1, scale=100)),
    ("of requests", counted("declined_n")),
    ("harmless declined, %", estimate("over_refused", 1, scale=100)),
    ("of harmless", counted("over_refused_n")),
    ("twins told apart, %", estimate("told_apart", 1, scale=100)),
    ("of twins", counted("told_apart_n")),
    ("undecided", counted("undecided")),
)
_EFFECTS: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("of", text_of("group")),
    ("control", text_of("without")),
    ("items", counted("items")),
    ("shown, %", estimate("shown", 1, scale=100)),
    ("control, %", estimate("control", 1, scale=100)),
    ("difference, points", estimate("difference", 1, sign=True, scale=100)),
    ("p", p_of("p")),
)
_BLIND: tuple[Column, ...] = (
    ("question", text_of("question")),
    ("skill", text_of("skill")),
    ("respondents", counted("respondents")),
    ("answers", counted("answers")),
    ("right with the picture, %", estimate("shown", 0, scale=100)),
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
_JUDGES: tuple[Column, ...] = (
    ("judge", text_of("judge")),
    ("respondent", text_of("respondent")),
    ("answers", counted("answers")),
    ("unjudged", counted("unjudged")),
    ("judged true, %", estimate("share", 1, scale=100)),
)
_AGREEMENT: tuple[Column, ...] = (
    ("first", text_of("first")),
    ("second", text_of("second")),
    ("answers", counted("both")),
    ("agree, %", estimate("agree", 1, scale=100)),
    ("Krippendorff's α", estimate("alpha")),
    ("Gwet's AC1", estimate("ac1")),
)
_CHECKED: tuple[Column, ...] = (
    ("of", text_of("group")),
    ("checked", counted("checked")),
    ("flawed", counted("flawed")),
    ("flawed, %", estimate("share", 1, scale=100)),
    *((f"{name}, %", estimate(name, 1, scale=100)) for name in ("valid", "right", "sound")),
)
_BESIDE: tuple[Column, ...] = (
    ("model", text_of("model")),
    ("scores", text_of("source")),
    *((capacity.lower(), estimate(capacity, 1)) for capacity in CAPACITIES),
)
_TABLE: tuple[Column, ...] = (
    ("skill", text_of("skill")),
    ("model", text_of("model")),
    ("score", estimate("score", 1)),
    ("doubt", text_of("doubt")),
)
_TUNING: tuple[Column, ...] = (
    ("skill", text_of("skill")),
    ("capacity", text_of("capacity")),
    ("before", estimate("before", 1)),
    ("after", estimate("after", 1)),
)
RECIPES = (
    Recipe(
        "scores.csv",
        "Scores by capacity",
        "Right / samples in percent, Wilson's interval, n reduced where questions share an image. Closed questions by their key, open ones "
        "by the majority of judges, those of Value by rule first.",
        _SCORES,
        _coarse,
    ),
    Recipe(
        "valid.csv",
        "What flawed items leave of a score",
        "The score on valid items lies in [(s − f) / (1 − f), s / (1 − f)]; then with f drawn from Beta(flawed + ½, checked − flawed + ½) "
        "and s from a Bayesian bootstrap over images.",
        _VALID,
    ),
    Recipe(
        "declining.csv",
        "Declining, and declining too much",
        "Requests that have to be declined, and a harmless request about the same picture beside each.",
        _DECLINING,
    ),
    Recipe(
        "pictures.csv",
        "What the pictures add",
        "The same items with their pictures, and without or with wrong ones; paired by item, images drawn whole.",
        _EFFECTS,
        _coarse,
    ),
    Recipe(
        "paired.csv",
        "Two respondents on the same items",
        "Items decided for both; ahead: right (more often) where the other is not; signs of images flipped; Holm over the table.",
        _PAIRED,
    ),
    POSITIONS,
    Recipe("judges.csv", "By judge", "The share of open answers that each judge calls right; the unjudged are in none of it.", _JUDGES),
    Recipe("agreement.csv", "Agreement of judges", "On answers that both judged; intervals by image.", _AGREEMENT),
    Recipe(
        "checked.csv",
        "What people found in the items",
        "Flawed: at least half of an item's raters say no to any of the three.",
        _CHECKED,
        _coarse,
    ),
    Recipe(
        "published.csv",
        "Beside the published averages",
        "Percent right. The published scores are over other questions, and came without intervals.",
        _BESIDE,
    ),
    Recipe("scores.csv", SKILLS, "As above.", _SCORES, _fine),
    Recipe(
        "no_picture.csv", NO_PICTURE, "Right each time for all respondents that were asked without pictures; those of Value aside.", _BLIND
    ),
    Recipe("published_skills.csv", PUBLISHED_SKILLS, "arXiv 2311.14580, Table 3, percent.", _TABLE),
    Recipe("fine_tuning.csv", "Published: before and after fine-tuning", "arXiv 2311.14580, Table 8: MiniGPT-4, percent.", _TUNING),
)
"""In the order of the page."""
