"""A served feed and a real browser on it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from environments.browser.chromium import LAUNCH_ARGUMENTS, require_chromium
from environments.clips import FeedItem
from environments.feedapp.app import create_app, new_token
from environments.feedapp.events import FeedEvent
from environments.feedapp.ledger import ItemRecord
from environments.feedapp.serve import serve
from environments.feedapp.settings import PageSettings
from environments.feedapp.viewing import PolicyViewing
from environments.feeds import load_feed

PHONE = {"width": 390, "height": 844}


@dataclass
class Stage:
    """A running server, and the viewings it serves by token: starting and stopping one for each test takes longer than most tests."""

    address: str
    viewings: dict[str, PolicyViewing]
    chromium: Any = None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(cache_folder: Path) -> AsyncIterator[Stage]:
    """One server for the tests of a module."""
    viewings: dict[str, PolicyViewing] = {}
    async with serve(create_app(viewings, cache_dir=cache_folder)) as address:
        yield Stage(address, viewings)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(server: Stage) -> AsyncIterator[Stage]:
    """One Chromium and one server for the tests of a module."""
    from playwright.async_api import async_playwright

    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    async with async_playwright() as playwright:
        server.chromium = await playwright.chromium.launch(executable_path=require_chromium(), args=[*LAUNCH_ARGUMENTS, *sandbox])
        yield server
        await server.chromium.close()


@pytest.fixture(scope="session")
def items(clips: Path, cache_folder: Path) -> tuple[FeedItem, ...]:
    """The test clips as items: 1 to 2.5 s, in a codec that no browser plays."""
    return load_feed(str(clips), cache_folder).items


@dataclass
class Served:
    """A viewing, where it is served, what it told, and a page on it."""

    viewing: PolicyViewing
    link: str
    page: Any = None
    events: list[FeedEvent] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def kinds(self) -> list[str]:
        """The kinds of events so far, without dwell."""
        return [event.kind.value for event in self.events if event.kind.value != "dwell"]

    def record(self, item: str) -> ItemRecord:
        """What the server counted for an item."""
        return self.viewing.ledger.items[item]

    async def current(self, other_than: str | None = None) -> str:
        """The id of the clip on the screen, once there is one (another one than given)."""
        found = await self.page.wait_for_function(
            "(old) => { const a = document.querySelector('article[data-item][aria-current=\"true\"]');"
            " return a && a.dataset.item !== old && a.dataset.item; }",
            arg=other_than,
            polling=20,
            timeout=10_000,
        )
        return str(await found.json_value())

    async def until(self, holds: Callable[[], bool], seconds: float = 5.0) -> None:
        """Waits for something to become true on the server."""
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.02)


@asynccontextmanager
async def watched(browser: Stage, items: Any, *, settings: PageSettings | None = None, context: Any = None, **viewing: Any) -> Any:
    """A `Served` with a page on its link, on a phone-sized screen without smooth scrolling unless `context` says otherwise."""
    events: list[FeedEvent] = []
    one = PolicyViewing(items, settings=settings or PageSettings(), on_event=events.append, **viewing)
    token = new_token()
    browser.viewings[token] = one
    tab = await browser.chromium.new_context(**({"viewport": PHONE, "reduced_motion": "reduce"} | (context or {})))
    try:
        served = Served(one, f"{browser.address}/v/{token}", await tab.new_page(), events)
        served.page.on("request", lambda request: served.requests.append(request.url))
        await served.page.goto(served.link)
        yield served
    finally:
        await tab.close()
        del browser.viewings[token]
