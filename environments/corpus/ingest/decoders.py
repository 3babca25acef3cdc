"""Decoding on all cores: processes that end with whoever started them, and outlive a file that crashes one of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait

from environments.corpus.ingest.media import Answer, Unread, read_media
from environments.corpus.ingest.offers import Media

__all__ = ["Decoders", "cores"]


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Decoders:
    """A pool of `workers` processes. `submit` from one thread, `result` from another."""

    def __init__(self, workers: int, frames: int, max_duration_s: float) -> None:
        self._workers, self._frames, self._longest_s = workers, frames, max_duration_s
        self._lock = threading.Lock()
        self._pool = self._started(workers)

    def submit(self, media: Media) -> Future[Answer | Unread]:
        """Begin to read `media`."""
        with self._lock:
            try:
                return self._pool.submit(read_media, media, self._frames, self._longest_s)
            except BrokenProcessPool:
                self._pool = self._started(self._workers)
                return self._pool.submit(read_media, media, self._frames, self._longest_s)

    def result(self, future: Future[Answer | Unread], media: Media, timeout_s: float | None = None) -> Answer | Unread:
        """The answer. Raises TimeoutError when it is not there in time.

        A process that dies (a decoder that crashes, too little memory) takes all that were being read with it: each of them is read again
        in a process of its own, and the one that crashes again is the culprit.
        """
        try:
            return future.result(timeout_s)
        except (BrokenProcessPool, CancelledError):
            return self._alone(media)

    def close(self) -> None:
        """End the processes, without waiting for what they read."""
        with self._lock:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _alone(self, media: Media) -> Answer | Unread:
        with self._started(1) as pool:
            try:
                return pool.submit(read_media, media, self._frames, self._longest_s).result()
            except BrokenProcessPool:
                return Unread("reading it crashed the decoder, or took too much memory; convert it, or leave it out")

    @staticmethod
    def _started(workers: int) -> ProcessPoolExecutor:
        # Not forked: the database's threads hold locks that a copy of this process would wait for without end.
        return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Runs first in each process: leave Ctrl-C to the parent, and do not outlive it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
