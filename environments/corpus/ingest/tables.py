"""Rows of a table file, one after the other: CSV, JSON lines, Parquet. The file is never in memory as a whole."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["SUFFIXES", "Row", "header_of", "rows_of", "size_of"]

SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"})
_LONGEST_LINE = 16 * 2**20


@dataclass(frozen=True)
class Row:
    """One row: its number as a spreadsheet shows it (a CSV's header is row 1) or its line, and its cells, or why there are none."""

    number: int
    cells: dict[str, Any]
    wrong: str = ""


def header_of(path: Path) -> list[str]:
    """The names of the columns: for JSON lines those of the first hundred rows. Raises FeedError."""
    with _told(path):
        if path.suffix.lower() == ".parquet":
            return list(_parquet(path).schema_arrow.names)
        if path.suffix.lower() in {".jsonl", ".ndjson"}:
            seen: dict[str, None] = {}
            for row in rows_of(path):
                seen.update(dict.fromkeys(row.cells))
                if row.number >= 100:
                    break
            return list(seen)
        with path.open(encoding="utf-8-sig", errors="strict", newline="") as file:
            return next(_csv(file, file.readline()), [])


def rows_of(path: Path) -> Iterator[Row]:
    """All rows that are not empty, in order. Raises FeedError where the file breaks off or is no such table."""
    with _told(path):
        if path.suffix.lower() == ".parquet":
            yield from _parquet_rows(path)
        elif path.suffix.lower() in {".jsonl", ".ndjson"}:
            yield from _json_rows(path)
        else:
            yield from _csv_rows(path)


def size_of(path: Path) -> int:
    """About how many rows there are: exact for Parquet, else the number of lines. Raises FeedError."""
    with _told(path):
        if path.suffix.lower() == ".parquet":
            return int(_parquet(path).metadata.num_rows)
        with path.open("rb") as file:
            lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(2**20), b""))
    return max(1, lines - (path.suffix.lower() in {".csv", ".tsv"}))


def _csv_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", errors="strict", newline="") as file:
        reader = _csv(file, file.readline())
        header = next(reader, [])
        for number, cells in enumerate(reader, start=2):
            if any(cell.strip() for cell in cells[len(header) :]):
                yield Row(number, {}, "it has more cells than the header; put quotes around captions with commas")
            elif any(cell.strip() for cell in cells):
                yield Row(number, dict(zip(header, cells, strict=False)))


def _csv(file: Any, first: str) -> Iterator[list[str]]:
    """A reader of the whole file, by what its header is divided with: spreadsheets in many languages write semicolons."""
    csv.field_size_limit(_LONGEST_LINE)  # a transcript may be longer than the module's own limit
    file.seek(0)
    return csv.reader(file, delimiter=next((mark for mark in ",;\t" if mark in first), ","))


def _json_rows(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                raise FeedError(f"{one_line(path.name)} line {number} is longer than {_LONGEST_LINE // 2**20} MiB; is it JSON lines?")
            if line.strip():
                yield _json_row(number, line)


def _json_row(number: int, line: bytes) -> Row:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return Row(number, {}, "it is no JSON; each line holds one object")
    return Row(number, found) if isinstance(found, dict) else Row(number, {}, "it is no JSON object")


def _parquet(path: Path) -> Any:
    from pyarrow import parquet  # noqa: PLC0415 - an extra

    return parquet.ParquetFile(path)


def _parquet_rows(path: Path) -> Iterator[Row]:
    number = 0
    for batch in _parquet(path).iter_batches(batch_size=1024):
        for cells in batch.to_pylist():
            number += 1
            yield Row(number, cells)


class _told:  # noqa: N801 - reads as a statement
    """Turns what a broken file raises into one line that names it."""

    def __init__(self, path: Path) -> None:
        self._name = one_line(path.name)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, UnicodeDecodeError):
            raise FeedError(f"{self._name} is not UTF-8; save it as 'CSV UTF-8'") from error
        if isinstance(error, csv.Error):
            raise FeedError(f"{self._name} is no CSV table ({error}); check its quotes") from error
        if isinstance(error, OSError) and error.strerror:
            raise FeedError(f"{self._name} cannot be read ({error.strerror})") from error
        if isinstance(error, OSError | ValueError) and not isinstance(error, FeedError):
            raise FeedError(f"{self._name} is no Parquet table, or is damaged ({one_line(str(error), fold=True)})") from error
