"""Appends to a recorded feed so that it can be killed at any moment: pictures first, then their line, each whole or not at all."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from environments.base import Stimulus
from environments.clips import one_line
from environments.recorded.layout import (
    FEED_FILE,
    MAX_LINE_BYTES,
    Header,
    Media,
    item_of,
    media_path,
    picture_path,
    storable,
)
from environments.recorded.reading import lines, read_header
from personas.errors import EnvironmentFailed, FeedError, StorageFailed

__all__ = ["FeedWriter"]

_FSYNC_EVERY_S = 1.0
_BLOCK = 2**20


class FeedWriter:
    """Opens `folder` for recording, cuts a line that a killed process did not finish, and learns what is there already.

    One process at a time; the calls of several threads wait for each other. Raises FeedError when the folder holds something else or is
    being recorded into, StorageFailed when it cannot be written.
    """

    def __init__(self, folder: Path, time_scale: float | None = None) -> None:
        self._folder, self._time_scale = folder, time_scale
        self._busy = threading.Lock()
        self._begun = self._synced = time.monotonic()
        self._known: set[str] = set()
        self._ran_s = 0.0
        self._header: Header | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._fd: int | None = os.open(folder / FEED_FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise self._failure(error) from error
        try:
            self._lock()
            self._read_on()
        except OSError as error:
            os.close(self._fd)
            raise self._failure(error) from error
        except BaseException:
            os.close(self._fd)
            raise

    def write(self, stimulus: Stimulus, media: Callable[[Stimulus], Path | None] | None = None) -> bool:
        """Record a stimulus unless its id is there already; returns whether it was written. `media` as in `Recording`.

        Raises StorageFailed, and then there is no line of it; EnvironmentFailed for a stimulus that breaks the contract.
        """
        with self._busy:
            if self._fd is None or storable(stimulus.id) in self._known:
                return False
            at_s = round(self._ran_s + time.monotonic() - self._begun, 3)
            try:
                video = None if media is None else self._copied(media(stimulus))
                item = item_of(stimulus, len(self._known), at_s, video)
                for frame in stimulus.frames:
                    self._put(picture_path(self._folder, frame), frame.jpeg)
                if self._header is None:
                    header = Header(source=item.source, when=round(time.time(), 3), time_scale=self._time_scale)
                    self._append(self._fd, header.model_dump_json(exclude_none=True))
                    self._header = header
                self._append(self._fd, item.model_dump_json(exclude_none=True))
            except OSError as error:
                raise self._failure(error) from error
            self._known.add(item.id)
            return True

    def close(self) -> None:
        """Flush to disk and let others record. Closing twice is fine."""
        with self._busy:
            if self._fd is None:
                return
            fd, self._fd = self._fd, None
            try:
                os.fsync(fd)
            except OSError as error:
                raise self._failure(error) from error
            finally:
                os.close(fd)

    def _read_on(self) -> None:
        assert self._fd is not None
        with (self._folder / FEED_FILE).open("rb") as file:
            self._header = read_header(file, one_line(str(self._folder)))
            end = file.tell() if self._header else 0
            for line in lines(file) if self._header else ():
                if line.item is not None:
                    self._known.add(line.item.id)
                    self._ran_s = max(self._ran_s, line.item.at_s)
                if line.whole:
                    end = line.end
        os.ftruncate(self._fd, end)

    def _append(self, fd: int, text: str) -> None:
        """A whole line or nothing. Raises OSError, and EnvironmentFailed for a line that no reader would take."""
        line = text.encode() + b"\n"
        if len(line) >= MAX_LINE_BYTES:
            raise EnvironmentFailed(f"a stimulus cannot be recorded: its words are longer than {MAX_LINE_BYTES // 2**20} MiB")
        before = os.lseek(fd, 0, os.SEEK_END)
        try:
            done = 0
            while done < len(line):
                done += os.write(fd, line[done:])
        except OSError:
            os.ftruncate(fd, before)
            raise
        if time.monotonic() - self._synced >= _FSYNC_EVERY_S:
            os.fsync(fd)
            self._synced = time.monotonic()

    def _put(self, path: Path, data: bytes) -> None:
        """Write under a name that nobody else uses, then rename; nothing is left of an attempt that failed."""
        if path.is_file() and path.stat().st_size == len(data):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(f".{uuid.uuid4().hex}.part")
        try:
            aside.write_bytes(data)
            aside.replace(path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise

    def _copied(self, video: Path | None) -> Media | None:
        """The video in the folder, by its hash; None where there is none to copy. Raises OSError."""
        if video is None or not video.is_file():
            return None
        aside = self._folder / "media" / f"{uuid.uuid4().hex}.part"
        aside.parent.mkdir(exist_ok=True)
        seen = hashlib.sha256()
        try:
            with video.open("rb") as source, aside.open("wb") as copy:
                while block := source.read(_BLOCK):
                    seen.update(block)
                    copy.write(block)
            suffix = video.suffix.lower()
            plain = suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= 6
            media = Media(sha256=seen.hexdigest(), suffix=suffix if plain else ".video")
            path = media_path(self._folder, media)
            path.parent.mkdir(exist_ok=True)
            aside.replace(path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise
        return media

    def _lock(self) -> None:
        try:
            import fcntl  # noqa: PLC0415 - Unix only
        except ImportError:  # pragma: no cover - elsewhere two recordings in one folder are the user's care
            return
        assert self._fd is not None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FeedError(
                f"{one_line(str(self._folder))!r} is being recorded into by another session; wait for it, or record into another folder"
            ) from error
        except OSError:  # some network file systems know no locks; there it is the user's care too
            return

    def _failure(self, error: OSError) -> StorageFailed:
        where, reason = one_line(str(self._folder), 300), error.strerror or "it failed"
        return StorageFailed(
            f"cannot record into {where}: {reason}; what was recorded is kept: free space (or mend it) and run the same command again"
        )
