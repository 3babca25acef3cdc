"""`report.html`, the tables and `results.json` in one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evals.ch3ef.analysis import FILES, Found
from evals.ch3ef.figure import score_figure
from evals.ch3ef.sections import sections_of
from evals.report.folder import PAGE, RESULTS, csv_of, write_folder
from evals.report.folder import check_place as check_folder
from evals.report.plain_page import plain_page
from evals.report.words import plural
from evals.values.results import as_json

__all__ = ["FORMAT", "as_data", "check_place", "write"]

FORMAT = "axiofeed.ch3ef"
ROWS = 250
"""Rows of a table on the page; the rest is in its file."""


def as_data(found: Found) -> dict[str, Any]:
    """Everything but the single answers, as JSON-able data."""
    tables = {name.removesuffix(".csv"): table.to_dicts() for name, table in found.tables.items() if name != "answers.csv"}
    return {"format": FORMAT, "conclusions": list(found.conclusions), "notes": list(found.notes), **tables}


def check_place(out: Path) -> None:
    """Raises UserError where `out` is a file, or a folder that holds something else than such a report."""
    check_folder(out, FORMAT, "Ch3Ef")


def write(found: Found, out: Path) -> list[Path]:
    """Each file is whole or not there. Raises UserError as `check_place`, StorageFailed."""
    check_place(out)
    contents: dict[str, bytes | str] = {PAGE: _page(found, [*found.tables, RESULTS])}
    contents |= {name: csv_of(table) for name, table in found.tables.items()}
    contents[RESULTS] = as_json(as_data(found))
    return write_folder(out, contents, known=FILES)


def _page(found: Found, written: list[str]) -> str:
    people = found.scores["who"].unique(maintain_order=True).to_list()
    return plain_page(
        f"Ch3Ef: {plural(len(people), 'respondent')}, {plural(found.material.items['item'].n_unique(), 'sample')}",
        found.conclusions,
        found.notes,
        figures=(score_figure(found.scores, people),),
        tables=sections_of(found, ROWS),
        written=written,
    )
