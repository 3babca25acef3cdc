"""Appends to a recorded feed so that it can be killed at any moment: pictures first, then their line, each whole or not at all."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from environments.base import Stimulus
from environments.frame_store import FrameStore
from environments.line_file import LineFile
from environments.recorded.layout import (
    FEED_FILE,
    MAX_LINE_BYTES,
    PICTURES,
    Header,
    Media,
    item_of,
    media_path,
    storable,
)
from environments.recorded.reading import lines, read_header
from personas.errors import EnvironmentFailed, FeedError, StorageFailed
from personas.one_line import one_line

__all__ = ["FeedWriter"]

_BLOCK = 2**20


class FeedWriter:
    """Opens `folder` for recording, cuts a line that a killed process did not finish, and learns what is there already.

    One process at a time; the calls of several threads wait for each other. Raises FeedError when the folder holds something else or is
    being recorded into, StorageFailed when it cannot be written.
    """

    def __init__(self, folder: Path, time_scale: float | None = None) -> None:
        self._folder, self._time_scale = folder, time_scale
        self._busy = threading.Lock()
        self._begun = time.monotonic()
        self._known: set[str] = set()
        self._ran_s = 0.0
        self._header: Header | None = None
        self._pictures = FrameStore(folder / PICTURES)
        self._file: LineFile | None = self._opened()
        try:
            self._read_on(self._file)
        except OSError as error:
            self._file.release()
            raise self._failure(error) from error
        except BaseException:
            self._file.release()
            raise

    def write(self, stimulus: Stimulus, media: Callable[[Stimulus], Path | None] | None = None) -> bool:
        """Record a stimulus unless its id is there already; returns whether it was written. `media` as in `Recording`.

        Raises StorageFailed, and then there is no line of it; EnvironmentFailed for a stimulus that breaks the contract.
        """
        with self._busy:
            if self._file is None or storable(stimulus.id) in self._known:
                return False
            at_s = round(self._ran_s + time.monotonic() - self._begun, 3)
            try:
                video = None if media is None else self._copied(media(stimulus))
                item = item_of(stimulus, len(self._known), at_s, video)
                for frame in stimulus.frames:
                    self._pictures.put(frame)
                if self._header is None:
                    header = Header(source=item.source, when=round(time.time(), 3), time_scale=self._time_scale)
                    self._append(self._file, header.model_dump_json(exclude_none=True))
                    self._header = header
                self._append(self._file, item.model_dump_json(exclude_none=True))
            except OSError as error:
                raise self._failure(error) from error
            self._known.add(item.id)
            return True

    def close(self) -> None:
        """Flush to disk and let others record. Closing twice is fine."""
        with self._busy:
            if self._file is None:
                return
            file, self._file = self._file, None
            try:
                file.close()
            except OSError as error:
                raise self._failure(error) from error

    def _opened(self) -> LineFile:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return LineFile(self._folder / FEED_FILE)
        except BlockingIOError as error:
            raise FeedError(
                f"{one_line(str(self._folder))!r} is being recorded into by another session; wait for it, or record into another folder"
            ) from error
        except OSError as error:
            raise self._failure(error) from error

    def _read_on(self, feed: LineFile) -> None:
        """What is there already. Raises FeedError for what is no recorded feed, before a torn end would be cut from it, and OSError."""
        with (self._folder / FEED_FILE).open("rb") as file:
            self._header = read_header(file, one_line(str(self._folder)))
            for line in lines(file) if self._header else ():
                if line.item is not None:
                    self._known.add(line.item.id)
                    self._ran_s = max(self._ran_s, line.item.at_s)
        feed.cut_torn_line()

    @staticmethod
    def _append(file: LineFile, text: str) -> None:
        """A whole line or nothing. Raises OSError, and EnvironmentFailed for a line that no reader would take."""
        line = text.encode() + b"\n"
        if len(line) >= MAX_LINE_BYTES:
            raise EnvironmentFailed(f"a stimulus cannot be recorded: its words are longer than {MAX_LINE_BYTES // 2**20} MiB")
        file.append(line)

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

    def _failure(self, error: OSError) -> StorageFailed:
        where, reason = one_line(str(self._folder), 300), error.strerror or "it failed"
        return StorageFailed(
            f"cannot record into {where}: {reason}; what was recorded is kept: free space (or mend it) and run the same command again"
        )
