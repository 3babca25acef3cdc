"""The tables of levels as text, for a page and a terminal."""

from __future__ import annotations

import polars as pl

from evals.report.sections import Column, Recipe, counted, estimate, text_of

__all__ = ["RECIPES"]

_LEVELS: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("level", text_of("level")),
    ("datasets", counted("datasets")),
    ("items", counted("scored")),
    ("score, %", estimate("score", 1, scale=100)),
    ("lacking", lambda row: row["lacking"] or "–"),
)
_DATASETS: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("level", text_of("level")),
    ("dataset", text_of("dataset")),
    ("samples", counted("samples")),
    ("without an answer", counted("open")),
    *((state, counted(state)) for state in ("answered", "refused", "unparsable", "failed")),
    ("score, %", estimate("score", 1, scale=100)),
    ("a guess, %", estimate("guess", 1, scale=100)),
)
_RELATIONS: tuple[Column, ...] = (
    ("scores", text_of("source")),
    ("first", text_of("first")),
    ("second", text_of("second")),
    ("models", counted("models")),
    ("Pearson", estimate("pearson")),
    ("models resampled", estimate("pearson", bounds="pearson_boot")),
    ("Spearman", estimate("spearman", bounds="spearman_boot")),
)


def _known(table: pl.DataFrame) -> pl.DataFrame:
    """Between levels, always; between others, what could be computed."""
    levels = pl.col("first").is_in(["A1", "A2"]) & pl.col("second").is_in(["A2", "A3"])
    return table.filter(levels | pl.col("pearson").is_not_null())


RECIPES = (
    Recipe(
        "levels.csv", "Scores by level", "A1: perception. A2: reasoning. A3: human values. The mean over datasets, one vote each.", _LEVELS
    ),
    Recipe(
        "relations.csv",
        "How levels go together over models",
        "Pearson's r with Fisher's interval, and with models resampled; Spearman's ρ too. Between the h: the published ones beside.",
        _RELATIONS,
        _known,
    ),
    Recipe(
        "datasets.csv",
        "Scores by dataset",
        "Right / (answered + refused + unparsable), Wilson's interval; “a guess”: any option, each equally likely.",
        _DATASETS,
    ),
)
"""In the order of the page."""
