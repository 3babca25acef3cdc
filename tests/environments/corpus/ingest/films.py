"""Videos for the tests of adding: scenes with cuts at known times, and copies of a video as they go round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image


def picture(seed: int, width: int = 160, height: int = 120) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A smooth, colourful picture with a pattern of its own for each `seed`."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (7, 9, 3), dtype=np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def write_film(
    path: Path, scenes: Sequence[tuple[int, float]], *, rate: int = 12, motion: int = 2, size: tuple[int, int] = (160, 120)
) -> Path:
    """Scenes (seed of the picture, seconds), one after the other; each pans slowly by `motion` pixels a picture."""
    rate, size = 12, (160, 120)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.bit_rate = 2_000_000
        for seed, seconds in scenes:
            wide = picture(seed, size[0] * 2, size[1])
            for number in range(round(seconds * rate)):
                left = motion * number % size[0]
                container.mux(
                    stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(wide[:, left : left + size[0]]), format="rgb24"))
                )
        container.mux(stream.encode())
    return path


def copied(source: Path, target: Path, change: Callable[[Image.Image], Image.Image] = lambda image: image, skip_s: float = 0.0) -> Path:
    """`source` decoded, changed and encoded again at a low rate."""
    with av.open(str(source)) as original, av.open(str(target), "w") as container:
        stream: Any = None
        for frame in original.decode(video=0):
            if (frame.time or 0.0) < skip_s:
                continue
            image = change(frame.to_image())
            if stream is None:
                stream = container.add_stream("mpeg4", rate=original.streams.video[0].average_rate)
                stream.width, stream.height, stream.pix_fmt = *image.size, "yuv420p"
                stream.bit_rate = 400_000
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    return target
