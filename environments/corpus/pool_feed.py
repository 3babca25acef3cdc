"""A pool file as a feed: the videos that it names, with their stored pictures, or its texts in place of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from environments.base import Frame, StimulusText
from environments.clips import FeedItem, LoadedFeed, Pictures
from environments.corpus.feed import feed_items, open_corpus, stored_pictures
from environments.corpus.pool import Pool, read_pool
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["load", "pool_items"]

_NAMED = 5


def load(argument: str, cache_dir: Path) -> LoadedFeed:
    """The feed of the pool file `argument`; "~" is the home folder. Raises FeedError, CorpusError."""
    pool = read_pool(Path(argument).expanduser())
    corpus = open_corpus(pool.located)
    items = pool_items(pool, feed_items(corpus, pool.ids(), labels=pool.labels == "corpus"), argument)
    if pool.show == "text":
        return LoadedFeed(items, pictures=_no_pictures)
    return LoadedFeed(items, pictures=lambda frames, first_moment: stored_pictures(corpus, items, frames, first_moment))


def pool_items(pool: Pool, found: Sequence[FeedItem], shown: str) -> tuple[FeedItem, ...]:
    """The pool's videos, sorted by id, each in the stratum in which the pool has it; of several, in that of its largest loading.

    Raises FeedError that names the ids which `found`, the corpus's items, does not have.
    """
    known = {item.id for item in found}
    strangers = [name for name in pool.ids() if name not in known]
    if strangers:
        named = ", ".join(repr(one_line(name)) for name in strangers[:_NAMED]) + (", …" if len(strangers) > _NAMED else "")
        count = f"{len(strangers)} videos that are" if len(strangers) > 1 else "a video that is"
        raise FeedError(f"the pool {one_line(shown)!r} names {count} not in the corpus {one_line(pool.located)!r}: {named}")
    strata = pool.strata_of()
    items = [replace(item, stratum=_stratum(strata[item.id], item.labels or {})) for item in found]
    return tuple(_told(item, pool.texts[item.id]) for item in items) if pool.show == "text" else tuple(items)


def _stratum(strata: Sequence[str], labels: Mapping[str, float]) -> str:
    return max(strata, key=lambda stratum: abs(labels.get(stratum.rstrip("+-"), 0.0)))


def _told(item: FeedItem, text: str) -> FeedItem:
    def locate() -> Path:
        raise FeedError(f"{one_line(item.id)!r} is shown as a text; there is no video of it here")

    return replace(item, locate=locate, text=StimulusText(caption=text), stored=(), playable=False)


def _no_pictures(frames: int, first_moment: bool) -> Pictures:
    def none(item: FeedItem) -> tuple[Frame, ...] | str:
        return ()

    return none
