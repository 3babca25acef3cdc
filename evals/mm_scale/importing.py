"""From records of ratings to items, in the form that the annotation page exports:

    {"image": "bus.png", "scenario_id": "bus-1", "text": "…", "ratings": [{"rater": "anna", "score": 2, "grounding": "both"}, …], "reason"?}

One a line (.jsonl) or in a list (.json). `topic` groups results; any other field is kept under `record`. What is wrong is named by row
(from 1; in .jsonl the line) and field; no row is left out unless that is asked for, and then each is listed.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from environments.catalogue.storing import write_whole
from environments.decks.question_feed import FORMATS, MOST_BYTES, MOST_PIXELS
from environments.decks.questions import ITEMS, Question
from evals.mm_scale.items import Rating, fault_of_rating
from personas.errors import FeedError, StorageFailed
from personas.one_line import one_line

__all__ = ["LEFT_OUT", "Fault", "Imported", "read_records", "write_items"]

LEFT_OUT = "left_out.csv"
_PICTURES = "pictures"
_FIELDS = ("image", "scenario_id", "text", "ratings", "reason", "topic")
_MOST_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field of one row (from 1)."""

    row: int
    field: str
    what: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.field}: {self.what}"


@dataclass(frozen=True)
class Imported:
    """The items in the file's order, where the picture behind each of their paths lies, what is wrong, and how many rows there were."""

    items: tuple[Question, ...]
    pictures: dict[str, Path]
    faults: tuple[Fault, ...]
    rows: int


class _Faulty(Exception):
    """A field, and what is wrong with it."""


@dataclass(frozen=True)
class _Record:
    row: int
    image: str
    scenario: str
    fields: dict[str, Any]


def read_records(path: Path, images: Path) -> Imported:
    """Everything in the file, with all faults. `images`: the folder of the pictures. Raises FeedError for a file that is not this."""
    if not images.is_dir():
        raise FeedError(f"--images {one_line(str(images), 200)} is no folder")
    records: list[_Record] = []
    faults: list[Fault] = []
    pictures: dict[str, Path] = {}
    seen: dict[tuple[str, str], int] = {}
    rows = 0
    for row, data in _rows(path):
        rows += 1
        try:
            record = _record(row, data, images, pictures)
            if (first := seen.setdefault((record.image, record.scenario), row)) != row:
                raise _Faulty("scenario_id", f"{one_line(record.scenario, 60)!r} of this image stands in row {first} already")
        except _Faulty as fault:
            faults.append(Fault(row, *fault.args))
        else:
            records.append(record)
    if not rows:
        raise FeedError(f"{one_line(str(path), 200)} holds no records")
    items = _items(records, faults)
    return Imported(items, pictures, tuple(sorted(faults, key=lambda fault: fault.row)), rows)


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    """(row, record) of each; a line that is no JSON is the text of its fault."""
    shown = one_line(str(path), 200)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FeedError(f"{shown} is larger than {_MOST_BYTES // 2**20} MB; split it")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FeedError(f"{shown} cannot be read ({error.strerror}); check the path") from None
    except ValueError:
        raise FeedError(f"{shown} is not UTF-8; save it as UTF-8") from None
    if not text.lstrip().startswith("["):
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield number, _parsed(line)
        return
    whole = _parsed(text)
    if not isinstance(whole, list):
        raise FeedError(f"{shown} is not JSON; give one record a line, or a list of records")
    yield from enumerate(whole, 1)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _record(row: int, data: Any, images: Path, pictures: dict[str, Path]) -> _Record:
    """The record of one row; its picture is added to `pictures`. Raises _Faulty."""
    if not isinstance(data, dict):
        raise _Faulty("row", "it is no JSON object")
    scenario, text, topic = data.get("scenario_id"), data.get("text"), data.get("topic")
    if isinstance(scenario, bool) or not isinstance(scenario, str | int) or not str(scenario).strip():
        raise _Faulty("scenario_id", "it is missing, empty, or neither a text nor a number")
    if not isinstance(text, str) or not text.strip():
        raise _Faulty("text", "it is missing, empty, or no text")
    for name, value in (("reason", data.get("reason")), ("topic", topic)):
        if value is not None and not isinstance(value, str):
            raise _Faulty(name, "it is no text")
    fields: dict[str, Any] = {"text": text, "ratings": _ratings(data.get("ratings")), "about": {"topic": topic} if topic else {}}
    if data.get("reason"):
        fields["reason"] = data["reason"]
    if more := {name: value for name, value in data.items() if name not in _FIELDS}:
        fields["record"] = more
    return _Record(row, _picture(images, data.get("image"), pictures), str(scenario).strip(), fields)


def _ratings(given: Any) -> list[dict[str, Any]]:
    """The ratings as rows; none where nobody has rated yet. Raises _Faulty."""
    if given is not None and not isinstance(given, list):
        raise _Faulty("ratings", "it is no list")
    found: list[Rating] = []
    for number, each in enumerate(given or (), 1):
        rating = fault_of_rating(each, [one.rater for one in found])
        if not isinstance(rating, Rating):
            raise _Faulty(f"ratings {number}, {rating[0]}", rating[1])
        found.append(rating)
    return [rating.row() for rating in found]


def _picture(folder: Path, image: Any, pictures: dict[str, Path]) -> str:
    """The name that the picture gets among the items. It is opened once. Raises _Faulty."""
    if not isinstance(image, str) or not image.strip():
        raise _Faulty("image", "it is missing, empty, or no path")
    parts = [part for part in PurePosixPath(image.replace("\\", "/")).parts if part != "."]
    told = one_line(image, 100)
    if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0] or "\0" in image:
        raise _Faulty("image", f"{told!r} points outside the folder of --images")
    name = "/".join(parts if parts[0] == _PICTURES else [_PICTURES, *parts])
    if name in pictures and pictures[name] == folder.joinpath(*parts):
        return name
    if name in pictures:
        raise _Faulty(
            "image", f"{told!r} and {one_line(str(pictures[name].relative_to(folder)), 100)!r} are two files with one name; rename one"
        )
    source = folder.joinpath(*parts)
    try:
        there = source.is_file()
    except OSError:  # such as a name that is too long
        there = False
    if not there:
        raise _Faulty("image", f"there is no file {told!r} in the folder of --images")
    if not source.resolve().is_relative_to(folder.resolve()):
        raise _Faulty("image", f"{told!r} is a link that leads outside the folder of --images; put the picture itself there")
    if fault := _broken(source):
        raise _Faulty("image", f"{told!r} {fault}")
    pictures[name] = source
    return name


def _broken(path: Path) -> str:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - Pillow loads when used

    try:
        if path.stat().st_size > MOST_BYTES:
            return f"is larger than {MOST_BYTES // 2**20} MB"
        with (
            warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning),
            Image.open(path, formats=FORMATS) as picture,
        ):
            if picture.width * picture.height > MOST_PIXELS:
                return f"has more than {MOST_PIXELS // 1_000_000} million pixels"
            picture.verify()
    except UnidentifiedImageError:
        return "is no picture"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"cannot be read as a picture ({one_line(str(error), 80)})"
    return ""


def _items(records: list[_Record], faults: list[Fault]) -> tuple[Question, ...]:
    """Items called by their scenario, and by picture and scenario where two pictures have one of that name. Adds to `faults`."""
    used = Counter(record.scenario for record in records)
    found = []
    for record in records:
        stem = PurePosixPath(record.image).with_suffix("").relative_to(_PICTURES)
        name = record.scenario if used[record.scenario] == 1 else f"{stem}/{record.scenario}"
        about = {**record.fields["about"], "image": record.image, "scenario_id": record.scenario}
        row = {**record.fields, "id": name, "images": [record.image], "cluster": record.image, "about": about}
        try:
            found.append(Question.model_validate(row))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = {"id": "scenario_id", "images": "image"}.get(str(first["loc"][0]), str(first["loc"][0])) if first["loc"] else "row"
            faults.append(Fault(record.row, field, one_line(str(first["msg"]), 200)))
    return tuple(found)


def write_items(found: Imported, out: Path, *, skip_faulty: bool = False) -> None:
    """Items and pictures into an empty or new folder. Raises FeedError for faults unless they are to be skipped, StorageFailed."""
    if found.faults and not skip_faulty:
        more = f" (and {len(found.faults) - 1} more)" if len(found.faults) > 1 else ""
        raise FeedError(f"{found.faults[0]}{more}: mend it, or leave such rows out with --skip-faulty, which lists them")
    if not found.items:
        raise FeedError(f"no row can be used: nothing is written; the first: {found.faults[0]}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FeedError(f"--out {one_line(str(out), 200)} is not empty: give an empty or a new folder")
    try:
        for name in dict.fromkeys(image for item in found.items for image in item.images):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found.pictures[name], out / name)
        if found.faults:
            write_whole(out / LEFT_OUT, _as_csv(found.faults).encode("utf-8", "replace"))
        lines = "".join(json.dumps(item.model_dump(mode="json"), ensure_ascii=False) + "\n" for item in found.items)
        write_whole(out / ITEMS, lines.encode("utf-8", "replace"))  # last: a folder without it is no deck
    except OSError as error:
        raise StorageFailed(f"cannot write to {one_line(str(out))}: {error.strerror or error}; mend it or choose another folder") from error


def _as_csv(faults: tuple[Fault, ...]) -> str:
    from personas.spreadsheet import harmless_cell  # noqa: PLC0415

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("row", "field", "what"))
    writer.writerows((fault.row, fault.field, harmless_cell(fault.what)) for fault in faults)
    return text.getvalue()
