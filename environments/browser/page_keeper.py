"""Keeps a page of a site open for a session: a page or a whole browser that crashes, or hangs, is replaced by another."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from environments.browser.driver import BrowserDriver, shared_driver
from environments.browser.guarded_page import GuardedPage, PageLost, open_page
from environments.browser.network import AllowList
from environments.browser.site import Site
from personas.errors import EnvironmentFailed
from personas.one_line import one_line

__all__ = ["ANSWER_S", "PageKeeper"]

ANSWER_S = 45.0
"""A page that takes longer than this for one look or one act, dwell not counted, is hung."""

_TRIES = 3

_T = TypeVar("_T")


class PageKeeper:
    """`open` before all else, `close` after. `reopened` counts the pages that had to be replaced."""

    def __init__(self, site: Site, *, headed: bool = False, profile: Path | None = None) -> None:
        self._site, self._profile = site, profile
        self._allowed = AllowList(site.origins)
        self._driver: BrowserDriver = shared_driver(self._allowed, headed=headed)
        self._page: GuardedPage | None = None
        self._held = False
        self._blocked: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self.reopened = 0

    @property
    def page(self) -> GuardedPage:
        """The page as it is now: another one after a crash."""
        if self._page is None:
            raise PageLost("the page crashed")
        return self._page

    @property
    def blocked(self) -> Counter[str]:
        """Requests to hosts that are not the site's, by host, on all pages so far."""
        return self._blocked + (self._page.gate.blocked if self._page else Counter())

    @property
    def refused(self) -> Counter[str]:
        """What else pages tried and were refused, by name: see `GuardedPage`."""
        return self._refused + (self._page.refused if self._page else Counter())

    async def open(self) -> None:
        """Go to the feed. Raises EnvironmentFailed when there is no browser or the site cannot be reached."""
        self._held = True
        await self._driver.acquire()
        await self.persistently(self._nothing_more)

    async def close(self) -> None:
        """End the page, and the browser when no other session uses it."""
        try:
            await self._let_go()
        finally:
            if self._held:
                self._held = False
                await self._driver.release()

    async def persistently(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """`work`, begun again on a new page when the old one is lost. Raises EnvironmentFailed after the third."""
        why = ""
        for number in range(_TRIES):
            try:
                if self._page is None:
                    await self._open_page()
                return await work()
            except PageLost as lost:
                why = str(lost)
                await self._let_go()
                self.reopened += number + 1 < _TRIES
        raise EnvironmentFailed(f"the page of {self._site.name} was lost {_TRIES} times in a row: {why}")

    async def answered(self, work: Awaitable[_T], patience_s: float = ANSWER_S) -> _T:
        """What the page answers. Raises PageLost when it is gone or hung, EnvironmentFailed for what another page would not mend."""
        from playwright.async_api import Error  # noqa: PLC0415 - loads with the browser

        page = self.page
        try:
            async with asyncio.timeout(patience_s):
                return await work
        except TimeoutError as error:
            raise PageLost("it does not answer") from error
        except Error as error:
            if await page.is_gone():
                raise PageLost("it crashed") from error
            said = one_line(str(error).splitlines()[0] if str(error) else "no reason given", 200)
            raise EnvironmentFailed(f"the page of {self._site.name} broke: {said}") from error

    async def _open_page(self) -> None:
        from playwright.async_api import Error  # noqa: PLC0415

        try:
            self._page = await open_page(self._driver, self._allowed, self._profile)
        except Error as error:
            raise PageLost("the browser crashed") from error
        await self.answered(self._site.start(self._page.page))

    async def _let_go(self) -> None:
        page = self._page
        self._blocked, self._refused, self._page = self.blocked, self.refused, None
        if page is not None:
            await page.close()

    async def _nothing_more(self) -> None:
        return
