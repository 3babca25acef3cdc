"""What of a site works today: looks at a few items as a session would, and tells what could be read and done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from environments.browser.acting import let_run
from environments.browser.chromium import require_surroundings
from environments.browser.driver import BrowserDriver
from environments.browser.guarded_page import GuardedPage, open_page
from environments.browser.network import AllowList
from environments.browser.site import Site, SiteItem, Wall
from environments.browser.sites.registry import load_site
from personas.errors import FeedError
from personas.one_line import one_line

if TYPE_CHECKING:
    from playwright.async_api import Page

__all__ = ["Finding", "check_site", "opened_site"]

_SETTLE_S = 10.0
_SWIPE_S = 4.0
_POLL_S = 0.1
BY_HAND_S = 300.0
"""How long a visible browser waits for its user to log in, or to answer what stands before the feed."""


@dataclass(frozen=True)
class Finding:
    """One line of the table. "unseen" is what not every item has, and none of those looked at had."""

    what: str
    state: Literal["works", "fails", "unseen", "note"]
    detail: str


async def check_site(
    site: Site,
    *,
    items: int = 3,
    press_like: bool = False,
    headed: bool = False,
    profile: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Finding]:
    """Opens the feed and looks at up to `items` items. Presses like, and takes nothing back, only with `press_like`.

    A wall ends the check; in a visible browser it waits up to 5 minutes for the user to answer it, and `tell` gets the line that asks.
    Raises EnvironmentFailed when the site cannot be reached or no browser starts, FeedError for a profile that is no folder.
    """
    async with _opened(site, headed, profile) as guarded:
        page = guarded.page
        await site.start(page)
        findings = [Finding("reachable", "works", urlsplit(page.url).hostname or "")]
        wall = await _wall(site, page, headed, tell)
        findings.append(Finding("wall", "fails" if wall else "works", f"{wall.kind}: {wall.say}" if wall else "none"))
        if wall is None:
            findings += await _items(site, page, items, press_like)
        blocked = guarded.gate.blocked
        hosts = ", ".join(f"{host} {times}" for host, times in blocked.most_common(4))
        return [*findings, Finding("blocked requests", "note", f"{blocked.total()}{f' ({hosts})' if hosts else ''}")]


@asynccontextmanager
async def opened_site(name: str, base_url: str = "") -> AsyncIterator[Site]:
    """The adapter of this name; the local page is served for as long as the block lasts, with the catalogue."""
    if name != "local" or base_url:
        yield load_site(name, base_url)
        return
    from environments.feedapp.app import create_app, new_token  # noqa: PLC0415 - the server loads when used
    from environments.feedapp.serve import serve  # noqa: PLC0415
    from environments.feedapp.settings import PageSettings  # noqa: PLC0415
    from environments.feedapp.viewing import PolicyViewing  # noqa: PLC0415
    from environments.feeds import load_feed  # noqa: PLC0415

    loaded, token = await asyncio.to_thread(load_feed, "catalogue"), new_token()
    viewing = PolicyViewing(loaded.items, policy="balanced", seed=0, settings=PageSettings())
    async with serve(create_app({token: viewing})) as address:
        yield load_site(name, f"{address}/v/{token}")


@asynccontextmanager
async def _opened(site: Site, headed: bool, profile: Path | None) -> AsyncIterator[GuardedPage]:
    if profile is not None:
        try:
            await asyncio.to_thread(profile.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise FeedError(f"--profile {profile} is no folder that can be used ({error.strerror}); name another") from error
    require_surroundings(headed=headed)
    allowed = AllowList(site.origins)
    driver = BrowserDriver(allowed, headed=headed)
    await driver.acquire()
    try:
        guarded = await open_page(driver, allowed, profile)
        try:
            yield guarded
        finally:
            await guarded.close()
    finally:
        await driver.release()


async def _wall(site: Site, page: Page, headed: bool, tell: Callable[[str], None]) -> Wall | None:
    wall = await site.wall(page)
    if wall is None or not headed:
        return wall
    tell(f"{wall.say}. Waiting up to {BY_HAND_S / 60:.0f} minutes for you to do it in the window.")
    until = time.monotonic() + BY_HAND_S
    while wall is not None and time.monotonic() < until and not page.is_closed():
        await asyncio.sleep(1.0)
        wall = await site.wall(page)
    return wall


async def _items(site: Site, page: Page, wanted: int, press_like: bool) -> list[Finding]:
    seen: list[SiteItem] = []
    findings: list[Finding] = []
    button, moved = False, 0
    for _ in range(wanted):
        item = await _next(site, page, seen[-1].id if seen else "", _SETTLE_S)
        if item is None:
            break
        seen.append(item)
        await let_run(site, page)
        button = button or await _has_like_button(site, page)
        if press_like and len(seen) == 1:
            findings.append(await _like(site, page, item))
        await asyncio.sleep(getattr(site, "pace_s", 0.0))
        if not await _swiped(site, page, item.id):
            break
        moved += 1
    return [
        *_reading(seen),
        Finding("like button", *_found(button, f"found{'' if press_like else ', not pressed'}" if button else "not found")),
        *findings,
        Finding("advance", *_found(0 < moved == len(seen), f"{moved} of {len(seen)} swipes moved the feed")),
    ]


async def _next(site: Site, page: Page, other_than: str, patience_s: float) -> SiteItem | None:
    """Another item at rest, and its video's length if it gets one in time."""
    until = time.monotonic() + patience_s
    found: SiteItem | None = None
    while time.monotonic() < until:
        item = await site.current(page)
        if item is not None and item.id != other_than:
            found = item
            if item.duration_s is not None or item.live:
                break
        elif item is None and await site.at_end(page):
            break
        await asyncio.sleep(_POLL_S)
    return found


async def _swiped(site: Site, page: Page, item_id: str) -> bool:
    """Whether the feed left the item, with at most two swipes, as in a session."""
    for _ in range(2):
        await site.advance(page)
        if await _left(site, page, item_id):
            return True
    return False


async def _left(site: Site, page: Page, item_id: str) -> bool:
    until = time.monotonic() + _SWIPE_S
    while time.monotonic() < until:
        item = await site.current(page)
        if item.id != item_id if item is not None else await site.at_end(page):
            return True
        await asyncio.sleep(_POLL_S)
    return False


async def _like(site: Site, page: Page, item: SiteItem) -> Finding:
    await site.like(page)
    until = time.monotonic() + _SWIPE_S
    while time.monotonic() < until:
        now = await site.current(page)
        if now is not None and now.id == item.id and now.liked:
            return Finding("like", "works", "the page shows it")
        await asyncio.sleep(_POLL_S)
    wall = await site.wall(page)
    return Finding("like", "fails", wall.say if wall else "pressed, but the page does not show it")


async def _has_like_button(site: Site, page: Page) -> bool:
    asks = getattr(site, "like_button", None)
    return bool(await asks(page)) if asks else await page.locator("button[aria-pressed]:visible").count() > 0


def _reading(seen: Sequence[SiteItem]) -> list[Finding]:
    """What could be read of the items; an id, an author and a length every one must have (a live item no length)."""
    if not seen:
        return [Finding("item id", "fails", "no item on the screen: the page has changed, or needs a login")]
    text = [item.text for item in seen]
    timed = [item.duration_s for item in seen if item.duration_s]
    counts = sorted({name for each in text for name in each.counts})
    return [
        Finding("item id", *_found(len({item.id for item in seen}) == len(seen), ", ".join(item.id for item in seen))),
        Finding("caption", *_seen([each.caption for each in text])),
        Finding("author", *_found(all(each.author for each in text), ", ".join(each.author or "missing" for each in text))),
        Finding("hashtags", *_seen([" ".join(f"#{tag}" for tag in each.hashtags) for each in text])),
        Finding("sound", *_seen([each.sound for each in text])),
        Finding("counts", *_seen([", ".join(f"{name} {_largest(seen, name)}" for name in counts)])),
        Finding(
            "duration", *_found(bool(timed) or all(item.live for item in seen), ", ".join(f"{each:.1f} s" for each in timed) or "none")
        ),
        Finding("ad mark", *_seen([f"{sum(item.ad for item in seen)} of {len(seen)} items" if any(item.ad for item in seen) else ""])),
        Finding(
            "live mark", *_seen([f"{sum(item.live for item in seen)} of {len(seen)} items" if any(item.live for item in seen) else ""])
        ),
    ]


def _found(yes: bool, detail: str) -> tuple[Literal["works", "fails"], str]:
    return ("works" if yes else "fails", one_line(detail, 90))


def _seen(texts: Sequence[str]) -> tuple[Literal["works", "unseen"], str]:
    first = next((text for text in texts if text), "")
    return ("works", one_line(first, 90)) if first else ("unseen", "on none of the items")


def _largest(seen: Sequence[SiteItem], name: str) -> int:
    return max(item.text.counts.get(name, 0) for item in seen)
