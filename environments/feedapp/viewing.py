"""One viewer's way through a feed: which clip is on, and what comes after it. The app serves it; an engine or a policy leads it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from environments.base import Action, ActionKind, Outcome, PastStep
from environments.clips import FeedItem, Problem
from environments.feedapp.events import EventKind, FeedEvent
from environments.feedapp.ledger import ItemRecord, Ledger
from environments.feedapp.settings import PageSettings
from environments.simulated.policies import Choice, build_policy
from personas.errors import EnvironmentFailed, FeedError
from personas.one_line import one_line

__all__ = ["PolicyViewing", "Viewing", "step_of"]


class Viewing(Protocol):
    """What the app needs to know about a viewer. Calls for one viewer never overlap.

    `next` gives the current item, the same one until a LEAVE was recorded or the item was dropped; None when the feed is over. `peek` gives
    what will follow the current item if that is known already, else None. `record` is called once for each event, in order, after which the
    event is in `ledger`. `drop` takes an item out that cannot be played. AxiofeedError from any of them ends the page with a plain notice.
    """

    settings: PageSettings
    ledger: Ledger

    @property
    def position(self) -> int:
        """Items that were left: the position of the current one."""
        ...

    @property
    def total(self) -> int | None:
        """How many items the feed will show, None where nobody knows."""
        ...

    async def next(self) -> FeedItem | None: ...

    async def peek(self) -> FeedItem | None: ...

    async def record(self, event: FeedEvent) -> None: ...

    async def drop(self, item: FeedItem, reason: str) -> None: ...


class PolicyViewing:
    """A viewing of `items` in the order that a simulated feed's policy chooses, continued after `past`.

    Ends after `videos` items (None: all). `on_event` is given each event once. Raises FeedError for two items with one id,
    EnvironmentFailed when `past` is not of this feed, KeyError for a policy that `environments.feeds.POLICIES` does not list.
    """

    def __init__(
        self,
        items: Sequence[FeedItem],
        *,
        policy: str = "balanced",
        seed: int = 0,
        videos: int | None = None,
        past: Sequence[PastStep] = (),
        settings: PageSettings | None = None,
        ledger: Ledger | None = None,
        on_event: Callable[[FeedEvent], None] | None = None,
    ) -> None:
        self.settings = settings or PageSettings()
        self.ledger = ledger or Ledger()
        self.problems: dict[str, Problem] = {}
        self.current: Choice | None = None
        self.past = list(past)
        self._items = {item.id: item for item in items}
        self._policy = build_policy(policy, items, seed, videos)
        self._learns = policy == "adaptive"
        self._videos = len(items) if videos is None else min(videos, len(items))
        self._on_event = on_event
        self._no_feedback = False
        if len(self._items) != len(items):
            raise FeedError("two items of the feed have the same id; ids must be unique")
        unknown = next((step.stimulus_id for step in past if step.stimulus_id not in self._items), None)
        if unknown is not None:
            raise EnvironmentFailed(f"the session showed {one_line(unknown)!r}, which is not in the feed any more; begin a new session")

    @property
    def position(self) -> int:
        """See `Viewing.position`."""
        return len(self.past)

    @property
    def total(self) -> int:
        """See `Viewing.total`."""
        return min(self._videos, len(self._items) - len(self.problems))

    async def next(self) -> FeedItem | None:
        """See `Viewing.next`."""
        if self.current is None and len(self.past) < self._videos:
            # The first choice of a learning policy loads its embeddings.
            self.current = await asyncio.to_thread(self._policy.choose, tuple(self.past), self.problems.keys())
        return self.current.item if self.current else None

    async def peek(self) -> FeedItem | None:
        """See `Viewing.peek`. A policy that learns is asked only when the current item was left."""
        if self.current is None or self._learns or len(self.past) + 1 >= self._videos:
            return None
        imagined = PastStep(self.current.item.id, Action(ActionKind.PASS), Outcome(like_registered=False, advanced=True, dwell_s=0.0))
        choice = self._policy.choose((*self.past, imagined), self.problems.keys())
        return choice.item if choice else None

    async def record(self, event: FeedEvent) -> None:
        """See `Viewing.record`."""
        if event.kind is EventKind.LEAVE and self.current is not None:
            record = self.ledger.items.get(self.current.item.id, ItemRecord(self.position))
            self.past.append(step_of(self.current.item, record, feedback=not self._no_feedback))
            self.current, self._no_feedback = None, False
        if self._on_event is not None:
            self._on_event(event)

    async def drop(self, item: FeedItem, reason: str) -> None:
        """See `Viewing.drop`."""
        self.problems.setdefault(item.id, Problem(one_line(item.id), one_line(reason, 300)))
        if self.current is not None and self.current.item.id == item.id:
            self.current = None

    def withhold_feedback(self) -> None:
        """Leaving the current item tells the policy nothing: what an agent's `pass` means, which a page cannot see."""
        self._no_feedback = True


def step_of(item: FeedItem, record: ItemRecord, *, feedback: bool = True) -> PastStep:
    """What a viewer did with `item` as a step: `like` while a like stands, `watch` when it was seen to its end, else `skip`.

    The watch fraction is dwell over duration, at most 1: time beyond the end is in the record's dwell and re-watches.
    """
    dwell_s = min(record.dwell_ms / 1000, item.duration_s)
    kind = ActionKind.LIKE if record.liked else ActionKind.WATCH if record.completions else ActionKind.SKIP
    if not feedback:
        kind = ActionKind.PASS
    fraction = dwell_s / item.duration_s if item.duration_s > 0 else 0.0
    return PastStep(item.id, Action(kind, fraction), Outcome(like_registered=record.liked, advanced=True, dwell_s=dwell_s))
