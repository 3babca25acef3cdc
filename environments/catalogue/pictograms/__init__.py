"""The drawn vocabulary: one function a pictogram, found by name."""

from __future__ import annotations

import random

from PIL import Image

from environments.catalogue.canvas import Canvas
from environments.catalogue.palette import Look
from environments.catalogue.pictograms import animals, city, food, home, money, nature, people, ritual, safety, sport, together, tools
from environments.catalogue.pictograms.registry import drawn, names

__all__ = ["draw_pictogram", "names"]

_THEMES = (animals, city, food, home, money, nature, people, ritual, safety, sport, together, tools)


def draw_pictogram(name: str, size_px: int, seed: int) -> Image.Image:
    """The pictogram `name` as an RGBA image of `size_px` squared. `seed` varies colours and people, never what is shown.

    Raises KeyError for a name that is not in the vocabulary.
    """
    canvas = Canvas(size_px, size_px)
    drawn(name)(canvas, Look(random.Random(seed)))
    return canvas.image()
