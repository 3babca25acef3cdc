"""A clip as real video: portrait VP9 in WebM, drawn and encoded when first asked for, then served from a cache.

The same specification gives the same bytes under the same versions of Pillow and PyAV: one encoder thread, a bit-exact muxer,
all chance from the scene hash.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import av
import numpy as np
from PIL import Image

from environments.cache import default_cache_dir
from environments.catalogue.scene import FRAME_SIZE, Staging
from environments.catalogue.specs import ClipSpec, scene_hash
from environments.catalogue.storing import storage, write_whole

__all__ = ["FRAMES_PER_SECOND", "default_cache_dir", "encode", "export", "render"]

FRAMES_PER_SECOND = 12

_ADVICE = "free some space, or set AXIOFEED_CACHE to a folder you may write to"

_LUMA = [16 + round(value * 219 / 255) for value in range(256)]
_CHROMA = [128 + round((value - 128) * 224 / 255) for value in range(256)]

_BITEXACT = 0x400  # AVFMT_FLAG_BITEXACT: no random identifier, no library version in the file

_ENCODER = {
    "deadline": "realtime",
    "cpu-used": "8",
    "crf": "36",
    "b": "0",
    "threads": "1",
    "row-mt": "0",
    "lag-in-frames": "0",
    "g": "24",  # a key frame every two seconds: frames are sampled by seeking
}


def render(clip: ClipSpec, cache_dir: Path) -> Path:
    """The clip's video, 360 × 640, in `cache_dir`. Drawn and encoded only when no sound copy is there.

    A file's name carries the hash of its bytes, so that a damaged copy is seen and made again. Raises StorageFailed when the
    cache cannot be written.
    """
    folder = cache_dir / "clips" / _renderer()
    scene = scene_hash(clip)[:32]
    known = _known.get((folder, scene))
    if known is not None and _state(known[0]) == known[1]:
        return known[0]
    path = _rendered(clip, cache_dir, folder, scene)
    _known[folder, scene] = (path, _state(path))
    return path


_known: dict[tuple[Path, str], tuple[Path, tuple[int, int] | None]] = {}
"""Files that were found sound in this process, with their state then: to read a file again with every clip shown takes too long."""


def _state(path: Path) -> tuple[int, int] | None:
    """Size and time of the last change; None where there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _rendered(clip: ClipSpec, cache_dir: Path, folder: Path, scene: str) -> Path:
    with storage(cache_dir, _ADVICE):
        for path in sorted(folder.glob(f"{scene}-*.webm")):
            if _digest(path.read_bytes()) == path.stem.rpartition("-")[2]:
                return path
            path.unlink(missing_ok=True)
    data = encode(clip)
    path = folder / f"{scene}-{_digest(data)}.webm"
    with storage(cache_dir, _ADVICE):
        write_whole(path, data)
    return path


def export(clip: ClipSpec, cache_dir: Path, out: Path) -> Path:
    """The clip's video as `out`/ID.webm. Raises StorageFailed when it cannot be written."""
    source = render(clip, cache_dir)
    target = out / f"{clip.id}.webm"
    with storage(out, "name another folder or free some space"):
        write_whole(target, source.read_bytes())
    return target


def encode(clip: ClipSpec) -> bytes:
    """The clip's WebM file as bytes, drawn anew."""
    staging = Staging(clip)
    target = io.BytesIO()
    with av.open(target, "w", format="webm") as container:
        container.flags |= _BITEXACT
        stream = container.add_stream("libvpx-vp9", rate=FRAMES_PER_SECOND, options=_ENCODER)
        stream.width, stream.height = FRAME_SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = Fraction(1, FRAMES_PER_SECOND)
        for number in range(round(clip.duration_s * FRAMES_PER_SECOND)):
            frame = av.VideoFrame.from_ndarray(_planes(staging.frame(number / FRAMES_PER_SECOND)), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()


def _planes(picture: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The picture as yuv420p (BT.601, limited range), planes on top of each other: 960 × 360.

    Pillow's integer arithmetic gives the same on every processor; swscale's fast paths round differently on different ones.
    """
    luma, *chroma = picture.convert("YCbCr").split()
    parts = [luma.point(_LUMA), *(plane.reduce(2).point(_CHROMA) for plane in chroma)]
    return np.concatenate([np.asarray(part).reshape(-1) for part in parts]).reshape(-1, picture.width)


@lru_cache(maxsize=1)
def _renderer() -> str:
    """A name for what draws and encodes: this package's source and the libraries' versions. Another one never meets our files."""
    sources = sorted(_sources(files("environments.catalogue")), key=lambda pair: pair[0])
    digest = hashlib.sha256()
    for name, data in sources:
        digest.update(f"{name} {len(data)} ".encode() + data)
    return f"{digest.hexdigest()[:12]}-pillow{version('pillow')}-av{version('av')}"


def _sources(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.name.endswith(".py"):
            yield f"{prefix}{entry.name}", entry.read_bytes()
        elif entry.is_dir() and entry.name not in {"clips", "__pycache__"}:
            yield from _sources(entry, f"{prefix}{entry.name}/")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
