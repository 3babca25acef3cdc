"""Tables from outside: a CSV or Parquet file, a Polars frame or a pandas one becomes a Polars frame, its columns what they should be.

CSV columns come in as text and are read as numbers where numbers belong, so that an id such as "007" stays what it is and a wrong entry
is named with its row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["Source", "Table", "listed", "long_row", "read_table", "shown"]

Source = Any
"""A path, a `polars.DataFrame` or `LazyFrame`, or a `pandas.DataFrame`."""

NULLS = ["", "NA", "N/A", "NaN", "nan", "null", "None"]
_PARQUET = {".parquet", ".pq"}
_CSV = {".csv": ",", ".tsv": "\t", ".txt": ","}


@dataclass(frozen=True)
class Table:
    """A frame with the name by which messages call it."""

    frame: pl.DataFrame
    name: str

    def fault(self, message: str) -> UserError:
        """The error that says `message` about this table."""
        return UserError(f"{self.name}: {message}")

    def require(self, columns: Iterable[str], advice: str) -> None:
        """Raises UserError that names the columns that are missing, and those that are there."""
        lacking = [name for name in columns if name not in self.frame.columns]
        if lacking:
            there = listed(self.frame.columns, 12) or "none"
            raise self.fault(f"the column{'s' * (len(lacking) > 1)} {', '.join(lacking)} {_is(lacking)} missing (there: {there}); {advice}")
        if self.frame.is_empty():
            raise self.fault("it has no rows")

    def text(self, column: str) -> pl.Series:
        """A column as text; empty entries are null."""
        given = self.frame[column]
        text = given if given.dtype == pl.String else given.cast(pl.String, strict=False)
        empty = text == ""
        return text.set(empty, None) if empty.any() else text

    def numbers(self, column: str, what: str = "a number") -> pl.Series:
        """A column as floats, NaN as null. Raises UserError that names the first row that holds anything else."""
        given = self.frame[column]
        if given.dtype.is_numeric() or given.dtype in {pl.Boolean, pl.Null}:
            found = given.cast(pl.Float64)
        else:
            given = self.text(column)
            found = given.cast(pl.Float64, strict=False)
            self.refuse(found.is_null() & given.is_not_null(), column, f"give {what}")
        found = found.fill_nan(None)
        self.refuse(found.is_infinite(), column, f"give {what}")
        return found

    def integers(self, column: str) -> pl.Series:
        """A column as whole numbers from 0. Raises UserError that names the first row that holds anything else."""
        found = self.numbers(column, "a whole number from 0")
        self.refuse((found < 0) | (found != found.floor()), column, "give a whole number from 0")
        return found.cast(pl.Int64)

    def refuse(self, wrong: pl.Series, column: str, advice: str) -> None:
        """Raises UserError where `wrong` holds anywhere: it names the column and the first such row, counted from 1 without the heading."""
        rows = wrong.fill_null(False).arg_true()
        if len(rows):
            held = self.frame[column][int(rows[0])] if column in self.frame.columns else None
            more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
            raise self.fault(f"row {int(rows[0]) + 1}{more}: {column} is {shown(held)}; {advice}")


def read_table(source: Source, what: str) -> Table:
    """The table in `source`. `what` is what it holds, for messages. Raises UserError when there is none, or it cannot be read."""
    if isinstance(source, pl.DataFrame):
        return Table(source, what)
    if isinstance(source, pl.LazyFrame):
        return Table(source.collect(), what)
    if isinstance(source, str | Path):
        return _read_file(Path(source), what)
    if type(source).__module__.split(".")[0] == "pandas" and hasattr(source, "columns"):
        return Table(_from_pandas(source), what)
    raise UserError(f"{what}: give a path, a Polars or a pandas data frame, not {type(source).__name__}")


def listed(names: Sequence[str], most: int = 3) -> str:
    """`a, b, c, …`: names from outside, on one line."""
    return ", ".join(one_line(str(name), 60) for name in names[:most]) + (", …" if len(names) > most else "")


def shown(value: object) -> str:
    """A value from outside within a message."""
    return "empty" if value is None or value == "" else repr(one_line(str(value), 60)) if isinstance(value, str) else str(value)


def _is(names: Sequence[str]) -> str:
    return "are" if len(names) > 1 else "is"


def _read_file(path: Path, what: str) -> Table:
    name, kind = one_line(str(path), 200), path.suffix.lower()
    if path.is_dir():
        raise UserError(f"{name} is a folder; give a .parquet or .csv file of {what}")
    if not path.is_file():
        raise UserError(f"there is no file {name}; give a .parquet or .csv file of {what}")
    if kind not in _PARQUET and kind not in _CSV:
        raise UserError(f"{name}: {what} are read from .parquet, .csv or .tsv files")
    try:
        frame = pl.read_parquet(path) if kind in _PARQUET else _read_csv(path, _CSV[kind])
    except pl.exceptions.NoDataError:
        raise UserError(f"{name}: it is empty") from None
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        if kind in _CSV and (row := long_row(path)):
            raise UserError(f"{name}: row {row} has more cells than the heading; put text with commas in quotes") from error
        reason = one_line(str(error).splitlines()[0] if str(error) else type(error).__name__, 160)
        raise UserError(f"{name}: it cannot be read as {'Parquet' if kind in _PARQUET else 'CSV in UTF-8'} ({reason})") from error
    except OSError as error:
        raise UserError(f"{name}: it cannot be read ({error.strerror or one_line(str(error), 160)})") from error
    return Table(frame, name)


def _read_csv(path: Path, separator: str) -> pl.DataFrame:
    """All columns as text. A heading that is separated by semicolons, as spreadsheets write it in many countries, is taken as such."""
    with path.open("rb") as file:
        heading = file.readline(1 << 16)
    if heading.count(b";") > heading.count(separator.encode()):
        separator = ";"
    frame = pl.read_csv(path, separator=separator, infer_schema=False, null_values=NULLS)
    return frame.rename({name: name.lstrip("\ufeff").strip() for name in frame.columns}).with_columns(pl.all().str.strip_chars())


def long_row(path: Path) -> int | None:
    """The first row of a CSV file (from 1, without the heading) with more cells than its heading; None where there is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            separator = _separator(file.readline())
            file.seek(0)
            rows = csv.reader(file, delimiter=separator)
            width = len(next(rows, []))
            return next((number for number, row in enumerate(rows, 1) if len(row) > width), None)
    except (OSError, UnicodeDecodeError, csv.Error):
        return None


def _separator(heading: str) -> str:
    """The most frequent of those that tables are written with."""
    return max(",;\t", key=heading.count)


def _from_pandas(frame: Any) -> pl.DataFrame:
    """Column by column through NumPy: no further package is needed. What is not a number or a truth value becomes text."""
    columns = {}
    for name in frame.columns:
        values = frame[name].to_numpy()
        if values.dtype.kind in "fiu":
            columns[str(name)] = pl.Series(values)
        else:
            columns[str(name)] = pl.Series([_entry(value) for value in values.tolist()], dtype=pl.String).str.strip_chars()
    return pl.DataFrame(columns)


def _entry(value: Any) -> str | None:
    """One entry as text; pandas has several ways to say that there is none."""
    if value is None or value != value or type(value).__name__ in {"NAType", "NaTType"}:  # noqa: PLR0124 - only NaN differs from itself
        return None
    return str(int(value)) if isinstance(value, bool) else str(value)
