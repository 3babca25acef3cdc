"""The tables of a report as text: what a page and a terminal show of them, an estimate with its bounds in one cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from evals.culture.analysis import Found
from evals.culture.distances import MEASURES
from evals.culture.effects import ALL
from evals.culture.tables import tables_of
from evals.report.sections import Section
from evals.report.words import count, number, p_value, percent, prose, signed
from personas.one_line import one_line

__all__ = ["sections_of"]

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]


@dataclass(frozen=True)
class _Recipe:
    """How a table becomes a section: its columns, each with what writes a cell, and its rows."""

    file: str
    title: str
    lead: str
    columns: tuple[Column, ...]
    rows: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame


def sections_of(found: Found, most: int) -> list[Section]:
    """The tables there are, with at most `most` rows each."""
    tables = tables_of(found)
    return [section for recipe in _RECIPES if recipe.file in tables and (section := _section(recipe, tables[recipe.file], most)).rows]


def _section(recipe: _Recipe, table: pl.DataFrame, most: int) -> Section:
    frame = recipe.rows(table)
    rows = tuple(tuple(one_line(get(row), 300) for _, get in recipe.columns) for row in frame.head(most).iter_rows(named=True))
    left = f"{count(frame.height - len(rows))} more rows in {recipe.file}." if frame.height > len(rows) else ""
    return Section(recipe.title, prose(recipe.lead), recipe.file, tuple(name for name, _ in recipe.columns), rows, left)


def _text(name: str) -> Callable[[Row], str]:
    return lambda row: "–" if row[name] is None else str(row[name])


def _count(name: str) -> Callable[[Row], str]:
    return lambda row: "–" if row[name] is None else count(row[name])


def _rate(name: str) -> Callable[[Row], str]:
    return lambda row: f"{count(row[name])} ({percent(row[f'{name}_rate'])})"


def _figure(name: str, digits: int = 3, *, sign: bool = False, wide: bool = False) -> Callable[[Row], str]:
    """The figure, with its bounds where there are any; `wide`: those that resample countries as well."""
    write = signed if sign else number
    infix = "_wide" if wide else ""

    def cell(row: Row) -> str:
        low, high = (row.get(f"{name}{infix}{end}") for end in ("_low", "_high"))
        bounds = "" if low is None or high is None else f" [{number(low, digits)}, {number(high, digits)}]"
        return f"{write(row[name], digits)}{bounds}"

    return cell


def _p(name: str) -> Callable[[Row], str]:
    return lambda row: p_value(row[name])


def _named(row: Row) -> str:
    return MEASURES[row["measure"]]


_WHO: tuple[Column, ...] = (("respondent", _text("respondent")), ("condition", _text("condition")))
_GAINS: tuple[Column, ...] = (
    ("gain over uniform", _figure("gain_uniform", sign=True)),
    ("gain over other countries", _figure("gain_others", sign=True)),
)
_SCORES_LEAD = (
    "Mean distance to the people over cells (question × country), 0 is alike. Beside it the same for a uniform guess and for the mean of "
    "the other countries; a gain above 0 is closer than these. “1 − JSD” is the paper's similarity. “By chance”: what as many answers, "
    "drawn from the people's own shares, would be apart."
)
_SCORES: tuple[Column, ...] = (
    *_WHO,
    ("measure", _named),
    ("distance", _figure("distance")),
    ("1 − JSD", _figure("similarity")),
    ("uniform", _figure("uniform")),
    ("other countries", _figure("others")),
    *_GAINS,
    ("by chance", _figure("chance")),
    ("orders apart", _figure("apart")),
    ("cells", _count("cells")),
    ("from", _text("methods")),
)
_EFFECTS_LEAD = (
    "The difference in distance between two conditions in the same question and country; below 0 the answers are closer to the people's. "
    "First interval: questions resampled; second: questions and countries."
)
_EFFECTS: tuple[Column, ...] = (
    ("respondent", _text("respondent")),
    ("contrast", _text("contrast")),
    ("what is added", _text("adds")),
    ("billions", _figure("size_b", 1)),
    ("measure", _named),
    ("difference", _figure("difference", sign=True)),
    ("with countries resampled", _figure("difference", sign=True, wide=True)),
    ("pairs", _count("pairs")),
    ("unpaired", _count("unpaired")),
)
_EFFECTS_BY: tuple[Column, ...] = (
    ("respondent", _text("respondent")),
    ("contrast", _text("contrast")),
    ("by", _text("by")),
    ("level", _text("level")),
    ("difference in JSD", _figure("difference", sign=True)),
    ("questions", _count("questions")),
    ("p", _p("p")),
    ("p (Holm)", _p("p_adjusted")),
)
_PLACES: tuple[Column, ...] = (
    *_WHO,
    ("country", _text("country")),
    ("topic", _text("topic")),
    ("JSD", _figure("jsd")),
    *_GAINS,
    ("W1", _figure("w1")),
    ("questions", _count("questions")),
)
_SIZES: tuple[Column, ...] = (
    ("respondent", _text("respondent")),
    ("billions", _figure("size_b", 1)),
    ("size", _text("size_from")),
    ("condition", _text("condition")),
    ("JSD", _figure("jsd")),
    ("gain over uniform", _figure("gain_uniform", sign=True)),
    ("against", _text("smaller")),
    ("difference", _figure("difference", sign=True)),
    ("pairs", _count("pairs")),
)
_STATES: tuple[Column, ...] = (
    *_WHO,
    ("asked", _count("shown")),
    ("answered", _count("answered")),
    *((state, _rate(state)) for state in ("refused", "unparsable", "failed")),
    ("cells scored", lambda row: f"{count(row['scored'])} of {count(row['wanted'])}"),
)
_NAMED = ("respondent", "condition", "country", "question", "reason")
_POSITIONS: tuple[Column, ...] = (
    ("respondent", _text("respondent")),
    ("options", _count("options")),
    ("answers", _count("answers")),
    ("chosen, by place", _text("chosen")),
    ("p (places alike)", _p("p")),
)
_RECIPES = (
    _Recipe("scores.csv", "Distance to the people, and what a guess would have", _SCORES_LEAD, _SCORES),
    _Recipe("effects.csv", "What the pictures and the name do", _EFFECTS_LEAD, _EFFECTS),
    _Recipe(
        "sizes.csv", "By size of the model", "Each against the next smaller one, on the cells that both have; below 0 is closer.", _SIZES
    ),
    _Recipe(
        "country_topic.csv",
        "By country and topic",
        "Divergence and gains; intervals are Student's t over questions, and one question has none.",
        _PLACES,
        lambda frame: frame.sort((pl.col("country") != ALL) & (pl.col("topic") != ALL), maintain_order=True),
    ),
    _Recipe(
        "effects_by.csv",
        "Effects by topic and by country",
        "Student's t over questions; p from three questions on, by Holm over the levels of a contrast.",
        _EFFECTS_BY,
    ),
    _Recipe("states.csv", "Answers by state", "Refusals and failures are in no distribution; their rates stand here.", _STATES),
    _Recipe("positions.csv", "Which places were chosen", "How often each place of the options, from the first.", _POSITIONS),
    _Recipe("exclusions.csv", "Left out", "What was not asked or not scored, and why.", tuple((name, _text(name)) for name in _NAMED)),
    _Recipe(
        "pictures.csv",
        "Pictures",
        "What the manifest has of each country; income in its unit, the median.",
        (("country", _text("country")), ("categories", _count("categories")), ("income", _figure("income", 0))),
    ),
)
"""In the order of the page."""
