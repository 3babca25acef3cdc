"""What is asked about, in batches: a pool's videos are dealt to sessions of their own, since images are asked about each afresh.

The batches are pool files in the folder of the run. Their names say draw, what is shown, and a hash of what they hold, so that a pool that
has changed is another experiment and never a session that goes on with other images.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from environments.canonical import content_hash, rng
from environments.corpus.pool import Pool, read_pool, write_pool
from environments.feeds import load_feed
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["FOLDER", "Batch", "Source", "batches", "corpus_source", "feed_source", "find_batch", "pool_source", "text_batches"]

FOLDER = "pools"
"""Where the batches lie in the folder of a run."""
EVERYTHING = "all"
"""The stratum of a corpus that is asked about whole."""
_NAME = re.compile(r"draw-(\d+)-(?:frames|text)(?:-[a-z0-9-]+)?-\d+-[0-9a-f]{10}\.toml")


@dataclass(frozen=True)
class Source:
    """What is asked about in one draw: a pool, or a feed as it is. `feed` is as typed, `videos` how many there are."""

    draw: int
    feed: str
    videos: int
    pool: Pool | None = None

    @property
    def stem(self) -> str:
        """A few plain letters to name it by."""
        words = re.sub(r"[^A-Za-z0-9]+", "-", Path(self.feed).stem).strip("-")
        return words[:24] or "feed"

    def told(self) -> object:
        """What it holds, for a hash."""
        return [self.draw, self.feed, self.videos] if self.pool is None else [self.draw, _content(self.pool)]


@dataclass(frozen=True)
class Batch:
    """A pool for one session, and the name of its file."""

    file: str
    pool: Pool
    videos: int

    def write(self, folder: Path) -> None:
        """Write it unless it is there: its name says what it holds. Raises StorageFailed."""
        path = folder / FOLDER / self.file
        if not path.is_file():
            write_pool(self.pool, path, corpus=self.pool.located)


def pool_source(path: str, draw: int) -> Source:
    """A pool file. Raises FeedError."""
    pool = read_pool(Path(path))
    return Source(draw, path, len(pool.ids()), pool)


def corpus_source(uri: str) -> Source:
    """All videos of a corpus. Raises CorpusError."""
    from environments.corpus.store import Corpus  # noqa: PLC0415 - LanceDB loads when used

    corpus = Corpus.open(uri)
    ids = tuple(corpus.ids())
    if not ids:
        raise FeedError(f"the corpus {one_line(uri)!r} holds no video yet; add some with `python -m environments.corpus add`")
    return Source(1, uri, len(ids), Pool(corpus=uri, strata={EVERYTHING: ids}, located=uri))


def feed_source(feed: str) -> Source:
    """A feed that is no pool: it is shown by one session. Raises FeedError."""
    return Source(1, feed, len(load_feed(feed).items))


def batches(source: Source, size: int, seed: int) -> list[Batch]:
    """The pool in batches of at most `size` videos, dealt by chance: a run that is stopped early has asked about all strata alike."""
    assert source.pool is not None, "a feed is shown as it is"
    return [_batch(part, source.draw, number) for number, part in enumerate(_dealt(source.pool, size, seed), 1)]


def text_batches(images: list[Batch], texts: Mapping[str, str], who: str) -> list[Batch]:
    """The same batches with `texts` (by video) in place of the pictures; videos without a text are left out, and so are empty batches."""
    found = []
    for number, batch in enumerate(images, 1):
        kept = {name: texts[name] for name in batch.pool.ids() if texts.get(name, "").strip()}
        if kept:
            shown = replace(_only(batch.pool, set(kept)), show="text", texts=kept)
            found.append(_batch(shown, batch.pool.draw or 1, number, who))
    return found


def find_batch(feed: str, session: Path) -> Pool | None:
    """The pool that a session showed: where it was, or in the folder of the run, which may have been moved. None where it is neither."""
    if not feed.endswith(".toml"):
        return None
    for path in (Path(feed), session.parent / FOLDER / Path(feed).name):
        if path.is_file():
            return read_pool(path)
    return None


def _dealt(pool: Pool, size: int, seed: int) -> list[Pool]:
    ids = sorted(pool.ids())
    rng(seed, "value-spectrum", "batches").shuffle(ids)
    count = -(-len(ids) // size)
    return [_only(pool, set(ids[number::count])) for number in range(count)]


def _only(pool: Pool, names: set[str]) -> Pool:
    strata = {stratum: tuple(name for name in members if name in names) for stratum, members in pool.strata.items()}
    texts = {name: text for name, text in pool.texts.items() if name in names}
    return replace(pool, strata={stratum: members for stratum, members in strata.items() if members}, texts=texts)


def _batch(pool: Pool, draw: int, number: int, who: str = "") -> Batch:
    pool = replace(pool, draw=draw, seed=pool.seed, where=None)
    told = f"-{re.sub(r'[^a-z0-9]+', '-', who.lower()).strip('-')[:40]}" if who else ""
    return Batch(f"draw-{draw}-{pool.show}{told}-{number:03d}-{content_hash(_content(pool))[:10]}.toml", pool, len(pool.ids()))


def _content(pool: Pool) -> object:
    """All of a pool that decides what is shown."""
    strata = {name: list(members) for name, members in pool.strata.items()}
    corpus = pool.located if "://" in pool.located else str(Path(pool.located).resolve())
    return [corpus, strata, pool.labels, pool.show, dict(pool.texts)]
