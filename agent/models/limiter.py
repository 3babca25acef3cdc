"""How many calls may be under way at one endpoint: grows while all is well, halves on a 429, stops for all on Retry-After.

The rule is that of TCP (slow start, then additive increase and multiplicative decrease; Chiu & Jain 1989,
doi:10.1016/0169-7552(89)90019-6). Places are given in the order in which they were asked for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakKeyDictionary

__all__ = ["Limiter", "limiter_for", "share_pauses"]


class Limiter:
    """Places at one endpoint. `ceiling` is the most there will ever be; it starts with at most 16."""

    def __init__(self, ceiling: int, told: Callable[[float], None] = lambda seconds: None) -> None:
        self.ceiling = ceiling
        self._told = told
        self.limit = float(min(ceiling, 16))
        self.in_flight = 0
        self._starting = True
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._paused_until = 0.0
        self._last_cut = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self) -> float:
        """Wait for a place; returns the loop's time at which it was had, to be given to `cut`. Each place is released once."""
        loop = asyncio.get_running_loop()
        if not self._waiting and self._free(loop.time()):
            self.in_flight += 1
            return loop.time()
        place: asyncio.Future[None] = loop.create_future()
        self._waiting.append(place)
        self._admit()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.release()  # it was given in the same moment; the next in line may have it
            else:
                with suppress(ValueError):  # already taken out of the line
                    self._waiting.remove(place)
            raise
        return loop.time()

    def release(self) -> None:
        """Give a place back."""
        self.in_flight -= 1
        self._admit()

    def grow(self) -> None:
        """A call went well: one place more per call until the first 429, from then on one place more per round of calls."""
        self.limit = min(self.ceiling, self.limit + (1 if self._starting else 1 / self.limit))

    def cut(self, started: float) -> None:
        """A call that began at `started` met a 429: half the places. Once for all the calls that were under way together."""
        if started < self._last_cut:
            return
        self._starting = False
        self.limit = max(1.0, self.limit / 2)
        self._last_cut = asyncio.get_running_loop().time()

    def pause(self, seconds: float) -> None:
        """No new call for `seconds`."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)

    def obey(self, seconds: float) -> None:
        """The server asks for a pause: nothing new here, and whoever shares the endpoint is told."""
        self.pause(seconds)
        if seconds > 0:
            self._told(seconds)

    def _free(self, now: float) -> bool:
        return now >= self._paused_until and self.in_flight < int(self.limit)

    def _admit(self) -> None:
        """Give free places to those who wait; during a pause, come back when it ends."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._waiting and self._free(now):
            place = self._waiting.popleft()
            if not place.done():
                self.in_flight += 1
                place.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and now < self._paused_until:
            self._timer = loop.call_at(self._paused_until, self._admit)


Tell = Callable[[str, str, float], None]
"""Called with base URL, model and seconds when a server asks for a pause."""

_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], Limiter]] = WeakKeyDictionary()
_tells: WeakKeyDictionary[asyncio.AbstractEventLoop, Tell] = WeakKeyDictionary()


def limiter_for(base_url: str, model: str, ceiling: int) -> Limiter:
    """The running loop's limiter of that endpoint, shared by all sessions that use it. The lowest `ceiling` asked for holds."""
    loop = asyncio.get_running_loop()
    shared = _limiters.setdefault(loop, {})
    if (base_url, model) not in shared:
        shared[base_url, model] = Limiter(ceiling, lambda seconds: _tells.get(loop, _nobody)(base_url, model, seconds))
    limiter = shared[base_url, model]
    if ceiling < limiter.ceiling:
        limiter.ceiling = ceiling
        limiter.limit = min(limiter.limit, ceiling)
    return limiter


def share_pauses(tell: Tell) -> None:
    """Have `tell` called when a server asks the running loop for a pause, so that other processes may keep it too."""
    _tells[asyncio.get_running_loop()] = tell


def _nobody(base_url: str, model: str, seconds: float) -> None:
    """There is no other process."""
