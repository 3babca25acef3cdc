"""The sound of a clip as 16 kHz mono, decoded by PyAV under the guards of `environments.decoding`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.error import InvalidDataError

from environments.decoding import Deadline, opened, packets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from numpy.typing import NDArray

__all__ = ["RATE", "read_sound"]

RATE = 16_000
"""Samples a second."""

_PATIENCE_S = 120.0  # ten minutes of sound take a few seconds


def read_sound(path: Path, longest_s: float) -> NDArray[np.float32]:
    """Samples in [-1, 1] of the first audio stream, of its first `longest_s` seconds; none where the clip has no sound.

    Raises UnplayableVideo (a FeedError) for a file that is no video, or takes too long.
    """
    deadline = Deadline(path.name, _PATIENCE_S)
    pieces: list[NDArray[np.float32]] = []
    left = round(longest_s * RATE)
    with opened(path, deadline) as (container, _):
        for frame in _resampled(container, deadline):
            piece = frame.to_ndarray().reshape(-1)[:left].astype(np.float32)
            pieces.append(piece / np.float32(32768))
            left -= len(piece)
            if left <= 0:
                break
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)


def _resampled(container: InputContainer, deadline: Deadline) -> Iterator[AudioFrame]:
    stream = next((stream for stream in container.streams.audio if _decodable(stream)), None)
    if stream is None:
        return
    # 16 bits, as Whisper's own loader: stereo is then averaged, where floating point would let it grow by 3 dB.
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    for packet in packets(container, deadline):
        if packet.stream_index == stream.index:
            with suppress(InvalidDataError):  # a damaged packet is a gap, as it is for players
                for frame in packet.decode():
                    assert isinstance(frame, AudioFrame)
                    yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _decodable(stream: AudioStream) -> bool:
    """PyAV has no codec context for a codec it does not know, whatever its types say."""
    context: object = stream.codec_context
    return context is not None
