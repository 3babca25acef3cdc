"""`report.html`, the tables and `results.json` in one folder."""

from __future__ import annotations

from pathlib import Path

from evals.report.folder import PAGE, RESULTS, csv_of, write_folder
from evals.report.folder import check_place as check_folder
from evals.report.plain_page import plain_page
from evals.report.spectrum import spectrum_figures, spectrum_of
from evals.report.words import plural
from evals.value_spectrum.analysis import Found
from evals.value_spectrum.sections import sections_of
from evals.value_spectrum.tables import FORMAT, NAMES, as_data, tables_of
from evals.values.results import as_json

__all__ = ["check_place", "write"]

ROWS = 120
"""Rows of a table on the page; the rest is in its file."""


def check_place(out: Path) -> None:
    """Raises UserError where `out` is a file, or a folder that holds something else than such a report."""
    check_folder(out, FORMAT, "a report on Value-Spectrum")


def write(found: Found, out: Path) -> list[Path]:
    """The page and the tables. Each file is whole or not there. Raises UserError as `check_place`, StorageFailed."""
    check_place(out)
    tables = tables_of(found)
    contents: dict[str, bytes | str] = {PAGE: _page(found, [*tables, RESULTS])}
    contents |= {name: csv_of(frame) for name, frame in tables.items()}
    contents[RESULTS] = as_json(as_data(found))
    return write_folder(out, contents, known=NAMES)


def _page(found: Found, written: list[str]) -> str:
    people = found.scores["respondent"].unique(maintain_order=True).to_list() if found.scores.height else []
    return plain_page(
        _title(found, people),
        found.conclusions,
        found.notes,
        figures=spectrum_figures(found.scores, people, people) if people else (),
        tables=sections_of(found, ROWS),
        written=written,
        template=("evals.value_spectrum", "spectrum.html.j2"),
        spectrum=spectrum_of(found.scores, people) if people else None,
    )


def _title(found: Found, people: list[str]) -> str:
    if not people:
        return "Value-Spectrum: preference induced by browsing"
    images = found.material.decisions.filter(found.material.decisions["show"] == "frames")["item"].n_unique()
    return f"Value-Spectrum: {plural(len(people), 'respondent')}, {plural(images, 'image')}"
