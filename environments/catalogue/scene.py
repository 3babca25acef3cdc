"""A clip's picture at any time: background, drifting specks, pictograms as stickers in motion, and the text on its plate."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageFilter

from environments.canonical import derived_seed
from environments.catalogue.backgrounds import BACKGROUND_SIZE, draw_background
from environments.catalogue.canvas import Canvas, hex_rgb
from environments.catalogue.layout import Box, Offset, cells, moved
from environments.catalogue.overlay import PLATES, draw_plate
from environments.catalogue.pictograms import draw_pictogram
from environments.catalogue.specs import ClipSpec, scene_hash

__all__ = ["FRAME_SIZE", "Staging"]

FRAME_SIZE = (360, 640)
"""Pixels."""

_STAGE_BOTTOM = 506.0  # the lower fifth stays free: a feed page writes caption and author there
_OUTLINE, _MARGIN = 4, 14

_SPECKS = {
    "underwater": "bubble", "bathroom": "bubble", "snow": "flake", "mountains": "flake", "sky": "flake", "forest": "leaf", "park": "leaf",
    "garden": "petal", "sunset-field": "petal", "market": "petal", "stage": "confetti", "stadium": "confetti", "festival-night": "confetti",
}  # fmt: skip
"""What floats in front of a background; "glow" where nothing is named."""


@dataclass(frozen=True)
class _Sticker:
    picture: Image.Image
    centre: tuple[float, float]


@dataclass(frozen=True)
class _Speck:
    picture: Image.Image
    x: float
    y: float
    speed: float
    swing: float
    phase: float


class Staging:
    """Everything of a clip that is drawn once. All chance comes from the scene hash, so twins are staged alike."""

    def __init__(self, clip: ClipSpec) -> None:
        self._name = scene_hash(clip)
        rng = random.Random(self._seed("staging"))
        self._motion = clip.scene.motion
        self._pace = rng.uniform(0.85, 1.2)
        self._pan = (rng.uniform(5, 9), rng.uniform(6, 11), rng.uniform(0, 6.28))
        self._background = draw_background(clip.scene.background, self._seed("background"))
        self._specks = self._scatter(_SPECKS.get(clip.scene.background, "glow"), rng)
        self._plate = draw_plate(clip.overlay, FRAME_SIZE[0] - 28, rng.choice(PLATES))
        high = rng.random() < 0.6
        self._plate_at = (
            (FRAME_SIZE[0] - self._plate.width) // 2,
            rng.randint(34, 52) if high else round(_STAGE_BOTTOM) - self._plate.height,
        )
        stage = (
            (14.0, self._plate_at[1] + self._plate.height + 18.0, 346.0, _STAGE_BOTTOM)
            if high
            else (14.0, 40.0, 346.0, self._plate_at[1] - 18.0)
        )
        places = cells(len(clip.scene.pictograms), stage, rng)
        self._stickers = [
            self._sticker(name, index, box) for index, (name, box) in enumerate(zip(clip.scene.pictograms, places, strict=True))
        ]
        self._turned: dict[tuple[int, int, int], Image.Image] = {}

    def frame(self, t: float) -> Image.Image:
        """The picture at `t` seconds: RGB, `FRAME_SIZE`."""
        frame = self._backdrop(t)
        for speck in self._specks:
            x = speck.x + speck.swing * math.sin(t * 0.9 + speck.phase)
            y = (speck.y + speck.speed * t) % (FRAME_SIZE[1] + 40) - 20
            frame.paste(speck.picture, (round(x), round(y)), speck.picture)
        for index, sticker in enumerate(self._stickers):
            offset = moved(self._motion, t, index, self._pace)
            picture = self._turn(index, offset)
            x, y = sticker.centre[0] + offset.dx - picture.width / 2, sticker.centre[1] + offset.dy - picture.height / 2
            frame.paste(picture, (round(x), round(y)), picture)
        frame.paste(self._plate, self._plate_at, self._plate)
        return frame

    def _seed(self, part: str) -> int:
        return derived_seed(self._name, part)

    def _backdrop(self, t: float) -> Image.Image:
        spare_x, spare_y = BACKGROUND_SIZE[0] - FRAME_SIZE[0], BACKGROUND_SIZE[1] - FRAME_SIZE[1]
        px, py, phase = self._pan
        x = round(spare_x / 2 * (1 + math.sin(2 * math.pi * t / px + phase)))
        y = round(spare_y / 2 * (1 + math.cos(2 * math.pi * t / py + phase)))
        return self._background.crop((x, y, x + FRAME_SIZE[0], y + FRAME_SIZE[1]))

    def _sticker(self, name: str, index: int, box: Box) -> _Sticker:
        width, height = box[2] - box[0] - 2 * _OUTLINE, box[3] - box[1] - 2 * _OUTLINE
        drawing = draw_pictogram(name, round(max(width, height) * 1.12), self._seed(f"pictogram {index}"))
        drawing = drawing.crop(drawing.getbbox())
        scale = min(width / drawing.width, height / drawing.height)
        drawing = drawing.resize((max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale))), Image.Resampling.LANCZOS)
        return _Sticker(_outlined(drawing), ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))

    def _turn(self, index: int, offset: Offset) -> Image.Image:
        """The sticker scaled and turned, in steps too small to see, each kept for the next time."""
        key = (index, round(offset.scale * 100), round(offset.angle / 0.75))
        if key not in self._turned:
            picture = self._stickers[index].picture
            if key[1] != 100:
                picture = picture.resize(
                    (round(picture.width * key[1] / 100), round(picture.height * key[1] / 100)), Image.Resampling.BILINEAR
                )
            if key[2]:
                picture = picture.rotate(-key[2] * 0.75, Image.Resampling.BICUBIC, expand=True)
            self._turned[key] = picture
        return self._turned[key]

    def _scatter(self, kind: str, rng: random.Random) -> list[_Speck]:
        direction = {"bubble": -1, "glow": -0.4}.get(kind, 1)
        specks = []
        for _ in range(16 if kind in {"flake", "confetti"} else 10):
            picture = _speck(kind, rng)
            speed = direction * rng.uniform(16, 42)
            specks.append(_Speck(picture, rng.uniform(0, 350), rng.uniform(0, 680), speed, rng.uniform(3, 14), rng.uniform(0, 6.28)))
        return specks


def _outlined(drawing: Image.Image) -> Image.Image:
    """The drawing as a sticker: a pale edge and a soft shadow set it off from any background."""
    size = (drawing.width + 2 * _MARGIN, drawing.height + 2 * _MARGIN)
    alpha = Image.new("L", size, 0)
    alpha.paste(drawing.getchannel("A"), (_MARGIN, _MARGIN))
    edge = alpha.filter(ImageFilter.GaussianBlur(_OUTLINE * 0.75)).point([min(255, max(0, (a - 12) * 9)) for a in range(256)])
    shadow = edge.filter(ImageFilter.GaussianBlur(4)).point([round(a * 0.34) for a in range(256)])
    sticker = Image.new("RGBA", size, (*hex_rgb("#2B2140"), 0))
    dropped = Image.new("L", size, 0)
    dropped.paste(shadow, (0, 4))
    sticker.putalpha(dropped)
    pale = Image.new("RGBA", size, (*hex_rgb("#FFFDF8"), 0))
    pale.putalpha(edge)
    sticker.alpha_composite(pale)
    sticker.alpha_composite(drawing, (_MARGIN, _MARGIN))
    return sticker


def _speck(kind: str, rng: random.Random) -> Image.Image:
    size = rng.randint(7, 15)
    c = Canvas(size, size)
    if kind == "bubble":
        c.ring(50, 50, 40, None, "#FFFFFF", 12)
        c.ellipse(36, 34, 10, fill="#FFFFFF")
    elif kind == "flake":
        c.ellipse(50, 50, rng.uniform(20, 42), fill="#FFFFFF")
    elif kind == "confetti":
        with c.at(50, 50, 1, rng.uniform(0, 180)):
            c.rect(18, 32, 64, 36, rng.choice(("#F2705F", "#FFCB4D", "#2FA79B", "#93CBF3", "#F8AFBB", "#C2AEE8")), 8)
    elif kind in {"leaf", "petal"}:
        colour = rng.choice(("#7DB36B", "#B9C25E", "#E0A04E") if kind == "leaf" else ("#F8AFBB", "#FFF1DC", "#F9C7A0"))
        with c.at(50, 50, 1, rng.uniform(0, 360)):
            c.path("M50 4 C88 30 88 70 50 96 C12 70 12 30 50 4 Z", colour)
    else:
        c.ellipse(50, 50, rng.uniform(14, 30), fill="#FFF3CF")
    return c.image()
