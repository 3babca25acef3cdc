"""Facts about a video file, and pictures from it: sampled by seeking, turned upright, scaled, as JPEG.

All functions block (milliseconds to seconds) and are thread-safe: call them with `asyncio.to_thread`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from environments.base import Frame
from environments.declared_size import declared_bytes
from environments.decoding import (
    Deadline,
    SlowVideo,
    UnplayableVideo,
    check_size,
    declared_duration,
    opened,
    packet_interval,
    packets,
    start_of,
)
from environments.picture import display_size, to_jpeg

__all__ = ["SlowVideo", "UnplayableVideo", "VideoFacts", "check", "probe", "sample_frames"]

_DECODE_BUDGET = 20_000  # pictures a call may decode: minutes of video without a key frame, but not hours
_PIXEL_BUDGET = 10 * 10**9  # pixels a call may decode: 80 s of full HD at 60 pictures a second without a key frame
_TAIL_BUDGET = 600  # pictures decoded to see whether the end of a file is sound
_TAIL_PIXEL_BUDGET = 2 * 10**9
_SAME_MOMENT = 1e-6  # seconds; a third of 7 s is where a picture is, whichever way it was rounded
_BACK_OFF = (0.0, 10.0, float("inf"))  # seconds; some containers land behind the moment they are asked for


@dataclass(frozen=True)
class VideoFacts:
    """Duration in seconds; width and height in pixels as displayed, before scaling; FFmpeg's names of codec and container."""

    duration_s: float
    width: int
    height: int
    codec: str
    container: str


def probe(path: Path) -> VideoFacts:
    """Reads the headers and decodes one picture. Where they name no duration, all packets are read (not decoded) to find it.

    Raises UnplayableVideo.
    """
    deadline = Deadline(path.name)
    with opened(path, deadline) as (container, stream):
        duration = declared_duration(container, stream) or _counted_duration(container, stream, path.name, deadline)
        return _facts(container, stream, duration, path.name, deadline)


def check(path: Path) -> VideoFacts:
    """`probe`, and makes sure that the file holds what it declares: its end is there and its last pictures decode.

    Damage in the middle can stay unseen until those pictures are sampled. Raises UnplayableVideo.
    """
    deadline = Deadline(path.name)
    with opened(path, deadline) as (container, stream):
        _check_length(path)
        declared = declared_duration(container, stream)
        duration = declared or _counted_duration(container, stream, path.name, deadline)
        facts = _facts(container, stream, duration, path.name, deadline)
        if declared is not None:
            end = _end_of_video(container, stream, duration, path.name, deadline)
            tolerance = max(2.5 * packet_interval(stream), min(0.1 * duration, 1.0))
            if end == 0:
                raise UnplayableVideo(path.name, "its last pictures cannot be decoded: it is damaged")
            if end < duration - tolerance and _end_of_sound(container, stream, duration, deadline) < duration - tolerance:
                raise UnplayableVideo(path.name, f"it is cut short: {end:.1f} s of {duration:.1f} s are there")
    return facts


def sample_frames(path: Path, fractions: Sequence[float], *, max_side: int = 768, quality: int = 85) -> tuple[Frame, ...]:
    """Pictures at `fractions` of the clip, in order: at least one, at most one a fraction, no picture twice.

    `fractions` are in [0, 1) and do not decrease, as `environments.moments.moments` gives them; 0 is the first picture.

    Upright (display matrix), with square pixels, the longest side at most `max_side` pixels and never scaled up; RGB JPEG of
    `quality`. A frame's `t` is its own time in seconds from the first picture. Same file and library versions, same bytes.
    Raises UnplayableVideo, ValueError for other fractions.
    """
    if not fractions or list(fractions) != sorted(fractions) or not (fractions[0] >= 0 and fractions[-1] < 1):
        raise ValueError(f"fractions of a clip must be in [0, 1) and in order, one at least, not {fractions}")
    deadline = Deadline(path.name)
    with opened(path, deadline) as (container, stream):
        duration = declared_duration(container, stream) or _counted_duration(container, stream, path.name, deadline)
        reader = _Reader(container, stream, path.name, deadline)
        pictures: dict[float, VideoFrame] = {}
        for fraction in fractions:
            time, picture = reader.at(fraction * duration)
            if picture.is_corrupt:
                raise UnplayableVideo(path.name, f"its picture at {time:.1f} s is damaged")
            pictures.setdefault(time, picture)
        aspect = stream.sample_aspect_ratio
        return tuple(
            Frame.of(to_jpeg(picture, aspect, max_side, quality), round(min(max(time, 0.0), duration), 3))
            for time, picture in pictures.items()
        )


def _facts(container: InputContainer, stream: VideoStream, duration: float, name: str, deadline: Deadline) -> VideoFacts:
    picture = next((picture for _, picture in _decoded(container, stream, deadline)), None)
    if picture is None:
        raise UnplayableVideo(name, "none of its pictures can be decoded")
    check_size(name, picture.width, picture.height)
    width, height = display_size(picture, stream.sample_aspect_ratio)
    return VideoFacts(round(duration, 3), width, height, stream.codec_context.name, container.format.name)


def _decoded(container: InputContainer, stream: VideoStream, deadline: Deadline) -> Iterator[tuple[float | None, VideoFrame]]:
    """Time stamps (seconds, None where the file has none) and pictures from where the container stands.

    Right after a seek, packets that lean on pictures before it may fail: errors before the first picture pass.
    """
    started = False
    for packet in packets(container, deadline):
        if packet.stream.index != stream.index:
            continue
        try:
            pictures = stream.decode(packet)
        except FFmpegError:
            if started:
                raise
            continue
        for picture in pictures:
            started = True
            yield (None if picture.pts is None else picture.time), picture


def _counted_duration(container: InputContainer, stream: VideoStream, name: str, deadline: Deadline) -> float:
    """Seconds from the first picture to the end of the last, by reading every packet. Leaves the container rewound."""
    count, first, last = 0, float("inf"), 0.0
    for packet in packets(container, deadline):
        if not packet.size or packet.stream.index != stream.index:
            continue
        count += 1
        if packet.pts is not None:
            length = packet.duration or packet_interval(stream) / float(packet.time_base)
            first = min(first, float(packet.pts * packet.time_base))
            last = max(last, float((packet.pts + length) * packet.time_base))
    if not count:
        raise UnplayableVideo(name, "none of its pictures can be decoded")
    _rewind(container)
    return last - first if last > first else count * packet_interval(stream)


def _check_length(path: Path) -> None:
    """Refuses a file that is shorter than it says it is."""
    try:
        declared, there = declared_bytes(path), path.stat().st_size
    except OSError as error:
        raise UnplayableVideo(path.name, f"it cannot be read ({error.strerror or 'unknown error'})") from error
    if declared is not None and there < declared:
        raise UnplayableVideo(path.name, f"it is cut short: {there} of {declared} bytes are there")


def _end_of_video(container: InputContainer, stream: VideoStream, duration: float, name: str, deadline: Deadline) -> float:
    """Clip time at which the last picture ends, found by decoding what follows the last key frame."""
    start, end, budget = start_of(stream), 0.0, _Budget(_TAIL_BUDGET, _TAIL_PIXEL_BUDGET)
    _seek(container, stream, start + duration)
    try:
        for time, picture in _decoded(container, stream, deadline):
            if time is None or not budget.allows(picture):
                return duration  # no clock to judge by, or too long a tail to decode: leave it to sampling
            length = float(picture.duration * picture.time_base) if picture.duration and picture.time_base else packet_interval(stream)
            end = max(end, time - start + length)
    except FFmpegError as error:
        raise UnplayableVideo(name, f"its pictures are damaged or missing after {end:.1f} s") from error
    return end


def _end_of_sound(container: InputContainer, stream: VideoStream, duration: float, deadline: Deadline) -> float:
    """Clip time at which the last packet of the other streams ends: sound may outlast the pictures."""
    start, end = start_of(stream), 0.0
    _seek(container, stream, start + duration)
    for packet in packets(container, deadline):
        if packet.size and packet.pts is not None and packet.stream.index != stream.index:
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base) - start)
    return end


def _seek(container: InputContainer, stream: VideoStream, seconds: float) -> None:
    """To the last key frame at or before a time stamp; to the start where the container cannot seek."""
    assert stream.time_base is not None
    try:
        container.seek(round(max(seconds, 0.0) / stream.time_base), stream=stream, backward=True)
    except FFmpegError:
        _rewind(container)


def _rewind(container: InputContainer) -> None:
    container.seek(min(container.start_time or 0, 0), backward=True)


class _Budget:
    """How many pictures, and how many pixels, may be decoded."""

    def __init__(self, pictures: int, pixels: int) -> None:
        self._pictures, self._pixels = pictures, pixels

    def allows(self, picture: VideoFrame) -> bool:
        """Takes `picture` off; False when it is one too many."""
        self._pictures -= 1
        self._pixels -= picture.width * picture.height
        return self._pictures >= 0 and self._pixels >= 0


class _Reader:
    """Walks through a clip in clip time (seconds), jumping over what need not be decoded."""

    def __init__(self, container: InputContainer, stream: VideoStream, name: str, deadline: Deadline) -> None:
        self._container, self._stream, self._name, self._deadline = container, stream, name, deadline
        self._start = start_of(stream)
        self._seekable = stream.start_time is not None  # a raw stream has no clock to seek by
        self._budget = _Budget(_DECODE_BUDGET, _PIXEL_BUDGET)
        self._pictures: Iterator[tuple[float, VideoFrame]] = self._read()
        self._shown: tuple[float, VideoFrame] | None = None
        self._next: tuple[float, VideoFrame] | None = None

    def at(self, target: float) -> tuple[float, VideoFrame]:
        """The picture on screen at `target`, with its own time. Targets must not decrease. Raises UnplayableVideo."""
        if self._seekable and self._worth_a_jump(target):
            self._jump(target)
        while True:
            if self._next is None:
                self._next = next(self._pictures, None)
            if self._next is None or (self._shown is not None and self._next[0] > target + _SAME_MOMENT):
                break
            self._shown, self._next = self._next, None
        if self._shown is None:
            raise UnplayableVideo(self._name, f"it has no picture at {target:.1f} s")
        return self._shown

    def _worth_a_jump(self, target: float) -> bool:
        if self._shown is None:
            return True
        if self._next is not None and self._next[0] > target:
            return False
        entries, base = self._stream.index_entries, self._stream.time_base
        position = entries.search_timestamp(round((target + self._start) / base)) if base else -1
        key = float(entries[position].timestamp * base) - self._start if position >= 0 and base else 0.0
        return key > self._shown[0] + 2 * packet_interval(self._stream) or target - self._shown[0] > 10

    def _jump(self, target: float) -> None:
        for back_off in _BACK_OFF:
            if target - back_off <= 0:
                _rewind(self._container)
            else:
                _seek(self._container, self._stream, target - back_off + self._start)
            self._shown, self._pictures = None, self._read()
            self._next = next(self._pictures, None)
            if self._next is not None and (self._next[0] <= target + _SAME_MOMENT or target - back_off <= 0):
                return

    def _read(self) -> Iterator[tuple[float, VideoFrame]]:
        time = -packet_interval(self._stream)
        try:
            for stamp, picture in _decoded(self._container, self._stream, self._deadline):
                time = time + packet_interval(self._stream) if stamp is None else stamp - self._start
                if not self._budget.allows(picture):
                    raise UnplayableVideo(self._name, "it has too few key frames to be sampled; re-encode it with one every few seconds")
                check_size(self._name, picture.width, picture.height)
                yield time, picture
        except FFmpegError as error:
            raise UnplayableVideo(self._name, f"its pictures are damaged or missing after {max(time, 0.0):.1f} s") from error
