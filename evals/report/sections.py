"""Tables of a report as text: what a page and a terminal show of them, an estimate with its bounds in one cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from evals.report.words import count, number, p_value, prose, signed
from personas.one_line import one_line

__all__ = ["Column", "Recipe", "Row", "Section", "counted", "estimate", "p_of", "sections_from", "text_of"]


@dataclass(frozen=True)
class Section:
    """A table: its title, a sentence on what it shows, columns, rows of text; `file` holds all of it, `left` says what is not shown."""

    title: str
    lead: str
    file: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: str


Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]
"""A heading, and what writes the cell of a row below it."""


@dataclass(frozen=True)
class Recipe:
    """How a table becomes a section: its columns, and which of its rows, in which order."""

    file: str
    title: str
    lead: str
    columns: tuple[Column, ...]
    rows: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame


def sections_from(recipes: Sequence[Recipe], tables: Mapping[str, pl.DataFrame], most: int) -> list[Section]:
    """The sections whose table is there and has rows, with at most `most` rows each."""
    found = (_section(recipe, tables[recipe.file], most) for recipe in recipes if recipe.file in tables)
    return [section for section in found if section.rows]


def _section(recipe: Recipe, table: pl.DataFrame, most: int) -> Section:
    frame = recipe.rows(table)
    rows = tuple(tuple(one_line(get(row), 300) for _, get in recipe.columns) for row in frame.head(most).iter_rows(named=True))
    more = table.height - len(rows)
    left = f"{count(more)} more row{'s' * (more > 1)} in {recipe.file}." if more > 0 else ""
    return Section(recipe.title, prose(recipe.lead), recipe.file, tuple(name for name, _ in recipe.columns), rows, left)


def text_of(name: str) -> Callable[[Row], str]:
    """The text as it stands."""
    return lambda row: "–" if row[name] is None else str(row[name])


def counted(name: str) -> Callable[[Row], str]:
    """A count."""
    return lambda row: "–" if row[name] is None else count(row[name])


def estimate(name: str, digits: int = 2, *, sign: bool = False, bounds: str | None = None, scale: float = 1.0) -> Callable[[Row], str]:
    """`scale` times the figure, with the bounds in the columns `bounds`_low and `bounds`_high (None: its own name), where there are any."""
    write = signed if sign else number
    stem = f"{name if bounds is None else bounds}_"

    def cell(row: Row) -> str:
        if row[name] is None:
            return "–"
        low, high = row.get(f"{stem}low"), row.get(f"{stem}high")
        told = "" if low is None or high is None else f" [{number(scale * low, digits)}, {number(scale * high, digits)}]"
        return f"{write(scale * row[name], digits)}{told}"

    return cell


def p_of(name: str) -> Callable[[Row], str]:
    """A p-value."""
    return lambda row: p_value(row[name])
