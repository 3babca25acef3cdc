"""The analysis as text for a terminal."""

from __future__ import annotations

import sys

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evals.culture.analysis import Found
from evals.culture.sections import sections_of
from evals.report.style import short
from evals.report.words import number, prose, signed
from personas.one_line import one_line

__all__ = ["print_found"]

ROWS = 24
"""Rows of a table on a terminal; the rest is in the files."""
_SHOWN = {"sizes.csv", "size_effects.csv", "states.csv", "exclusions.csv"}


def print_found(found: Found, out: str | None = None) -> None:
    """Conclusions, scores and effects, what is left out, then what to know."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    for sentence in found.conclusions:
        console.print(Text(prose(one_line(sentence, None))))
    _scores(found, console)
    if found.effects.height:
        _effects(found, console)
    for section in sections_of(found, ROWS):
        if section.file in _SHOWN:
            console.print(Text(f"\n{section.title}", style="bold"))
            table = _table(section.columns)
            for row in section.rows:
                table.add_row(*(Text(cell) for cell in row))
            console.print(table)
            if section.left:
                console.print(Text(section.left, style="dim"))
    console.print(Text("\nWhat cannot be concluded, and what to know", style="bold"))
    for note in found.notes:
        console.print(Text(f"  - {prose(one_line(note, None))}"))
    where = f"Written: {out}" if out else "All rows, tables by country and topic, and a page to read: --out DIR"
    console.print(Text(f"\n{where}", style="dim"))


def _scores(found: Found, console: Console) -> None:
    console.print(Text("\nJensen–Shannon divergence to the people, base 2 (0 is alike), beside baselines on the same cells", style="bold"))
    table = _table(("", "condition", "divergence", "W1", "uniform", "other countries", "gain over uniform", "gain over others", "cells"))
    scales = {(row["respondent"], row["condition"]): row["distance"] for row in found.scores.filter(measure="w1").iter_rows(named=True)}
    for row in found.scores.filter(pl.col("measure") == "jsd").iter_rows(named=True):
        cells = [
            _bounded(row, "distance", sign=False),
            number(scales.get((row["respondent"], row["condition"])), 3),
            number(row["uniform"], 3),
            number(row["others"], 3),
            _bounded(row, "gain_uniform"),
            _bounded(row, "gain_others"),
            str(row["cells"]),
        ]
        table.add_row(Text(short(row["respondent"], 40)), row["condition"], *cells)
    console.print(table)


def _effects(found: Found, console: Console) -> None:
    console.print(Text("\nWhat the pictures and the name do: difference in divergence, paired (below 0 is closer)", style="bold"))
    table = _table(("", "contrast", "difference", "what is added", "pairs"))
    for row in found.effects.filter(pl.col("measure") == "jsd").iter_rows(named=True):
        table.add_row(Text(short(row["respondent"], 40)), row["contrast"], _bounded(row, "difference"), row["adds"], str(row["pairs"]))
    console.print(table)


def _bounded(row: dict[str, object], name: str, *, sign: bool = True) -> str:
    write = signed if sign else number
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    bounds = "" if low is None else f" [{number(low, 3)}, {number(high, 3)}]"
    return f"{write(row[name], 3)}{bounds}"


def _table(columns: tuple[str, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", justify="left" if place < 2 else "right")
    return table
