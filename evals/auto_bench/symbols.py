"""An image as symbols: what a curator, who sees no picture, is told of it.

Every piece from outside is one quoted line, which cannot end itself or begin another.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from environments.canonical import content_hash
from personas.one_line import one_line

__all__ = ["Box", "ImageSymbols", "Named", "harmless_name"]

Box = tuple[int, int, int, int]
"""xmin, ymin, xmax, ymax in pixels from the top left."""

_ROOM = 4_000
"""Characters of one list."""
_LONGEST = 300


@dataclass(frozen=True)
class Named:
    """An object, or a piece of text, and where it is; `box` None where that is not known."""

    name: str
    box: Box | None = None


@dataclass(frozen=True)
class ImageSymbols:
    """One image. `id`: of the image, also the cluster of its questions; `picture`: the file; width and height in pixels."""

    id: str
    picture: Path
    width: int
    height: int
    captions: tuple[str, ...] = ()
    objects: tuple[Named, ...] = ()
    relations: tuple[tuple[str, str, str], ...] = ()
    texts: tuple[Named, ...] = ()

    @property
    def told(self) -> str:
        """The symbols as a curator reads them, a heading and a line each, at most about 16,000 characters; what is cut is counted."""
        texts = [_placed(_quoted(each.name), each.box) for each in self.texts]
        parts = [f"Image: {self.width} x {self.height} pixels"]
        parts += _listed("Captions:", [_quoted(each) for each in self.captions])
        parts += _listed("Text in the image:", texts)
        parts += _listed("Objects:", [_placed(harmless_name(each.name), each.box) for each in self.objects])
        parts += _listed("Relations:", [f"<{', '.join(map(harmless_name, each))}>" for each in self.relations])
        return "\n".join(parts)

    @property
    def hash(self) -> str:
        """Of what is told."""
        return content_hash(self.told)


def harmless_name(name: str) -> str:
    """A name on one line, without what would end its place in a line of symbols."""
    return re.sub(r"[<>\[\]:,\"]+", " ", one_line(name, 80)).strip() or "thing"


def _quoted(text: str) -> str:
    return json.dumps(one_line(text, _LONGEST, fold=True), ensure_ascii=False)


def _placed(name: str, box: Box | None) -> str:
    return f"<{name}>" if box is None else f"<{name}: [{', '.join(map(str, box))}]>"


def _listed(heading: str, lines: list[str]) -> list[str]:
    """The list, as far as there is room for it."""
    kept: list[str] = []
    room = _ROOM
    for line in lines:
        room -= len(line) + 3
        if room < 0:
            kept.append(f"({len(lines) - len(kept)} more are not listed)")
            break
        kept.append(f"- {line}")
    return [heading, *kept] if kept else []
