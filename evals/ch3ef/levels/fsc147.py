"""FSC147: `annotation_FSC147_384.json`, `Train_Test_Val_FSC_147.json`, `ImageClasses_FSC147.txt`, pictures in `images_384_VarV2/`.

    {"2.jpg": {"points": [[x, y], …], …}}      {"train": ["7.jpg", …], "val": […], "test": […]}      2.jpg<TAB>sea shells

An item asks how many there are: the number of points, and three numbers near it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evals.ch3ef.levels.base import Drafted, Faulty, Found, Picture, Wanted, drafts, split_of
from evals.ch3ef.levels.files import base_of, inside, json_of, lines_of
from evals.ch3ef.levels.options import near_count
from personas.errors import FeedError

__all__ = ["read"]

_POINTS, _SPLIT, _CLASSES, _PICTURES = (
    "annotation_FSC147_384.json",
    "Train_Test_Val_FSC_147.json",
    "ImageClasses_FSC147.txt",
    "images_384_VarV2",
)


def read(source: Path, wanted: Wanted) -> Iterator[Found]:
    """Items of the split (the usual one: test). Raises FeedError for a folder that is none."""
    folder = base_of(source, (_POINTS,), ("FSC147", "FSC147_384_V2"), "the folder of FSC147")
    splits = _mapping(folder / _SPLIT)
    split = split_of(wanted, splits, "test")
    names = splits.get(split)
    if not isinstance(names, list):
        raise FeedError(f"{_SPLIT}: {split} is missing, or no list of pictures")
    points = _mapping(folder / _POINTS)
    classes = dict(line.split("\t", 1) for line in lines_of(folder / _CLASSES) if "\t" in line)
    seed = wanted.seed
    return drafts(f"{_SPLIT} ({split})", names, lambda name: _item(folder, name, points, classes, seed))


def _mapping(path: Path) -> dict[str, Any]:
    data = json_of(path)
    if not isinstance(data, dict):
        raise FeedError(f"{path.name} is no JSON object; give the original file")
    return data


def _item(folder: Path, name: Any, points: Mapping[str, Any], classes: Mapping[str, str], seed: int) -> Drafted:
    if not isinstance(name, str):
        raise Faulty("name", "it is no text")
    annotation = points.get(name)
    marked = annotation.get("points") if isinstance(annotation, dict) else None
    if not isinstance(marked, list) or not marked:
        raise Faulty("points", f"{_POINTS} has none of this picture")
    kind = " ".join(classes.get(name, "").split())
    if not kind:
        raise Faulty("class", f"{_CLASSES} does not name what is counted")
    picture = inside(folder / _PICTURES, name, "picture")
    item_id = f"fsc147-{Path(name).stem}"
    fields = {
        "id": item_id,
        "text": f"How many {kind} are in the picture?",
        "options": near_count(len(marked), seed, item_id),
        "key": [0],
        "about": {"level": "A1", "dataset": "FSC147", "task": "counting", "class": kind},
        "count": len(marked),
    }
    return Drafted(fields, (Picture(f"pictures/fsc147/{picture.name}", picture, "picture"),), {"id": "name", "text": "class"})
