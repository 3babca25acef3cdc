"""Clips of the embedded catalogue as symbols: what is drawn, where it stands, what is written, and the setting, exactly."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from environments.canonical import rng
from environments.catalogue.layout import moved
from environments.catalogue.scene import FRAME_SIZE, Staging
from environments.catalogue.specs import ClipSpec, load_clips, scene_hash
from environments.catalogue.storing import storage, write_whole
from evals.auto_bench.symbols import Box, ImageSymbols, Named

__all__ = ["MOMENT", "catalogue_clips", "catalogue_symbols", "setting_of"]

MOMENT = 1.0
"""Second of the clip that is looked at."""

_VISIBLE = 200  # of 255: the drawing with its edge, without its shadow
_SETTINGS = {
    "kitchen": "in a kitchen", "living-room": "in a living room", "bedroom": "in a bedroom", "bathroom": "in a bathroom",
    "office": "in an office", "classroom": "in a classroom", "stage": "on a stage", "stadium": "in a stadium",
    "street-day": "in a street by day", "street-night": "in a street by night", "park": "in a park", "forest": "in a forest",
    "mountains": "in the mountains", "beach": "on a beach", "underwater": "under water", "snow": "in the snow", "sky": "in the sky",
    "sunset-field": "in a field at sunset", "temple-hall": "in a temple hall", "workshop": "in a workshop", "market": "at a market",
    "garden": "in a garden", "library": "in a library", "station": "at a station", "boardroom": "in a boardroom",
    "festival-night": "at a festival by night",
}  # fmt: skip
_NAMES = {"queue-sign": "queue sign", "chart-up": "rising chart", "football": "ball", "elder": "elderly person"}


def setting_of(clip: ClipSpec) -> str:
    """Where a clip's scene is, in words with their preposition."""
    return _SETTINGS[clip.scene.background]


def _name(pictogram: str) -> str:
    """What a pictogram shows, in words: "running person" for person-running."""
    if pictogram.startswith("person-"):
        return f"{pictogram.removeprefix('person-')} person"
    return _NAMES.get(pictogram, pictogram.replace("-", " "))


class _Measured(Staging):
    """A scene that says where its parts stand."""

    def boxes(self, t: float) -> tuple[list[Box], Box]:
        """Of the pictograms in order, and of the text, at `t` seconds, within the frame."""
        found = []
        for index, sticker in enumerate(self._stickers):
            offset = moved(self._motion, t, index, self._pace)
            picture = self._turn(index, offset)
            left = round(sticker.centre[0] + offset.dx - picture.width / 2)
            top = round(sticker.centre[1] + offset.dy - picture.height / 2)
            found.append(_inside(left, top, picture))
        return found, _inside(*self._plate_at, self._plate)


def _inside(left: int, top: int, picture: Image.Image) -> Box:
    seen = picture.getchannel("A").point([255 if value >= _VISIBLE else 0 for value in range(256)]).getbbox()
    assert seen is not None, "a pictogram and a plate can be seen"
    (x0, y0, x1, y1), (width, height) = seen, FRAME_SIZE
    return max(0, left + x0), max(0, top + y0), min(width, left + x1), min(height, top + y1)


def catalogue_clips(limit: int | None = None, seed: int = 0) -> tuple[ClipSpec, ...]:
    """Clips of different pictures, in the catalogue's order; at most `limit`, a random sample that a larger one contains."""
    seen: dict[str, ClipSpec] = {}
    for clip in load_clips():
        seen.setdefault(scene_hash(clip), clip)
    clips = list(seen.values())
    if limit is None or limit >= len(clips):
        return tuple(clips)
    kept = set(sorted(range(len(clips)), key=lambda place: rng("image sample", seed, clips[place].id).random())[:limit])
    return tuple(clip for place, clip in enumerate(clips) if place in kept)


def catalogue_symbols(clips: Sequence[ClipSpec], folder: Path) -> list[ImageSymbols]:
    """The clips' symbols; their pictures are in `folder`, drawn where they are not there. Raises StorageFailed."""
    return [_of(clip, folder) for clip in clips]


def _of(clip: ClipSpec, folder: Path) -> ImageSymbols:
    staging = _Measured(clip)
    path = folder / f"{clip.id}.jpg"
    if not path.is_file():
        out = io.BytesIO()
        staging.frame(MOMENT).save(out, "JPEG", quality=92)
        with storage(folder, "name another folder or free some space"):
            write_whole(path, out.getvalue())
    boxes, plate = staging.boxes(MOMENT)
    names = [_name(each) for each in clip.scene.pictograms]
    told = _sentence(names, setting_of(clip))
    objects = tuple(Named(name, box) for name, box in zip(names, boxes, strict=True))
    return ImageSymbols(clip.id, path, *FRAME_SIZE, (told,), objects, _relations(objects), (Named(clip.overlay, plate),))


def _sentence(names: Sequence[str], setting: str) -> str:
    parts = [name if count == 1 else f"{count} x {name}" for name, count in Counter(names).items()]
    return f"A drawn scene {setting}, with {', '.join(parts)}."


def _relations(objects: Sequence[Named]) -> tuple[tuple[str, str, str], ...]:
    """Who stands above whom, of objects of different names whose boxes do not reach into each other's rows."""
    return tuple(
        (one.name, "above", other.name)
        for one in objects
        for other in objects
        if one.name != other.name and one.box is not None and other.box is not None and one.box[3] <= other.box[1]
    )
