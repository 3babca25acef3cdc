"""A picture of an item as a JPEG file, as it is shown to people."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageOps

__all__ = ["jpeg_of"]

_MOST_BYTES = 32 * 2**20
_SIDE = 1600
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""Other formats start other programs, such as PostScript's."""


def jpeg_of(path: Path) -> bytes:
    """The picture, upright, at most 1600 pixels a side. Raises OSError or ValueError for what is no picture, or a very large one."""
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES // 2**20} MB")
    try:
        with Image.open(path, formats=_FORMATS) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(str(error)) from error
    upright.thumbnail((_SIDE, _SIDE))
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=90)
    return out.getvalue()
