"""A viewer's place in the app: the viewing, what of it is on screen, and the addresses of its media."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from environments.clips import FeedItem
from environments.feedapp.events import EventKind, FeedEvent, PostedEvent
from environments.feedapp.playable import Playable
from environments.feedapp.settings import PageSettings, shown_counts
from environments.feedapp.shelf import NotPlayable, Shelf
from environments.feedapp.viewing import Viewing

__all__ = ["Seat"]

_MEDIA_KEPT = 16  # addresses of the last clips: a browser may still be reading one
_CAPTION = 4000  # characters shown; the record elsewhere has all
_WORD = 200


class Seat:
    """One viewing and its page. Calls on the viewing never overlap."""

    def __init__(self, viewing: Viewing, shelf: Shelf) -> None:
        self.viewing = viewing
        self._shelf = shelf
        self._lock = asyncio.Lock()
        self._current: FeedItem | None = None
        self._over = False
        self._media: OrderedDict[str, tuple[FeedItem, bool]] = OrderedDict()

    def state(self) -> dict[str, Any]:
        """Where the viewer stands, and what the page shows besides clips, as JSON-able data."""
        settings, ledger = self.viewing.settings, self.viewing.ledger
        begun = self.viewing.position > 0 or any(record.impressions for record in ledger.items.values())
        return {
            "clock_ms": ledger.clock_ms,
            "time_scale": settings.time_scale,
            "rate_after_each": settings.rate_after_each,
            "consent": "" if ledger.consented else settings.consent,
            "instructions": "" if begun else settings.instructions,
            "questions": list(settings.questions),
            "scale": list(settings.scale),
            "answers": {str(question): value for question, value in ledger.answers.items()},
            "ended": ledger.ended,
        }

    async def next(self, *, h264: bool) -> dict[str, Any]:
        """The current clip, ready to play, and the one after it where that is known. Clips that cannot be played are dropped on the way.

        Raises StorageFailed, and whatever the viewing raises.
        """
        while True:
            async with self._lock:
                self._current = item = await self.viewing.next()
                self._over = item is None
                after = await self.viewing.peek() if item is not None else None
            if item is None:
                return {"end": True}
            try:
                ready = await self._shelf.ready(item, h264=h264)
            except NotPlayable as error:
                async with self._lock:
                    await self.viewing.drop(item, str(error))
                continue
            if after is not None:
                self._shelf.begin(after, h264=h264)
            return {"item": self._shown(item, h264, ready), "after": self._shown(after, h264) if after else None, **self._progress()}

    async def take(self, posted: PostedEvent) -> str:
        """Counts one posted event: "new", "seen" or "stale", as in `Ledger.admit`, or "refused" for a value the page does not offer."""
        async with self._lock:
            current = self._current
            ledger = self.viewing.ledger
            event = FeedEvent(**posted.model_dump(), position=self.viewing.position if posted.item is not None else None)
            if not _offered(event, self.viewing.settings) or (event.kind is EventKind.END and not (self._over or ledger.ended)):
                return "refused"
            verdict = ledger.admit(event, current.id if current else None)
            if verdict != "new":
                return verdict
            event = self._completed(event)
            await self.viewing.record(event)
            ledger.commit(event)
            if event.kind is EventKind.UNPLAYABLE and current is not None:
                await self.viewing.drop(current, "the browser could not play it")
            if event.kind in {EventKind.LEAVE, EventKind.UNPLAYABLE}:
                self._current = None
            return verdict

    async def media(self, address: str) -> Playable | None:
        """The file behind a media address of this seat. Raises NotPlayable, StorageFailed."""
        known = self._media.get(address)
        return await self._shelf.ready(known[0], h264=known[1]) if known else None

    def _completed(self, event: FeedEvent) -> FeedEvent:
        """Adds what the page is not asked for: it could be wrong about it."""
        if event.kind is EventKind.IMPRESSION and self._current is not None:
            return replace(event, counts=dict(shown_counts(self._current, self.viewing.settings)))
        if event.kind is EventKind.LEAVE:
            record = self.viewing.ledger.items.get(event.item or "")
            return replace(event, dwell_ms=record.dwell_ms if record else 0.0)
        return event

    def _progress(self) -> Mapping[str, Any]:
        shown = self.viewing.settings.progress
        return {"position": self.viewing.position, "total": self.viewing.total if shown else None, "progress": shown}

    def _shown(self, item: FeedItem, h264: bool, ready: Playable | None = None) -> dict[str, Any]:
        record = self.viewing.ledger.items.get(item.id)
        return {
            "id": item.id,
            "media": self._address(item, h264),
            "duration_s": item.duration_s,
            "caption": _cut(item.text.caption, _CAPTION),
            "author": _cut(item.text.author, _WORD),
            "hashtags": [_cut(tag.lstrip("#"), _WORD) for tag in item.text.hashtags[:30]],
            "sound": _cut(item.text.sound, _WORD),
            "counts": dict(shown_counts(item, self.viewing.settings)),
            "liked": record.liked if record else False,
            "has_sound": ready.sound if ready else None,
        }

    def _address(self, item: FeedItem, h264: bool) -> str:
        """The item's media address: a name that says nothing, the same as long as it is kept."""
        for address, (known, as_h264) in self._media.items():
            if known.id == item.id and as_h264 == h264:
                self._media.move_to_end(address)
                return address
        address = secrets.token_urlsafe(12)
        self._media[address] = (item, h264)
        while len(self._media) > _MEDIA_KEPT:
            self._media.popitem(last=False)
        return address


def _offered(event: FeedEvent, settings: PageSettings) -> bool:
    """Whether the page has what the event says was chosen."""
    if event.kind is EventKind.RATING:
        return settings.rate_after_each and event.value is not None and event.value <= 5
    if event.kind is EventKind.ANSWER:
        question, value = event.question, event.value
        return question is not None and value is not None and question < len(settings.questions) and value < len(settings.scale)
    return True


def _cut(text: str, limit: int) -> str:
    """At most `limit` characters, without the control characters that JSON or a page could stumble over."""
    clean = "".join(char for char in text[: limit + 1] if char in "\n\t" or (ord(char) >= 32 and not 0xD800 <= ord(char) <= 0xDFFF))
    return clean if len(text) <= limit else clean[: limit - 1] + "…"
