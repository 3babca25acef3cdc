"""Tables and nested data in the form in which the page shows them: text, row by row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from evals.report.words import count, number
from evals.values.results import plain

__all__ = ["ROWS", "Grid", "Node", "entry", "grid", "more", "node"]

ROWS = 400
"""More rows than these are left to the files."""
DEEP = 4
LABELS = frozenset({"seed", "port", "year"})
"""Numbers that only name something: written as they are."""
SENTENCE = 30
_HASH = re.compile(r"[0-9a-f]{40,}")


@dataclass(frozen=True)
class Grid:
    """A table. `right` are the numbers of the columns that hold figures; `left_out` says what is not shown."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()
    left_out: str = ""

    @property
    def prose(self) -> frozenset[int]:
        """Columns that hold sentences."""
        return frozenset(k for k in range(len(self.head)) if k not in self.right and any(len(row[k]) > SENTENCE for row in self.rows))


@dataclass(frozen=True)
class Node:
    """Nested data: a text, or pairs of a name and a node, or a table."""

    text: str = ""
    pairs: tuple[tuple[str, Node], ...] = field(default=())
    table: Grid | None = None


def grid(frame: pl.DataFrame) -> Grid:
    """A frame as a table."""
    right = frozenset(place for place, dtype in enumerate(frame.dtypes) if dtype.is_numeric())
    rows = tuple(tuple(entry(each) for each in row) for row in frame.head(ROWS).iter_rows())
    return Grid(tuple(_words(name) for name in frame.columns), rows, right, more(frame.height))


def node(value: Any, deep: int = 0, name: str = "") -> Node:
    """Any data of an analysis: mappings as pairs, lists of mappings as tables, all else as text."""
    given = plain(value) if deep == 0 else value
    if isinstance(given, Mapping) and given and deep < DEEP:
        return Node(pairs=tuple((_words(key), node(each, deep + 1, key)) for key, each in given.items()))
    if isinstance(given, list) and given and all(isinstance(each, Mapping) for each in given):
        return Node(table=_table(given))
    return Node(entry(given, name))


def entry(value: Any, name: str = "") -> str:
    """One entry of a table, or of what is called `name`; a long hash by its beginning."""
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool | int | float):
        return str(value) if name in LABELS else _figure(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {entry(each, str(key))}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(entry(each) for each in value)
    text = str(value)
    return f"{text[:12]}…" if _HASH.fullmatch(text) else text


def _figure(value: float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return _rounded(value)
    return count(value)


def _rounded(value: float) -> str:
    """Three digits that count."""
    if value == 0 or 0.001 <= abs(value) < 1000:
        return number(value, 3 if abs(value) < 1 else 2)
    return count(value) if abs(value) >= 1000 else f"{value:.2g}".replace("-", "−")


def _table(rows: Sequence[Mapping[str, Any]]) -> Grid:
    head = list(dict.fromkeys(key for row in rows for key in row))
    found = tuple(tuple(entry(row.get(key), key) for key in head) for row in rows[:ROWS])
    right = frozenset(place for place, key in enumerate(head) if all(isinstance(row.get(key), int | float) for row in rows))
    return Grid(tuple(_words(key) for key in head), found, right, more(len(rows)))


def more(rows: int) -> str:
    """What a table leaves out."""
    return f"{count(rows - ROWS)} more rows are in results.json." if rows > ROWS else ""


def _words(name: str) -> str:
    """A column's name as words."""
    return name.replace("_", " ")
