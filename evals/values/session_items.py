"""The items that sessions met, each once: whether sessions speak of the same ones, and their loadings from the labels they carry."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from agent.trace.events import StimulusEvent
from evals.values.loadings import FloatArray, Loadings
from evals.values.tables import listed, shown
from personas.errors import UserError
from personas.schwartz import VALUES, theory

__all__ = ["Feed", "Items"]

NO_STRATUM = "none"
"""The stratum of value-free items; the plain twin of a pair lies there, and is drawn with its pair."""
SAME_LENGTH_S = 0.5
"""Two lengths of one clip, as a file and a page tell them, differ by less."""


@dataclass(frozen=True)
class Feed:
    """Where a session's stimuli came from. Equal fingerprints: the same items; None: a live site."""

    session: str
    name: str
    environment: str
    fingerprint: str | None


@dataclass(frozen=True)
class _Item:
    feed: Feed
    text: Mapping[str, Any]
    duration_s: float
    source: str
    labels: Mapping[str, float] | None
    labels_source: str | None
    cluster: str | None
    stratum: str | None
    topic: str | None
    pictures: tuple[str, ...]

    @property
    def words(self) -> str:
        """All that it says: caption, hashtags, sound, transcript."""
        tags = " ".join(map(str, self.text.get("hashtags", ())))
        parts = [str(self.text.get("caption", "")), tags, str(self.text.get("sound", "")), str(self.text.get("transcript", ""))]
        return "\n".join(part for part in parts if part)


@dataclass
class Items:
    """Grows while sessions are read."""

    _items: dict[str, _Item] = field(default_factory=dict)
    _by_feed: dict[str, set[str]] = field(default_factory=dict)
    _feeds: dict[str, Feed] = field(default_factory=dict)
    _likes: dict[str, float | None] = field(default_factory=dict)

    def meet(self, event: StimulusEvent, feed: Feed) -> None:
        """Take an item in. Raises UserError when another feed means something else by the same id."""
        likes = event.text.get("counts", {}).get("likes") if isinstance(event.text.get("counts"), dict) else None
        if feed.fingerprint is not None:
            self._feeds.setdefault(feed.fingerprint, feed)
            self._by_feed.setdefault(feed.fingerprint, set()).add(event.id)
        known = self._items.get(event.id)
        if known is None:
            self._items[event.id] = _Item(
                feed=feed,
                text=event.text,
                duration_s=event.duration_s,
                source=event.source,
                labels=event.labels,
                labels_source=event.labels_source,
                cluster=event.cluster,
                stratum=event.stratum,
                topic=event.topic,
                pictures=tuple(frame.sha256 for frame in event.frames),
            )
            self._likes[event.id] = likes
            return
        if likes != self._likes[event.id]:
            self._likes[event.id] = None  # shown differently: no property of the item
        if feed.fingerprint is None or feed.fingerprint != known.feed.fingerprint:
            _compare(known, event, feed)

    def check_feeds(self) -> None:
        """Raises UserError when feeds share no item, so that nothing about them can be compared. Pools that lie in one folder are one feed,
        dealt to several sessions.
        """
        groups: list[tuple[set[str], list[Feed]]] = []
        for fingerprint, items in self._by_feed.items():
            ids = items | ({f"pools in {folder}"} if (folder := _pools_of(self._feeds[fingerprint])) else set())
            together = [group for group in groups if group[0] & ids]
            groups = [group for group in groups if not group[0] & ids]
            merged = ids.union(*(group[0] for group in together))
            groups.append((merged, [self._feeds[fingerprint], *(feed for group in together for feed in group[1])]))
        if len(groups) > 1:
            named = "; ".join(f"{shown(group[1][0].name)} (such as session {group[1][0].session})" for group in groups)
            raise UserError(
                f"the sessions come from {len(groups)} feeds that share no item: {named}; give the sessions of one feed at a time"
            )

    def frame(self) -> pl.DataFrame:
        """One row an item, sorted by id: item, caption, words, duration_s, source, topic, cluster, stratum, labelled."""
        clusters = self._clusters()
        strata = self._strata(clusters)
        rows = [
            {
                "item": name,
                "caption": str(item.text.get("caption", "")),
                "words": item.words,
                "duration_s": item.duration_s,
                "source": item.source,
                "topic": item.topic,
                "cluster": clusters.get(name),
                "stratum": strata.get(clusters[name], item.stratum) if name in clusters else item.stratum,
                "labelled": item.labels is not None,
            }
            for name, item in sorted(self._items.items())
        ]
        text = dict.fromkeys(("item", "caption", "words", "source", "topic", "cluster", "stratum"), pl.String)
        schema = {"item": pl.String, "caption": pl.String, "words": pl.String, "duration_s": pl.Float64} | text | {"labelled": pl.Boolean}
        return pl.DataFrame(rows, schema=schema)

    def copies(self) -> list[list[str]]:
        """Ids of items whose pictures are all the same, where the feed does not call them a cluster: one video under several names.

        Pictures that more than half of the items share are a backdrop and tell no copies.
        """
        alike: dict[tuple[str, ...], list[str]] = {}
        for name, item in sorted(self._items.items()):
            if item.pictures:
                alike.setdefault(item.pictures, []).append(name)
        few = max(2, len(self._items) // 2)
        return [names for names in alike.values() if 1 < len(names) <= few and not all(self._items[name].cluster for name in names)]

    def _clusters(self) -> dict[str, str]:
        """The cluster of each item that has one: as its feed says, else that of its copies."""
        found = {name: item.cluster for name, item in self._items.items() if item.cluster}
        for names in self.copies():
            shared = next((found[name] for name in names if name in found), f"pictures of {names[0]}")
            found = dict.fromkeys(names, shared) | found
        return found

    def _strata(self, clusters: Mapping[str, str]) -> dict[str, str | None]:
        """The stratum of each cluster. A pair of twins lies in that of the twin which carries the value."""
        found: dict[str, set[str]] = {}
        if not any(item.stratum for item in self._items.values()):
            return {}
        for name, cluster in clusters.items():
            found.setdefault(cluster, set()).add(self._items[name].stratum or NO_STRATUM)
        return {cluster: min(strata - {NO_STRATUM}, default=NO_STRATUM) for cluster, strata in found.items()}

    def loadings(self) -> Loadings | None:
        """Of the labelled items, with what is known of each as covariates; None where no item is labelled.

        Covariates: log_duration (log seconds), text_amount (log of 1 + characters), and popularity (log of 1 + likes as shown) where all
        items were shown with the same likes to everybody. One that is the same for all items is left out.
        """
        labelled = {name: item for name, item in sorted(self._items.items()) if item.labels is not None}
        if not labelled:
            return None
        codes = _codes(code for item in labelled.values() for code in item.labels or {})
        x = np.array([[(item.labels or {}).get(code, 0.0) for code in codes] for item in labelled.values()], dtype=np.float64)
        topics = tuple(item.topic for item in labelled.values())
        return Loadings(
            items=tuple(labelled),
            values=codes,
            x=x,
            source=_label_source(labelled.values()),
            covariates=self._covariates(labelled),
            topic=topics if any(topics) else None,
        )

    def _covariates(self, items: Mapping[str, _Item]) -> dict[str, FloatArray]:
        likes = [self._likes[name] for name in items]
        found = {
            "log_duration": [math.log(max(item.duration_s, 0.1)) for item in items.values()],
            "text_amount": [math.log1p(len(item.words)) for item in items.values()],
        }
        if all(isinstance(count, int | float) and count >= 0 for count in likes):
            found["popularity"] = [math.log1p(float(count or 0)) for count in likes]
        columns = {name: np.array(column, dtype=np.float64) for name, column in found.items()}
        return {name: column for name, column in columns.items() if np.ptp(column) > 0}


def _pools_of(feed: Feed) -> str:
    """The folder of a feed's pool file; "" where the feed is none."""
    folder, _, name = feed.name.rpartition("/")
    return folder if name.endswith(".toml") else ""


def _compare(known: _Item, event: StimulusEvent, feed: Feed) -> None:
    """Raises UserError unless `event` is the item that is known under its id."""
    differing = [name for name in ("labels", "cluster", "topic") if getattr(known, name) != getattr(event, name)]
    if abs(known.duration_s - event.duration_s) > SAME_LENGTH_S:
        differing.append("length")
    if known.feed.environment == feed.environment != "browser" and known.text.get("caption") != event.text.get("caption"):
        differing.append("caption")
    if differing:
        raise UserError(
            f"sessions {known.feed.session} and {feed.session} come from different feeds, and item {shown(event.id)} is not the same in "
            f"both ({', '.join(differing)}): measure them apart, or give each video an id of its own"
        )


def _codes(found: Iterable[str]) -> tuple[str, ...]:
    """The values that labels speak of: the ten or the nineteen in circular order, else as named."""
    names = set(found)
    refined: Sequence[str] = theory()["refined19_order_theory2012"]
    for order in (VALUES, tuple(refined)):
        if names <= set(order):
            return order
    return tuple(sorted(names))


def _label_source(items: Iterable[_Item]) -> str:
    """Where the labels come from, in words."""
    pairs = {(item.source, item.labels_source or "not said where from") for item in items}
    return listed(sorted({"catalogue design" if pair == ("catalogue", "design") else pair[1] for pair in pairs}))
