"""`adaptive.html`, the tables and `results.json` in one folder."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from evals.adaptive.analysis import Adaptive, conclusions
from evals.adaptive.plots import figures_of
from evals.adaptive.tables import FORMAT, as_data, tables_of
from evals.report.folder import RESULTS, csv_of, write_folder
from evals.report.folder import check_place as check_folder
from evals.report.plain_page import plain_page
from evals.report.sections import Section
from evals.report.words import number
from evals.values.results import as_json
from personas.one_line import one_line

__all__ = ["check_place", "write"]

PAGE = "adaptive.html"
ROWS = 60
"""Rows of a table on the page; the rest is in its file."""
TITLES = {
    "probes.csv": "Probes against control twins",
    "scrub.csv": "Stain, then scrub",
    "phases.csv": "Phases by session",
    "offpolicy.csv": "If every clip had been shown alike (off-policy)",
}


def check_place(out: Path) -> None:
    """Raises UserError where `out` is a file, or a folder that holds something else than such a report."""
    check_folder(out, FORMAT, "a report of adaptive feeds")


def write(found: Adaptive, out: Path) -> list[Path]:
    """The page and the tables. Each file is whole or not there. Raises UserError as `check_place`, StorageFailed."""
    check_place(out)
    tables = tables_of(found)
    contents: dict[str, bytes | str] = {PAGE: _page(found, tables)}
    contents |= {name: csv_of(frame) for name, frame in tables.items()}
    contents[RESULTS] = as_json(as_data(found))
    return write_folder(out, contents, known=(*TITLES, "drift.csv"))


def _page(found: Adaptive, tables: dict[str, pl.DataFrame]) -> str:
    return plain_page(
        f"Adaptive feeds: {len(found.runs)} sessions",
        conclusions(found),
        found.notes,
        figures=figures_of(found),
        tables=[_grid(title, name, tables[name]) for name, title in TITLES.items() if name in tables],
        written=[*tables, RESULTS],
    )


def _grid(title: str, name: str, frame: pl.DataFrame) -> Section:
    """A table for the page: an estimate with its bounds in one cell."""
    columns = [column for column in frame.columns if not column.endswith(("_low", "_high", "_method"))]
    rows = tuple(tuple(_cell(row, column) for column in columns) for row in frame.head(ROWS).iter_rows(named=True))
    left = frame.height - len(rows)
    more = f"{left} more row{'s' * (left > 1)} in {name}." if left > 0 else ""
    return Section(title, "", name, tuple(column.replace("_", " ") for column in columns), rows, more)


def _cell(row: dict[str, object], column: str) -> str:
    value = row[column]
    if f"{column}_low" in row:
        low, high = row[f"{column}_low"], row[f"{column}_high"]
        return number(value) if low is None or high is None else f"{number(value)} [{number(low)}, {number(high)}]"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no"}.get(value, "–") if isinstance(value, bool) else "–"
    return number(value) if isinstance(value, float) else one_line(str(value), 300)
