"""From the benchmark's original folder to items: `meta_file/{Helpful,Honest,Harmless}.json` and the pictures that they name.

    {"meta_data": …, "items": [{"id", "query", "image": [paths], "options": […], "source": task, "safe_label"?}]}

The first option is right, and the second too where "I don't know." is among them. What is wrong is named by file, row (from 1) and
field; no row is left out unless that is asked for, and then each is listed. Paths are relative to the folder.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from environments.catalogue.storing import write_whole
from environments.decks.questions import ITEMS, Question
from evals.ch3ef.taxonomy import H, Place, key_of, place_of, tasks
from personas.errors import FeedError, StorageFailed
from personas.one_line import one_line

__all__ = ["LEFT_OUT", "Fault", "Imported", "read_original", "write_items"]

LEFT_OUT = "left_out.csv"
_FOLDER, _PICTURES = "meta_file", "pictures"
_FIELDS = ("id", "query", "image", "options", "source", "safe_label")
_MOST_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field of one row (from 1) of a file."""

    file: str
    row: int
    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}, {self.field}: {self.what}"


@dataclass(frozen=True)
class Imported:
    """The items in the order of the files, where the picture behind each of their paths lies, and what is wrong."""

    items: tuple[Question, ...]
    pictures: dict[str, Path]
    faults: tuple[Fault, ...]
    rows: int


def read_original(folder: Path) -> Imported:
    """Everything in the folder, with all faults. Raises FeedError where a file as a whole cannot be read, or none is there."""
    present = [h for h in H if (folder / _FOLDER / f"{h}.json").is_file()]
    if not present:
        raise FeedError(
            f"{one_line(str(folder), 200)} holds none of {_FOLDER}/{{{','.join(H)}}}.json; give the benchmark's original folder"
        )
    items: dict[str, Question] = {}
    pictures: dict[str, Path] = {}
    faults: list[Fault] = []
    rows = 0
    for h in present:
        file = f"{_FOLDER}/{h}.json"
        for row, data in enumerate(_rows(folder / file, file), 1):
            rows += 1
            found = _item(folder, h, data, pictures)
            if isinstance(found, Question) and found.id in items:
                found = ("id", "it stands there already")
            if isinstance(found, Question):
                items[found.id] = found
            else:
                faults.append(Fault(file, row, *found))
    return Imported(tuple(items.values()), pictures, tuple(faults), rows)


def _rows(path: Path, file: str) -> Sequence[Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FeedError(f"{file} is larger than {_MOST_BYTES // 2**20} MB: that is no file of the benchmark")
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FeedError(f"{file} cannot be read ({error.strerror}); check its permissions") from None
    except (ValueError, RecursionError) as error:
        raise FeedError(f"{file} is not JSON in UTF-8: {one_line(str(error), 120)}") from None
    rows = data.get("items") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise FeedError(f'{file}: it has no list "items"; give the original file')
    return rows


class _Faulty(Exception):
    """A field, and what is wrong with it."""


def _item(folder: Path, h: str, data: Any, pictures: dict[str, Path]) -> Question | tuple[str, str]:
    """The item of one row, or the field that is wrong and what is wrong with it."""
    try:
        _check_form(data)
        place = _placed(data["source"], h)
        given = [data["image"]] if isinstance(data["image"], str) else data["image"]
        images = [_picture(folder, image, pictures) for image in given]
    except _Faulty as fault:
        return fault.args[0], fault.args[1]
    options = [" ".join(option.split()) for option in data["options"]]
    about = place.about | ({"safe_label": str(data["safe_label"])} if data.get("safe_label") is not None else {})
    more = {name: value for name, value in data.items() if name not in _FIELDS and name not in Question.model_fields}
    row = {"id": f"{h.lower()}-{data['id']}", "text": data["query"], "images": images, "options": options, "about": about, **more}
    try:
        return Question.model_validate(row | {"key": key_of(options)})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "options"
        return {"text": "query", "images": "image"}.get(field, field), one_line(str(first["msg"]).removeprefix("Value error, "), 200)


def _placed(source: str, h: str) -> Place:
    place = place_of(source)
    if place is None:
        names = ", ".join(each.task for each in tasks().values() if each.h == h)
        raise _Faulty("source", f"there is no task {one_line(source, 60)!r}; the tasks of {h} are {names}")
    if place.h != h:
        raise _Faulty("source", f"the task {place.task} is of {place.h}, not of {h}")
    return place


def _check_form(data: Any) -> None:
    """Raises _Faulty for the first field that is missing or of another kind than the original has."""
    if not isinstance(data, dict):
        raise _Faulty("row", "it is no JSON object")
    if not isinstance(data.get("id"), int | str) or isinstance(data["id"], bool):
        raise _Faulty("id", "it is missing, or neither a number nor a text")
    for name in ("query", "source"):
        if not isinstance(data.get(name), str) or not data[name].strip():
            raise _Faulty(name, "it is missing, empty, or no text")
    image, options = data.get("image"), data.get("options")
    if not isinstance(image, str) and not (isinstance(image, list) and all(isinstance(each, str) for each in image)):
        raise _Faulty("image", "it is missing, or no list of paths")
    if not isinstance(options, list) or not all(isinstance(each, str) and each.strip() for each in options) or len(options) < 2:
        raise _Faulty("options", "there have to be two or more texts, none of them empty")
    if not isinstance(data.get("safe_label"), int | str | float | None):
        raise _Faulty("safe_label", "it is neither a text nor a number")


def _picture(folder: Path, image: str, pictures: dict[str, Path]) -> str:
    """The name that the picture gets among the items. It is opened once. Raises _Faulty."""
    parts = [part for part in PurePosixPath(image.replace("\\", "/")).parts if part != "."]
    told = one_line(image, 100)
    if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0] or "\0" in image:
        raise _Faulty("image", f"{told!r} points outside the folder")
    name = "/".join([_PICTURES, *parts])
    if name in pictures:
        return name
    source = folder.joinpath(*parts)
    if not source.is_file():
        raise _Faulty("image", f"there is no file {told!r} in the folder")
    if fault := _broken(source):
        raise _Faulty("image", f"{told!r} {fault}")
    pictures[name] = source
    return name


def _broken(path: Path) -> str:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - Pillow loads when used

    try:
        with Image.open(path) as picture:
            picture.verify()
    except UnidentifiedImageError:
        return "is no picture"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"cannot be read as a picture ({one_line(str(error), 80)})"
    return ""


def write_items(found: Imported, out: Path, *, skip_faulty: bool = False) -> None:
    """Items and pictures into an empty or new folder. Raises FeedError for faults unless they are to be skipped, StorageFailed."""
    if found.faults and not skip_faulty:
        more = f" (and {len(found.faults) - 1} more)" if len(found.faults) > 1 else ""
        raise FeedError(f"{found.faults[0]}{more}: mend it, or leave such rows out with --skip-faulty, which lists them")
    if not found.items:
        raise FeedError("no row can be used: nothing is written")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FeedError(f"--out {one_line(str(out), 200)} is not empty: give an empty or a new folder")
    try:
        used = {image for item in found.items for image in item.images}
        for name, source in found.pictures.items():
            if name in used:
                target = out / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        if found.faults:
            write_whole(out / LEFT_OUT, "".join(_csv_lines(found.faults)).encode("utf-8", "replace"))
        lines = "".join(json.dumps(item.model_dump(mode="json"), ensure_ascii=False) + "\n" for item in found.items)
        write_whole(out / ITEMS, lines.encode("utf-8", "replace"))  # last: a folder without it is no deck
    except OSError as error:
        raise StorageFailed(f"cannot write to {one_line(str(out))}: {error.strerror or error}; mend it or choose another folder") from error


def _csv_lines(faults: Sequence[Fault]) -> Iterator[str]:
    yield "file,row,field,what\n"
    for fault in faults:
        yield f'{fault.file},{fault.row},{fault.field},"{fault.what.replace(chr(34), chr(34) * 2)}"\n'
