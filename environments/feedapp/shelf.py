"""Clips made ready to play, each once however many viewers ask: rendered, checked, converted, in threads."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from environments.clips import FeedItem
from environments.decoding import UnplayableVideo
from environments.feedapp.playable import Playable, playable
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["NotPlayable", "Shelf"]

_AT_ONCE = 2  # conversions; each uses two threads


class NotPlayable(FeedError):
    """An item cannot be shown; the message says why."""


class Shelf:
    """Prepares items. `cache_dir` keeps converted files."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._running: dict[tuple[str, bool], asyncio.Task[Playable]] = {}
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._closed = threading.Event()

    async def ready(self, item: FeedItem, *, h264: bool) -> Playable:
        """The item's file as the browser can play it. Raises NotPlayable, StorageFailed."""
        return await asyncio.shield(self.begin(item, h264=h264))

    def begin(self, item: FeedItem, *, h264: bool) -> asyncio.Task[Playable]:
        """Starts preparing an item; whoever asks for it meanwhile gets the same task."""
        key = (item.id, h264)
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._prepare(item, h264))
            task.add_done_callback(lambda done: self._forget(key, done))
        return task

    def close(self) -> None:
        """Conversions stop at their next picture."""
        self._closed.set()

    async def _prepare(self, item: FeedItem, h264: bool) -> Playable:
        async with self._turn:
            return await asyncio.to_thread(self._prepare_now, item, h264)

    def _prepare_now(self, item: FeedItem, h264: bool) -> Playable:
        try:
            return playable(item.locate(), self._cache_dir, h264=h264, stopped=self._closed.is_set)
        except UnplayableVideo as error:
            raise NotPlayable(error.reason) from error
        except FeedError as error:
            raise NotPlayable(one_line(str(error), 300)) from error
        except OSError as error:
            reason = "its file is gone" if isinstance(error, FileNotFoundError) else f"its file cannot be read ({error.strerror})"
            raise NotPlayable(reason) from error

    def _forget(self, key: tuple[str, bool], done: asyncio.Task[Playable]) -> None:
        self._running.pop(key, None)
        if not done.cancelled():
            done.exception()  # whoever waits gets it; nobody may be waiting
