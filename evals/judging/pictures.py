"""A picture as a JPEG file, as people are shown it who judge or check."""

from __future__ import annotations

import io
from pathlib import Path

from personas.errors import EnvironmentFailed
from personas.one_line import one_line

__all__ = ["jpeg_of"]

_MOST_BYTES = 32 * 2**20
_SIDE = 1600
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""Other formats start other programs, such as PostScript's."""


def jpeg_of(path: Path) -> bytes:
    """The picture, upright, at most 1600 pixels a side. Raises EnvironmentFailed for what is no picture, or one of more than 32 MB."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - loads when used

    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES // 2**20} MB")
        with Image.open(path, formats=_FORMATS) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGB")
        upright.thumbnail((_SIDE, _SIDE))
        out = io.BytesIO()
        upright.save(out, "JPEG", quality=90)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        why = one_line(str(getattr(error, "strerror", None) or error), 80)
        raise EnvironmentFailed(f"the picture {one_line(path.name)!r} cannot be shown ({why}); restore it") from error
    return out.getvalue()
