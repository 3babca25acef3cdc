"""Backgrounds: quiet scenery behind the pictograms, tinted and rearranged from a clip's seed so that no two clips look the same."""

from __future__ import annotations

import random

from PIL import Image

from environments.catalogue import indoors, outdoors
from environments.catalogue.canvas import Canvas, hex_rgb
from environments.catalogue.palette import Look

__all__ = ["BACKGROUND_SIZE", "backgrounds", "draw_background"]

BACKGROUND_SIZE = (400, 680)
"""Pixels. Larger than the 360 × 640 frame, so that the frame can wander over it."""

_TINTS = ("#FFB199", "#FFD28C", "#F7E7A1", "#B9E3C6", "#A6DCE0", "#A9C7F5", "#C9B8F2", "#F2B8D8", "#E8D3BE", "#D5E0C0")


def backgrounds() -> tuple[str, ...]:
    """Every background that can be drawn."""
    return tuple({**indoors.SCENERY, **outdoors.SCENERY})


def draw_background(name: str, seed: int) -> Image.Image:
    """The background `name` as an RGB image of `BACKGROUND_SIZE`. Raises KeyError for a name that is not in the vocabulary."""
    look = Look(random.Random(seed))
    canvas = Canvas(*BACKGROUND_SIZE, oversample=2)
    {**indoors.SCENERY, **outdoors.SCENERY}[name](canvas, look)
    image = canvas.image().convert("RGB")
    if look.random.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    tint = Image.new("RGB", image.size, hex_rgb(look.pick(*_TINTS)))
    return Image.blend(image, tint, look.random.uniform(0.1, 0.3))
