"""Flickr30k: `dataset_flickr30k.json` (the Karpathy splits) or `results_20130124.token`, and the pictures in `flickr30k-images/`.

    {"images": [{"filename": "1.jpg", "split": "test", "sentences": [{"raw": "…"}, …]}, …]}
    1.jpg#0<TAB>Two dogs run.

Items are open: the first sentence is the reference, and the field `references` holds all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.ch3ef.levels.base import Drafted, Fault, Faulty, Found, Picture, Wanted, drafts, no_splits, split_of
from evals.ch3ef.levels.files import base_of, first_there, inside, json_of, lines_of, text_field
from personas.errors import FeedError

__all__ = ["read"]

_JSON, _TOKEN = "dataset_flickr30k.json", "results_20130124.token"
_FOLDERS = ("flickr30k-images", "flickr30k_images", "images", "Images")
_SPLITS = ("train", "val", "test")
_QUESTION = "Describe the picture in one sentence."


def read(source: Path, wanted: Wanted) -> Iterator[Found]:
    """Items of the split (the usual one: test), or of all sentences of the token file. Raises FeedError."""
    folder = base_of(source, (_JSON, _TOKEN), (), "the folder of Flickr30k")
    pictures = first_there(folder, _FOLDERS)
    if (folder / _JSON).is_file():
        return _karpathy(folder / _JSON, pictures, split_of(wanted, _SPLITS, "test"))
    no_splits(wanted, f"{_TOKEN} ({_JSON} has them)")
    return _tokens(folder / _TOKEN, pictures)


def _karpathy(path: Path, pictures: Path, split: str) -> Iterator[Found]:
    data = json_of(path)
    rows = data.get("images") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise FeedError(f'{path.name}: it has no list "images"; give the original file')

    def make(row: Any) -> Drafted:
        sentences = row.get("sentences")
        if not isinstance(sentences, list) or not sentences:
            raise Faulty("sentences", "it is missing, or no list")
        return _item(text_field(row, "filename"), [text_field(each, "raw") for each in sentences], pictures, "filename")

    for number, row in enumerate(rows, 1):
        named = row.get("split") if isinstance(row, dict) else None
        if named not in (*_SPLITS, "restval"):
            yield Fault(path.name, number, "split", f"there is none of {', '.join(_SPLITS)}")
        elif named == split:
            yield from drafts(path.name, [row], make, number)


def _tokens(path: Path, pictures: Path) -> Iterator[Found]:
    """Pictures in the order of their first line; a fault is told of the line, an item's row is its first line."""
    known: dict[str, tuple[int, list[str]]] = {}
    for number, line in enumerate(lines_of(path), 1):
        if not line.strip():
            continue
        place, tab, sentence = line.partition("\t")
        name, hash_sign, count = place.rpartition("#")
        if not tab or not hash_sign or not count.isdigit() or not name or not sentence.strip():
            yield Fault(path.name, number, "line", "it is not PICTURE#NUMBER, a tab, and a sentence")
        else:
            known.setdefault(name, (number, []))[1].append(sentence.strip())
    for name, (number, sentences) in known.items():
        yield from drafts(path.name, [(name, sentences)], lambda row: _item(*row, pictures, "picture"), number)


def _item(name: str, sentences: list[str], pictures: Path, field: str) -> Drafted:
    source = inside(pictures, name, field)
    about = {"level": "A1", "dataset": "Flickr30k", "task": "captioning"}
    fields = {"id": f"flickr30k-{Path(name).stem}", "text": _QUESTION, "reference": sentences[0], "references": sentences, "about": about}
    return Drafted(fields, (Picture(f"pictures/flickr30k/{source.name}", source, field),), {"reference": "sentences"})
