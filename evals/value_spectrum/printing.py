"""The analysis as text for a terminal."""

from __future__ import annotations

import sys

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evals.report.sections import Section
from evals.report.style import short
from evals.report.words import number, p_value, prose
from evals.value_spectrum.analysis import Found
from evals.value_spectrum.scoring import DIFFERS, published, published_tests
from evals.value_spectrum.sections import sections_of
from personas.one_line import one_line

__all__ = ["print_found"]

ROWS = 22
"""Rows of a table on a terminal; the rest is in the files."""
_ON_PAGES = {"ablation_published.csv", "breakdown.csv"}
"""What is long, and left to the page."""


def print_found(found: Found, out: str | None = None) -> None:
    """Conclusions, then tables, then what to know."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    for sentence in found.conclusions:
        console.print(Text(prose(one_line(sentence, None))))
    if found.scores.height:
        _scores(found, console)
    for section in sections_of(found, ROWS):
        if section.file not in _ON_PAGES:
            _section(section, console)
    console.print(Text("\nWhat cannot be concluded, and what to know", style="bold"))
    for note in found.notes:
        console.print(Text(f"  - {prose(one_line(note, None))}"))
    where = f"Written: {out}" if out else "All rows, the score chart and a page to read: --out DIR"
    console.print(Text(f"\n{where}", style="dim"))


def _scores(found: Found, console: Console) -> None:
    """100 × yes / answered by value, and below it the published models."""
    codes = found.scores["value"].unique(maintain_order=True).to_list()
    console.print(Text(f"\n100 × yes / answered; intervals: {found.scores['method'][0]}", style="bold"))
    table = _table(["", *codes, "mean", "p"])
    for (who,), rows in found.scores.partition_by("respondent", as_dict=True, maintain_order=True).items():
        by_value = {row["value"]: row for row in rows.iter_rows(named=True)}
        cells = [_cell(by_value.get(code)) for code in codes]
        table.add_row(Text(short(str(who), 40)), *cells, number(rows["score"].mean(), 0), p_value(rows["p"][0]))
    reference = published()
    for test in published_tests().iter_rows(named=True):
        own = dict(reference.filter(pl.col("model") == test["model"]).select("value", "score").iter_rows())
        cells = [number(own.get(code), 0) for code in codes]
        table.add_row(Text(f"{test['model']}, published", style="dim"), *cells, number(test["mean"], 0), p_value(test["p"]))
    console.print(table)
    console.print(Text(DIFFERS, style="dim"))


def _cell(row: dict[str, object] | None) -> str:
    if row is None or row["score"] is None:
        return "–"
    return f"{number(row['score'], 0)}\n{number(row['low'], 0)}–{number(row['high'], 0)}"


def _table(columns: list[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", justify="left" if place == 0 else "right")
    return table


def _section(section: Section, console: Console) -> None:
    console.print(Text(f"\n{section.title}", style="bold"))
    table = _table(list(section.columns))
    for row in section.rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    if section.left:
        console.print(Text(section.left, style="dim"))
