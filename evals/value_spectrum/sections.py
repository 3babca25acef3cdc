"""The tables of a report as text: what a page and a terminal show of them, an estimate with its bounds in one cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from evals.report.words import count, number, p_value, prose, signed
from evals.value_spectrum.ablation import ALL
from evals.value_spectrum.analysis import Found
from evals.value_spectrum.beside import MEANING
from evals.value_spectrum.tables import tables_of
from personas.one_line import one_line

__all__ = ["Section", "sections_of"]


@dataclass(frozen=True)
class Section:
    """A table: its title, a sentence on what it shows, columns, rows of text; `file` holds all of it."""

    title: str
    lead: str
    file: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: str


Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]


@dataclass(frozen=True)
class _Recipe:
    """How a table becomes a section: its columns, each with what writes a cell, and the order of its rows."""

    file: str
    title: str
    lead: str
    columns: tuple[Column, ...]
    order: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame


def sections_of(found: Found, most: int) -> list[Section]:
    """The tables there are, with at most `most` rows each."""
    tables = tables_of(found)
    return [_section(recipe, tables[recipe.file], most) for recipe in _RECIPES if recipe.file in tables]


def _section(recipe: _Recipe, table: pl.DataFrame, most: int) -> Section:
    frame = recipe.order(table)
    rows = tuple(tuple(one_line(get(row), 300) for _, get in recipe.columns) for row in frame.head(most).iter_rows(named=True))
    left = f"{count(table.height - len(rows))} more rows in {recipe.file}." if table.height > len(rows) else ""
    return Section(recipe.title, prose(recipe.lead), recipe.file, tuple(name for name, _ in recipe.columns), rows, left)


def _compared(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("p").is_not_null()).sort("p")


def _whole_first(frame: pl.DataFrame) -> pl.DataFrame:
    """All videos of a level before those of its values, and levels with too few videos behind."""
    rows = frame.with_row_index("row").with_columns(few=pl.col("note") != "", part=pl.col("value") != ALL)
    return rows.sort("part", "few", "row")


def _text(name: str) -> Callable[[Row], str]:
    return lambda row: "–" if row[name] is None else str(row[name])


def _count(name: str) -> Callable[[Row], str]:
    return lambda row: "–" if row[name] is None else count(row[name])


def _figure(name: str, digits: int = 2, *, sign: bool = False) -> Callable[[Row], str]:
    """The figure, with its bounds where there are any."""
    write = signed if sign else number

    def cell(row: Row) -> str:
        low, high = (row.get(f"{name}{end}") for end in ("_low", "_high"))
        bounds = "" if low is None or high is None else f" [{number(low, digits)}, {number(high, digits)}]"
        return f"{write(row[name], digits)}{bounds}"

    return cell


def _score(row: Row) -> str:
    if row["score"] is None:
        return row["note"] or "–"
    return f"{number(row['score'], 0)} [{number(row['low'], 0)}, {number(row['high'], 0)}]"


def _p(name: str) -> Callable[[Row], str]:
    return lambda row: p_value(row[name])


_RESPONDENTS: tuple[Column, ...] = (
    ("respondent", _text("respondent")),
    ("images", _count("images")),
    *((state, _count(state)) for state in ("answered", "refused", "unparsable", "failed")),
    ("yes, %", _figure("yes_rate", 1)),
    ("mean of scores", _figure("mean_score", 1)),
    ("p (one rate)", _p("p")),
)
_BESIDE: tuple[Column, ...] = (
    ("respondent", _text("respondent")),
    ("value", _text("value")),
    ("score", _figure("score", 0)),
    ("above own mean", _figure("above_own_mean", 0, sign=True)),
    ("A: absolute", _figure("absolute", sign=True)),
    ("p", _p("absolute_p")),
    ("A: priority", _figure("priority", sign=True)),
    ("p", _p("priority_p")),
)
_RETEST_LEAD = (
    "Scores of draw 1 against draw 2 over the values. “Expected” is the correlation if only the choice of images came between; "
    "intervals resample videos; with ten values they are wide."
)
_RETEST: tuple[Column, ...] = (
    ("respondent", _text("respondent")),
    ("values", _count("values")),
    ("videos", lambda row: f"{count(row['videos_1'])} and {count(row['videos_2'])}"),
    ("in both", _count("in_both")),
    ("correlation", _figure("pearson")),
    ("rank correlation", _figure("spearman")),
    ("ICC(A,1)", _figure("icc")),
    ("points apart", _figure("apart", 1)),
    ("expected", _figure("expected")),
)
_ABLATION_LEAD = "Videos answered both ways. Differences are description − image in points; p is McNemar's exact one, Holm over the values."
_ABLATION: tuple[Column, ...] = (
    ("respondent", _text("respondent")),
    ("value", _text("value")),
    ("videos", _count("videos")),
    ("image", _figure("image", 0)),
    ("description", _figure("description", 0)),
    ("difference", _figure("difference", 0, sign=True)),
    ("only image", _count("image_only")),
    ("only description", _count("description_only")),
    ("p", _p("p")),
    ("p (Holm)", _p("p_adjusted")),
    ("unpaired", _count("unpaired")),
)
_PUBLISHED_LEAD = (
    "Value-Spectrum (arXiv 2411.11479): each model's own description in the image's place, 50 images a value. The pairs were not "
    "published, so these intervals, added here, take the two scores as independent and are too wide."
)
_PUBLISHED: tuple[Column, ...] = (
    ("model", _text("model")),
    ("value", _text("value")),
    ("image", _figure("image", 0)),
    ("description", _figure("description", 0)),
    ("difference", _figure("difference", 0, sign=True)),
)
_INDUCED_LEAD = (
    "100 × yes on held-out videos: as nobody before anybody browsed, as the persona after its control twin had browsed, and after it had "
    "browsed itself. “Induced” is browsed − twin, points, over pairs; “SNIPS” the same with all held-out videos weighted alike."
)
_INDUCED: tuple[Column, ...] = (
    ("model", _text("model")),
    ("persona", _text("persona")),
    ("pairs", _count("pairs")),
    ("default", _figure("default", 0)),
    ("twin", _figure("twin", 0)),
    ("browsed", _figure("browsed", 0)),
    ("induced", _figure("induced", 0, sign=True)),
    ("against default", _figure("against_default", 0, sign=True)),
    ("induced, SNIPS", _figure("induced_snips", 0, sign=True)),
)
_TESTS_LEAD = (
    "Pearson's test that all levels with 10 videos or more have one rate; Holm over the values of a respondent, q over the whole table."
)
_TESTS: tuple[Column, ...] = (
    ("respondent", _text("respondent")),
    ("by", _text("by")),
    ("value", _text("value")),
    ("levels", _count("levels")),
    ("with too few", _count("too_few")),
    ("chi²", _figure("chi2", 1)),
    ("df", _count("df")),
    ("p", _p("p")),
    ("p (Holm)", _p("p_adjusted")),
    ("q", _p("q")),
)
_BREAKDOWN_LEAD = "100 × yes / videos with Wilson's interval; “all” holds each video once. Of fewer than 10 videos no rate is told."
_BREAKDOWN: tuple[Column, ...] = (
    ("respondent", _text("respondent")),
    ("by", _text("by")),
    ("level", _text("level")),
    ("value", _text("value")),
    ("videos", _count("videos")),
    ("yes", _figure("yes", 0)),
    ("score", _score),
)
_RECIPES = (
    _Recipe("respondents.csv", "Respondents", "What was asked, and what became of it.", _RESPONDENTS),
    _Recipe("estimator_a.csv", "The score beside estimator A", MEANING, _BESIDE),
    _Recipe("retest.csv", "Retest: two draws of images", _RETEST_LEAD, _RETEST),
    _Recipe("ablation.csv", "The image, and its description in its place", _ABLATION_LEAD, _ABLATION),
    _Recipe("ablation_published.csv", "The published ablation", _PUBLISHED_LEAD, _PUBLISHED),
    _Recipe("induced.csv", "Induced by browsing", _INDUCED_LEAD, _INDUCED),
    _Recipe("breakdown_tests.csv", "Do platforms, topics, months differ?", _TESTS_LEAD, _TESTS, _compared),
    _Recipe("breakdown.csv", "By platform, topic and month", _BREAKDOWN_LEAD, _BREAKDOWN, _whole_first),
)
"""In the order of the page."""
