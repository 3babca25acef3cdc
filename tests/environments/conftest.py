"""Real video files for the tests: small ones made here, and the shared footage where it is there."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOOTAGE = Path(__file__).parents[2].parent / "shared" / "data" / "videos"


@pytest.fixture
def footage() -> Path:
    """The folder of real footage with damaged files among it; skips where it is not there."""
    if not FOOTAGE.is_dir():
        pytest.skip(f"the shared footage is not at {FOOTAGE}")
    return FOOTAGE


def write_video(
    path: Path,
    *,
    seconds: float = 2.0,
    rate: int = 10,
    size: tuple[int, int] = (64, 48),
    codec: str = "mpeg4",
    rotation: float | None = None,
    aspect: Fraction | None = None,
    key_every: int = 5,
    options: dict[str, str] | None = None,
    times: list[int] | None = None,
    audio_s: float = 0.0,
) -> Path:
    """A video whose left half tells the time, 40 grey levels a second from 20; its right half is red. `times`: pts in ticks of 1/rate."""
    import av

    with av.open(str(path), "w", options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = key_every
        stream.bit_rate = 4_000_000
        if aspect is not None:
            stream.sample_aspect_ratio = aspect
        if rotation is not None:
            stream.set_display_rotation(rotation)
        sound: Any = container.add_stream("pcm_s16le", rate=8000, layout="mono") if audio_s else None
        for pts in times if times is not None else range(round(seconds * rate)):
            picture = np.zeros((size[1], size[0], 3), np.uint8)
            picture[:, : size[0] // 2] = min(255, 20 + round(40 * pts / rate))
            picture[:, size[0] // 2 :, 0] = 255
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = pts, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, round(8000 * audio_s)), np.int16), format="s16", layout="mono")
            silence.sample_rate, silence.pts = 8000, 0
            container.mux(sound.encode(silence))
            container.mux(sound.encode())
    return path


@pytest.fixture
def make_video() -> Callable[..., Path]:
    """`write_video`."""
    return write_video


@pytest.fixture
def video_folder(tmp_path: Path) -> Path:
    """Four sound videos of 2 s: a.mp4 b.mkv c.avi d.webm."""
    folder = tmp_path / "feed"
    folder.mkdir()
    for name, codec in (("a.mp4", "mpeg4"), ("b.mkv", "mpeg4"), ("c.avi", "mjpeg"), ("d.webm", "libvpx")):
        write_video(folder / name, codec=codec)
    return folder
