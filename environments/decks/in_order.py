"""Any items as an environment: each once, in an order drawn from the seed, and no feedback to anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import Generic, Protocol, TypeVar

from environments.base import Action, Outcome, PastStep, Stimulus
from environments.canonical import content_hash, rng
from environments.clips import Problem
from personas.errors import EnvironmentFailed, FeedError
from personas.one_line import one_line

__all__ = ["ItemFeed"]


class _Named(Protocol):
    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=_Named)


class ItemFeed(Generic[Item]):
    """An `environments.base.Environment` over `items`, at most `count` of them (None: all), shuffled by `seed`.

    `show` makes the stimulus of an item at a position, or the reason why there is none: the item is then in `problems`, and passed over.
    `described` is what the feed is made of, as JSON. Any action leads on to the next item; nothing is liked, and no time passes.
    """

    def __init__(
        self,
        items: Sequence[Item],
        show: Callable[[Item, int], Stimulus | str],
        described: Callable[[], object],
        *,
        seed: int = 0,
        count: int | None = None,
    ) -> None:
        if count is not None and count < 1:
            raise FeedError(f"the number of items must be at least 1, not {count}")
        self._order = list(items)
        rng("deck", seed).shuffle(self._order)
        self._count = len(self._order) if count is None else min(count, len(self._order))
        self._show, self._described = show, described
        self._past: list[str] | None = None
        self._gone: dict[str, Problem] = {}
        self._shown: Stimulus | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Items that could not be shown, each once."""
        return tuple(self._gone.values())

    @property
    def total(self) -> int:
        """How many items will be shown at most."""
        return self._count

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all items of the deck."""
        return content_hash(self._described())

    async def open(self, history: Sequence[PastStep] = (), gone: Collection[str] = ()) -> None:
        """Goes to where the deck was after `history`. Raises EnvironmentFailed for the history of another deck or order."""
        known = {item.id for item in self._order}
        self._gone = {name: Problem(name, "it could not be shown earlier in this session") for name in sorted(gone) if name in known}
        left = [item.id for item in self._order if item.id not in self._gone]
        for position, step in enumerate(history):
            if position >= len(left) or left[position] != step.stimulus_id:
                raise EnvironmentFailed(
                    f"step {position} of the session showed {one_line(step.stimulus_id)!r}, which does not stand there in this deck: "
                    "restore the items, or begin a new session"
                )
        self._past, self._shown = [step.stimulus_id for step in history], None

    async def observe(self) -> Stimulus | None:
        """See `environments.base.Environment`."""
        if self._past is None:
            raise EnvironmentFailed("the deck is not open; call open() before observe()")
        while self._shown is None and len(self._past) < self._count:
            done = {*self._past, *self._gone}
            item = next((item for item in self._order if item.id not in done), None)
            if item is None:
                return None
            found = await asyncio.to_thread(self._show, item, len(self._past))
            if isinstance(found, str):
                self._gone[item.id] = Problem(one_line(item.id), found)
            else:
                self._shown = found
        return self._shown

    async def act(self, action: Action) -> Outcome:
        """See `environments.base.Environment`."""
        if self._past is None or self._shown is None:
            raise EnvironmentFailed("no item is shown; call observe() before act()")
        self._past.append(self._shown.id)
        self._shown = None
        return Outcome(like_registered=False, advanced=True, dwell_s=0.0)

    async def close(self) -> None:
        """Nothing to release; `open` starts anew."""
        self._past = None
