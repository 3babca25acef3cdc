"""The tables of a report as text: what a page and a terminal show of them."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from evals.culture.analysis import Found
from evals.culture.distances import MEASURES
from evals.culture.effects import ALL
from evals.culture.tables import tables_of
from evals.report.sections import Column, Recipe, Row, Section, counted, estimate, p_of, sections_from, text_of
from evals.report.words import count, number, percent

__all__ = ["sections_of"]


def sections_of(found: Found, most: int) -> list[Section]:
    """The tables there are, with at most `most` rows each."""
    return sections_from(_RECIPES, tables_of(found), most)


def _rate(name: str) -> Callable[[Row], str]:
    return lambda row: f"{count(row[name])} ({percent(row[f'{name}_rate'])})"


def _named(row: Row) -> str:
    return MEASURES[row["measure"]]


_WHO: tuple[Column, ...] = (("respondent", text_of("respondent")), ("condition", text_of("condition")))
_GAINS: tuple[Column, ...] = (
    ("gain over uniform", estimate("gain_uniform", 3, sign=True)),
    ("gain over other countries", estimate("gain_others", 3, sign=True)),
)
_SCORES_LEAD = (
    "Mean distance to the people over cells (question × country), 0 is alike. Beside it the same for a uniform guess and for the mean of "
    "the other countries; a gain above 0 is closer than these. “1 − JSD” is the paper's similarity. “By chance”: what as many answers, "
    "drawn from the people's own shares, would be apart."
)
_SCORES: tuple[Column, ...] = (
    *_WHO,
    ("measure", _named),
    ("distance", estimate("distance", 3)),
    ("1 − JSD", estimate("similarity", 3)),
    ("uniform", estimate("uniform", 3)),
    ("other countries", estimate("others", 3)),
    *_GAINS,
    ("by chance", estimate("chance", 3)),
    ("orders apart", estimate("apart", 3)),
    ("cells", counted("cells")),
    ("from", text_of("methods")),
)
_EFFECTS_LEAD = (
    "The difference in distance between two conditions in the same question and country; below 0 the answers are closer to the people's. "
    "First interval: questions resampled; second: questions and countries."
)
_EFFECTS: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("contrast", text_of("contrast")),
    ("what is added", text_of("adds")),
    ("billions", estimate("size_b", 1)),
    ("measure", _named),
    ("difference", estimate("difference", 3, sign=True)),
    ("with countries resampled", estimate("difference", 3, sign=True, bounds="difference_wide")),
    ("pairs", counted("pairs")),
    ("unpaired", counted("unpaired")),
)
_EFFECTS_BY: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("contrast", text_of("contrast")),
    ("by", text_of("by")),
    ("level", text_of("level")),
    ("difference in JSD", estimate("difference", 3, sign=True)),
    ("questions", counted("questions")),
    ("p", p_of("p")),
    ("p (Holm)", p_of("p_adjusted")),
)
_PLACES: tuple[Column, ...] = (
    *_WHO,
    ("country", text_of("country")),
    ("topic", text_of("topic")),
    ("JSD", estimate("jsd", 3)),
    *_GAINS,
    ("W1", estimate("w1", 3)),
    ("questions", counted("questions")),
)
_SIZES: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("billions", estimate("size_b", 1)),
    ("size", text_of("size_from")),
    ("condition", text_of("condition")),
    ("JSD", estimate("jsd", 3)),
    ("gain over uniform", estimate("gain_uniform", 3, sign=True)),
    ("against", text_of("smaller")),
    ("difference", estimate("difference", 3, sign=True)),
    ("pairs", counted("pairs")),
)
_SIZE_EFFECTS: tuple[Column, ...] = (
    ("contrast", text_of("contrast")),
    ("models", counted("models")),
    ("billions", lambda row: f"{number(row['smallest_b'], 1)} to {number(row['largest_b'], 1)}"),
    ("Spearman, effect and size", estimate("rho", 2)),
    ("p", p_of("p")),
    ("least p there can be", p_of("least_p")),
    ("change a doubling", estimate("slope", 4, sign=True)),
    ("pairs", counted("pairs")),
)
_SIZE_EFFECTS_LEAD = (
    "Over models of known size, on the pairs that all of them have; below 0 the effect of larger ones brings them closer to the people. "
    "Intervals resample questions and hold for these models; p is over the orders of the models."
)
_STATES: tuple[Column, ...] = (
    *_WHO,
    ("asked", counted("shown")),
    ("answered", counted("answered")),
    *((state, _rate(state)) for state in ("refused", "unparsable", "failed")),
    ("cells scored", lambda row: f"{count(row['scored'])} of {count(row['wanted'])}"),
)
_NAMED = ("respondent", "condition", "country", "question", "reason")
_POSITIONS: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("options", counted("options")),
    ("answers", counted("answers")),
    ("chosen, by place", text_of("chosen")),
    ("p (places alike)", p_of("p")),
)
_RECIPES = (
    Recipe("scores.csv", "Distance to the people, and what a guess would have", _SCORES_LEAD, _SCORES),
    Recipe("effects.csv", "What the pictures and the name do", _EFFECTS_LEAD, _EFFECTS),
    Recipe(
        "sizes.csv", "By size of the model", "Each against the next smaller one, on the cells that both have; below 0 is closer.", _SIZES
    ),
    Recipe("size_effects.csv", "Effects along the size of models", _SIZE_EFFECTS_LEAD, _SIZE_EFFECTS),
    Recipe(
        "country_topic.csv",
        "By country and topic",
        "Divergence and gains; intervals are Student's t over questions, and one question has none.",
        _PLACES,
        lambda frame: frame.sort((pl.col("country") != ALL) & (pl.col("topic") != ALL), maintain_order=True),
    ),
    Recipe(
        "effects_by.csv",
        "Effects by topic and by country",
        "Student's t over questions; p from three questions on, by Holm over the levels of a contrast.",
        _EFFECTS_BY,
    ),
    Recipe("states.csv", "Answers by state", "Refusals and failures are in no distribution; their rates stand here.", _STATES),
    Recipe("positions.csv", "Which places were chosen", "How often each place of the options, from the first.", _POSITIONS),
    Recipe("exclusions.csv", "Left out", "What was not asked or not scored, and why.", tuple((name, text_of(name)) for name in _NAMED)),
    Recipe(
        "pictures.csv",
        "Pictures",
        "What the manifest has of each country; income in its unit, the median.",
        (("country", text_of("country")), ("categories", counted("categories")), ("income", estimate("income", 0))),
    ),
)
"""In the order of the page."""
