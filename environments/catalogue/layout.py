"""Where things stand in the frame: pictograms in cells that never overlap, and how each moves over time."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

__all__ = ["Box", "Offset", "cells", "moved"]

Box = tuple[float, float, float, float]

_CELLS: dict[int, tuple[tuple[Box, ...], ...]] = {
    1: (((0.05, 0.03, 0.95, 0.97),), ((0.09, 0.12, 0.95, 0.98),)),
    2: (
        ((0, 0, 0.66, 0.62), (0.5, 0.64, 1, 1)),
        ((0.3, 0.36, 1, 1), (0, 0, 0.5, 0.34)),
        ((0, 0.1, 0.56, 0.92), (0.59, 0.3, 1, 0.8)),
    ),
    3: (
        ((0, 0, 0.6, 0.6), (0.63, 0.06, 1, 0.5), (0.32, 0.63, 0.9, 1)),
        ((0.16, 0.39, 0.86, 1), (0, 0, 0.46, 0.36), (0.54, 0.02, 1, 0.36)),
        ((0.4, 0, 1, 0.58), (0, 0.08, 0.37, 0.52), (0.04, 0.61, 0.62, 1)),
    ),
    4: (
        ((0, 0, 0.57, 0.56), (0.6, 0.05, 1, 0.55), (0, 0.59, 0.45, 1), (0.49, 0.59, 1, 1)),
        ((0.18, 0.36, 0.84, 1), (0, 0, 0.32, 0.33), (0.34, 0.03, 0.66, 0.34), (0.68, 0, 1, 0.33)),
        ((0.42, 0.3, 1, 0.86), (0, 0, 0.48, 0.28), (0.54, 0.02, 1, 0.28), (0, 0.42, 0.39, 0.86)),
    ),
    5: (
        ((0.2, 0.31, 0.8, 0.7), (0, 0, 0.42, 0.29), (0.58, 0, 1, 0.29), (0, 0.72, 0.42, 1), (0.58, 0.72, 1, 1)),
        ((0, 0.31, 0.56, 0.8), (0.04, 0, 0.46, 0.28), (0.53, 0.02, 0.97, 0.3), (0.59, 0.34, 1, 0.64), (0.57, 0.68, 0.97, 1)),
    ),
}
"""Cells as (left, top, right, bottom) in parts of the stage, by number of pictograms; the first cell is the main one."""


@dataclass(frozen=True)
class Offset:
    """How far something is from its place: pixels, scale, degrees clockwise."""

    dx: float = 0.0
    dy: float = 0.0
    scale: float = 1.0
    angle: float = 0.0


def cells(count: int, stage: Box, rng: random.Random) -> list[Box]:
    """`count` (1 to 5) cells in pixels within `stage`, one of several arrangements, perhaps mirrored."""
    left, top, right, bottom = stage
    w, h = right - left, bottom - top
    mirrored = rng.random() < 0.5
    chosen = rng.choice(_CELLS[count])
    placed = [(1 - x1, y0, 1 - x0, y1) if mirrored else (x0, y0, x1, y1) for x0, y0, x1, y1 in chosen]
    return [(left + x0 * w, top + y0 * h, left + x1 * w, top + y1 * h) for x0, y0, x1, y1 in placed]


def moved(motion: str, t: float, index: int, pace: float) -> Offset:
    """The offset of pictogram `index` at `t` seconds. `pace` (about 1) varies from clip to clip. Raises KeyError for an unknown motion."""
    phase = index * 1.3
    a = 2 * math.pi * t * pace
    return {
        "drift": Offset(9 * math.sin(a / 5 + phase), 7 * math.sin(a / 3.7 + phase * 1.7)),
        "bounce": Offset(0, -16 * abs(math.sin(a / 1.9 + phase))),
        "sway": Offset(3 * math.sin(a / 3 + phase), 0, 1, 6 * math.sin(a / 3 + phase)),
        "zoom": Offset(0, 0, 1 + 0.07 * math.sin(a / 5.3), 0),
        "pan": Offset(14 * math.sin(a / 6.5), 2 * math.sin(a / 2.6 + phase)),
        "parade": Offset(12 * math.sin(a / 3.3), -9 * abs(math.sin(a / 1.65 + phase)), 1, 3 * math.sin(a / 3.3 + phase)),
        "orbit": Offset(10 * math.cos(a / 4.2 + phase), 10 * math.sin(a / 4.2 + phase)),
        "rise": Offset(0, 10 * math.cos(a / 4.4 + phase * 0.4), 1 + 0.03 * math.sin(a / 4.4 + phase), 0),
        "pulse": Offset(0, 0, 1 + 0.06 * max(0.0, math.sin(a / 1.3 + phase)) ** 2, 0),
    }[motion]
