"""Opens video files that may be anything: broken, hostile, or no video at all. The lower half of `environments.video`.

Everything wrong with a file becomes `UnplayableVideo`, whose reason fits on one line; nothing a file contains makes
another file or an address be opened.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from personas.errors import FeedError

__all__ = [
    "MAX_PIXELS",
    "MAX_SIDE",
    "PATIENCE_S",
    "Deadline",
    "SlowVideo",
    "UnplayableVideo",
    "check_size",
    "declared_duration",
    "opened",
    "packet_interval",
    "packets",
    "start_of",
]

MAX_SIDE = 8192
MAX_PIXELS = 36_000_000  # 8K (7680 × 4320) passes; a picture made to exhaust memory does not
PATIENCE_S = 20.0  # wall clock; an honest clip takes 0.05 s on an idle machine, so this holds on a busy one too
_UNKNOWN_LENGTH = 10**7  # s; what live recordings write where the duration belongs

# Not containers of pictures but lists of other files or addresses, capture devices, text art and still pictures.
_REFUSED = {
    *("hls", "concat", "dash", "imf", "sdp", "sap", "rtsp", "rtp", "rtp_mpegts", "webm_dash_manifest", "hds", "smoothstreaming"),
    *("lavfi", "alsa", "fbdev", "kmsgrab", "oss", "video4linux2", "v4l2", "x11grab", "iec61883", "jack", "pulse", "libcdio"),
    *("tty", "bin", "xbin", "adf", "idf", "vobsub", "microdvd", "ffmetadata", "data"),
    *("image2", "image2pipe", "alias_pix", "brender_pix", "ico", "rawvideo", "v210", "v210x"),
}


_SIGNATURES = (b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"FLV\x01")


class UnplayableVideo(FeedError):
    """A file cannot be shown. `reason` says why, without the file's name."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.reason = reason


class SlowVideo(UnplayableVideo):
    """A file took too long. On another day, or another machine, it may not."""


class Deadline:
    """Until when a file may keep a thread busy. Time runs from the start, on the wall clock."""

    def __init__(self, name: str, seconds: float = PATIENCE_S) -> None:
        self._name = name
        self._end = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds that are left, a millisecond at least: FFmpeg takes 0 for "without end"."""
        return max(self._end - time.monotonic(), 0.001)

    def check(self) -> None:
        """Raises SlowVideo when time is up."""
        if time.monotonic() > self._end:
            raise SlowVideo(self._name, "it takes too long to decode; re-encode it, or leave it out")


@cache
def _open_options() -> dict[str, str]:
    names = {name for joined in av.formats_available for name in joined.split(",")}
    allowed = sorted(name for name in names - _REFUSED if not name.endswith("_pipe"))
    return {"format_whitelist": ",".join(allowed), "protocol_whitelist": "file"}


@contextmanager
def opened(path: Path, deadline: Deadline | None = None) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The container and its first real video stream (cover pictures of audio files do not count).

    Opening, and each read later, is given up after `deadline` (None: PATIENCE_S from now). Raises UnplayableVideo for what cannot be
    opened, and for FFmpeg's errors inside the block.
    """
    _check_regular(path)
    try:
        with _container(path, deadline or Deadline(path.name)) as container:
            stream = next((s for s in container.streams.video if not s.disposition & Disposition.attached_pic), None)
            if stream is None:
                raise UnplayableVideo(path.name, "it has no video stream")
            if not _decodable(stream):
                raise UnplayableVideo(path.name, "its pictures are in a format that cannot be decoded here; convert it to MP4 or WebM")
            check_size(path.name, stream.codec_context.width, stream.codec_context.height)
            # A picture that grows on the way is refused before it is decoded, as one that is too large from the start.
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            # Slices only: frame threads add latency to every seek, and many sessions share the cores.
            stream.thread_type = "SLICE"
            yield container, stream
    except FFmpegError as error:
        raise UnplayableVideo(path.name, _reason(path, error)) from error
    except UnicodeEncodeError as error:
        raise UnplayableVideo(path.name, "its name is not valid UTF-8: rename it") from error


def _container(path: Path, deadline: Deadline) -> InputContainer:
    try:
        # An absolute path cannot be taken for an address such as "http:" or "concat:".
        return av.open(
            os.path.abspath(path),  # noqa: PTH100 - no symlink is followed
            options=dict(_open_options()),
            metadata_errors="replace",
            timeout=deadline.left_s,
        )
    except FFmpegError:
        deadline.check()  # an interrupted FFmpeg calls the file invalid
        raise


def packets(container: InputContainer, deadline: Deadline) -> Iterator[Packet[Stream]]:
    """The packets of all streams from where the container stands: asking for one stream would pass over others without end.

    Raises SlowVideo when time is up, FFmpegError.
    """
    try:
        for packet in container.demux():
            deadline.check()
            yield packet
    except FFmpegError:
        deadline.check()
        raise


def _decodable(stream: VideoStream) -> bool:
    """PyAV has no codec context for a codec it does not know, whatever its types say."""
    context: object = stream.codec_context
    return context is not None


def _check_regular(path: Path) -> None:
    try:
        status = path.stat()
    except OSError as error:
        raise UnplayableVideo(path.name, f"it cannot be read ({error.strerror or 'unknown error'})") from error
    if stat.S_ISDIR(status.st_mode):
        raise UnplayableVideo(path.name, "it is a folder, not a file")
    if not stat.S_ISREG(status.st_mode):  # a pipe or a device would block for ever
        raise UnplayableVideo(path.name, "it is not a plain file")
    if status.st_size == 0:
        raise UnplayableVideo(path.name, "it is empty (0 bytes)")


def _reason(path: Path, error: FFmpegError) -> str:
    if isinstance(error, PermissionError):
        return "it cannot be read (permission denied)"
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return "it is not there any more, or cannot be read"
    if head[4:8] == b"ftyp" or head[:4] in _SIGNATURES:
        return "it is damaged or cut short: what says how to read its pictures is missing"
    return "it is no video"


def check_size(name: str, width: int, height: int) -> None:
    """Refuses pictures that are absurdly large. Raises UnplayableVideo. `width` and `height` in pixels."""
    if width <= 0 or height <= 0:
        raise UnplayableVideo(name, "its video stream has no picture size")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise UnplayableVideo(
            name, f"its picture of {width}×{height} is too large (at most {MAX_SIDE} a side and {MAX_PIXELS // 10**6} megapixels)"
        )


def start_of(stream: VideoStream) -> float:
    """The time stamp of the first picture, in seconds; clip time counts from it."""
    base = stream.time_base
    return float(stream.start_time * base) if stream.start_time is not None and base else 0.0


def packet_interval(stream: VideoStream) -> float:
    """Seconds between two pictures by the declared rate; 0.1 where no believable rate is declared."""
    rate: Fraction | None = stream.average_rate or stream.guessed_rate
    return float(1 / rate) if rate and 0.01 <= rate <= 1000 else 0.1


def declared_duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Seconds of video that the headers promise, from the stream, its DURATION tag, or the container; None if none does."""
    if stream.duration and stream.time_base and 0 < (seconds := float(stream.duration * stream.time_base)) < _UNKNOWN_LENGTH:
        return seconds
    tagged = _parse_clock(stream.metadata.get("DURATION", ""))
    if tagged is not None and tagged - start_of(stream) > 0:
        return tagged - start_of(stream)  # Matroska's tag is the time of the end, not a length
    if container.duration and 0 < (seconds := container.duration / 1e6) < _UNKNOWN_LENGTH:
        return seconds
    return None


def _parse_clock(text: str) -> float | None:
    parts = text.split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return None
    total = 3600 * hours + 60 * minutes + seconds
    return total if 0 < total < _UNKNOWN_LENGTH else None
