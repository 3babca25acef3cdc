"""Symbols from COCO-style JSON: images, annotations with boxes [x, y, width, height], categories, captions in the same file or another.

Format: https://cocodataset.org/#format-data. The first fault is named with file, row (from 1) and field; nothing is left out in silence.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from evals.auto_bench.symbols import Box, ImageSymbols, Named
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["coco_symbols"]

_MOST_BYTES = 2**30
_IGNORED = ConfigDict(frozen=True, extra="ignore")
Id = int | Annotated[str, Field(min_length=1, max_length=200)]


class _Image(BaseModel):
    model_config = _IGNORED
    id: Id
    file_name: Annotated[str, Field(min_length=1, max_length=500)]
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]


class _Category(BaseModel):
    model_config = _IGNORED
    id: Id
    name: Annotated[str, Field(min_length=1, max_length=200)]


class _Annotation(BaseModel):
    """Of a box, or of a caption."""

    model_config = _IGNORED
    image_id: Id
    category_id: Id | None = None
    bbox: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat] | None = None
    caption: Annotated[str, Field(min_length=1, max_length=5000)] | None = None
    text: Annotated[str, Field(max_length=2000)] | None = None
    iscrowd: bool = False


Row = TypeVar("Row", bound=BaseModel)


def coco_symbols(path: Path, folder: Path, captions: Path | None = None) -> list[ImageSymbols]:
    """The images of `path` with their pictures in `folder`, in the file's order. Raises FeedError."""
    data, shown = _loaded(path), one_line(str(path), 200)
    images = {image.id: (row, image) for row, image in _rows(data, "images", _Image, shown)}
    if not images:
        raise FeedError(f"{shown}, images: there are none")
    categories = {each.id: each.name for _, each in _rows(data, "categories", _Category, shown)} if "categories" in data else {}
    objects: dict[Id, list[Named]] = {}
    texts: dict[Id, list[Named]] = {}
    said: dict[Id, list[str]] = {}
    files = [(data, shown)] + ([] if captions is None else [(_loaded(captions), one_line(str(captions), 200))])
    for source, name in files:
        for row, each in _rows(source, "annotations", _Annotation, name):
            where = f"{name}, annotations row {row}"
            if each.image_id not in images:
                if source is not data:
                    continue  # a file of captions may be of more images
                raise FeedError(f"{where}, image_id: there is no image {each.image_id!r}")
            if each.caption is not None:
                said.setdefault(each.image_id, []).append(each.caption)
            elif each.text is not None and each.bbox is not None:
                texts.setdefault(each.image_id, []).append(Named(each.text, _box(each.bbox, images[each.image_id][1], where)))
            else:
                objects.setdefault(each.image_id, []).append(_object(each, categories, images[each.image_id][1], where))
    return [
        ImageSymbols(
            str(key),
            _picture(image, folder, f"{shown}, images row {row}"),
            image.width,
            image.height,
            tuple(said.get(key, ())),
            tuple(objects.get(key, ())),
            (),
            tuple(texts.get(key, ())),
        )
        for key, (row, image) in images.items()
    ]


def _loaded(path: Path) -> dict[str, Any]:
    shown = one_line(str(path), 200)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FeedError(f"{shown} is larger than {_MOST_BYTES // 2**30} GB; split it")
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise FeedError(f"{shown} cannot be read ({error.strerror}); name a COCO-style JSON file") from None
    except (ValueError, RecursionError):
        raise FeedError(f"{shown} is no JSON; give a COCO-style file with images, annotations and categories") from None
    if not isinstance(data, dict) or not isinstance(data.get("images", []), list) or "annotations" not in data:
        raise FeedError(f"{shown} is no COCO-style file; it needs images, annotations and categories")
    return data


def _rows(data: Mapping[str, Any], name: str, model: type[Row], shown: str) -> Iterator[tuple[int, Row]]:
    """(row from 1, what stands there). Ids must differ, except an annotation's."""
    listed = data.get(name)
    if not isinstance(listed, list):
        raise FeedError(f"{shown}, {name}: a list is needed")
    seen: dict[Any, int] = {}
    for row, given in enumerate(listed, 1):
        try:
            found = model.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = str(first["loc"][0]) if first["loc"] else "row"
            raise FeedError(one_line(f"{shown}, {name} row {row}, {field}: {first['msg']}", 400)) from None
        key = getattr(found, "id", None)
        if key is not None and seen.setdefault(str(key), row) != row:  # 1 and "1" would be one id of items
            raise FeedError(f"{shown}, {name} row {row}, id: {one_line(str(key), 80)!r} stands in row {seen[str(key)]} already")
        yield row, found


def _object(each: _Annotation, categories: Mapping[Id, str], image: _Image, where: str) -> Named:
    if each.category_id is None or each.category_id not in categories:
        raise FeedError(f"{where}, category_id: there is no category {each.category_id!r}")
    if each.bbox is None:
        raise FeedError(f"{where}, bbox: it is missing")
    name = categories[each.category_id]
    return Named(f"group of {name}" if each.iscrowd else name, _box(each.bbox, image, where))  # a crowd is not one of its kind


def _box(bbox: Sequence[float], image: _Image, where: str) -> Box:
    """As corners within the picture; a box may stick out by two pixels of rounding."""
    x, y, width, height = bbox
    if width <= 0 or height <= 0:
        raise FeedError(f"{where}, bbox: width and height have to be more than 0, not {width:g} and {height:g}")
    if x < -2 or y < -2 or x + width > image.width + 2 or y + height > image.height + 2:
        raise FeedError(f"{where}, bbox: it reaches out of the picture of {image.width} x {image.height} pixels")
    left, top = min(max(0, round(x)), image.width - 1), min(max(0, round(y)), image.height - 1)  # a box has at least a pixel
    return left, top, max(left + 1, min(image.width, round(x + width))), max(top + 1, min(image.height, round(y + height)))


def _picture(image: _Image, folder: Path, where: str) -> Path:
    name = PureWindowsPath(image.file_name)  # knows both kinds of slash, and drives
    if name.drive or name.root or ".." in name.parts or "\0" in image.file_name:
        raise FeedError(f"{where}, file_name: {one_line(image.file_name, 100)!r} points outside the folder of the images")
    path = folder.joinpath(*name.parts)
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for a name that is too long
        raise FeedError(f"{where}, file_name: there is no {one_line(image.file_name, 100)!r} in {one_line(str(folder), 200)}")
    return path
