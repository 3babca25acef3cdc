"""Adds videos to a corpus: sources → fetching and hashing → decoding processes → embeddings → rows, a batch at a time.

Memory holds a window of videos and one batch, whatever the sources hold. Killed at any moment, the same call completes the work: a video
is in the corpus whole or not at all, and what is there is not read again.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from environments.clips import Problem
from environments.corpus.ingest.decoders import Decoders, cores
from environments.corpus.ingest.duplicates import cluster_near_duplicates
from environments.corpus.ingest.fetching import Fetcher, FetchLimits
from environments.corpus.ingest.flow import Flow, Reading, There
from environments.corpus.ingest.known import Known, known_urls
from environments.corpus.ingest.media import Answer, Unread
from environments.corpus.ingest.offers import FileMedia, Notice, Source
from environments.corpus.ingest.updating import updated
from environments.corpus.ingest.vectors import with_vectors
from environments.corpus.schema import FrameRef, VideoRow
from personas.errors import CorpusError, FeedError

if TYPE_CHECKING:
    from environments.corpus.store import Corpus
    from environments.embed import Embedder
    from environments.embedding.speech import Transcriber

__all__ = ["AddOptions", "Counts", "add_videos"]

_BATCH_ROWS, _BATCH_BYTES, _BATCH_S = 256, 64 * 2**20, 5.0


@dataclass(frozen=True)
class AddOptions:
    """`frames`: pictures a video, the first included. `workers`: decoding processes. `licence`: for videos that name none."""

    frames: int = 4
    workers: int = field(default_factory=cores)
    licence: str = ""
    update: bool = False
    keep_media: bool = True
    limits: FetchLimits = field(default_factory=FetchLimits)


@dataclass
class Counts:
    """What became of the videos so far."""

    added: int = 0
    already: int = 0
    updated: int = 0
    failed: int = 0

    @property
    def seen(self) -> int:
        return self.added + self.already + self.failed

    def __str__(self) -> str:
        parts = [f"{self.added} added", f"{self.already} already there"]
        parts += [f"{self.updated} updated"] if self.updated else []
        parts += [f"{self.failed} failed"] if self.failed else []
        return ", ".join(parts)


@dataclass(frozen=True)
class _Ready:
    """A video that was read: its row, its pictures by hash, and its file where that is ours to delete."""

    row: VideoRow
    jpegs: Mapping[str, bytes]
    media: FileMedia | None


def add_videos(
    corpus: Corpus,
    sources: Sequence[Source],
    options: AddOptions,
    embedder: Embedder,
    *,
    transcriber: Transcriber | None = None,
    tell: Callable[[Problem | Notice], None] = lambda said: None,
    shown: Callable[[Counts, str], None] = lambda counts, doing: None,
) -> Counts:
    """Add what `sources` offer and the corpus lacks; `tell` hears of each problem and notice, `shown` of the counts.

    At the end near-duplicates are clustered anew. Raises FeedError where a source as a whole is not usable, CorpusError.
    """
    run = _Run(corpus, options, embedder, transcriber, tell=tell, shown=shown)
    try:
        run.walk(sources)
    finally:
        run.close()
    shown(run.counts, "finding near-duplicates")
    cluster_near_duplicates(corpus)
    return run.counts


class _Run:
    def __init__(
        self,
        corpus: Corpus,
        options: AddOptions,
        embedder: Embedder,
        transcriber: Transcriber | None,
        *,
        tell: Callable[[Problem | Notice], None],
        shown: Callable[[Counts, str], None],
    ) -> None:
        self._corpus, self._options, self._embedder, self._transcriber = corpus, options, embedder, transcriber
        self._tell, self._shown = tell, shown
        self._fetcher = Fetcher(None if corpus.folder is None else corpus.folder / "media", options.limits, options.keep_media)
        self._decoders = Decoders(options.workers, options.frames, options.limits.max_duration_s)
        self._batch: list[_Ready] = []
        self._there: list[VideoRow] = []
        self._bytes = 0
        self._written = time.monotonic()
        self.counts = Counts()

    def walk(self, sources: Sequence[Source]) -> None:
        flow = Flow(
            sources,
            known=Known(self._corpus),
            urls=known_urls(self._corpus),
            fetcher=self._fetcher,
            decoders=self._decoders,
            ahead=6 * self._options.workers + 8,
        )
        flow.start()
        try:
            self._take_all(flow)
        finally:
            flow.stop()
            with suppress(CorpusError):
                self._flush()  # what was read is kept, also when a source breaks or the user has enough

    def close(self) -> None:
        self._decoders.close()
        self._fetcher.close()

    def _take_all(self, flow: Flow) -> None:
        while True:
            self._flush_when_due()
            try:
                passed = flow.next(0.5)
            except queue.Empty:
                continue
            match passed:
                case None:
                    self._flush()
                    return
                case Notice():
                    self._tell(passed)
                case Problem():
                    self._failed(passed)
                case There(offer):
                    self.counts.already += 1
                    if self._options.update:
                        self._there.append(offer.row)
                case Reading():
                    self._take(passed)
            self._shown(self.counts, "adding")

    def _take(self, reading: Reading) -> None:
        media = reading.offer.media
        while True:
            try:
                answer = self._decoders.result(reading.answer, media, timeout_s=0.5)
                break
            except TimeoutError:
                self._flush_when_due()
        fetched = media if isinstance(media, FileMedia) and media.fetched else None
        if isinstance(answer, Unread):
            if fetched is not None:
                fetched.path.unlink(missing_ok=True)
            self._failed(Problem(reading.offer.name, answer.reason))
            return
        ready = _Ready(self._row(reading, answer, fetched), {frame.sha256: frame.jpeg for frame in answer.read.frames}, fetched)
        self._batch.append(ready)
        self._bytes += sum(map(len, ready.jpegs.values()))

    def _row(self, reading: Reading, answer: Answer, fetched: FileMedia | None) -> VideoRow:
        row, read = reading.offer.row, answer.read
        transcript = row.transcript
        if not transcript and self._transcriber is not None and answer.path is not None:
            transcript = self._transcribed(self._transcriber, reading.offer.name, answer.path)
        gone = answer.path is None or (fetched is not None and (not self._options.keep_media or self._corpus.folder is None))
        return replace(
            row,
            transcript=transcript,
            licence=row.licence or self._options.licence,
            duration_s=read.duration_s,
            width=read.width,
            height=read.height,
            frames=tuple(FrameRef(frame.sha256, frame.t) for frame in read.frames),
            phash=read.hashes,
            path="" if gone or answer.path is None else self._stored(answer.path),
        )

    def _transcribed(self, transcriber: Transcriber, name: str, path: Path) -> str:
        try:
            return transcriber.transcribe(path)
        except FeedError as error:
            self._tell(Notice(f"{name}: added without what is said in it ({error})"))
            return ""

    def _stored(self, path: Path) -> str:
        """The path as it is kept: relative to the corpus where it lies inside, so that the corpus can be moved."""
        whole = path.absolute()
        folder = self._corpus.folder
        return str(whole.relative_to(folder.absolute())) if folder is not None and whole.is_relative_to(folder.absolute()) else str(whole)

    def _flush_when_due(self) -> None:
        late = time.monotonic() - self._written > _BATCH_S
        if len(self._batch) + len(self._there) >= _BATCH_ROWS or self._bytes >= _BATCH_BYTES or (late and (self._batch or self._there)):
            self._flush()

    def _flush(self) -> None:
        batch, there = self._batch, self._there
        self._batch, self._there, self._bytes = [], [], 0
        if batch:
            self._write(batch)
        if there:
            self.counts.updated += updated(self._corpus, there, self._embedder)
        self._written = time.monotonic()

    def _write(self, batch: Sequence[_Ready]) -> None:
        rows = with_vectors(self._corpus, [ready.row for ready in batch], [list(ready.jpegs.values()) for ready in batch], self._embedder)
        jpegs = {name: jpeg for ready in batch for name, jpeg in ready.jpegs.items()}
        try:
            self.counts.added += self._added(rows, jpegs)
        except CorpusError:
            if len(rows) == 1:
                raise
            self._write_singly(rows, jpegs)
        for ready in batch:
            if ready.media is not None:
                self._fetcher.drop(ready.media)

    def _added(self, rows: Sequence[VideoRow], jpegs: Mapping[str, bytes]) -> int:
        new = self._corpus.add(rows, jpegs)
        self.counts.already += len(rows) - new  # another process was first
        return new

    def _write_singly(self, rows: Iterable[VideoRow], jpegs: Mapping[str, bytes]) -> None:
        """Where one row of a batch cannot be added, the others are."""
        for row in rows:
            try:
                self.counts.added += self._added([row], {frame.sha256: jpegs[frame.sha256] for frame in row.frames})
            except CorpusError as error:
                self._failed(Problem(row.id, str(error)))

    def _failed(self, problem: Problem) -> None:
        self.counts.failed += 1
        self._tell(problem)
