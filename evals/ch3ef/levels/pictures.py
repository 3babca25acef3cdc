"""Pictures among the items: JPEG and PNG as they are, everything else as PNG, each decoded once so that a broken one is told now."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from environments.decks.question_feed import FORMATS, MOST_BYTES, MOST_PIXELS
from evals.ch3ef.levels.base import Faulty, Picture
from personas.one_line import one_line

__all__ = ["Pictures"]

_ENDINGS = {"JPEG": (".jpg", ".jpeg"), "PNG": (".png",)}
"""Formats that are copied as they are; others become PNG."""


class Pictures:
    """Those in the folder `place`, each stored once."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._known: dict[tuple[str, Path | None], str] = {}
        self._taken: set[str] = set()

    def stored(self, picture: Picture) -> str:
        """The name among the items. Raises Faulty for what is no picture, or a broken one, OSError where it cannot be written."""
        key = (picture.name, picture.content if isinstance(picture.content, Path) else None)
        if key not in self._known:
            data, form = _readable(_content(picture), picture)
            name = self._free(picture.name, _ENDINGS[form])
            target = self._place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            self._known[key] = name
        return self._known[key]

    def _free(self, wanted: str, endings: tuple[str, ...]) -> str:
        """`wanted` with an ending of its format; with a number where another picture has the name."""
        path = PurePosixPath(wanted)
        ending = path.suffix if path.suffix.lower() in endings else endings[0]
        number, name = 1, str(path.with_suffix(ending))
        while name.casefold() in self._taken:
            number += 1
            name = str(path.with_name(f"{path.stem}-{number}{ending}"))
        self._taken.add(name.casefold())
        return name


def _content(picture: Picture) -> bytes:
    if not isinstance(picture.content, Path):
        return picture.content()
    name = one_line(picture.content.name, 80)
    try:
        if picture.content.stat().st_size > MOST_BYTES:
            raise Faulty(picture.field, f"{name!r} is larger than {MOST_BYTES // 2**20} MB")
        return picture.content.read_bytes()
    except OSError as error:
        raise Faulty(picture.field, f"{name!r} cannot be read ({error.strerror})") from None


def _readable(data: bytes, picture: Picture) -> tuple[bytes, str]:
    """The bytes to store, and their format. Raises Faulty."""
    from PIL import Image  # noqa: PLC0415 - Pillow loads when used

    # In the formats and sizes that can be shown: others could start programs (EPS), or unfold to more than there is memory.
    with _told(picture), Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise ValueError(f"more than {MOST_PIXELS // 1_000_000} million pixels")
        opened.load()
        form = str(opened.format)
        if form in _ENDINGS:
            return data, form
        kept = io.BytesIO()
        (opened if opened.mode in {"1", "L", "RGB", "RGBA"} else opened.convert("RGBA")).save(kept, "PNG")
    return kept.getvalue(), "PNG"


@contextmanager
def _told(picture: Picture) -> Iterator[None]:
    """Turns what Pillow raises into Faulty."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    name = one_line(picture.name.removeprefix("pictures/"), 100)
    try:
        with warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning):
            yield
    except UnidentifiedImageError:
        raise Faulty(picture.field, f"{name!r} is no picture") from None
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise Faulty(picture.field, f"{name!r} cannot be read as a picture ({one_line(str(error), 80)})") from None
