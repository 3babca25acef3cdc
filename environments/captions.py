"""`videos.csv`: the words that come with a folder of videos. Everything in it is data from outside."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from environments.base import StimulusText
from environments.clips import Problem
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["CSV_NAME", "Captions", "VideoRow", "file_key", "parse_hashtags", "read_captions"]

CSV_NAME = "videos.csv"
_COLUMNS = ("file", "caption", "author", "hashtags", "platform", "url")
_MAX_BYTES = 64 * 2**20
_LONGEST_CELL = 128 * 2**10
"""Characters; a longer one is quotes that do not match."""


@dataclass(frozen=True)
class VideoRow:
    """One usable row: its number as a spreadsheet shows it (the header is row 1), the file as written, and the words."""

    number: int
    file: str
    text: StimulusText
    platform: str
    url: str


@dataclass(frozen=True)
class Captions:
    """Rows by `file_key`, and one problem for each row that cannot be used."""

    rows: Mapping[str, VideoRow]
    problems: tuple[Problem, ...] = ()


def file_key(relative: str) -> str:
    """A relative file name as rows and files are matched by: composed Unicode, forward slashes, no leading "./"."""
    return str(PurePosixPath(unicodedata.normalize("NFC", relative.replace("\\", "/"))))


def parse_hashtags(cell: str) -> tuple[str, ...]:
    """The tags of a cell such as "#nature #été" or "nature, été", without '#', each once, in order."""
    return tuple(dict.fromkeys(tag for tag in re.split(r"[\s,;#]+", cell) if tag))


def read_captions(folder: Path) -> Captions:
    """Reads `folder/videos.csv`; no such file means no captions.

    UTF-8, with or without a byte order mark; comma, semicolon or tab between cells; columns in any order, all but `file` optional. Text
    survives exactly, NUL characters apart. Raises FeedError when the file as a whole cannot be understood.
    """
    path = folder / CSV_NAME
    if not path.is_file():
        return Captions({})
    rows: dict[str, VideoRow] = {}
    problems: list[Problem] = []
    for number, cells in _records(path):
        found = _row(number, cells)
        if isinstance(found, Problem):
            problems.append(found)
        elif found and (first := rows.setdefault(file_key(found.file), found)) is not found:
            problems.append(_problem(number, f"{one_line(found.file)!r} was already in row {first.number}; that one is used"))
    return Captions(rows, tuple(problems))


def _records(path: Path) -> Iterator[tuple[int, dict[str, str] | None]]:
    """Row numbers and cells by column name; None for a row that has more cells than the header."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise FeedError(f"{CSV_NAME} is larger than {_MAX_BYTES // 2**20} MB; split the folder")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FeedError(f"{CSV_NAME} is not UTF-8 (byte {error.start}); save it as 'CSV UTF-8'") from error
    except OSError as error:
        raise FeedError(f"{CSV_NAME} cannot be read ({error.strerror}); check its permissions") from error
    text = text.replace("\0", "")
    csv.field_size_limit(_LONGEST_CELL)  # one limit for the whole process: others may have set another
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header)
        for number, cells in enumerate(reader, start=2):
            if any(cell.strip() for cell in cells[len(header) :]):
                yield number, None
            elif any(cell.strip() for cell in cells):
                yield number, dict(zip(header, cells, strict=False))
    except csv.Error as error:
        raise FeedError(f"{CSV_NAME}, line {reader.line_num}: {error}; check its quotes") from error


def _delimiter(text: str) -> str:
    """What the header is divided by: spreadsheets in many languages write semicolons."""
    header = text.partition("\n")[0]
    return next((mark for mark in ",;\t" if mark in header), ",")


def _check_header(header: list[str]) -> None:
    if "file" not in header:
        raise FeedError(f"{CSV_NAME} has no column 'file'; its first row must name columns out of: {', '.join(_COLUMNS)}")
    twice = next((name for name in _COLUMNS if header.count(name) > 1), None)
    if twice:
        raise FeedError(f"{CSV_NAME} has the column {twice!r} twice; keep one")


def _row(number: int, cells: dict[str, str] | None) -> VideoRow | Problem | None:
    if cells is None:
        return _problem(number, "it has more cells than the header; put quotes around captions with commas")
    file = cells.get("file", "").strip()
    if not file:
        return _problem(number, "it names no file; fill in the column 'file'")
    if not _stays_inside(file):
        return _problem(number, f"{one_line(file)!r} points outside the folder; name a file inside it")
    text = StimulusText(
        caption=cells.get("caption", ""), author=cells.get("author", "").strip(), hashtags=parse_hashtags(cells.get("hashtags", ""))
    )
    return VideoRow(number, file, text, cells.get("platform", "").strip(), cells.get("url", "").strip())


def _stays_inside(file: str) -> bool:
    windows = PureWindowsPath(file)  # knows both kinds of slash, and drives
    return not windows.drive and not windows.root and ".." not in windows.parts


def _problem(number: int, reason: str) -> Problem:
    return Problem(f"{CSV_NAME} row {number}", reason)
