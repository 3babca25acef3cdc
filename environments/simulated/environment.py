"""The simulated feed: an environment in process, with a clock that counts seconds of clip and no waiting.

Pictures of the next items are sampled in threads while the respondent thinks about the current one.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Collection, Sequence
from functools import cached_property, partial

from environments.base import Action, ActionKind, Frame, Outcome, PastStep, Stimulus
from environments.clips import FeedItem, Problem, feed_fingerprint
from environments.moments import moments
from environments.simulated.frame_cache import shared_frames
from environments.simulated.policies import Choice, Policy
from personas.errors import EnvironmentFailed, FeedError
from personas.one_line import one_line

__all__ = ["SimulatedFeed"]

_STORAGE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}  # not the clip's fault: the next one would fail as well


class SimulatedFeed:
    """An `environments.base.Environment` over `items`, each shown at most once, in the order that `policy` chooses.

    A step advances the feed clock by `watch_fraction` × duration, also for a skip; `pass` takes no time and gives the policy no
    feedback. An item whose file is gone or damaged by the time it is due is added to `problems` and skipped. The feed is over
    after `videos` stimuli (None: all). Pictures are taken at `environments.moments.moments(frames, first_moment)`, or given by `pictures`,
    called in a thread, which may give the reason why an item has none instead. One session at a time; `open` starts anew.
    """

    def __init__(
        self,
        items: Sequence[FeedItem],
        policy: Policy,
        *,
        frames: int = 3,
        first_moment: bool = False,
        videos: int | None = None,
        problems: Sequence[Problem] = (),
        look_ahead: int = 2,
        pictures: Callable[[FeedItem], tuple[Frame, ...] | str] | None = None,
    ) -> None:
        self._items = {item.id: item for item in items}
        if len(self._items) != len(items):
            raise FeedError("two items of the feed have the same id; ids must be unique")
        self._policy = policy
        self._pictures = pictures or partial(_frames_or_reason, fractions=moments(frames, first_moment))
        self._videos = len(items) if videos is None else min(videos, len(items))
        self._found_at_build = tuple(problems)
        self._look_ahead = look_ahead
        self._open = False
        self._reset((), ())

    def _reset(self, history: Sequence[PastStep], gone: Collection[str]) -> None:
        self._past = list(history)
        self._gone = {name: Problem(name, "it could not be shown earlier in this session") for name in sorted(gone) if name in self._items}
        self._current: Stimulus | None = None
        self._sampling: dict[str, asyncio.Task[tuple[Frame, ...] | str]] = {}
        self.clock_s = sum(step.outcome.dwell_s for step in history)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the feed could not show or use: found when it was built, then while it was shown, in order."""
        return (*self._found_at_build, *self._gone.values())

    @property
    def total(self) -> int:
        """How many stimuli the feed will show at most."""
        return self._videos

    @cached_property
    def fingerprint(self) -> str:
        """See `environments.clips.feed_fingerprint`: over all items, also those that will not be shown."""
        return feed_fingerprint(tuple(self._items.values()))

    async def open(self, history: Sequence[PastStep] = (), gone: Collection[str] = ()) -> None:
        """Puts the feed where it was after `history`, without the items in `gone`. Raises EnvironmentFailed for another feed's history."""
        self._check_history(history)
        await self._forget_sampling(())
        self._reset(history, gone)
        # The first choice may load an embedder; later ones take well under a millisecond.
        first = await asyncio.to_thread(self._policy.choose, tuple(self._past), self._gone.keys())
        if first is not None and len(self._past) < self._videos:
            self._sample(first.item)
        self._open = True

    async def observe(self) -> Stimulus | None:
        """See `environments.base.Environment`. What had to be skipped on the way is in `problems` by the time this returns."""
        if not self._open:
            raise EnvironmentFailed("the feed is not open; call open() before observe()")
        while self._current is None and len(self._past) < self._videos:
            choice = self._policy.choose(self._past, self._gone.keys())
            if choice is None:
                self._refuse_empty()
                return None
            frames = await self._sampled(choice.item)
            if isinstance(frames, str):
                self._gone[choice.item.id] = Problem(choice.item.id, frames)
            else:
                self._current = self._stimulus(choice, frames)
                await self._prepare_next()
        return self._current

    async def act(self, action: Action) -> Outcome:
        """See `environments.base.Environment`."""
        stimulus = self._current
        if not self._open or stimulus is None:
            raise EnvironmentFailed("nothing is on screen; call observe() before act()")
        if not 0.0 <= action.watch_fraction <= 1.0:
            raise EnvironmentFailed(f"the watch fraction must be between 0 and 1, not {action.watch_fraction}")
        passed = action.kind is ActionKind.PASS
        dwell = 0.0 if passed else round(action.watch_fraction * stimulus.duration_s, 3)
        outcome = Outcome(like_registered=action.kind is ActionKind.LIKE, advanced=True, dwell_s=dwell)
        self._past.append(PastStep(stimulus.id, action, outcome))
        self.clock_s += dwell
        self._current = None
        return outcome

    async def close(self) -> None:
        """Stops sampling. Closing twice is fine; `open` starts anew."""
        self._open = False
        self._current = None
        await self._forget_sampling(())

    def _check_history(self, history: Sequence[PastStep]) -> None:
        seen: set[str] = set()
        for position, step in enumerate(history):
            if step.stimulus_id not in self._items:
                reason = "which is not in the feed any more; restore it, or begin a new session"
                raise EnvironmentFailed(f"step {position} of the session showed {one_line(step.stimulus_id)!r}, {reason}")
            if step.stimulus_id in seen:
                raise EnvironmentFailed(f"the session shows {one_line(step.stimulus_id)!r} twice; it is not a session of this feed")
            seen.add(step.stimulus_id)

    def _refuse_empty(self) -> None:
        if not self._past and self._gone:
            first = next(iter(self._gone.values()))
            raise EnvironmentFailed(f"none of the {len(self._gone)} videos of the feed could be shown; the first: {first}")

    def _stimulus(self, choice: Choice, frames: tuple[Frame, ...]) -> Stimulus:
        item, position = choice.item, len(self._past)
        return Stimulus(
            id=item.id,
            position=position,
            frames=frames,
            text=item.text,
            duration_s=item.duration_s,
            source=item.source,
            propensity=choice.propensity,
            request_id=f"{self._policy.name}-{position}",
            labels=item.labels,
            labels_source=item.labels_source,
            cluster=item.cluster,
            stratum=item.stratum,
            topic=item.topic,
        )

    async def _prepare_next(self) -> None:
        """Starts sampling what comes next if the respondent gives no feedback: exact for fixed orders, a guess for a learning one."""
        assert self._current is not None
        imagined = list(self._past)
        coming = self._current.id
        guesses: list[FeedItem] = []
        for _ in range(min(self._look_ahead, self._videos - len(self._past) - 1)):
            imagined.append(PastStep(coming, Action(ActionKind.PASS), Outcome(like_registered=False, advanced=True, dwell_s=0.0)))
            choice = self._policy.choose(imagined, self._gone.keys())
            if choice is None:
                break
            guesses.append(choice.item)
            coming = choice.item.id
        await self._forget_sampling([item.id for item in guesses])
        for item in guesses:
            self._sample(item)

    def _sample(self, item: FeedItem) -> asyncio.Task[tuple[Frame, ...] | str]:
        if item.id not in self._sampling:
            self._sampling[item.id] = asyncio.create_task(asyncio.to_thread(self._pictures, item))
        return self._sampling[item.id]

    async def _sampled(self, item: FeedItem) -> tuple[Frame, ...] | str:
        task = self._sample(item)
        try:
            return await asyncio.shield(task)  # a cancelled observe can be repeated
        finally:
            if task.done():
                self._sampling.pop(item.id, None)

    async def _forget_sampling(self, keep: Sequence[str]) -> None:
        dropped = [self._sampling.pop(name) for name in list(self._sampling) if name not in keep]
        for task in dropped:
            task.cancel()
        await asyncio.gather(*dropped, return_exceptions=True)


def _frames_or_reason(item: FeedItem, fractions: Sequence[float]) -> tuple[Frame, ...] | str:
    """Pictures of the item, or why there are none. Raises EnvironmentFailed when the next item would fail for the same reason."""
    from environments.video import UnplayableVideo  # noqa: PLC0415 - PyAV loads when used

    try:
        frames = shared_frames.frames(item.locate(), fractions)
    except UnplayableVideo as error:
        return error.reason
    except FeedError as error:
        return one_line(str(error), 300)
    except OSError as error:
        if error.errno in _STORAGE_ERRNOS:
            raise EnvironmentFailed(
                f"the clip {one_line(item.id)!r} cannot be prepared: {error.strerror}; free some space in the cache folder"
            ) from error
        return "its file is gone" if isinstance(error, FileNotFoundError) else f"its file cannot be read ({error.strerror})"
    return tuple(Frame(frame.jpeg, frame.sha256, min(frame.t, item.duration_s)) for frame in frames)
