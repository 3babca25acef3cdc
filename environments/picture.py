"""One decoded picture as it should be seen: upright, square pixels, scaled down, JPEG."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any, cast

from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from PIL import Image

__all__ = ["display_size", "to_jpeg"]

_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
_SCALING = int(Interpolation.BICUBIC) | int(Interpolation.ACCURATE_RND) | int(Interpolation.BITEXACT)

# The signs of a display matrix (a, b, c, d), x' = ax + cy, y' = bx + dy, y downwards, and the turn that applies it.
_TURNS: dict[tuple[int, ...], Image.Transpose] = {
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
}
_SIDEWAYS = {Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270, Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE}


def display_size(picture: VideoFrame, aspect: Fraction | None) -> tuple[int, int]:
    """Width and height in square pixels after turning. `aspect` is the sample aspect ratio, None for square."""
    width, height = _square(picture, aspect)
    return (round(height), round(width)) if _turn(picture) in _SIDEWAYS else (round(width), round(height))


def to_jpeg(picture: VideoFrame, aspect: Fraction | None, max_side: int, quality: int) -> bytes:
    """RGB JPEG of the picture as displayed, its longest side at most `max_side` pixels, never scaled up."""
    width, height = _square(picture, aspect)
    scale = min(1.0, max_side / max(width, height))
    colours = "itu709" if picture.colorspace == _UNSPECIFIED and picture.height > 576 else None  # what players assume for HD
    rgb = picture.reformat(
        max(1, round(width * scale)), max(1, round(height * scale)), "rgb24", src_colorspace=colours, interpolation=_SCALING
    )
    image = Image.fromarray(rgb.to_ndarray())
    turn = _turn(picture)
    if turn is not None:
        image = image.transpose(turn)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _square(picture: VideoFrame, aspect: Fraction | None) -> tuple[float, float]:
    believable = aspect is not None and Fraction(1, 10) <= aspect <= 10
    return (picture.width * float(aspect) if believable and aspect is not None else float(picture.width)), float(picture.height)


def _turn(picture: VideoFrame) -> Image.Transpose | None:
    matrix = picture.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return None
    a, b, _, c, d = struct.unpack("<5i", bytes(cast(Any, matrix))[:20])
    largest = max(abs(a), abs(b), abs(c), abs(d), 1)
    return _TURNS.get(tuple(round(entry / largest) for entry in (a, b, c, d)))
