"""Carries out one action on the item on the screen: play, like, wait, swipe; each confirmed from the page.

Dwell is the time from when the clip is let play after the respondent's decision until the swipe that moves the feed begins, in
seconds of clip. While pictures are taken by seeking, and while the respondent thinks, the clip stands still and nothing counts.
Where a site's clips cannot be sought, the pictures are taken while the clip plays, and that time counts as well.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from environments.base import Action, ActionKind
from environments.browser.perception import hold, play
from environments.browser.site import Site, SiteItem
from environments.canonical import rng

if TYPE_CHECKING:
    from playwright.async_api import Page

    from environments.browser.guarded_page import GuardedPage

__all__ = ["Attended", "Doing", "Hands", "Pace", "Pointing", "let_run", "stand_still"]

_POLL_S = 0.015
_LIKE_S = 2.0
_SWIPE_S = 3.0  # for the item to change or to go
_BETWEEN_S = 60.0  # for the next item to come, once the last one has gone: it may have to be prepared
_LIKE_AT = 0.5  # share of the dwell before like is pressed


@runtime_checkable
class Attended(Protocol):
    """A site whose page can be told whether anybody looks. On other sites the clip alone is paused and played."""

    async def hold(self, page: Page) -> None: ...

    async def release(self, page: Page) -> None: ...


@runtime_checkable
class Pointing(Protocol):
    """A site that can tell where its like button is: the middle, in CSS pixels of the viewport; None where it cannot be pressed."""

    async def like_point(self, page: Page) -> tuple[float, float] | None: ...


async def stand_still(site: Site, page: Page) -> None:
    """Stop the clip on the screen, and the page's own measurement of dwell where there is one."""
    await (site.hold(page) if isinstance(site, Attended) else hold(page, await site.video(page)))


async def let_run(site: Site, page: Page) -> float:
    """Let the clip run from where it stands; the time (of `time.perf_counter`) from which it does."""
    if isinstance(site, Attended):
        begun = time.perf_counter()  # the page notes the time first, and then starts a decoder
        await site.release(page)
        return begun
    await play(page, await site.video(page))
    return time.perf_counter()


@dataclass(frozen=True)
class Pace:
    """At least `between_swipes_s` seconds from swipe to swipe, and up to `jitter_s` more, drawn from `seed`."""

    between_swipes_s: float = 0.0
    jitter_s: float = 0.0
    seed: int = 0

    def gap_s(self, position: int) -> float:
        """Seconds to keep between the swipe of `position` and the one before."""
        return self.between_swipes_s + rng(self.seed, "pace", position).uniform(0.0, self.jitter_s)


@dataclass
class Doing:
    """An action under way. It outlives a crashed page: what was done on it is not done again, and its dwell is kept."""

    item: SiteItem
    action: Action
    position: int
    wanted_s: float
    dwelled_s: float = 0.0
    liked: bool = False
    advanced: bool = False
    errors: list[str] = field(default_factory=list)
    since: float | None = None
    click: tuple[float, float] | None = None


class Hands:
    """What acts on a page, for one session. `time_scale` is how many seconds of clip go by in one of ours."""

    def __init__(self, site: Site, pace: Pace, time_scale: float = 1.0) -> None:
        self._site, self._pace, self._scale = site, pace, time_scale
        self._last_swipe: float | None = None

    async def carry_out(self, guarded: GuardedPage, doing: Doing) -> None:
        """Do what is left of `doing`. Raises PageLost or Playwright's errors when the page goes; what was done until then is in `doing`."""
        page = guarded.page
        await self._keep_pace(guarded, doing)
        try:
            doing.since = await let_run(self._site, page)
            if doing.action.kind is ActionKind.LIKE and not doing.liked:
                await self._dwell(guarded, doing, _LIKE_AT * doing.wanted_s)
                await self._like(page, doing)
            await self._dwell(guarded, doing, doing.wanted_s)
            await self.swipe(page, doing)
        finally:
            self._count(doing)
        if not doing.advanced:
            await stand_still(self._site, page)

    async def swipe(self, page: Page, doing: Doing) -> None:
        """Swipe until the item changes, at most twice; `doing` tells whether it did."""
        refusal = ""
        for _ in range(2):
            begun = time.perf_counter()
            refusal = await self._tried(self._site.advance(page))
            if await self._gone_on(page, doing.item.id):
                self._last_swipe = begun
                doing.advanced = True
                return
        doing.errors.append("the feed did not move on after two swipes" + await self._because(page, refusal))

    async def _gone_on(self, page: Page, item: str) -> bool:
        """Whether another item, or the end of the feed, is on the screen in time. Longer while nothing is."""
        begun = time.perf_counter()
        while True:
            current = await self._site.current(page)
            if current.id != item if current is not None else await self._site.at_end(page):
                return True
            if time.perf_counter() - begun > (_SWIPE_S if current is not None else _BETWEEN_S):
                return False
            await asyncio.sleep(_POLL_S)

    async def _like(self, page: Page, doing: Doing) -> None:
        for _ in range(2):
            doing.click = await self._like_place(page, doing.item.box) or doing.click
            refusal = await self._tried(self._site.like(page))
            doing.liked = await _until(lambda: self._is_liked(page, doing.item.id), _LIKE_S)
            if doing.liked:
                return
            if await self._site.wall(page) is not None:
                break  # the press brought it up: another would be one on the wall
        doing.errors.append("the page did not register the like" + await self._because(page, refusal))

    async def _like_place(self, page: Page, box: tuple[float, float, float, float] | None) -> tuple[float, float] | None:
        """Where like will be pressed, in fractions of the picture: `box` of the viewport, or all of it. None where nobody can tell."""
        from playwright.async_api import TimeoutError as PlaywrightTimeout  # noqa: PLC0415 - loaded with the browser

        try:
            point = await self._site.like_point(page) if isinstance(self._site, Pointing) else None
        except PlaywrightTimeout:  # the button went away
            point = None
        size = page.viewport_size
        if point is None or size is None:
            return None
        left, top, width, height = box or (0.0, 0.0, float(size["width"]), float(size["height"]))
        if width <= 0 or height <= 0:
            return None
        x, y = (point[0] - left) / width, (point[1] - top) / height
        return (round(x, 4), round(y, 4)) if 0 <= x <= 1 and 0 <= y <= 1 else None

    async def _because(self, page: Page, refusal: str) -> str:
        """Why the page did not do as asked, as far as it tells: a wall goes before a gesture that was not taken."""
        wall = await self._site.wall(page)
        why = wall.say if wall is not None else refusal
        return f" ({why})" if why else ""

    async def _tried(self, gesture: Awaitable[None]) -> str:
        """Empty, or why the page did not take the gesture: a button that is covered is the page's answer, not our failure."""
        from playwright.async_api import TimeoutError as PlaywrightTimeout  # noqa: PLC0415 - loaded with the browser

        try:
            await gesture
        except PlaywrightTimeout:
            return "it did not take the input"
        return ""

    async def _is_liked(self, page: Page, item: str) -> bool:
        current = await self._site.current(page)
        return current is not None and current.id == item and current.liked

    async def _dwell(self, guarded: GuardedPage, doing: Doing, until_s: float) -> None:
        """Wait until the dwell so far is `until_s` seconds of clip."""
        assert doing.since is not None
        left = (until_s - doing.dwelled_s) / self._scale - (time.perf_counter() - doing.since)
        if left > 0:
            await guarded.sleep(left)

    def _count(self, doing: Doing) -> None:
        if doing.since is not None:
            end = self._last_swipe if doing.advanced and self._last_swipe is not None else time.perf_counter()
            doing.dwelled_s += (end - doing.since) * self._scale
            doing.since = None

    async def _keep_pace(self, guarded: GuardedPage, doing: Doing) -> None:
        if self._last_swipe is not None:
            due = self._last_swipe + self._pace.gap_s(doing.position) - doing.wanted_s / self._scale
            if due > time.perf_counter():
                await guarded.sleep(due - time.perf_counter())


async def _until(holds: Callable[[], Awaitable[bool]], patience_s: float) -> bool:
    deadline = time.perf_counter() + patience_s
    while not await holds():
        if time.perf_counter() > deadline:
            return False
        await asyncio.sleep(_POLL_S)
    return True
