"""Contact sheets: one frame of each clip, or every pictogram, on one picture. For looking, not for measuring."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from environments.catalogue.pictograms import draw_pictogram, names
from environments.catalogue.scene import FRAME_SIZE, Staging
from environments.catalogue.specs import ClipSpec
from personas.errors import FeedError, StorageFailed

__all__ = ["clip_sheet", "pictogram_sheet"]

_GAP = 8


def clip_sheet(clips: Sequence[ClipSpec], out: Path, *, columns: int = 8, width: int = 180) -> None:
    """The middle frame of each clip at `width` pixels, written to `out`.

    Raises StorageFailed, or FeedError for an unknown kind of picture.
    """
    size = (width, round(width * FRAME_SIZE[1] / FRAME_SIZE[0]))
    _save([Staging(clip).frame(clip.duration_s / 2).resize(size, Image.Resampling.LANCZOS) for clip in clips], size, columns, out)


def pictogram_sheet(out: Path, *, columns: int = 12, width: int = 150, seed: int = 0) -> None:
    """Every pictogram at `width` pixels, written to `out`. Raises as `clip_sheet` does."""
    tiles = []
    for index, name in enumerate(names()):
        tile = Image.new("RGB", (width, width), "#CFE3E6")
        drawing = draw_pictogram(name, width, seed + index)
        tile.paste(drawing, (0, 0), drawing)
        tiles.append(tile)
    _save(tiles, (width, width), columns, out)


def _save(tiles: Sequence[Image.Image], size: tuple[int, int], columns: int, out: Path) -> None:
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * (size[0] + _GAP) + _GAP, rows * (size[1] + _GAP) + _GAP), "#FFFFFF")
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (_GAP + index % columns * (size[0] + _GAP), _GAP + index // columns * (size[1] + _GAP)))
    try:
        sheet.save(out)
    except OSError as error:
        raise StorageFailed(
            f"cannot write {out}: {error.strerror or error}; name a folder that exists and that you may write to"
        ) from error
    except ValueError:
        raise FeedError(f"cannot write {out}: not a kind of picture; end its name in .png") from None
