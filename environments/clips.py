"""What every in-process feed is made of: items that can be shown, and problems with those that cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from environments.base import Frame, StimulusText
from environments.canonical import content_hash

__all__ = ["FeedItem", "LoadedFeed", "Pictures", "Problem", "feed_fingerprint"]


@dataclass(frozen=True)
class FeedItem:
    """One video of a feed, not yet sampled.

    `id` is unique in its feed and stable over runs. `locate` gives the file, and may take seconds (a clip that is rendered when
    first needed); it raises FeedError or OSError when there is none. The rest is as in `environments.base.Stimulus`. `url` is where a
    user says the video came from; it is shown to nobody. `stored`: SHA-256 and second of the pictures that are kept with the item and shown
    in place of those that would be taken from its file. `playable` is false where nothing but pictures or words of it is kept.
    """

    id: str
    locate: Callable[[], Path] = field(repr=False, compare=False)
    text: StimulusText
    duration_s: float
    source: str
    labels: Mapping[str, float] | None = None
    labels_source: str | None = None
    cluster: str | None = None
    stratum: str | None = None
    topic: str | None = None
    url: str = ""
    stored: tuple[tuple[str, float], ...] = ()
    playable: bool = True


Pictures = Callable[[FeedItem], "tuple[Frame, ...] | str"]
"""The pictures of an item, or why it has none. Called in threads."""


@dataclass(frozen=True)
class Problem:
    """Something of a feed that is not shown or not used: its name, and the reason, both one line."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True)
class LoadedFeed:
    """All a feed has to show, in a stable order, and what is wrong with the rest.

    `pictures` of (frames, first_moment), as `environments.moments.moments` takes them: what shows the items where their pictures are
    stored; None where they are taken from their files.
    """

    items: tuple[FeedItem, ...]
    problems: tuple[Problem, ...] = ()
    pictures: Callable[[int, bool], Pictures] | None = field(default=None, repr=False, compare=False)


def feed_fingerprint(items: Sequence[FeedItem]) -> str:
    """SHA-256 (64 hex digits) of what a feed is made of, in its order: ids, words, durations, sources, labels, clusters, strata, topics,
    and the hashes of the pictures that are stored with the items.

    Neither where files lie nor when they changed is part of it, nor are pictures taken from them: no file is opened.
    """
    return content_hash([_described(item) for item in items])


def _described(item: FeedItem) -> list[object]:
    text = item.text
    words = [text.caption, text.author, list(text.hashtags), text.sound, dict(text.counts), text.transcript]
    labels = None if item.labels is None else dict(item.labels)
    told = [item.id, words, item.duration_s, item.source, labels, item.labels_source, item.cluster, item.stratum, item.topic]
    return [*told, item.stored] if item.stored else told
