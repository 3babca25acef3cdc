"""`report.html`, the tables and `results.json` in one folder. All text is escaped, no script runs, nothing is fetched."""

from __future__ import annotations

import json
import os
import tempfile
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evals.culture.analysis import Found
from evals.culture.figures import figures_of
from evals.culture.sections import sections_of
from evals.culture.tables import FORMAT, NAMES, as_data, tables_of
from evals.report.canvas import render
from evals.report.folder import csv_of
from evals.report.style import short
from evals.report.words import plural, prose
from evals.values.results import as_json
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line

__all__ = ["check_place", "write"]

PAGE, RESULTS = "report.html", "results.json"
ROWS = 120
"""Rows of a table on the page; the rest is in its file."""


def check_place(out: Path) -> None:
    """Raises UserError where `out` is a file, or a folder that holds something else than such a report."""
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {one_line(str(out))} is a file; give a folder")
    if not out.is_dir() or not any(out.iterdir()):
        return
    try:
        data = json.loads((out / RESULTS).read_bytes())
    except (OSError, ValueError):
        data = None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(f"--out {one_line(str(out))} holds something else than a report of cultural values; give an empty or a new folder")


def write(found: Found, out: Path) -> list[Path]:
    """The page first, then the tables. Each file is whole or not there. Raises UserError as `check_place`, StorageFailed."""
    check_place(out)
    tables = tables_of(found)
    contents = {PAGE: _page(found, [*tables, RESULTS]).encode("utf-8", errors="backslashreplace")}
    contents |= {name: csv_of(frame).encode("utf-8", errors="backslashreplace") for name, frame in tables.items()}
    contents[RESULTS] = as_json(as_data(found))
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in contents.items():
            _whole(out / name, data)
        for name in set(NAMES) - contents.keys():
            (out / name).unlink(missing_ok=True)  # of an earlier report
    except OSError as error:
        raise StorageFailed(f"cannot write to {one_line(str(out))}: {error.strerror or error}; mend it or choose another folder") from error
    return [out / name for name in contents]


def _whole(path: Path, data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as file:
        file.write(data)
    Path(file.name).chmod(0o644)
    os.replace(file.name, path)  # noqa: PTH105


def _page(found: Found, written: list[str]) -> str:
    environment = Environment(
        loader=PackageLoader("evals.report", "assets"),  # the page of a benchmark: sentences, plots, tables, notes
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["short"] = short
    figures = figures_of(found)
    drawn = {each.plot.name: render(each.plot) for each in figures}
    return environment.get_template("plain.html.j2").render(
        title=title(found),
        conclusions=[prose(one_line(each, None)) for each in found.conclusions],
        notes=[prose(one_line(each, None)) for each in found.notes],
        figures=figures,
        widths={name: drawing.width for name, drawing in drawn.items()},
        drawings={name: Markup(drawing.inline) for name, drawing in drawn.items()},  # noqa: S704 - its texts are escaped
        spectrum=None,
        tables=sections_of(found, ROWS),
        files=written,
        style=Markup(files("evals.report").joinpath("assets/report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
    )


def title(found: Found) -> str:
    """What the report is about."""
    people = found.scores["respondent"].n_unique()
    parts = (plural(people, "respondent"), plural(len(found.material.countries), "country", "countries"))
    synthetic = " (synthetic survey)" if found.material.synthetic else ""
    return f"Cultural values: {', '.join(parts)}, {plural(found.cells['question'].n_unique(), 'question')}{synthetic}"
