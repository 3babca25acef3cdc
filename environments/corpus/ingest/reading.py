"""One decode pass over a video file: is it sound, how long is it, which of its pictures are kept, and their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from environments.base import Frame
from environments.corpus.ingest.perceptual_hash import perceptual_hash
from environments.corpus.ingest.scenes import STEP_S, SceneKeeper
from environments.declared_size import declared_bytes
from environments.decoding import (
    Deadline,
    UnplayableVideo,
    check_size,
    declared_duration,
    opened,
    packet_interval,
    packets,
    start_of,
)
from environments.picture import display_size, to_jpeg

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_SIDE", "QUALITY", "Read", "read_video"]

MAX_SIDE = 768
QUALITY = 85
_GREY_SIDE = 128
_LUMA_FIRST = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "yuva420p", "nv12", "nv21", "gray"})
_LARGE = 4 * 2**20  # bytes; a larger picture is held as the JPEG it would become
_PIXEL_BUDGET = 3 * 10**11  # pixels of one file: ten minutes of 4K at 60 pictures a second
_PATIENCE = (60.0, 4.0)  # s, and s a second of clip


@dataclass(frozen=True)
class Read:
    """What a file gave: seconds, pixels as displayed, kept frames in order of time, the first at 0, a hash each, cuts in seconds."""

    duration_s: float
    width: int
    height: int
    frames: tuple[Frame, ...]
    hashes: tuple[int, ...]
    cuts: tuple[float, ...] = ()


def read_video(path: Path, frames: int = 4, max_duration_s: float = 600.0) -> Read:
    """Decodes all of a clip once. Its first picture, and up to `frames` − 1 others chosen by `SceneKeeper`.

    JPEG as in `environments.video.sample_frames`; same file and library versions, same bytes. Raises UnplayableVideo for a file that is
    no video, is damaged or cut short, lasts longer than `max_duration_s`, or takes too long.
    """
    with opened(path) as (container, stream):
        _check_bytes(path)
        declared = declared_duration(container, stream)
        _check_duration(path.name, declared, max_duration_s)
        patience, share = _PATIENCE
        one_pass = _Pass(path.name, container, stream, Deadline(path.name, patience + share * (declared or 0.0)), max_duration_s)
        first: VideoFrame | None = None
        keeper: SceneKeeper[VideoFrame | bytes] = SceneKeeper(frames - 1)
        seen = -1.0
        for t, picture in one_pass.pictures():
            if first is None:
                first = picture
                keeper.see(t, _grey(picture))
            elif t - seen < STEP_S or picture.is_corrupt:
                continue
            elif keeper.see(t, _grey(picture)):
                keeper.keep(_held(picture, stream.sample_aspect_ratio))
            seen = t
        if first is None:
            raise UnplayableVideo(path.name, "none of its pictures can be decoded")
        if first.is_corrupt:
            raise UnplayableVideo(path.name, "its first picture is damaged")
        duration = one_pass.checked_duration(declared)
        kept = [(0.0, _jpeg(first, stream.sample_aspect_ratio))]
        kept += [(each.t, _jpeg(each.held, stream.sample_aspect_ratio)) for each in keeper.chosen(one_pass.end)]
        width, height = display_size(first, stream.sample_aspect_ratio)
    pictures = tuple(Frame.of(jpeg, round(min(t, duration), 3)) for t, jpeg in kept)
    hashes = tuple(perceptual_hash(frame.jpeg) for frame in pictures)
    return Read(round(duration, 3), width, height, pictures, hashes, tuple(keeper.cuts))


class _Pass:
    """All packets of a file, read once: pictures with their clip time, and where pictures and sound end."""

    def __init__(self, name: str, container: InputContainer, stream: VideoStream, deadline: Deadline, longest_s: float) -> None:
        self._name, self._container, self._stream, self._deadline = name, container, stream, deadline
        self._interval = packet_interval(stream)
        self._longest_s = longest_s
        self._start = start_of(stream)
        self._others_end = 0.0
        self._pixels = _PIXEL_BUDGET
        self.end = 0.0
        """When the last picture leaves the screen, in seconds of the clip."""

    def pictures(self) -> Iterator[tuple[float, VideoFrame]]:
        """Times never decrease and begin near 0. Raises UnplayableVideo."""
        t = -self._interval
        try:
            for picture in self._decoded():
                stamp = None if picture.pts is None else picture.time
                t = max(t, stamp - self._start) if stamp is not None else t + self._interval
                check_size(self._name, picture.width, picture.height)
                self._pixels -= picture.width * picture.height
                if self._pixels < 0:
                    raise UnplayableVideo(self._name, "it has too many pictures to be read; re-encode it, or leave it out")
                shown = float(picture.duration * picture.time_base) if picture.duration and picture.time_base else self._interval
                self.end = max(self.end, t + shown)
                _check_duration(self._name, self.end, self._longest_s)
                yield max(t, 0.0), picture
        except FFmpegError as error:
            raise UnplayableVideo(self._name, f"its pictures are damaged or missing after {max(t, 0.0):.1f} s") from error

    def checked_duration(self, declared: float | None) -> float:
        """Seconds of the clip, once all pictures are read. Raises UnplayableVideo when less is there than was declared."""
        if declared is None:
            return self.end
        tolerance = max(2.5 * self._interval, min(0.1 * declared, 1.0))
        if max(self.end, self._others_end) < declared - tolerance:
            raise UnplayableVideo(self._name, f"it is cut short: {self.end:.1f} s of {declared:.1f} s are there")
        return declared

    def _decoded(self) -> Iterator[VideoFrame]:
        """Errors before the first picture pass: a clip may have been cut out of another without its key frame."""
        started = False
        for packet in packets(self._container, self._deadline):
            if packet.stream.index != self._stream.index:
                if packet.size and packet.pts is not None:
                    self._others_end = max(self._others_end, float((packet.pts + (packet.duration or 0)) * packet.time_base) - self._start)
                continue
            try:
                pictures = self._stream.decode(packet)
            except FFmpegError:
                if started:
                    raise
                continue
            for picture in pictures:
                started = True
                yield picture


def _check_bytes(path: Path) -> None:
    try:
        declared, there = declared_bytes(path), path.stat().st_size
    except OSError as error:
        raise UnplayableVideo(path.name, f"it cannot be read ({error.strerror or 'unknown error'})") from error
    if declared is not None and there < declared:
        raise UnplayableVideo(path.name, f"it is cut short: {there} of {declared} bytes are there")


def _check_duration(name: str, seconds: float | None, longest_s: float) -> None:
    if seconds is not None and seconds > longest_s:
        raise UnplayableVideo(name, f"it lasts longer than {longest_s:g} s; raise --max-duration, or leave it out")


def _grey(picture: VideoFrame) -> NDArray[np.uint8]:
    """The picture's brightness by means of square boxes, its longest side 128 to 255 pixels where the picture has as many."""
    if picture.format.name in _LUMA_FIRST:
        plane = picture.planes[0]
        luma = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: picture.height, : picture.width]
    else:
        luma = np.asarray(picture.reformat(format="gray").to_ndarray(), dtype=np.uint8)
    box = max(1, max(luma.shape) // _GREY_SIDE)
    height, width = (max(1, side // box) for side in luma.shape)
    rows = sum((luma[k : height * box : box, : width * box].astype(np.uint16) for k in range(box)), np.uint16(0))
    boxes = rows.reshape(height, -1, min(box, luma.shape[1])).sum(axis=2, dtype=np.uint32)
    small: NDArray[np.uint8] = (boxes // (box * box)).astype(np.uint8)
    return small


def _held(picture: VideoFrame, aspect: Fraction | None) -> VideoFrame | bytes:
    return picture if sum(plane.buffer_size for plane in picture.planes) <= _LARGE else _jpeg(picture, aspect)


def _jpeg(held: VideoFrame | bytes, aspect: Fraction | None) -> bytes:
    return held if isinstance(held, bytes) else to_jpeg(held, aspect, MAX_SIDE, QUALITY)
