"""What runs beside the writing: sources are walked, files fetched and hashed, and what is new is given to the decoders."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from environments.clips import Problem
from environments.corpus.ingest.media import Answer, Unread, hashed
from environments.corpus.ingest.offers import FileMedia, LinkMedia, Notice, Offer, Source
from personas.errors import AxiofeedError
from personas.one_line import one_line

if TYPE_CHECKING:
    from environments.corpus.ingest.decoders import Decoders
    from environments.corpus.ingest.fetching import Fetcher
    from environments.corpus.ingest.known import HashedSet, Known

__all__ = ["Flow", "Reading", "There"]


@dataclass(frozen=True)
class Reading:
    """A video that is being read; its row has its content."""

    offer: Offer
    answer: Future[Answer | Unread]


@dataclass(frozen=True)
class There:
    """A video whose content is in the corpus."""

    offer: Offer


Passed = Reading | There | Problem | Notice


class Flow:
    """Walks `sources` in a thread of its own, never more than `ahead` videos before whoever iterates, and in the sources' order."""

    def __init__(
        self, sources: Sequence[Source], *, known: Known, urls: HashedSet, fetcher: Fetcher, decoders: Decoders, ahead: int
    ) -> None:
        self._sources, self._known, self._urls = sources, known, urls
        self._fetcher, self._decoders = fetcher, decoders
        self._passed: queue.Queue[Passed | None] = queue.Queue(maxsize=ahead)
        self._stopped = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sources")
        self._walk: Future[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._walk = self._thread.submit(self._walked)

    def stop(self) -> None:
        """Take no further video."""
        self._stopped.set()
        self._fetcher.stop()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def next(self, timeout_s: float) -> Passed | None:
        """What comes next, None at the end. Raises queue.Empty when nothing came in time, and what a source raised."""
        passed = self._passed.get(timeout=timeout_s)
        if passed is None and self._walk is not None:
            self._walk.result()
        return passed

    def _walked(self) -> None:
        try:
            for source in self._sources:
                for each in source.offers():
                    self._put(self._taken(each) if isinstance(each, Offer) else each)
        finally:
            with suppress(_Stopped):
                self._put(None)

    def _put(self, passed: Passed | None) -> None:
        while not self._stopped.is_set():
            try:
                return self._passed.put(passed, timeout=0.2)
            except queue.Full:
                continue
        raise _Stopped

    def _taken(self, offer: Offer) -> Passed:
        try:
            ready = self._ready(offer)
        except AxiofeedError as error:
            return Problem(offer.name, str(error))
        except OSError as error:
            return Problem(offer.name, f"it cannot be read ({one_line(error.strerror or 'unknown error')})")
        if isinstance(ready, There):
            return ready
        if ready.row.content in self._known.contents:
            self._fetcher.drop(ready.media)
            return There(ready)
        if ready.row.id in self._known.ids:
            self._fetcher.drop(ready.media)
            return Problem(
                ready.name,
                f"the corpus has another video with the id {one_line(ready.row.id)!r}; give this one its own in a column 'id' of a table",
            )
        self._known.add(ready.row.content, ready.row.id)
        return Reading(ready, self._decoders.submit(ready.media))

    def _ready(self, offer: Offer) -> Offer | There:
        """The offer with its file at hand and its content known. Raises AxiofeedError, OSError."""
        if isinstance(offer.media, LinkMedia):
            if offer.row.url in self._urls:
                return There(offer)
            offer = self._fetcher.fetch(offer)
            self._urls.add(offer.row.url)
        if not offer.row.content and isinstance(offer.media, FileMedia):
            if not offer.media.path.is_file():  # nor is a pipe opened, which would wait for ever
                raise FileNotFoundError(2, "there is no such file, or it is no plain file")
            offer = replace(offer, row=replace(offer.row, content=hashed(offer.media.path)))
        return offer


class _Stopped(Exception):
    """Whoever iterated is gone."""
