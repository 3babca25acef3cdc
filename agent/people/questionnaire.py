"""The researcher's questions after the clips: read from a CSV file, and what was answered folded from the trace."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.trace.events import Event, QuestionnaireEvent, QuestionnaireItem
from agent.trace.making import now
from personas.errors import UserError

__all__ = ["SCALE", "Item", "answered_before", "handed_in", "load_items", "questionnaire_event"]

SCALE = ("Not like me at all", "Mostly not like me", "A little like me", "Partly like me", "Mostly like me", "Very much like me")
"""The default labels of the points 1 to 6."""

_COLUMNS = ("text", "code")
_CODE = re.compile(r"[A-Za-z0-9_.:-]{0,40}")
_LONGEST_TEXT = 1000
_MOST_ITEMS = 500


@dataclass(frozen=True)
class Item:
    """A question, and the researcher's code for it (what it measures), None where there is none."""

    text: str
    code: str | None = None


def load_items(path: Path) -> tuple[Item, ...]:
    """The items in a CSV file with the column `text` and, if wanted, `code`. Raises UserError with row (header: 1) and column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _items(path, csv.reader(file, strict=True))
    except OSError as error:
        raise UserError(f"--items {path}: it cannot be read ({error.strerror}); give a CSV file with the column text") from error
    except UnicodeDecodeError as error:
        raise UserError(f"--items {path}: it is not text in UTF-8; save it as CSV UTF-8") from error
    except csv.Error as error:
        raise UserError(f"--items {path}: it is no CSV file ({error})") from error


def _items(path: Path, rows: Iterable[Sequence[str]]) -> tuple[Item, ...]:
    def wrong(row: int, column: str, what: str) -> UserError:
        return UserError(f"--items {path}, row {row}, column {column}: {what}")

    lines = enumerate(rows, 1)
    header = [name.strip().lower() for _, row in [next(lines, (1, ()))] for name in row]
    if "text" not in header:
        raise wrong(1, "text", "the first row has no such name; it names the columns: text, and optionally code")
    for name in header:
        if name not in _COLUMNS or header.count(name) > 1:
            raise wrong(1, repr(name[:40]), "the columns are text and, if wanted, code, each once")
    items = []
    for number, row in lines:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise wrong(
                number, header[min(len(row), len(header) - 1)], f"{len(row)} cells, not {len(header)}; put text with commas in quotes"
            )
        cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
        if not cells["text"] or len(cells["text"]) > _LONGEST_TEXT:
            raise wrong(number, "text", "it is empty" if not cells["text"] else f"it is longer than {_LONGEST_TEXT} characters")
        if not _CODE.fullmatch(cells.get("code", "")):
            raise wrong(number, "code", "use at most 40 letters, digits and . : _ -")
        items.append(Item(cells["text"], cells.get("code") or None))
    if not items or len(items) > _MOST_ITEMS:
        raise UserError(f"--items {path}: it has {len(items)} items; give 1 to {_MOST_ITEMS}, one a row below the names of the columns")
    return tuple(items)


def questionnaire_event(
    items: Sequence[Item], scale: Sequence[str], answers: Mapping[int, int], only: int | None = None
) -> QuestionnaireEvent:
    """The answers (points from 0, by item from 0) as an event: that to the item `only`, or all of them as they were handed in."""
    shown = range(len(items)) if only is None else [only]
    kept = tuple(
        QuestionnaireItem(number=number, text=items[number].text, code=items[number].code, answer=_point(answers.get(number)))
        for number in shown
    )
    return QuestionnaireEvent(at=now(), items=kept, scale=tuple(scale), complete=only is None)


def answered_before(events: Iterable[Event], items: Sequence[Item], scale: Sequence[str]) -> dict[int, int]:
    """Points from 0, by item from 0, that an earlier process stored. An item or scale that was changed since is asked again."""
    answers: dict[int, int] = {}
    for event in events:
        if isinstance(event, QuestionnaireEvent) and event.scale == tuple(scale):
            for item in event.items:
                if item.answer is not None and item.number < len(items) and items[item.number].text == item.text:
                    answers[item.number] = item.answer - 1
    return answers


def handed_in(events: Iterable[Event]) -> bool:
    """Whether the person has pressed Finish."""
    return any(isinstance(event, QuestionnaireEvent) and event.complete for event in events)


def _point(value: int | None) -> int | None:
    return None if value is None else value + 1
