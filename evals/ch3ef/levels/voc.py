"""PASCAL VOC (2007, 2012): `Annotations/*.xml`, `ImageSets/Main/{train,val,trainval,test}.txt`, `JPEGImages/*.jpg`.

One item a picture: which of four classes can be seen; one that is there, three that are not. XML with a DOCTYPE is refused: no annotation
has one, and entities are declared there.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from environments.canonical import rng
from evals.ch3ef.levels.base import Drafted, Faulty, Found, Picture, Wanted, drafts, split_of
from evals.ch3ef.levels.files import inside, lines_of
from evals.ch3ef.levels.options import among_classes
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["CLASSES", "read"]

_ANIMALS = ("bird", "cat", "cow", "dog", "horse", "sheep")
_VEHICLES = ("aeroplane", "bicycle", "boat", "bus", "car", "motorbike", "train")
_INDOORS = ("bottle", "chair", "diningtable", "pottedplant", "sofa", "tvmonitor")
CLASSES = ("person", *_ANIMALS, *_VEHICLES, *_INDOORS)
"""The 20 classes of VOC 2007 to 2012."""
_WORDS = {"diningtable": "dining table", "pottedplant": "potted plant", "tvmonitor": "tv or monitor"}
_SPLITS = ("train", "val", "trainval", "test")
_MOST_BYTES = 2**20
_QUESTION = "Which of these can be seen in the picture?"


def read(source: Path, wanted: Wanted) -> Iterator[Found]:
    """Items of the split (the usual one: val). Raises FeedError for a folder that is none."""
    split = split_of(wanted, _SPLITS, "val")
    folder = _year(source)
    path = folder / "ImageSets" / "Main" / f"{split}.txt"
    names = [line.split()[0] for line in lines_of(path) if line.strip()]
    return drafts(f"ImageSets/Main/{path.name}", names, lambda name: _item(folder, name, wanted.seed))


def _year(source: Path) -> Path:
    """The folder of one year. Raises FeedError where there is none, or there are several."""
    if (source / "Annotations").is_dir():
        return source
    found = [each for root in (source, source / "VOCdevkit") for each in sorted(root.glob("VOC2*")) if (each / "Annotations").is_dir()]
    if len(found) != 1:
        told = f"several: give {' or '.join(each.name for each in found)}" if found else "none: give a folder such as VOCdevkit/VOC2012"
        raise FeedError(f"{one_line(str(source), 200)} is no folder with Annotations, and of VOC… in it there are {told}")
    return found[0]


def _item(folder: Path, name: str, seed: int) -> Drafted:
    present = _present(inside(folder / "Annotations", f"{name}.xml", "annotation"))
    picture = inside(folder / "JPEGImages", f"{name}.jpg", "picture")
    item_id = f"voc-{name}"
    right = rng("voc", seed, item_id).choice(present)
    options = [_WORDS.get(each, each) for each in among_classes(right, present, CLASSES, seed, item_id)]
    about = {"level": "A1", "dataset": "PASCAL VOC", "task": "recognition", "class": right}
    fields = {"id": item_id, "text": _QUESTION, "options": options, "key": [0], "about": about, "present": present}
    return Drafted(fields, (Picture(f"pictures/voc/{picture.name}", picture, "picture"),), {"id": "name", "options": "object"})


class _Plain(ET.TreeBuilder):
    """A tree of elements; a DOCTYPE ends it, before anything it declares is used."""

    def doctype(self, name: str, pubid: str, system: str) -> None:
        """Raises Faulty."""
        raise Faulty("annotation", "it has a DOCTYPE, which no annotation has: entities could be declared there")


def _present(path: Path) -> list[str]:
    """The classes of the picture's objects, difficult ones too, each once. Raises Faulty."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise Faulty("annotation", f"it is larger than {_MOST_BYTES // 2**20} MB")
        parser = ET.XMLParser(target=_Plain())  # noqa: S314 - every DOCTYPE is refused, so that there are no entities to expand
        parser.feed(path.read_bytes())
        root = parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        raise Faulty("annotation", f"it is no XML ({one_line(str(error), 80)})") from None
    except OSError as error:
        raise Faulty("annotation", f"it cannot be read ({error.strerror})") from None
    found = [(each.findtext("name") or "").strip() for each in root.findall("object")]
    if unknown := next((name for name in found if name not in CLASSES), None):
        raise Faulty("object.name", f"{one_line(unknown, 40)!r} is none of the 20 classes")
    if not found or "" in found:
        raise Faulty("object", "the picture has no object, or one without a name")
    return list(dict.fromkeys(found))
