"""CIFAR-10, binary version: `data_batch_1.bin` … `data_batch_5.bin` (train), `test_batch.bin`, `batches.meta.txt` (10 names, a line each).

A record is 3,073 bytes: the label, then 1,024 bytes each of red, green and blue, row by row, 32×32 (the layout that the dataset's page
describes). The version "for Python" is a pickle, which runs code when it is read: it is never opened.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from evals.ch3ef.levels.base import Drafted, Faulty, Found, Picture, Wanted, drafts, split_of
from evals.ch3ef.levels.files import lines_of
from evals.ch3ef.levels.options import among_classes
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["read"]

_SIDE = 32
_RECORD = 1 + 3 * _SIDE * _SIDE
_META = "batches.meta.txt"
_SPLITS = {"train": "data_batch_*.bin", "test": "test_batch.bin"}
_QUESTION = "Which of these is shown in the picture?"


def read(source: Path, wanted: Wanted) -> Iterator[Found]:
    """Items of four classes to choose from. Raises FeedError for a folder that is none, or a file that is not whole."""
    split = split_of(wanted, _SPLITS, "test")
    folder = next((each for each in (source, source / "cifar-10-batches-bin") if (each / _META).is_file()), None)
    if folder is None:
        raise FeedError(_why_not(source))
    names = [name.strip() for name in lines_of(folder / _META) if name.strip()]
    if len(names) < 2 or len(set(names)) < len(names):
        raise FeedError(f"{_META}: it does not name the classes, a different one a line")
    files = sorted(folder.glob(_SPLITS[split]))
    if not files:
        raise FeedError(f"{one_line(str(folder), 200)} holds no {_SPLITS[split]}, which is the split {split}")
    for file in files:
        yield from _batch(file, split, names, wanted.seed)


def _why_not(source: Path) -> str:
    pickled = any((each / "batches.meta").exists() for each in (source, source / "cifar-10-batches-py"))
    if pickled:
        return "this is CIFAR-10's version for Python, a pickle, which runs code when read: download the binary version instead"
    return f"{one_line(str(source), 200)} holds no {_META}: give the folder of CIFAR-10's binary version"


def _batch(file: Path, split: str, names: list[str], seed: int) -> Iterator[Found]:
    size = file.stat().st_size
    if size % _RECORD or not size:
        raise FeedError(f"{file.name} is not whole: {size} bytes are no number of records of {_RECORD}; download it again")

    def make(row: int) -> Drafted:
        label = _bytes(file, row * _RECORD, 1)[0]
        if label >= len(names):
            raise Faulty("label", f"{label}: {_META} names {len(names)} classes, from 0")
        item_id = f"cifar10-{split}-{file.stem.removeprefix('data_')}-{row + 1:05d}"
        right = names[label]
        about = {"level": "A1", "dataset": "CIFAR-10", "task": "classification", "class": right}
        options = among_classes(right, (), names, seed, item_id)
        fields = {"id": item_id, "text": _QUESTION, "options": options, "key": [0], "about": about}
        picture = Picture(f"pictures/{item_id}.png", lambda: _png(_bytes(file, row * _RECORD + 1, _RECORD - 1)), "pixels")
        return Drafted(fields, (picture,), {"options": _META})

    yield from drafts(file.name, range(size // _RECORD), make)


def _bytes(file: Path, start: int, count: int) -> bytes:
    try:
        with file.open("rb") as opened:
            opened.seek(start)
            return opened.read(count)
    except OSError as error:
        raise FeedError(f"{file.name} cannot be read ({error.strerror})") from None


def _png(planes: bytes) -> bytes:
    from PIL import Image  # noqa: PLC0415 - Pillow loads when used

    size = _SIDE * _SIDE
    bands = [Image.frombytes("L", (_SIDE, _SIDE), planes[start : start + size]) for start in (0, size, 2 * size)]
    kept = io.BytesIO()
    Image.merge("RGB", bands).save(kept, "PNG")
    return kept.getvalue()
