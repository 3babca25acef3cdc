"""The tables as text, for a page and a terminal: an estimate with its bounds in one cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from evals.ch3ef.analysis import Found
from evals.ch3ef.scoring import ALL
from evals.ch3ef.taxonomy import H
from evals.report.words import count, number, p_value, signed
from personas.one_line import one_line

__all__ = ["Section", "sections_of"]

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]


@dataclass(frozen=True)
class Section:
    """A table: title, a sentence, columns, rows of text; `file` holds all of it, `left` says what is not shown."""

    title: str
    lead: str
    file: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: str


def sections_of(found: Found, most: int) -> list[Section]:
    """The tables there are, with at most `most` rows each."""
    return [
        _section(file, title, lead, columns, order(found.tables[file]), most)
        for file, title, lead, columns, order in _RECIPES
        if file in found.tables
    ]


def _section(file: str, title: str, lead: str, columns: tuple[Column, ...], table: pl.DataFrame, most: int) -> Section:  # noqa: PLR0917
    rows = tuple(tuple(one_line(get(row), 300) for _, get in columns) for row in table.head(most).iter_rows(named=True))
    left = f"{count(table.height - len(rows))} more rows in {file}." if table.height > len(rows) else ""
    return Section(title, lead, file, tuple(name for name, _ in columns), rows, left)


def _text(name: str) -> Callable[[Row], str]:
    return lambda row: "–" if row[name] is None else str(row[name])


def _count(name: str) -> Callable[[Row], str]:
    return lambda row: "–" if row[name] is None else count(row[name])


def _percent(name: str, low: str = "", high: str = "", write: Callable[[Any, int], str] = number) -> Callable[[Row], str]:
    """100 × a share, with its bounds where there are any."""

    def cell(row: Row) -> str:
        if row[name] is None:
            return "–"
        bounds = "" if not low or row[low] is None else f" [{number(100 * row[low], 1)}, {number(100 * row[high], 1)}]"
        return f"{write(100 * row[name], 1)}{bounds}"

    return cell


def _figure(name: str, low: str = "", high: str = "") -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        bounds = "" if not low or row[low] is None else f" [{number(row[low])}, {number(row[high])}]"
        return f"{number(row[name])}{bounds}"

    return cell


def _published(h: str) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        bounds = "" if row[f"{h}_low"] is None else f" [{number(row[f'{h}_low'], 1)}, {number(row[f'{h}_high'], 1)}]"
        return f"{number(row[h], 1)}{bounds}"

    return cell


def _bounds(row: Row) -> str:
    return "–" if not row["open"] else f"{number(100 * row['least'], 1)} to {number(100 * row['most'], 1)}"


def _places(name: str) -> Callable[[Row], str]:
    return lambda row: ", ".join(map(count, row[name]))


def _coarse(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("level") != "task")


def _tasks(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("level") == "task")


def _whole(table: pl.DataFrame) -> pl.DataFrame:
    return table


def _known(table: pl.DataFrame) -> pl.DataFrame:
    """What could be computed, h first, the strongest first."""
    return table.filter(pl.col("pearson").is_not_null()).sort(
        pl.col("level") == "domain", pl.col("source"), pl.col("pearson").abs(), descending=[False, False, True]
    )


_SCORES: tuple[Column, ...] = (
    ("respondent", _text("who")),
    ("of", lambda row: "all" if row["group"] == ALL else row["group"]),
    ("samples", _count("samples")),
    ("score, %", _percent("score", "low", "high")),
    ("rank", _count("rank")),
    *((state, _count(state)) for state in ("answered", "refused", "unparsable", "failed")),
    ("if outages decided, %", _bounds),
)
_BESIDE: tuple[Column, ...] = (
    ("model", _text("model")),
    ("", _text("source")),
    *((h.lower(), _published(h)) for h in H),
    ("samples", lambda row: ", ".join("–" if row[f"{h}_samples"] is None else count(row[f"{h}_samples"]) for h in H)),
)
_POSITIONS: tuple[Column, ...] = (
    ("respondent", _text("respondent")),
    ("options", _count("options")),
    ("answers", _count("answers")),
    ("chosen, by place", _places("chosen")),
    ("first right option, by place", _places("keys")),
    ("p (all places alike)", lambda row: p_value(row["p"])),
)
_CALIBRATION: tuple[Column, ...] = (
    ("respondent", _text("who")),
    ("of", _text("h")),
    ("answers", _count("answers")),
    ("without", _count("without")),
    ("ECE", _figure("ece", "ece_low", "ece_high")),
    ("by chance alone", _figure("by_chance")),
    ("confidence", _figure("confidence")),
    ("accuracy", _figure("accuracy")),
)
_PAIRED: tuple[Column, ...] = (
    ("first", _text("first")),
    ("second", _text("second")),
    ("items", _count("items")),
    ("difference, points", _percent("difference", "low", "high", signed)),
    ("only first", _count("only_first")),
    ("only second", _count("only_second")),
    ("p", lambda row: p_value(row["p"])),
    ("p (Holm)", lambda row: p_value(row["p_holm"])),
)
_CORRELATIONS: tuple[Column, ...] = (
    ("scores of", _text("source")),
    ("first", _text("first")),
    ("second", _text("second")),
    ("models", _count("models")),
    ("Pearson", _figure("pearson", "low", "high")),
    ("Spearman", _figure("spearman")),
)
_BESIDE_LEAD = "Percent right by h. The published scores are over the benchmark's own items, and came without intervals."
_POSITION_LEAD = (
    "Options stand in another order for each item, so a respondent that prefers a place shows here, and over as many repeats as options "
    "gains nothing by it."
)
_CALIBRATION_LEAD = "Expected calibration error in ten bins of equal mass; confidence by softmax over the log-probabilities of the options."
_PAIRED_LEAD = "Items that both answered; McNemar's exact test, Holm over the table."
_CORRELATIONS_LEAD = "Between the scores of two domains, or two h, over models asked in the same way; Fisher's interval."
_RECIPES: tuple[tuple[str, str, str, tuple[Column, ...], Callable[[pl.DataFrame], pl.DataFrame]], ...] = (
    ("scores.csv", "Scores by h and domain", "Right / samples in percent, with Wilson's interval.", _SCORES, _coarse),
    ("published.csv", "Beside the published leaderboards", _BESIDE_LEAD, _BESIDE, _whole),
    ("paired.csv", "Two respondents on the same items", _PAIRED_LEAD, _PAIRED, _whole),
    ("positions.csv", "Where answers and keys stand", _POSITION_LEAD, _POSITIONS, _whole),
    ("calibration.csv", "Calibration", _CALIBRATION_LEAD, _CALIBRATION, _whole),
    ("correlations.csv", "Correlations", _CORRELATIONS_LEAD, _CORRELATIONS, _known),
    ("scores.csv", "Scores by task", "As above; no rank below 20 samples.", _SCORES, _tasks),
)
