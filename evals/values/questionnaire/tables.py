"""Tables of answers, from CSV and Parquet files, Polars and pandas, as one Polars frame whose cells can be named in a message."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from evals.values.loadings import FloatArray
from evals.values.tables import long_row
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["Table", "read_table"]

_BLANK = ("", "na", "nan", "null", "none", ".")


@dataclass(frozen=True)
class Table:
    """`frame` with the names of its columns as text. `source` names it in messages; `first_row` is what its first row is called there."""

    frame: pl.DataFrame
    source: str
    first_row: int

    def place(self, row: int, column: str) -> str:
        """Where a cell stands, in words; `row` from 0."""
        return f"{self.source}, row {row + self.first_row}, column {one_line(column, 40)}"

    def numbers(self, column: str) -> FloatArray:
        """The whole numbers of a column, NaN where a cell is empty. Raises UserError for anything else, with its place."""
        series = self.frame[column]
        if series.dtype.is_numeric() or series.dtype == pl.Null:
            found = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
            wrong = np.isinf(found) | (np.isfinite(found) & (found != np.floor(found)))
        else:
            text = series.cast(pl.String).str.strip_chars().str.to_lowercase()
            blank = text.is_null() | text.is_in(_BLANK)
            read = text.cast(pl.Float64, strict=False)
            found = read.fill_null(np.nan).to_numpy()
            wrong = ~blank.to_numpy() & ~(np.isfinite(found) & (found == np.floor(found)))
        if wrong.any():
            row = int(np.argmax(wrong))
            given = one_line(str(series[row]), 40)
            raise UserError(f"{self.place(row, column)}: {given!r} is no whole number; leave the cell empty where there is no answer")
        numbers: FloatArray = np.array(found, dtype=np.float64)
        return numbers


def read_table(answers: Any) -> Table:
    """The table in a CSV or Parquet file (by its path), a Polars frame or a pandas frame. Raises UserError."""
    if isinstance(answers, str | Path):
        return _read_file(Path(answers))
    if isinstance(answers, pl.DataFrame):
        frame = answers
    elif hasattr(answers, "columns") and hasattr(answers, "to_dict"):  # pandas, which is not among the dependencies
        frame = pl.DataFrame({str(name): list(answers[name]) for name in answers.columns}, strict=False)
    else:
        raise UserError(f"answers must be a path, a Polars frame or a pandas frame, not {type(answers).__name__}")
    return _checked(Table(frame, "answers", 0))


def _read_file(path: Path) -> Table:
    source = one_line(str(path), 200)
    try:
        if path.suffix.lower() == ".parquet":
            return _checked(Table(pl.read_parquet(path), source, 0))
        with path.open("rb") as file:
            head = file.readline(65536)
        separator = ";" if head.count(b";") > head.count(b",") else "\t" if head.count(b"\t") > head.count(b",") else ","
        return _checked(Table(pl.read_csv(path, infer_schema=False, separator=separator), source, 2))
    except OSError as error:
        raise UserError(f"{source} cannot be read ({error.strerror or 'not found'}); give a CSV file of answers") from None
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        if path.suffix.lower() != ".parquet" and (row := long_row(path)):
            raise UserError(f"{source}, row {row + 1}: it has more cells than the first row; put text with commas in quotes") from None
        reason = one_line(str(error).splitlines()[0] if str(error) else "empty", 160, fold=True)
        raise UserError(f"{source} is no table that can be read ({reason}); save it as CSV in UTF-8") from None
    except ValueError:
        raise UserError(f"{source} is not a path; check for stray characters") from None


def _checked(table: Table) -> Table:
    if table.frame.height == 0:
        raise UserError(f"{table.source}: there are no answers in it; give one row a respondent below the names of the columns")
    names = [str(name).strip() for name in table.frame.columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(f"{table.source}: two columns are called {one_line(twice, 40)!r}; give each its own name")
    table.frame.columns = names
    return table
