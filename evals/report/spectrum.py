"""Value-Spectrum's own score beside the eight published models: the plot, the table, and the sentences that belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from evals.report.dots import Panel, dot_plot
from evals.report.estimates import ALPHA, Estimate, Series
from evals.report.figure import Figure, figure
from evals.report.style import values_of
from evals.report.words import count, finite, number, p_value, plural
from evals.value_spectrum.scoring import DIFFERS, OVERLAP, SOURCE, published, published_tests
from personas.schwartz import VALUES

__all__ = ["Spectrum", "spectrum_figures", "spectrum_of"]

DRAWN, LISTED = 4, 12
"""Respondents in the plot, and in the table; all are in the files."""


@dataclass(frozen=True)
class Row:
    """One respondent or model: by value (score, its interval), then the mean over the values and p that all values have one rate."""

    name: str
    cells: tuple[tuple[str, str], ...]
    mean: str
    p: str


@dataclass(frozen=True)
class Spectrum:
    """The section. `blocks` are parts of one table, each with a heading; `codes` its columns."""

    codes: tuple[str, ...]
    blocks: tuple[tuple[str, tuple[Row, ...]], ...]
    left_out: str
    tests: tuple[str, ...]
    asides: tuple[str, ...]


def spectrum_of(table: pl.DataFrame | None, first: Sequence[str]) -> Spectrum | None:
    """The section for a table of `evals.value_spectrum.score`, the respondents in `first` on top; None without one."""
    if table is None or table.is_empty():
        return None
    codes = _codes(table)
    people = _people(table, first)
    own = tuple(_own(table.filter(pl.col("respondent") == name), name, codes) for name in people[:LISTED])
    blocks = [(f"This study: 100 × yes / answered; intervals: {table['method'][0]}; {_items(table)}", own)]
    asides: tuple[str, ...] = (OVERLAP,)
    if set(codes) <= set(VALUES):
        blocks.append((f"Published: {SOURCE}, 100 × yes / shown, over 50 images a value (intervals and tests added here)", _theirs(codes)))
        asides = (DIFFERS, OVERLAP)
    left = len(people) - LISTED
    left_out = f"{plural(left, 'more respondent')}, with every count, in spectrum.csv and value_spectrum_published.csv." if left > 0 else ""
    return Spectrum(tuple(value.code for value in values_of(codes)), tuple(blocks), left_out, _tests(table), asides)


def spectrum_figures(table: pl.DataFrame | None, first: Sequence[str], names: Sequence[str]) -> tuple[Figure, ...]:
    """The scores of up to DRAWN respondents, with the published models as strokes. `names`: what the respondents in `first` are called."""
    if table is None or table.is_empty():
        return ()
    called = dict(zip(first, names, strict=True))
    people = _people(table, first)
    chosen = [name for name in people if name in called] or people
    series = [_series(table.filter(pl.col("respondent") == name), name) for name in chosen[:DRAWN]]
    codes = [code for code in _codes(table) if any(code in one.by_value for one in series)]
    if not codes:
        return ()
    strokes: dict[str, tuple[float, ...]] = {}
    caption = f"Lines are intervals: {table['method'][0]}."
    if set(codes) <= set(VALUES):
        strokes = {code: tuple(published().filter(pl.col("value") == code)["score"].to_list()) for code in codes}
        caption += f" Thin strokes: the eight published models, {SOURCE}, on other images."
    panel = Panel("", tuple(series), "100 × yes / answered", scale=(0, 100), strokes=strokes)
    shown = [called.get(one.name, one.name) for one in series] if len(series) > 1 else ()
    draw = partial(dot_plot, panel, values_of(codes), codes, names=shown)
    return (figure("value-spectrum", "Value-Spectrum's score", draw, caption, 500),)


def _codes(table: pl.DataFrame) -> list[str]:
    found: list[str] = table["value"].unique(maintain_order=True).to_list()
    return found


def _people(table: pl.DataFrame, first: Sequence[str]) -> list[str]:
    scored = table["respondent"].unique(maintain_order=True).to_list()
    return [name for name in first if name in set(scored)] + [name for name in scored if name not in set(first)]


def _items(table: pl.DataFrame) -> str:
    """How many clips a value has."""
    n = table["n"].drop_nulls().to_list() or [0]
    return f"{count(min(n))} to {count(max(n))} clips a value" if min(n) < max(n) else f"{count(max(n))} clips a value"


def _own(rows: pl.DataFrame, name: str, codes: Sequence[str]) -> Row:
    by_value = {row["value"]: row for row in rows.iter_rows(named=True)}
    scores = [score for row in by_value.values() if (score := finite(row["score"])) is not None]
    p = rows["p"][0] if "p" in rows.columns and rows.height else None
    return Row(name, _cells(by_value, codes), number(sum(scores) / len(scores), 0) if scores else "–", p_value(p))


def _theirs(codes: Sequence[str]) -> tuple[Row, ...]:
    """The published models in the order of the paper."""
    scores = published()
    rows = []
    for test in published_tests().iter_rows(named=True):
        by_value = {row["value"]: row for row in scores.filter(pl.col("model") == test["model"]).iter_rows(named=True)}
        rows.append(Row(test["model"], _cells(by_value, codes), number(test["mean"], 0), p_value(test["p"])))
    return tuple(rows)


def _cells(by_value: dict[str, dict[str, object]], codes: Sequence[str]) -> tuple[tuple[str, str], ...]:
    cells = []
    for code in codes:
        row = by_value.get(code, {})
        low, high = finite(row.get("low")), finite(row.get("high"))
        cells.append((number(row.get("score"), 0), "" if low is None or high is None else f"{number(low, 0)}–{number(high, 0)}"))
    return tuple(cells)


def _series(rows: pl.DataFrame, name: str) -> Series:
    found = {}
    for row in rows.iter_rows(named=True):
        if (score := finite(row["score"])) is not None:
            found[row["value"]] = Estimate(score, finite(row["low"]), finite(row["high"]))
    return Series(name, found)


def _tests(table: pl.DataFrame) -> tuple[str, ...]:
    """Whether a respondent's scores differ at all, and those of the published models."""
    tested = table.select("respondent", "p").unique(maintain_order=True).drop_nulls()
    if tested.is_empty():
        return ("Whether all values have one rate cannot be tested here: there are too few answers, or all are alike.",)
    same, theirs = int((tested["p"] >= ALPHA).sum()), published_tests()
    alike = int((theirs["p"] >= ALPHA).sum())
    return (
        f"For {same} of {plural(tested.height, 'respondent')} the scores are compatible with one and the same rate for all values "
        f"(homogeneity chi-square, p ≥ 0.05); so are those of {alike} of the {theirs.height} published models.",
    )
