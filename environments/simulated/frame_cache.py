"""Frames that were sampled in this process, by file: a second persona, or a twin that shares its pictures, decodes nothing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from environments.base import Frame

__all__ = ["FrameCache", "shared_frames"]

_Key = tuple[str, int, int, tuple[float, ...]]


class FrameCache:
    """At most `max_bytes` of JPEG, the least recently used leave first. Threads that ask for the same frames wait for one decoding."""

    def __init__(self, max_bytes: int = 128 * 2**20) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._done: OrderedDict[_Key, tuple[Frame, ...]] = OrderedDict()
        self._bytes = 0
        self._running: dict[_Key, Future[tuple[Frame, ...]]] = {}

    def frames(self, path: Path, fractions: Sequence[float]) -> tuple[Frame, ...]:
        """`environments.video.sample_frames`, decoded once while the file stays the same. Raises UnplayableVideo, OSError."""
        status = path.stat()
        key = (str(path), status.st_size, status.st_mtime_ns, tuple(fractions))
        with self._lock:
            if key in self._done:
                self._done.move_to_end(key)
                return self._done[key]
            running = self._running.get(key)
            if running is None:
                mine = self._running[key] = Future()
        if running is not None:
            return running.result()
        return self._decode(key, path, mine)

    def _decode(self, key: _Key, path: Path, mine: Future[tuple[Frame, ...]]) -> tuple[Frame, ...]:
        from environments.video import sample_frames  # noqa: PLC0415 - PyAV loads when used

        try:
            frames = sample_frames(path, key[-1])
        except BaseException as error:
            with self._lock:
                del self._running[key]
            mine.set_exception(error)  # whoever waited gets the same error
            raise
        with self._lock:
            del self._running[key]
            self._keep(key, frames)
        mine.set_result(frames)
        return frames

    def _keep(self, key: _Key, frames: tuple[Frame, ...]) -> None:
        self._done[key] = frames
        self._bytes += _size(frames)
        while self._bytes > self._max_bytes and len(self._done) > 1:
            _, oldest = self._done.popitem(last=False)
            self._bytes -= _size(oldest)


def _size(frames: tuple[Frame, ...]) -> int:
    return sum(len(frame.jpeg) for frame in frames)


shared_frames = FrameCache()
"""The cache of this process."""
