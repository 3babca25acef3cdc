"""A report's folder: whose it is, and its files, each whole or not there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from environments.catalogue.storing import write_whole
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line
from personas.spreadsheet import FORMULA_STARTS, harmless_cell

__all__ = ["PAGE", "RESULTS", "check_place", "csv_of", "write_folder"]

PAGE, RESULTS = "report.html", "results.json"


def check_place(out: Path, form: str, what: str, mark: str = RESULTS) -> None:
    """Raises UserError where `out` is a file, or a folder that holds something else than `what`: its `mark` is not of the format `form`."""
    shown = one_line(str(out), 200)
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {shown} is a file; give a folder")
    if not out.is_dir() or not any(out.iterdir()):
        return
    try:
        data = json.loads((out / mark).read_bytes())
    except (OSError, ValueError):
        data = None
    if not isinstance(data, dict) or data.get("format") != form:
        raise UserError(f"--out {shown} holds something else than {what}; give an empty or a new folder")


def csv_of(frame: pl.DataFrame) -> str:
    """`frame` as a CSV for people: a list is its parts with spaces between, and no text is a formula to a spreadsheet."""
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    flat = frame.with_columns(pl.col(name).list.eval(pl.element().cast(pl.String)).list.join(" ") for name in lists)
    texts = [name for name, dtype in flat.schema.items() if isinstance(dtype, pl.String | pl.Categorical | pl.Enum)]
    cells = flat.with_columns(_harmless(pl.col(name).cast(pl.String)).alias(name) for name in texts)
    return cells.rename({name: safe for name in cells.columns if (safe := harmless_cell(name)) != name}).write_csv()


def _harmless(text: pl.Expr) -> pl.Expr:
    """`personas.spreadsheet.harmless_cell` of a column."""
    runs = pl.any_horizontal(text.str.starts_with(start) for start in FORMULA_STARTS)
    return pl.when(runs).then(pl.lit("'") + text).otherwise(text)


def write_folder(out: Path, contents: Mapping[str, bytes | str], *, known: Iterable[str] = ()) -> list[Path]:
    """Write `contents` by name, the results last; files among `known` that are not there any more go. Raises StorageFailed."""
    try:
        for name in sorted(contents, key=lambda each: each == RESULTS):
            data = contents[name]
            write_whole(out / name, data if isinstance(data, bytes) else data.encode("utf-8", errors="backslashreplace"))
            (out / name).chmod(0o644)
        for name in set(known) - contents.keys():
            (out / name).unlink(missing_ok=True)  # of an earlier report
    except OSError as error:
        shown = one_line(str(out), 200)
        raise StorageFailed(f"cannot write to {shown}: {error.strerror or error}; mend it or choose another folder") from error
    return [out / name for name in contents]
