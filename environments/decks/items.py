"""The items of a deck: read from a user's CSV file or from the package, bounded, with the values they were written for.

A deck is named `FILE.csv`, `INSTRUMENT:FILE.csv` (the texts of a published instrument are the user's, its key is known), or `portraits`.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from environments.base import Frame
from personas.errors import FeedError
from personas.one_line import one_line
from personas.schwartz import VALUES, theory

__all__ = ["INSTRUMENTS", "PORTRAITS", "Deck", "DeckItem", "instrument_key", "load_deck", "value_labels"]

INSTRUMENTS: Mapping[str, tuple[str, int]] = {
    "pvq21": ("pvq21_key", 21),
    "pvq40": ("pvq40_key", 40),
    "pvqrr": ("pvqrr_key19", 57),
    "svs57": ("svs57_key", 57),
}
"""Published instruments: the name of the key in `personas.schwartz.theory()`, and the number of items."""

PORTRAITS = "portraits"
"""The short form that comes with the package."""

MOST_ITEMS = 2000
LONGEST_TEXT = 1000
"""Characters of one item."""

_COLUMNS = ("number", "text", "code")
_CODE = re.compile(r"-?[A-Za-z][A-Za-z0-9_.-]{0,39}")


@dataclass(frozen=True)
class DeckItem:
    """One item: its number in its instrument (from 1), its words, the code of what it measures. `frames`: pictures, none in a text deck.

    `labels` are loadings in [-1, 1] by value code, None where nothing is known; like `code` they never enter a real model's prompt.
    """

    id: str
    number: int
    text: str
    code: str | None = None
    labels: Mapping[str, float] | None = None
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class Deck:
    """`instrument` is a name in `INSTRUMENTS`, `portraits`, or "own". `key` gives the numbers of the items by value code."""

    instrument: str
    items: tuple[DeckItem, ...]
    key: Mapping[str, tuple[int, ...]]
    status: str = ""


def instrument_key(name: str) -> dict[str, tuple[int, ...]]:
    """The scoring key of a published instrument: numbers of items (from 1) by value code. Raises KeyError for another name."""
    return {code: tuple(numbers) for code, numbers in theory()[INSTRUMENTS[name][0]].items()}


def value_labels(code: str) -> dict[str, float] | None:
    """The loading on the ten values of an item that was written for `code`, one of the ten or the nineteen; None for another code.

    A minus sign before the code: the item speaks against the value.
    """
    if code.startswith("-"):
        against = value_labels(code[1:])
        return None if against is None else {value: -loading for value, loading in against.items()}
    if code in VALUES:
        return {code: 1.0}
    parents = theory()["refined19_to_basic10_pvqrr"]
    if code not in parents:
        return None
    return {parents[code]: 1.0} if parents[code] else {}


def load_deck(name: str) -> Deck:
    """The deck that `name` stands for (see above). Raises FeedError with row (names of the columns: 1) and column."""
    if name == PORTRAITS:
        return _portraits()
    instrument, colon, path = name.partition(":")
    if colon and instrument in INSTRUMENTS:
        return _published(instrument, path)
    items, _ = _read(name)
    labelled = [replace(each, labels=value_labels(each.code) if each.code else None) for each in items]
    return Deck("own", tuple(labelled), _key_of(items))


def _key_of(items: Iterable[DeckItem]) -> dict[str, tuple[int, ...]]:
    key: dict[str, tuple[int, ...]] = {}
    for item in items:
        if item.code:
            key[item.code] = (*key.get(item.code, ()), item.number)
    return key


def _portraits() -> Deck:
    data = tomllib.loads(files("environments").joinpath("decks/portraits.toml").read_text(encoding="utf-8"))
    items = tuple(
        DeckItem(f"{PORTRAITS}-{each['number']}", each["number"], each["text"], each["code"], value_labels(each["code"]))
        for each in data["items"]
    )
    return Deck(PORTRAITS, items, _key_of(items), data["status"])


def _published(instrument: str, path: str) -> Deck:
    """The user's texts of a published instrument, complete and with the numbers of its key; a column of codes is not looked at."""
    items, numbered = _read(path, instrument)
    wanted = set(range(1, INSTRUMENTS[instrument][1] + 1))
    if not numbered:
        raise FeedError(f"{_named(path)}, row 1, column number: it is missing; the key of {instrument} goes by the numbers of its items")
    lacking, strange = sorted(wanted - {item.number for item in items}), sorted({item.number for item in items} - wanted)
    if lacking or strange:
        what = f"item {_some(lacking)} is missing" if lacking else f"there is no item {_some(strange)}"
        raise FeedError(f"{_named(path)}: {what}; {instrument} has the items 1 to {len(wanted)}")
    key = instrument_key(instrument)
    code = {number: value for value, numbers in key.items() for number in numbers}
    keyed = (
        replace(item, code=code.get(item.number), labels=(value_labels(code[item.number]) or {}) if item.number in code else {})
        for item in items
    )
    return Deck(instrument, tuple(sorted(keyed, key=lambda item: item.number)), key)


def _some(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:5])) + (", …" if len(numbers) > 5 else "")


def _named(path: str) -> str:
    return f"the items in {one_line(path, 200)}"


def _read(path: str, prefix: str = "item") -> tuple[list[DeckItem], bool]:
    """The items of a CSV file, and whether it numbers them."""
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            return _items(path, csv.reader(file, strict=True), prefix)
    except OSError as error:
        raise FeedError(f"{_named(path)} cannot be read ({error.strerror}); give a CSV file with the columns number and text") from None
    except UnicodeDecodeError:
        raise FeedError(f"{_named(path)} are not text in UTF-8; save the file as CSV UTF-8") from None
    except csv.Error as error:
        raise FeedError(f"{_named(path)} are no CSV file ({error}); put texts with commas or quotes in quotes") from None
    except ValueError:  # a null byte in the path
        raise FeedError(f"{_named(path)}: that is not a path; check for stray characters") from None


def _items(path: str, rows: Iterable[Sequence[str]], prefix: str) -> tuple[list[DeckItem], bool]:
    lines = enumerate(rows, 1)
    header = [name.strip().lower() for _, row in [next(lines, (1, ()))] for name in row]
    _check_header(path, header)
    items: list[DeckItem] = []
    seen: set[int] = set()
    for row, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise FeedError(f"{_named(path)}, row {row}: it has {len(cells)} cells, not {len(header)}; put text with commas in quotes")
        if len(items) == MOST_ITEMS:
            raise FeedError(f"{_named(path)} are more than {MOST_ITEMS}; give fewer")
        item = _item(path, row, dict(zip(header, (cell.strip() for cell in cells), strict=True)), len(items) + 1, prefix)
        if item.number in seen:
            raise FeedError(f"{_named(path)}, row {row}, column number: {item.number} stands there twice; give each item its own")
        seen.add(item.number)
        items.append(item)
    if not items:
        raise FeedError(f"{_named(path)}: there are none; give one a row below the names of the columns")
    return items, "number" in header


def _check_header(path: str, header: Sequence[str]) -> None:
    if "text" not in header:
        raise FeedError(f"{_named(path)}, row 1: no column is called text; the columns are number, text and, if wanted, code")
    for name in header:
        if name not in _COLUMNS or header.count(name) > 1:
            where = f"{_named(path)}, row 1, column {one_line(name, 40)!r}"
            raise FeedError(f"{where}: the columns are number, text and, if wanted, code, each once")


def _item(path: str, row: int, cells: Mapping[str, str], place: int, prefix: str) -> DeckItem:
    def wrong(column: str, what: str) -> FeedError:
        return FeedError(f"{_named(path)}, row {row}, column {column}: {what}")

    number = cells.get("number", str(place))
    if not re.fullmatch(r"[0-9]{1,5}", number) or int(number) < 1:
        raise wrong("number", f"{one_line(number, 20)!r} is no number of an item; number them from 1")
    text = " ".join(cells["text"].split())
    if not text or len(text) > LONGEST_TEXT:
        raise wrong("text", "it is empty" if not text else f"it is longer than {LONGEST_TEXT} characters")
    code = cells.get("code", "")
    if code and not _CODE.fullmatch(code):
        raise wrong(
            "code",
            "use a letter, then at most 39 letters, digits and _ . - (before it a minus sign where the item speaks against the value)",
        )
    return DeckItem(f"{prefix}-{int(number)}", int(number), text, code or None)
