"""A 64-bit perceptual hash of a picture: the signs of its lowest frequencies, which scaling and re-encoding leave as they are.

DCT hash after Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010), §3.2: DCT-II of a 32 × 32 grey picture,
each of the low coefficients above or below their median.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FLAT", "perceptual_hash"]

FLAT = 0
"""The hash of a picture without any pattern, such as a black one: it is like every other of its kind, and tells nothing."""

_SIDE = 32
_LOW = 9
_FLAT_SPREAD = 3.0  # of 255: below it what the signs say is noise of the encoder


def perceptual_hash(jpeg: bytes) -> int:
    """The hash of a JPEG as a signed 64-bit integer; FLAT for a picture without a pattern. Raises OSError for what is no picture."""
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        image.draft("L", (2 * _SIDE, 2 * _SIDE))  # decodes at a fraction of the size
        grey = np.asarray(image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float64)
    if grey.std() < _FLAT_SPREAD:
        return FLAT
    basis = _cosines()
    low = (basis @ grey @ basis.T)[_order()]
    bits = low > np.median(low)
    return int(np.packbits(bits).view(">i8")[0])


@cache
def _cosines() -> NDArray[np.float64]:
    """The first rows of the orthonormal DCT-II matrix, (_LOW + 2, _SIDE)."""
    k, n = np.arange(_LOW + 2)[:, None], np.arange(_SIDE)[None, :]
    rows: NDArray[np.float64] = np.cos(np.pi * k * (2 * n + 1) / (2 * _SIDE)) * np.sqrt(2 / _SIDE)
    return rows


@cache
def _order() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the 64 lowest frequencies but the mean, by their sum (ties by row)."""
    pairs = sorted((r + c, r, c) for r in range(_LOW + 2) for c in range(_LOW + 2) if r + c > 0)[:64]
    return np.array([r for _, r, _ in pairs]), np.array([c for _, _, c in pairs])
