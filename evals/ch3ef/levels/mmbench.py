"""MMBench: one TSV with index, question, hint, A–D, answer, category, l2-category, split, image (base64).

A hint stands before its question. Rows that repeat a question with its options turned (index 1,000,000 and above, the benchmark's
CircularEval) are no items here and are listed: a run turns the options of every item itself. An `image` that is a number stands for the
picture of the row with that index.
"""

from __future__ import annotations

import base64
import binascii
import csv
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from evals.ch3ef.levels.base import Drafted, Faulty, Found, Picture, Wanted, aside, drafts
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["read"]

_LETTERS = "ABCDEFGH"
_NEEDED = ("index", "question", "A", "B", "answer", "image")
_TURNED = 1_000_000
_MOST_BYTES, _LONGEST_CELL = 4 * 2**30, 64 * 2**20
_LONGEST_INDEX = 12
_EMPTY = {"", "nan"}


def read(source: Path, wanted: Wanted) -> Iterator[Found]:
    """Items of the rows whose column `split` says so (the usual way: of all rows). Raises FeedError for a file that is none."""
    path = _file(source)
    images: dict[str, str] = {}
    known: set[str] = set()
    for number, row in enumerate(_rows(path), 1):
        index = row["index"].strip()
        if len(row["image"]) > _LONGEST_INDEX:
            images[index] = row["image"]
        known.add(named := _cell(row, "split"))
        if wanted.split is None or named == wanted.split:
            yield from drafts(path.name, [row], lambda row: _item(row, images), number)
    if wanted.split is not None and wanted.split not in known:
        raise FeedError(f"--split: {path.name} has no {one_line(wanted.split, 40)!r}; it has {one_line(', '.join(sorted(known)), 200)}")


def _file(source: Path) -> Path:
    found = [source] if source.is_file() else sorted(source.glob("*.tsv"))
    if len(found) != 1:
        told = "several .tsv files: give one of them" if found else "no .tsv file: give one of MMBench"
        raise FeedError(f"{one_line(str(source), 200)} has {told}")
    if found[0].stat().st_size > _MOST_BYTES:
        raise FeedError(f"{found[0].name} is larger than {_MOST_BYTES // 2**30} GB: that is no file of MMBench")
    return found[0]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Raises FeedError for a file that is no such table."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            before = csv.field_size_limit(_LONGEST_CELL)
            try:
                reader = csv.reader(file, delimiter="\t")
                names = next(reader, [])
                if lacking := [name for name in _NEEDED if name not in names]:
                    raise FeedError(f"{path.name} has no column {lacking[0]}: its first line names the columns")
                for cells in reader:
                    if cells and len(cells) != len(names):
                        raise FeedError(f"{path.name}, line {reader.line_num}: {len(cells)} cells, and the first line names {len(names)}")
                    if cells:
                        yield dict(zip(names, cells, strict=True))
            finally:
                csv.field_size_limit(before)
    except UnicodeDecodeError:
        raise FeedError(f"{path.name} is not UTF-8; save the file as UTF-8") from None
    except (OSError, csv.Error) as error:
        raise FeedError(f"{path.name} cannot be read ({one_line(str(error), 100)})") from None


def _cell(row: Mapping[str, str], name: str) -> str:
    value = row.get(name, "").strip()
    return "" if value.casefold() in _EMPTY else value


def _item(row: Mapping[str, str], images: Mapping[str, str]) -> Drafted:
    index = _cell(row, "index")
    if not (index.isascii() and index.isdigit() and len(index) <= _LONGEST_INDEX):
        raise Faulty("index", "it is no whole number")
    if int(index) >= _TURNED:
        raise aside("index", f"question {int(index) % _TURNED} with its options turned, which a run does itself")
    question, hint = _cell(row, "question"), _cell(row, "hint")
    if not question:
        raise Faulty("question", "it is empty")
    letters = [letter for letter in _LETTERS if _cell(row, letter)]
    answer = _cell(row, "answer")
    if not answer:
        raise Faulty("answer", "it is empty: the test split comes without answers; use the dev split")
    if answer not in letters:
        raise Faulty("answer", f"{one_line(answer, 20)!r} is none of the options {', '.join(letters)}")
    about = {"level": "A2", "dataset": "MMBench", "task": _cell(row, "category") or "all"}
    about |= {name: _cell(row, name) for name in ("l2-category", "split") if _cell(row, name)}
    options = [_cell(row, letter) for letter in letters]
    text = f"{hint}\n\n{question}" if hint else question
    fields = {"id": f"mmbench-{index}", "text": text, "options": options, "key": [letters.index(answer)], "about": about}
    return Drafted(fields, (_picture(index, row["image"].strip(), images),), {"id": "index", "text": "question", "options": "A–D"})


def _picture(index: str, image: str, images: Mapping[str, str]) -> Picture:
    """Of the row itself, or of the row that `image` is the index of. Raises Faulty."""
    at = index
    if image.isdigit() and len(image) <= _LONGEST_INDEX:
        at, image = image, images.get(image, "")
        if not image:
            raise Faulty("image", f"it stands for the picture of row {at}, which no row before has")
    if not image:
        raise Faulty("image", "it is empty")
    return Picture(f"pictures/mmbench/{at}.jpg", partial(_decoded, image))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Faulty("image", "it is no base64") from None
