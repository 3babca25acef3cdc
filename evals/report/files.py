"""`write_report`: the page, its plots, and every figure as CSV, Parquet and JSON, in one folder that is complete or not there."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from evals.report.canvas import render
from evals.report.figures import figures_of
from evals.report.folder import csv_of
from evals.report.html import html_page
from evals.report.tables import tables_of
from evals.values.findings import Analysis
from evals.values.results import as_data, as_json
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line

__all__ = ["FORMAT", "write_report"]

FORMAT = "axiofeed-report/1"
"""Stands in results.json: a folder with it may be written anew."""
RESULTS = "results.json"


def write_report(analysis: Analysis, out: Path, decisions: pl.DataFrame | None = None) -> list[Path]:
    """Write the report of `analysis` into the folder `out`, and with `decisions` that table. Returns the files, the page first.

    A folder that is not there or empty is filled at once. In one that holds an earlier report, that is replaced file by file, its plots
    that are no longer drawn are removed, and whatever else is there stays. The same analysis gives the same bytes.

    Raises UserError for a file, or a folder with other content; StorageFailed where it cannot be written.
    """
    place = Path(out).resolve()  # a link to a folder stays a link
    earlier = _earlier(place)
    contents = _contents(analysis, decisions)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _write(contents, place, earlier)
    except OSError as error:
        raise StorageFailed(
            f"cannot write the report to {_named(place)}: {error.strerror or error}; mend it or choose another folder"
        ) from error
    return [Path(out) / name for name in contents]


def _contents(analysis: Analysis, decisions: pl.DataFrame | None) -> dict[str, bytes]:
    """Every file by its name, the page first."""
    figures = figures_of(analysis)
    drawings = [render(each.plot) for each in figures]
    data = {name: csv_of(frame).encode("utf-8", errors="backslashreplace") for name, frame in tables_of(analysis).items()}
    plots = {f"plots/{drawing.plot.name}.{kind}": getattr(drawing, kind) for drawing in drawings for kind in ("svg", "png")}
    tables = [*data, *(["decisions.parquet"] if decisions is not None else []), RESULTS]
    page = html_page(analysis, figures, drawings, [*tables, *(["plots/"] if plots else [])])
    contents = {"report.html": page.encode("utf-8", errors="backslashreplace"), **data, **plots}
    contents[RESULTS] = as_json(_results(analysis, [*contents, *tables[len(data) :]]))
    if decisions is not None:
        contents["decisions.parquet"] = _parquet(decisions)
    return contents


def _parquet(frame: pl.DataFrame) -> bytes:
    with tempfile.SpooledTemporaryFile(max_size=1 << 26) as file:
        frame.write_parquet(file)
        file.seek(0)
        return file.read()


def _results(analysis: Analysis, files: Sequence[str]) -> dict[str, Any]:
    """All that the analysis says, and the list of files that makes the folder ours."""
    return {"format": FORMAT, "files": sorted(set(files))} | as_data(analysis)


def _earlier(out: Path) -> list[str]:
    """The plots of the report that is there. Raises UserError where something else is."""
    if not out.exists():
        return []
    if not out.is_dir():
        raise UserError(f"{_named(out)} is a file; give a folder for the report")
    try:
        held = any(out.iterdir())
    except OSError as error:
        raise StorageFailed(f"cannot read {_named(out)}: {error.strerror or error}; choose another folder") from error
    if not held:
        return []
    try:
        data = json.loads((out / RESULTS).read_bytes())
    except (OSError, ValueError):
        data = None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(f"{_named(out)} holds something else than a report; give an empty or a new folder")
    files = data.get("files")
    return [name for name in files if isinstance(name, str)] if isinstance(files, list) else []


def _write(contents: dict[str, bytes], out: Path, earlier: Sequence[str]) -> None:
    """Into a new folder beside `out`, which then takes its place; or, over an earlier report, file by file."""
    standing = out.exists() and any(out.iterdir())
    part = Path(tempfile.mkdtemp(prefix=f".{out.name[:40]}-", suffix=".part", dir=out if standing else out.parent))
    try:
        (part / "plots").mkdir()
        for name, data in contents.items():
            (part / name).write_bytes(data)
        if not standing:
            part.chmod(0o777 & ~_umask())
            os.replace(part, out)  # noqa: PTH105 - over an empty folder too
            return
        (out / "plots").mkdir(exist_ok=True)
        for name in sorted(contents, key=lambda each: each == RESULTS):
            os.replace(part / name, out / name)  # noqa: PTH105
        for name in earlier:
            _remove_plot(out, name, contents)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _remove_plot(out: Path, name: str, contents: dict[str, bytes]) -> None:
    """A plot of the earlier report that this one has not."""
    folder, _, plot = name.rpartition("/")
    if folder == "plots" and Path(plot).suffix in {".svg", ".png"} and name not in contents:
        (out / "plots" / Path(plot).name).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _named(path: Path) -> str:
    return one_line(str(path), 200)
