"""`report.html`, the tables and `results.json` in one folder."""

from __future__ import annotations

from pathlib import Path

from evals.culture.analysis import Found
from evals.culture.figures import figures_of
from evals.culture.sections import sections_of
from evals.culture.tables import FORMAT, NAMES, as_data, tables_of
from evals.report.folder import PAGE, RESULTS, csv_of, write_folder
from evals.report.folder import check_place as check_folder
from evals.report.plain_page import plain_page
from evals.report.words import plural
from evals.values.results import as_json

__all__ = ["check_place", "write"]

ROWS = 120
"""Rows of a table on the page; the rest is in its file."""


def check_place(out: Path) -> None:
    """Raises UserError where `out` is a file, or a folder that holds something else than such a report."""
    check_folder(out, FORMAT, "a report on cultural values")


def write(found: Found, out: Path) -> list[Path]:
    """The page and the tables. Each file is whole or not there. Raises UserError as `check_place`, StorageFailed."""
    check_place(out)
    tables = tables_of(found)
    contents: dict[str, bytes | str] = {PAGE: _page(found, [*tables, RESULTS])}
    contents |= {name: csv_of(frame) for name, frame in tables.items()}
    contents[RESULTS] = as_json(as_data(found))
    return write_folder(out, contents, known=NAMES)


def _page(found: Found, written: list[str]) -> str:
    return plain_page(
        title(found),
        found.conclusions,
        found.notes,
        figures=figures_of(found),
        tables=sections_of(found, ROWS),
        written=written,
    )


def title(found: Found) -> str:
    """What the report is about."""
    people = found.scores["respondent"].n_unique()
    parts = (plural(people, "respondent"), plural(len(found.material.countries), "country", "countries"))
    synthetic = " (synthetic survey)" if found.material.synthetic else ""
    return f"Cultural values: {', '.join(parts)}, {plural(found.cells['question'].n_unique(), 'question')}{synthetic}"
