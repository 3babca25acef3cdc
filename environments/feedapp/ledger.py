"""The sum of one viewer's events so far: per item, lists of times; and which events were counted already."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

from environments.feedapp.events import ITEM_EVENTS, EventKind, FeedEvent

__all__ = ["ItemRecord", "Ledger"]

_CONTIGUOUS_MS = 1.0  # two stretches closer than this are one
_PAGES = 1000  # pages (loads of the link) whose last event number is remembered


@dataclass
class ItemRecord:
    """What a viewer did with one item. All times are milliseconds of page clock; `dwell` holds (from, to), in order, apart."""

    position: int
    impressions: list[float] = field(default_factory=list)
    dwell: list[tuple[float, float]] = field(default_factory=list)
    completions: list[float] = field(default_factory=list)
    rewatches: list[float] = field(default_factory=list)
    likes: list[float] = field(default_factory=list)
    unlikes: list[float] = field(default_factory=list)
    ratings: list[tuple[float, int]] = field(default_factory=list)
    left_ms: float | None = None

    @property
    def dwell_ms(self) -> float:
        """How long the item was the current one on a visible page."""
        return sum(end - start for start, end in self.dwell)

    @property
    def liked(self) -> bool:
        """Whether a like stands."""
        return len(self.likes) > len(self.unlikes)

    @property
    def rating(self) -> int | None:
        """The last rating, 0 to 5."""
        return self.ratings[-1][1] if self.ratings else None


class Ledger:
    """A fold over events: committing the stored ones in order gives back the ledger of an earlier part of the session.

    Where they were not stored, `clock_ms` and `consented` are what the page needs to go on.
    """

    def __init__(self, *, clock_ms: float = 0.0, consented: bool = False) -> None:
        self.clock_ms = clock_ms
        self.consented = consented
        self.ended = False
        self.items: dict[str, ItemRecord] = {}
        self.answers: dict[int, int] = {}
        self._last: OrderedDict[str, int] = OrderedDict()

    def admit(self, event: FeedEvent, current: str | None) -> Literal["new", "seen", "stale"]:
        """Whether an event counts: `seen` was counted before or changes nothing; `stale` is about an item that is not the `current` one."""
        if event.number <= self._last.get(event.page, -1):
            return "seen"
        if event.kind in ITEM_EVENTS and event.item != current:
            return "stale"
        return "seen" if self._changes_nothing(event) else "new"

    def _changes_nothing(self, event: FeedEvent) -> bool:
        record = self.items.get(event.item or "")
        liked = record is not None and record.liked
        return {
            EventKind.LIKE: liked,
            EventKind.UNLIKE: not liked,
            EventKind.CONSENT: self.consented,
            EventKind.END: self.ended,
        }.get(event.kind, False)

    def commit(self, event: FeedEvent) -> None:
        """Count an admitted event."""
        self._last[event.page] = event.number
        self._last.move_to_end(event.page)
        if len(self._last) > _PAGES:
            self._last.popitem(last=False)
        self.clock_ms = max(self.clock_ms, event.at_ms)
        if event.item is not None and event.kind in ITEM_EVENTS:
            self._commit_item(event, self.items.setdefault(event.item, ItemRecord(event.position or 0)))
        elif event.kind is EventKind.CONSENT:
            self.consented = True
        elif event.kind is EventKind.END:
            self.ended = True
        elif event.question is not None and event.value is not None:
            self.answers[event.question] = event.value

    @staticmethod
    def _commit_item(event: FeedEvent, record: ItemRecord) -> None:
        times = {
            EventKind.IMPRESSION: record.impressions,
            EventKind.COMPLETE: record.completions,
            EventKind.REWATCH: record.rewatches,
            EventKind.LIKE: record.likes,
            EventKind.UNLIKE: record.unlikes,
        }
        if event.kind in times:
            times[event.kind].append(event.at_ms)
        elif event.kind is EventKind.DWELL:
            _add_stretch(record.dwell, event.at_ms if event.from_ms is None else event.from_ms, event.at_ms)
        elif event.kind is EventKind.RATING and event.value is not None:
            record.ratings.append((event.at_ms, event.value))
        elif event.kind is EventKind.LEAVE:
            record.left_ms = event.at_ms


def _add_stretch(stretches: list[tuple[float, float]], start: float, end: float) -> None:
    """Two tabs on one clip at once are still one viewer: time that was counted is not counted again."""
    before = stretches[-1][1] if stretches else 0.0
    start = max(start, before)
    if end <= start:
        return
    if stretches and start - before <= _CONTIGUOUS_MS:
        stretches[-1] = (stretches[-1][0], end)
    else:
        stretches.append((start, end))
