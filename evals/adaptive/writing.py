"""`adaptive.html`, the tables and `results.json` in one folder. All text is escaped, no script runs, nothing is fetched."""

from __future__ import annotations

import json
import os
import tempfile
from importlib.resources import files
from pathlib import Path

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evals.adaptive.analysis import Adaptive, conclusions
from evals.adaptive.plots import figures_of
from evals.adaptive.tables import FORMAT, as_data, tables_of
from evals.report.canvas import render
from evals.report.folder import csv_of
from evals.report.style import short
from evals.report.words import number
from evals.values.results import as_json
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line

__all__ = ["check_place", "write"]

PAGE, RESULTS = "adaptive.html", "results.json"
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
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {one_line(str(out), 120)} is a file; give a folder")
    if not out.is_dir() or not any(out.iterdir()):
        return
    try:
        data = json.loads((out / RESULTS).read_bytes())
    except (OSError, ValueError):
        data = None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(
            f"--out {one_line(str(out), 120)} holds something else than a report of adaptive feeds; give an empty or a new folder"
        )


def write(found: Adaptive, out: Path) -> list[Path]:
    """The page first, then the tables. Each file is whole or not there. Raises UserError as `check_place`, StorageFailed."""
    check_place(out)
    tables = tables_of(found)
    contents = {PAGE: _page(found, tables).encode("utf-8", errors="backslashreplace")}
    contents |= {name: csv_of(frame).encode("utf-8", errors="backslashreplace") for name, frame in tables.items()}
    contents[RESULTS] = as_json(as_data(found))
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in contents.items():
            _whole(out / name, data)
        for name in {*TITLES, "drift.csv"} - contents.keys():
            (out / name).unlink(missing_ok=True)  # of an earlier report
    except OSError as error:
        raise StorageFailed(
            f"cannot write to {one_line(str(out), 120)}: {error.strerror or error}; mend it or choose another folder"
        ) from error
    return [out / name for name in contents]


def _whole(path: Path, data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as file:
        file.write(data)
    Path(file.name).chmod(0o644)
    os.replace(file.name, path)  # noqa: PTH105


def _page(found: Adaptive, tables: dict[str, pl.DataFrame]) -> str:
    environment = Environment(
        loader=PackageLoader("evals.adaptive", "assets"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["short"] = short
    figures = figures_of(found)
    drawn = {each.plot.name: render(each.plot) for each in figures}
    return environment.get_template("adaptive.html.j2").render(
        title=f"Adaptive feeds: {len(found.runs)} sessions",
        conclusions=conclusions(found),
        notes=found.notes,
        figures=figures,
        widths={name: drawing.width for name, drawing in drawn.items()},
        drawings={name: Markup(drawing.inline) for name, drawing in drawn.items()},  # noqa: S704 - its texts are escaped
        tables=[_grid(title, name, tables[name]) for name, title in TITLES.items() if name in tables],
        style=Markup(files("evals.report").joinpath("assets/report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
    )


def _grid(title: str, name: str, frame: pl.DataFrame) -> dict[str, object]:
    """A table for the page: an estimate with its bounds in one cell."""
    columns = [column for column in frame.columns if not column.endswith(("_low", "_high", "_method"))]
    rows = [[_cell(row, column) for column in columns] for row in frame.head(ROWS).iter_rows(named=True)]
    left = frame.height - len(rows)
    return {
        "title": title,
        "file": name,
        "columns": [column.replace("_", " ") for column in columns],
        "rows": rows,
        "left": f"{left} more rows in {name}." if left > 0 else "",
    }


def _cell(row: dict[str, object], column: str) -> str:
    value = row[column]
    if f"{column}_low" in row:
        low, high = row[f"{column}_low"], row[f"{column}_high"]
        return number(value) if low is None or high is None else f"{number(value)} [{number(low)}, {number(high)}]"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no"}.get(value, "–") if isinstance(value, bool) else "–"
    return number(value) if isinstance(value, float) else one_line(str(value), 300)
