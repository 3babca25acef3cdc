"""What an importer gives: drafts of items with their pictures, or what is wrong with a row, or why a row is no item.

A format is a function from a folder (or file) and `Wanted` to these, in the order of the files. Pictures are opened when they are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from environments.decks.questions import Question
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = [
    "Aside",
    "Draft",
    "Drafted",
    "Fault",
    "Faulty",
    "Found",
    "Picture",
    "Reader",
    "Wanted",
    "aside",
    "drafts",
    "no_splits",
    "split_of",
]


@dataclass(frozen=True)
class Wanted:
    """`split`: of the dataset, None for the usual one; `seed`: of options that are drawn."""

    split: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field of one row (from 1) of a file."""

    file: str
    row: int
    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}, {self.field}: {self.what}"


class Aside(Fault):
    """A row that is no item by the format's own rule, such as one without a picture: nothing is wrong with it, and it is listed."""


class Faulty(Exception):
    """A field, and what is wrong with it."""


class _NoItem(Faulty):
    """A field, and why the row is no item."""


@dataclass(frozen=True)
class Picture:
    """`name`: the path among the items; `content`: a file, or what gives its bytes (may raise Faulty); `field`: where the row names it."""

    name: str
    content: Path | Callable[[], bytes]
    field: str = "image"


@dataclass(frozen=True)
class Drafted:
    """An item's fields but for its pictures, and these. `names`: the dataset's names of fields, for faults."""

    fields: Mapping[str, Any]
    pictures: tuple[Picture, ...]
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """An item without its pictures, and the row it is from."""

    file: str
    row: int
    item: Question
    pictures: tuple[Picture, ...]


Found = Draft | Fault
T = TypeVar("T")
Reader = Callable[[Path, Wanted], Iterable[Found]]


def aside(field: str, why: str) -> Faulty:
    """To be raised where a row is no item, and nothing is wrong with it."""
    return _NoItem(field, why)


def drafts(file: str, rows: Iterable[T], make: Callable[[T], Drafted], first: int = 1) -> Iterator[Found]:
    """What `make` makes of each row, counted from `first`; what it raises is the row's fault."""
    for number, row in enumerate(rows, first):
        try:
            made = make(row)
            yield Draft(file, number, _question(made), made.pictures)
        except Faulty as fault:
            yield (Aside if isinstance(fault, _NoItem) else Fault)(file, number, *fault.args)
        except UnicodeEncodeError:
            yield Fault(file, number, "row", "a name in it holds half of a character (a lone surrogate), which is no text")


def _question(made: Drafted) -> Question:
    """Raises Faulty for the first field that no item can have, UnicodeEncodeError for a name that cannot be written."""
    try:
        item = Question.model_validate(made.fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "options"
        raise Faulty(made.names.get(name, name), one_line(str(first["msg"]).removeprefix("Value error, "), 200)) from None
    f"{item.id}{item.cluster}".encode()
    return item


def split_of(wanted: Wanted, splits: Iterable[str], usual: str) -> str:
    """The split that is asked for. Raises FeedError for one that the dataset has not."""
    known = list(splits)
    if wanted.split is None:
        return usual
    if wanted.split not in known:
        raise FeedError(f"--split: there is no {one_line(wanted.split, 40)!r}; the choices are {one_line(', '.join(known), 200)}")
    return wanted.split


def no_splits(wanted: Wanted, what: str) -> None:
    """Raises FeedError where a split of files without any is asked for."""
    if wanted.split is not None:
        raise FeedError(f"--split: {what} has no splits; leave it out")
