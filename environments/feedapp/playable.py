"""A video file as something every browser plays: as it is where that is enough, else remuxed or transcoded once to WebM, into the cache.

Plays as it is: WebM with VP8, VP9 or AV1 and Opus, Vorbis or no sound; and, where the page says that its browser can (Playwright's own
Chromium cannot), 8-bit H.264 with AAC, MP3 or no sound in MP4. Blocks for seconds: call it in a thread.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from environments.catalogue.storing import storage, write_whole
from environments.decoding import UnplayableVideo, check_size, opened, packet_interval, start_of
from environments.picture import display_size
from personas.errors import EnvironmentFailed

__all__ = ["Playable", "playable"]

_VERSION = "1"  # of what is written here; another one makes the cache's files anew
_FREE_VIDEO = frozenset({"vp8", "vp9", "av1"})
_FREE_SOUND = frozenset({None, "opus", "vorbis"})
_MP4_SOUND = frozenset({None, "aac", "mp3"})
_LONGEST_SIDE = 1280
_TICKS = 1000  # time stamps a second in WebM
_VP9 = {"deadline": "realtime", "cpu-used": "8", "crf": "34", "b": "0", "row-mt": "1", "g": "60"}
_TURNS = {90: "transpose=cclock", 180: "hflip,vflip", 270: "transpose=clock"}  # what undoes a rotation, degrees counter-clockwise


@dataclass(frozen=True)
class Playable:
    """A file that the browser plays, its MIME type, and whether it has sound."""

    path: Path
    media_type: str
    sound: bool


def playable(path: Path, cache_dir: Path, *, h264: bool, stopped: Callable[[], bool] = lambda: False) -> Playable:
    """`path`, or a WebM of it in `cache_dir`, named by the content. `h264`: the browser plays H.264.

    `stopped` is asked between pictures. Raises UnplayableVideo, StorageFailed, and EnvironmentFailed when stopped.
    """
    with opened(path) as (container, stream):
        sound = next(iter(container.streams.audio), None)
        heard = _codec(sound)
        copies = stream.codec_context.name.removeprefix("lib") in _FREE_VIDEO
        if copies and heard in _FREE_SOUND and _is_webm(path):
            return Playable(path, "video/webm", heard is not None)
        if h264 and _is_plain_h264(container, stream) and heard in _MP4_SOUND:
            return Playable(path, "video/mp4", heard is not None)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    target = cache_dir / "playable" / f"{digest[:32]}-{_VERSION}.webm"
    if not target.is_file():
        data = _converted(path, stopped)
        with storage(cache_dir, "free some space, or set AXIOFEED_CACHE to a folder you may write to"):
            write_whole(target, data)
    with opened(target) as (container, _):
        return Playable(target, "video/webm", bool(container.streams.audio))


def _codec(stream: AudioStream | None) -> str | None:
    """The name of the sound's codec; "unknown" for one that cannot be decoded."""
    if stream is None:
        return None
    context: Any = stream.codec_context
    return context.name.removeprefix("lib") if context is not None else "unknown"


def _is_webm(path: Path) -> bool:
    """Matroska and WebM differ by the document type in the first bytes."""
    with path.open("rb") as file:
        head = file.read(64)
    return head.startswith(b"\x1aE\xdf\xa3") and b"webm" in head


def _is_plain_h264(container: InputContainer, stream: VideoStream) -> bool:
    context = stream.codec_context
    return "mp4" in container.format.name.split(",") and context.name == "h264" and context.pix_fmt in {"yuv420p", "yuvj420p"}


def _converted(path: Path, stopped: Callable[[], bool]) -> bytes:
    target = io.BytesIO()
    with opened(path) as (source, stream), av.open(target, "w", format="webm") as out:
        sound = next((each for each in source.streams.audio if _codec(each) not in {None, "unknown"}), None)
        copies = stream.codec_context.name.removeprefix("lib") in _FREE_VIDEO
        pictures = _Copied(stream, out) if copies else _Pictures(stream, out, path.name)
        heard = None if sound is None else _Copied(sound, out) if _codec(sound) in _FREE_SOUND else _Sound(sound, out, start_of(stream))
        for packet in source.demux([each for each in (stream, sound) if each is not None]):
            if stopped():
                raise EnvironmentFailed(f"{path.name}: the page was closed while the clip was being prepared")
            taker = pictures if packet.stream.index == stream.index else heard
            if taker is not None:
                taker.take(packet)
        for each in (pictures, heard):
            if each is not None:
                each.finish()
    return target.getvalue()


class _Copied:
    """A stream whose packets are taken over as they are."""

    def __init__(self, stream: Any, out: OutputContainer) -> None:
        self._out = out
        self._stream: Any = out.add_stream_from_template(stream)

    def take(self, packet: Any) -> None:
        if packet.dts is not None and packet.size:
            packet.stream = self._stream
            self._out.mux(packet)

    def finish(self) -> None:
        """Nothing is held back."""


class _Pictures:
    """Pictures made upright, with square pixels, of bearable size, as VP9."""

    def __init__(self, stream: VideoStream, out: OutputContainer, name: str) -> None:
        self._source, self._out, self._name = stream, out, name
        self._start = start_of(stream)
        self._encoder: Any = None
        self._graph: Graph | None = None
        self._shape: tuple[int, int, str] | None = None
        self._last = -1

    def take(self, packet: Any) -> None:
        for picture in packet.decode():
            check_size(self._name, picture.width, picture.height)
            time = picture.time - self._start if picture.pts is not None else (self._last + 1) / _TICKS + packet_interval(self._source)
            for ready in self._upright(picture):
                ready.pts = self._last = max(round(max(time, 0.0) * _TICKS), self._last + 1)
                ready.time_base = Fraction(1, _TICKS)
                ready.duration = round(packet_interval(self._source) * _TICKS)
                ready.pict_type = 0
                self._out.mux(self._encoder.encode(ready))

    def finish(self) -> None:
        if self._encoder is None:
            raise UnplayableVideo(self._name, "none of its pictures can be decoded")
        self._out.mux(self._encoder.encode(None))

    def _upright(self, picture: VideoFrame) -> Iterator[VideoFrame]:
        shape = (picture.width, picture.height, picture.format.name)
        if self._graph is None or shape != self._shape:
            self._shape, self._graph = shape, self._make_graph(picture)
        self._graph.push(picture)
        while True:
            try:
                yield self._graph.pull()  # type: ignore[misc] # a graph of pictures gives pictures
            except (av.error.BlockingIOError, av.error.EOFError):
                return

    def _make_graph(self, picture: VideoFrame) -> Graph:
        if self._encoder is None:
            self._encoder = self._make_encoder(picture)
        turn = _TURNS.get(round(picture.rotation) % 360)
        steps = [*(turn.split(",") if turn else ()), f"scale={self._encoder.width}:{self._encoder.height}", "setsar=1", "format=yuv420p"]
        graph = Graph()
        nodes: list[Any] = [
            graph.add_buffer(
                width=picture.width, height=picture.height, format=picture.format, time_base=picture.time_base or Fraction(1, _TICKS)
            )
        ]
        for step in steps:
            filter_name, _, argument = step.partition("=")
            nodes.append(graph.add(filter_name, argument) if argument else graph.add(filter_name))
        nodes.append(graph.add("buffersink"))
        graph.link_nodes(*nodes)
        graph.configure()
        return graph

    def _make_encoder(self, picture: VideoFrame) -> Any:
        width, height = display_size(picture, self._source.sample_aspect_ratio)
        scale = min(1.0, _LONGEST_SIDE / max(width, height))
        encoder: Any = self._out.add_stream("libvpx-vp9", rate=30, options=dict(_VP9))
        encoder.width, encoder.height = (max(2, round(side * scale / 2) * 2) for side in (width, height))
        encoder.pix_fmt = "yuv420p"
        encoder.codec_context.time_base = Fraction(1, _TICKS)
        encoder.codec_context.thread_count = 2
        return encoder


class _Sound:
    """Sound as Opus, 48 kHz stereo. A sound packet that cannot be decoded is left out: the pictures matter more."""

    def __init__(self, stream: AudioStream, out: OutputContainer, start: float) -> None:
        self._out, self._start = out, start
        self._encoder: Any = out.add_stream("libopus", rate=48_000, layout="stereo")
        self._resampler = av.AudioResampler(format="flt", layout="stereo", rate=48_000, frame_size=960)
        self._pts: int | None = None

    def take(self, packet: Any) -> None:
        try:
            frames = packet.decode()
        except FFmpegError:
            return
        for frame in frames:
            if self._pts is None:
                self._pts = max(0, round(((frame.time or 0.0) - self._start) * 48_000))
            frame.pts = None
            self._encode(self._resampler.resample(frame))

    def finish(self) -> None:
        self._encode(self._resampler.resample(None))
        self._out.mux(self._encoder.encode(None))

    def _encode(self, frames: Any) -> None:
        for frame in frames:
            frame.pts, frame.time_base = self._pts or 0, Fraction(1, 48_000)
            self._pts = frame.pts + frame.samples
            self._out.mux(self._encoder.encode(frame))
