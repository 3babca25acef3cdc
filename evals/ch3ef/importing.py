"""The benchmark's own items: `meta_file/{Helpful,Honest,Harmless}.json` and the pictures that they name.

    {"meta_data": …, "items": [{"id", "query", "image": [paths], "options": […], "source": task, "safe_label"?}]}

The first option is right, and the second too where "I don't know." is among them. Paths are relative to the folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from environments.decks.questions import Question
from evals.ch3ef.levels.base import Drafted, Faulty, Found, Picture, Wanted, drafts, no_splits
from evals.ch3ef.levels.files import inside, json_of
from evals.ch3ef.taxonomy import H, Place, key_of, place_of, tasks
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["read"]

_FOLDER, _PICTURES = "meta_file", "pictures"
_FIELDS = ("id", "query", "image", "options", "source", "safe_label")


def read(source: Path, wanted: Wanted) -> Iterator[Found]:
    """Everything in the folder. Raises FeedError where a file as a whole cannot be read, or none is there."""
    no_splits(wanted, "Ch3Ef")
    present = [h for h in H if (source / _FOLDER / f"{h}.json").is_file()]
    if not present:
        raise FeedError(
            f"{one_line(str(source), 200)} holds none of {_FOLDER}/{{{','.join(H)}}}.json; give the benchmark's original folder"
        )
    for h in present:
        file = f"{_FOLDER}/{h}.json"
        data = json_of(source / file)
        rows = data.get("items") if isinstance(data, dict) else None
        if not isinstance(rows, list):
            raise FeedError(f'{file}: it has no list "items"; give the original file')
        yield from drafts(file, rows, partial(_item, source, h))


def _item(folder: Path, h: str, data: Any) -> Drafted:
    _check_form(data)
    place = _placed(data["source"], h)
    given = [data["image"]] if isinstance(data["image"], str) else data["image"]
    pictures = tuple(_picture(folder, image) for image in given)
    options = [" ".join(option.split()) for option in data["options"]]
    about = place.about | ({"safe_label": str(data["safe_label"])} if data.get("safe_label") is not None else {})
    more = {name: value for name, value in data.items() if name not in _FIELDS and name not in Question.model_fields}
    fields = {"id": f"{h.lower()}-{data['id']}", "text": data["query"], "options": options, "key": key_of(options), "about": about, **more}
    return Drafted(fields, pictures, {"text": "query"})


def _placed(source: str, h: str) -> Place:
    place = place_of(source)
    if place is None:
        names = ", ".join(each.task for each in tasks().values() if each.h == h)
        raise Faulty("source", f"there is no task {one_line(source, 60)!r}; the tasks of {h} are {names}")
    if place.h != h:
        raise Faulty("source", f"the task {place.task} is of {place.h}, not of {h}")
    return place


def _check_form(data: Any) -> None:
    """Raises Faulty for the first field that is missing or of another kind than the original has."""
    if not isinstance(data, dict):
        raise Faulty("row", "it is no JSON object")
    if not isinstance(data.get("id"), int | str) or isinstance(data["id"], bool):
        raise Faulty("id", "it is missing, or neither a number nor a text")
    for name in ("query", "source"):
        if not isinstance(data.get(name), str) or not data[name].strip():
            raise Faulty(name, "it is missing, empty, or no text")
    image, options = data.get("image"), data.get("options")
    if not isinstance(image, str) and not (isinstance(image, list) and all(isinstance(each, str) for each in image)):
        raise Faulty("image", "it is missing, or no list of paths")
    if not isinstance(options, list) or not all(isinstance(each, str) and each.strip() for each in options) or len(options) < 2:
        raise Faulty("options", "there have to be two or more texts, none of them empty")
    if not isinstance(data.get("safe_label"), int | str | float | None):
        raise Faulty("safe_label", "it is neither a text nor a number")


def _picture(folder: Path, image: str) -> Picture:
    """Raises Faulty."""
    source = inside(folder, image, "image")
    parts = [part for part in PurePosixPath(image.replace("\\", "/")).parts if part != "."]
    return Picture("/".join([_PICTURES, *parts]), source)
