"""The look of a clip as one small number: brightness, colourfulness and motion of its frames. It knows no value and no persona."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from environments.base import Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["appeal", "look", "thumbnail"]

_SIDE = 64
_WEIGHT = 0.1
"""Rating points of each of the three terms at most: the look may tip a decision, not make it."""


def thumbnail(frame: Frame) -> NDArray[np.float32] | None:
    """(height, width, 3) in [0, 255], longest side at most 64. None where the bytes are no picture."""
    from PIL import Image  # noqa: PLC0415 - loads when a picture is shown

    try:
        with Image.open(io.BytesIO(frame.jpeg)) as picture:
            picture.draft("RGB", (_SIDE, _SIDE))
            small = picture.convert("RGB").resize(_fitted(*picture.size), Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return np.asarray(small, dtype=np.float32)


def _fitted(width: int, height: int) -> tuple[int, int]:
    scale = _SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def look(pictures: Sequence[NDArray[np.float32]]) -> tuple[float, float, float | None]:
    """(brightness in [0, 1], colourfulness about 0 to 110, motion in [0, 1] or None for fewer than two pictures of one size).

    Colourfulness is the M of Hasler and Süsstrunk (2003), "Measuring colourfulness in natural images": the spread of the two
    opponent colours plus .3 times their mean. Motion is the mean absolute difference of following pictures.
    """
    brightness = float(np.mean([picture.mean() for picture in pictures])) / 255.0
    colour = float(np.mean([_colourfulness(picture) for picture in pictures]))
    pairs = [(a, b) for a, b in pairwise(pictures) if a.shape == b.shape]
    motion = float(np.mean([np.abs(a - b).mean() for a, b in pairs])) / 255.0 if pairs else None
    return brightness, colour, motion


def appeal(pictures: Sequence[NDArray[np.float32]]) -> float:
    """Rating points in [-.3, .3]: each term is within ±.1 and 0 for a middling clip, or where it cannot be seen.

    Colourfulness around 40, motion around .06, and brightness best at .5 (0 at .25 and .75) were set from experience, not fitted.
    """
    if not pictures:
        return 0.0
    brightness, colour, motion = look(pictures)
    terms = [(colour - 40.0) / 40.0, 1.0 - abs(brightness - 0.5) / 0.25, 0.0 if motion is None else (motion - 0.06) / 0.06]
    return round(_WEIGHT * sum(min(max(term, -1.0), 1.0) for term in terms), 4)


def _colourfulness(picture: NDArray[np.float32]) -> float:
    red, green, blue = picture[..., 0], picture[..., 1], picture[..., 2]
    first, second = red - green, 0.5 * (red + green) - blue
    spread = np.hypot(first.std(), second.std())
    return float(spread + 0.3 * np.hypot(first.mean(), second.mean()))
