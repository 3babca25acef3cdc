"""Where a person's page and the session engine meet: to the page it is a viewing, to the engine an environment and a model.

The page asks for a clip, and gets the one that the simulated feed has sampled. When its first picture stands on the screen, the engine
observes it; when the person has left it, the engine has its answer; and only when that answer is in the trace is the page told that the
clip was left. So whatever is killed at whatever moment, only the clip in progress is seen again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from agent.models.base import Prompt, Reply
from agent.people.record import WatchRecord, watch_record
from environments.base import Action, ActionKind, Outcome, PastStep, Stimulus
from environments.clips import FeedItem, LoadedFeed, Problem
from environments.feedapp.events import EventKind, FeedEvent
from environments.feedapp.ledger import ItemRecord, Ledger
from environments.feedapp.settings import PageSettings, shown_counts
from environments.simulated.environment import SimulatedFeed
from environments.simulated.policies import build_policy
from personas.errors import EnvironmentFailed, ModelError
from personas.one_line import one_line

__all__ = ["Pending", "Person", "PersonFeed"]


@dataclass(frozen=True)
class Pending:
    """A step that an earlier process left unfinished: the clip, whether its final answer had arrived, and which one (None: it failed)."""

    stimulus_id: str
    answered: bool = False
    record: WatchRecord | None = None


@dataclass
class _Turn:
    """One clip on its way through page and engine. `begun`: it is on the screen, or was given up before it was. `left`: the person has
    gone on (then `record` is set), or it cannot be played any more (then `fault` is). `stored`: the answer is in the trace."""

    stimulus: Stimulus | None = None
    record: WatchRecord | None = None
    fault: str = ""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    stored: asyncio.Event = field(default_factory=asyncio.Event)


class PersonFeed:
    """An `environments.feedapp.viewing.Viewing` and an `environments.base.Environment` in one, of at most `videos` clips.

    `past` and `pending` are what the trace holds already, `finished` says that there is nothing left to show. `tell` is given each event
    of the page before it counts; what it raises stops the page. Events wait until the engine has opened the feed.
    """

    def __init__(
        self,
        loaded: LoadedFeed,
        *,
        policy: str,
        seed: int,
        videos: int,
        frames: int,
        settings: PageSettings,
        ledger: Ledger,
        tell: Callable[[FeedEvent], None],
        past: Sequence[PastStep] = (),
        pending: Pending | None = None,
        finished: bool = False,
    ) -> None:
        self.settings, self.ledger = settings, ledger
        self._items = {item.id: item for item in loaded.items}
        self._policy = build_policy(policy, loaded.items, seed, videos)
        self._learns = policy == "adaptive"
        self._feed = SimulatedFeed(loaded.items, self._policy, frames=frames, videos=videos, problems=loaded.problems)
        self._found_at_build = loaded.problems
        self._gone: dict[str, Problem] = {}
        self._past = list(past)
        self._pending = pending
        self._finished = finished
        self._stopped = False
        self._tell = tell
        self._turn = _Turn()
        self._choosing = asyncio.Lock()
        self._ready = asyncio.Event()
        if finished:
            self._ready.set()

    @property
    def position(self) -> int:
        """See `Viewing.position`."""
        return len(self._past)

    @property
    def total(self) -> int:
        """How many clips will be shown at most."""
        return min(self._feed.total, len(self._items) - len(self._gone))

    @property
    def problems(self) -> Sequence[Problem]:
        """See `environments.base.Environment`."""
        known = {problem.name for problem in (*self._found_at_build, *self._gone.values())}
        return (*self._found_at_build, *self._gone.values(), *(each for each in self._feed.problems if each.name not in known))

    @property
    def fingerprint(self) -> str:
        """See `environments.base.Environment`."""
        return self._feed.fingerprint

    # The page's side.

    async def next(self) -> FeedItem | None:
        """See `Viewing.next`. Raises EnvironmentFailed when the session has stopped, or before the person has agreed to take part."""
        await self._ready.wait()
        if self._finished:
            return None
        self._require_running()
        if self.settings.consent and not self.ledger.consented:
            raise EnvironmentFailed("a clip was asked for before consent was given")
        stimulus = await self._upcoming()
        return self._items[stimulus.id] if stimulus else None

    async def peek(self) -> FeedItem | None:
        """See `Viewing.peek`."""
        if self._learns or self._finished or len(self._past) + 1 >= self._feed.total:
            return None
        current = await self._upcoming()
        if current is None:
            return None
        imagined = PastStep(current.id, Action(ActionKind.PASS), Outcome(like_registered=False, advanced=True, dwell_s=0.0))
        choice = self._policy.choose((*self._past, imagined), {problem.name for problem in self.problems})
        return choice.item if choice else None

    async def record(self, event: FeedEvent) -> None:
        """See `Viewing.record`. Leaving a clip returns when its answer is in the trace."""
        await self._ready.wait()
        if event.item is not None:
            self._require_running()
        self._tell(event)
        if event.kind in {EventKind.IMPRESSION, EventKind.LEAVE} and self._turn.stimulus is None:
            self._begin(await self._upcoming())
        if event.kind is EventKind.LEAVE and event.item is not None:
            turn = self._turn
            item = self.ledger.items.get(event.item, ItemRecord(self.position))
            turn.record = watch_record(item, event.at_ms, shown_counts(self._items[event.item], self.settings))
            await self._hand_over(turn)

    async def drop(self, item: FeedItem, reason: str) -> None:
        """See `Viewing.drop`. A clip that the trace holds already cannot be taken out of it: its answer fails."""
        turn = self._turn
        if turn.stimulus is None and self._pending is not None and self._pending.stimulus_id == item.id:
            self._begin(await self._upcoming())
        if turn.stimulus is not None:
            turn.fault = reason
            await self._hand_over(turn)
            return
        async with self._choosing:
            self._gone[item.id] = Problem(item.id, one_line(reason, 300))
            await self._feed.open(self._past, {problem.name for problem in self.problems})
        self._turn = _Turn()
        turn.begun.set()  # the engine looks again

    # The engine's side.

    async def open(self, history: Sequence[PastStep] = (), gone: Collection[str] = ()) -> None:
        """See `environments.base.Environment`."""
        self._past = list(history)
        self._finished = len(history) >= self._feed.total
        await self._feed.open(history, gone)
        if self._pending is None or not self._pending.answered:
            self._ready.set()

    async def observe(self) -> Stimulus | None:
        """The clip on the person's screen, once there is one."""
        while True:
            stimulus = await self._upcoming()
            if stimulus is None:
                self._finished = True
                return None
            if self._pending is not None and self._pending.answered:
                return stimulus
            turn = self._turn
            await turn.begun.wait()
            if turn.stimulus is not None:
                return turn.stimulus

    async def answer(self) -> WatchRecord:
        """What the person did with the clip, once they have left it. Raises ModelError when it cannot be played any more."""
        turn = self._turn
        await turn.left.wait()
        if turn.record is None:
            raise ModelError(f"the page could not show the clip: {turn.fault}")
        return turn.record

    async def act(self, action: Action) -> Outcome:
        """What the person has done: nothing is left to do. The answer is in the trace by now, and the page may go on."""
        pending, self._pending = self._pending, None
        turn, self._turn = self._turn, _Turn()
        record = pending.record if pending is not None and pending.answered else turn.record
        stimulus = await self._upcoming()
        if stimulus is None:
            raise EnvironmentFailed("nothing is on screen; call observe() before act()")
        await self._feed.act(action)
        outcome = Outcome(record is not None and record.liked, advanced=True, dwell_s=record.dwell_s if record else 0.0)
        self._past.append(PastStep(stimulus.id, action, outcome))
        self._finished = len(self._past) >= self._feed.total
        turn.stored.set()
        self._ready.set()
        return outcome

    async def close(self) -> None:
        """The session is over or stopped: a page that waits learns of it."""
        self._stopped = True
        self._turn.stored.set()
        self._ready.set()
        await self._feed.close()

    async def _upcoming(self) -> Stimulus | None:
        """The clip that is on, or to be put on, the screen, with the counts that the page shows."""
        async with self._choosing:
            stimulus = await self._feed.observe()
        if stimulus is None:
            return None
        return replace(stimulus, text=replace(stimulus.text, counts=dict(shown_counts(self._items[stimulus.id], self.settings))))

    def _begin(self, stimulus: Stimulus | None) -> None:
        self._turn.stimulus = stimulus
        self._turn.begun.set()

    async def _hand_over(self, turn: _Turn) -> None:
        """Give the engine what it waits for, and wait until it is stored. Raises EnvironmentFailed when the session stops before that."""
        turn.left.set()
        await turn.stored.wait()
        if turn is self._turn:  # it was not acted on
            self._require_running()

    def _require_running(self) -> None:
        if self._stopped:
            raise EnvironmentFailed("the session has stopped; when it goes on, so does this link")


class Person:
    """A respondent whose answers come from the page. `name` is "human/NAME"."""

    synthetic = False
    price_known = True

    def __init__(self, name: str, feed: PersonFeed) -> None:
        self.name = name
        self._feed = feed

    async def ask(self, prompt: Prompt) -> Reply:
        """The record of the clip as JSON, whenever the person has left it. `latency_s` is the time that took."""
        began = time.monotonic()
        record = await self._feed.answer()
        return Reply(record.model_dump_json(), cost_usd=Decimal(0), latency_s=time.monotonic() - began)

    def most_usd(self, prompt: Prompt) -> Decimal | None:
        """People are not billed by the answer."""
        return Decimal(0)

    async def close(self) -> None:
        """Nothing to release."""
