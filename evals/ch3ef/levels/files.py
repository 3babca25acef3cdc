"""Files of a dataset, as they are read here: bounded, in UTF-8, inside the folder, each fault one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from evals.ch3ef.levels.base import Faulty
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["base_of", "first_there", "inside", "json_of", "lines_of", "text_field"]

_MOST_BYTES = 512 * 2**20
_LONGEST_LINE = 2**20


def base_of(source: Path, marks: tuple[str, ...], below: tuple[str, ...], what: str) -> Path:
    """`source`, or the folder among `below` in it, that holds one of `marks`. Raises FeedError that says what is looked for."""
    for folder in (source, *(source / name for name in below)):
        if any((folder / mark).exists() for mark in marks):
            return folder
    raise FeedError(f"{one_line(str(source), 200)} holds none of {', '.join(marks)}: give {what}")


def first_there(folder: Path, names: tuple[str, ...]) -> Path:
    """The first of `names` in `folder` that is there; `folder` itself where none is."""
    return next((folder / name for name in names if (folder / name).is_dir()), folder)


def json_of(path: Path) -> Any:
    """Raises FeedError where the file is not there, too large, or no JSON."""
    _check_size(path)
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FeedError(f"{_named(path)} cannot be read ({error.strerror}); check its permissions") from None
    except (ValueError, RecursionError) as error:
        raise FeedError(f"{_named(path)} is not JSON in UTF-8: {one_line(str(error), 120)}") from None


def lines_of(path: Path) -> Iterator[str]:
    """The lines without their ends. Raises FeedError as `json_of`, and for a line longer than 1 MB."""
    _check_size(path)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if len(line) > _LONGEST_LINE:
                    raise FeedError(f"{_named(path)}, line {number} is longer than {_LONGEST_LINE // 2**20} MB")
                yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise FeedError(f"{_named(path)} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise FeedError(f"{_named(path)} cannot be read ({error.strerror}); check its permissions") from None


def _check_size(path: Path) -> None:
    if not path.is_file():
        raise FeedError(f"there is no file {_named(path)}: the dataset's original layout has one")
    if path.stat().st_size > _MOST_BYTES:
        raise FeedError(f"{_named(path)} is larger than {_MOST_BYTES // 2**20} MB: that is no file of the dataset")


def _named(path: Path) -> str:
    return one_line(str(path), 200)


def inside(folder: Path, given: str, field: str) -> Path:
    """The file `given`, relative to `folder`. Raises Faulty where it is not there, or lies outside, by a link too."""
    parts = [part for part in PurePosixPath(given.replace("\\", "/")).parts if part != "."]
    told = one_line(given, 100)
    if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0] or "\0" in given:
        raise Faulty(field, f"{told!r} points outside the folder")
    path = folder.joinpath(*parts)
    try:
        there = path.is_file()
    except (OSError, ValueError):
        there = False
    if not there:
        raise Faulty(field, f"there is no file {told!r} in {one_line(folder.name, 60)}")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Faulty(field, f"{told!r} is a link that leads outside the folder; put the file itself there")
    return path


def text_field(row: Any, name: str) -> str:
    """A text that is there and not blank, its ends trimmed. Raises Faulty."""
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise Faulty(name, "it is missing, empty, or no text")
    return value.strip()
