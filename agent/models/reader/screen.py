"""Words on the screen, by OCR (RapidOCR: PP-OCRv6 small; its models are in its wheel). 0.1 to 0.4 s a frame, kept by the frame's hash.

Overlays mostly stay while the picture moves. So the middle frame is read first; another frame is read only where its picture differs, and
not where the spots that held words still look the same.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from environments.base import Frame
from personas.errors import ModelSetupError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

__all__ = ["Line", "ScreenReader"]

VERSION = "rapidocr-pp-ocrv6-small-1"
"""Part of the cache's path: raised when the same frame would be read differently."""

_LONGEST = 768
_SHORTEST = 360
_LINES = 40
_CHARACTERS = 3
"""A line of fewer letters and digits is mostly a shape that looks like one."""

_SAME_SPOT = 10.0
"""Mean difference in grey levels (of 255) below which a spot still holds the same words."""

_SAME_TILE = 6.0
"""Mean difference in grey levels below which a tile of 8 × 8 has not changed. A line of words changes several."""

_CACHED_FRAMES = 8192


@dataclass(frozen=True)
class Line:
    """One line of words, and its spot as fractions of the picture: left, top, right, bottom."""

    text: str
    spot: tuple[float, float, float, float]


class ScreenReader:
    """Reads frames, one at a time; safe to call from threads. What was read is kept in memory and under `cache_dir`."""

    def __init__(self, cache_dir: Path) -> None:
        self._folder = cache_dir / "ocr" / VERSION
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Line, ...]] = {}
        self._engine: Any = None
        self.frames_read = 0

    def read(self, frames: Sequence[Frame]) -> tuple[str, ...]:
        """The lines on the screen over all `frames`, each once. A frame that is no picture has none. Blocks: call it in a thread."""
        unique = list({frame.sha256: frame for frame in frames}.values())
        order = sorted(range(len(unique)), key=lambda index: abs(index - len(unique) // 2))
        found: dict[str, None] = {}
        seen: list[tuple[Picture, tuple[Line, ...]]] = []
        for index in order:
            grey = _grey(unique[index])
            if grey is None or any(_shows_the_same(grey, other, lines) for other, lines in seen):
                continue
            lines = self._lines(unique[index])
            seen.append((grey, lines))
            found.update(dict.fromkeys(line.text for line in lines))
        return tuple(found)

    def _lines(self, frame: Frame) -> tuple[Line, ...]:
        key = hashlib.sha256(frame.jpeg).hexdigest()
        with self._lock:
            known = self._known.get(key)
            if known is None:
                known = self._stored(key)
                if known is None:
                    known = self._recognise(frame.jpeg)
                    self._store(key, known)
                if len(self._known) >= _CACHED_FRAMES:
                    self._known.clear()
                self._known[key] = known
        return known

    def _recognise(self, jpeg: bytes) -> tuple[Line, ...]:
        from PIL import Image  # noqa: PLC0415

        if self._engine is None:
            self._engine = _load_engine()
        with Image.open(io.BytesIO(jpeg)) as picture:
            rgb = picture.convert("RGB")
        rgb.thumbnail((_LONGEST, _LONGEST))
        self.frames_read += 1
        result = self._engine(np.ascontiguousarray(np.asarray(rgb)[:, :, ::-1]))
        if result.txts is None or result.boxes is None:
            return ()
        width, height = rgb.size
        found = (_line(text, box, width, height) for text, box in zip(result.txts[:_LINES], result.boxes, strict=False))
        return tuple(line for line in found if sum(map(str.isalnum, line.text)) >= _CHARACTERS)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"

    def _stored(self, key: str) -> tuple[Line, ...] | None:
        try:
            data = json.loads(self._path(key).read_text(encoding="utf-8"))
            return tuple(Line(str(text), (float(a), float(b), float(c), float(d))) for text, (a, b, c, d) in data)
        except (OSError, ValueError, TypeError):  # not there, or not what was written: read the frame again
            return None

    def _store(self, key: str, lines: Sequence[Line]) -> None:
        """Written beside and moved into place. A cache that cannot be written costs time, never the answer."""
        path = self._path(key)
        temporary = path.with_name(f"{key}.{os.getpid()}.{threading.get_ident()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps([[line.text, line.spot] for line in lines], ensure_ascii=True), encoding="utf-8")
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True) if path.parent.is_dir() else None


def _line(text: str, box: Any, width: int, height: int) -> Line:
    xs, ys = np.clip(box[:, 0] / width, 0, 1), np.clip(box[:, 1] / height, 0, 1)
    return Line(" ".join(text.split())[:200], tuple(round(float(x), 4) for x in (xs.min(), ys.min(), xs.max(), ys.max())))  # type: ignore[arg-type]


def _grey(frame: Frame) -> Picture | None:
    """(height, width) grey levels, longest side 192: enough to see whether words changed. None where the bytes are no picture."""
    from PIL import Image  # noqa: PLC0415

    try:
        with Image.open(io.BytesIO(frame.jpeg)) as picture:
            picture.draft("L", (192, 192))
            small = picture.convert("L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if min(small.size) < 8:
        return None
    small.thumbnail((192, 192), Image.Resampling.BOX)
    return np.asarray(small)


def _shows_the_same(grey: Picture, other: Picture, lines: Sequence[Line]) -> bool:
    """Whether a frame shows the words of one already read: no visible change at all, or every spot of words as it was."""
    if grey.shape != other.shape:
        return False
    change = np.abs(grey.astype(np.int16) - other)
    if _largest_tile(change) < _SAME_TILE:
        return True
    return bool(lines) and all(_change_at(change, line.spot) < _SAME_SPOT for line in lines)


def _largest_tile(change: NDArray[np.int16]) -> float:
    height, width = change.shape[0] // 8 * 8, change.shape[1] // 8 * 8
    tiles = change[:height, :width].reshape(height // 8, 8, width // 8, 8)
    return float(tiles.mean(axis=(1, 3)).max())


def _change_at(change: NDArray[np.int16], spot: tuple[float, float, float, float]) -> float:
    height, width = change.shape
    left, right = int(spot[0] * width), max(int(np.ceil(spot[2] * width)), int(spot[0] * width) + 1)
    top, bottom = int(spot[1] * height), max(int(np.ceil(spot[3] * height)), int(spot[1] * height) + 1)
    part = change[top:bottom, left:right]
    return float(part.mean()) if part.size else 0.0


def _load_engine() -> Any:
    """RapidOCR on the models in its wheel, named by path so that it never looks for others; one thread, silent.

    One thread reads a frame faster than two share it on a small machine, and leaves the other core to the feed.
    """
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    try:
        import rapidocr  # noqa: PLC0415 - a second

        models = Path(rapidocr.__file__).parent / "models"
        return rapidocr.RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.text_score": 0.8,  # below it stand shapes that look like letters; overlays score .95 and more
                "Global.use_cls": False,  # overlays stand upright
                "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
                "Det.limit_side_len": _SHORTEST,
                "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
    except (ImportError, FileNotFoundError) as error:
        raise ModelSetupError(f"the reader's OCR cannot be loaded ({type(error).__name__}: {error}); install axiofeed again") from None
