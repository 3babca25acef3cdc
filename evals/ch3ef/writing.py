"""`report.html`, the tables and `results.json` in one folder. All text is escaped, no script runs, nothing is fetched."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from environments.catalogue.storing import write_whole
from evals.ch3ef.analysis import FILES, Found
from evals.ch3ef.figure import MOST, score_plot
from evals.ch3ef.sections import sections_of
from evals.report.canvas import render
from evals.report.style import short
from evals.report.words import plural, prose
from evals.values.results import as_json
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line

__all__ = ["FORMAT", "as_data", "check_place", "write"]

PAGE, RESULTS = "report.html", "results.json"
FORMAT = "axiofeed.ch3ef"
ROWS = 250
"""Rows of a table on the page; the rest is in its file."""


def as_data(found: Found) -> dict[str, Any]:
    """Everything but the single answers, as JSON-able data."""
    tables = {name.removesuffix(".csv"): table.to_dicts() for name, table in found.tables.items() if name != "answers.csv"}
    return {"format": FORMAT, "conclusions": list(found.conclusions), "notes": list(found.notes), **tables}


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
        raise UserError(f"--out {one_line(str(out))} holds something else than a report of Ch3Ef; give an empty or a new folder")


def write(found: Found, out: Path) -> list[Path]:
    """Each file is whole or not there. Raises UserError as `check_place`, StorageFailed."""
    check_place(out)
    contents = {name: _csv(table) for name, table in found.tables.items()}
    contents[PAGE] = _page(found, [*found.tables, RESULTS]).encode("utf-8", errors="backslashreplace")
    contents[RESULTS] = as_json(as_data(found))
    try:
        for name, data in contents.items():
            write_whole(out / name, data)
            (out / name).chmod(0o644)
        for name in set(FILES) - contents.keys():
            (out / name).unlink(missing_ok=True)  # of an earlier report
    except OSError as error:
        raise StorageFailed(f"cannot write to {one_line(str(out))}: {error.strerror or error}; mend it or choose another folder") from error
    return [out / name for name in contents]


def _csv(table: pl.DataFrame) -> bytes:
    lists = [name for name, dtype in table.schema.items() if isinstance(dtype, pl.List)]
    flat = table.with_columns(pl.col(name).list.eval(pl.element().cast(pl.String)).list.join(" ") for name in lists)
    return flat.write_csv().encode("utf-8", errors="backslashreplace")


def _page(found: Found, written: list[str]) -> str:
    environment = Environment(
        loader=PackageLoader("evals.ch3ef", "assets"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["short"] = short
    people = found.scores["who"].unique(maintain_order=True).to_list()
    drawing = render(score_plot(found.scores, people[:MOST]))
    samples = found.material.items.height
    return environment.get_template("ch3ef.html.j2").render(
        title=f"Ch3Ef: {plural(len(people), 'respondent')}, {plural(samples, 'sample')}",
        conclusions=[prose(one_line(each, None)) for each in found.conclusions],
        notes=[prose(one_line(each, None)) for each in found.notes],
        drawing=Markup(drawing.inline),  # noqa: S704 - its texts are escaped
        width=drawing.width,
        least=drawing.plot.least,
        caption=f"The first {MOST} of {len(people)} respondents." if len(people) > MOST else "Wilson's intervals.",
        tables=sections_of(found, ROWS),
        files=written,
        style=Markup(files("evals.report").joinpath("assets/report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
    )
