"""A site adapter out of a layout: starts the feed, reads it, likes and advances by real input. The sites differ in their data."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import quote, urlsplit
from weakref import WeakKeyDictionary

from environments.base import StimulusText
from environments.browser.site import SiteItem, Wall
from environments.browser.sites.layout import Gesture, Layout
from environments.browser.sites.reading import hashtags_of, one_space, parse_count
from environments.browser.sites.snapshot import Reading, find_button, read_item, read_sign
from personas.errors import EnvironmentFailed

if TYPE_CHECKING:
    from playwright.async_api import Page, Response

__all__ = ["FeedSite"]

WallKind = Literal["login", "consent", "captcha", "unavailable"]

POLITE_S = 2.0
"""A person does not swipe faster for long: the least time from swipe to swipe on a real site, in seconds."""

START_TIMEOUT_S = 30.0
SETTLE_S = 15.0

WALLS: dict[WallKind, str] = {
    "captcha": "{site} asks whether you are a person: open it once with a visible browser and your own profile folder, and answer by hand",
    "login": "{site} asks for a login: log in once by hand with a visible browser and a profile folder, which is used from then on",
    "consent": "{site} asks about cookies: answer once by hand with a visible browser and a profile folder, which remembers it",
    "unavailable": "{site} shows an error in place of the feed: try again later, and see whether it works in your own browser",
}
"""What the user can do about each kind; in the order in which they are reported when several show."""

HTTP_ERROR = 400


class FeedSite:
    """An adapter; subclasses give the class attributes. One object can serve several pages.

    `base_url` puts another server in the site's place (the tests' replicas), and then no other host may be reached. `pace_s` is the least
    time from swipe to swipe, in seconds, that whoever drives the site should keep; 0 at another server.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    home: ClassVar[str]
    path: ClassVar[str]
    hosts: ClassVar[Sequence[str]]
    layout: ClassVar[Layout]
    resumable = False
    can_seek = False

    def __init__(self, base_url: str = "") -> None:
        self.base_url = base_url.rstrip("/") or self.home
        self.origins: Sequence[str] = (urlsplit(base_url).hostname or "",) if base_url else self.hosts
        self.pace_s = 0.0 if base_url else POLITE_S
        self._swipes: WeakKeyDictionary[Page, tuple[str, int]] = WeakKeyDictionary()

    async def start(self, page: Page) -> None:
        """Go to the feed and wait up to 15 s until an item or a wall shows. Raises EnvironmentFailed when the site cannot be reached."""
        from playwright.async_api import Error  # noqa: PLC0415

        try:
            answer = await page.goto(self.base_url + self.path, wait_until="domcontentloaded", timeout=START_TIMEOUT_S * 1000)
        except Error as error:
            raise EnvironmentFailed(f"{self.title} cannot be reached ({_reason(error.message)}): check the internet connection") from error
        await self._settle(page)
        await self._check_answer(page, answer)

    async def wall(self, page: Page) -> Wall | None:
        """What stands before the feed, None when nothing does."""
        shown = await read_sign(page, self.layout, *WALLS)
        return next((Wall(kind, say.format(site=self.title)) for kind, say in WALLS.items() if kind == shown), None)

    async def current(self, page: Page) -> SiteItem | None:
        """The item that fills the middle of the viewport, at rest and read twice alike; None when there is none."""
        seen = await read_item(page, self.layout)
        return None if seen is None else self._item(seen)

    async def at_end(self, page: Page) -> bool:
        """Whether the page says that there is nothing more."""
        return await read_sign(page, self.layout, "end") is not None

    async def like(self, page: Page) -> None:
        """Press like once with the mouse, unless the item is liked, has no such button, or something covers it: that would be pressed."""
        seen = await read_item(page, self.layout)
        if seen is not None and not seen.liked and seen.like is not None and seen.like.free:
            await page.mouse.click(seen.like.x, seen.like.y)

    async def like_point(self, page: Page) -> tuple[float, float] | None:
        """See `environments.browser.acting.Pointing`."""
        seen = await read_item(page, self.layout)
        return (seen.like.x, seen.like.y) if seen is not None and seen.like is not None and seen.like.free else None

    async def advance(self, page: Page) -> None:
        """One swipe where the page is touched; else the site's first gesture, or its next one if that left the same item on the screen."""
        seen = await read_item(page, self.layout)
        here = seen.id if seen else ""
        last, tries = self._swipes.get(page, ("", 0))
        tries = tries + 1 if here and here == last else 0
        gestures: Sequence[Gesture] = ("swipe",) if await _is_touched(page) else self.layout.gestures
        await self._gesture(page, gestures[tries % len(gestures)], seen)
        self._swipes[page] = (here, tries)

    async def video(self, page: Page) -> str | None:
        """A CSS selector of the current item's <video>. It holds until the feed moves, because elements are recycled: ask again then."""
        seen = await read_item(page, self.layout)
        return seen.video if seen else None

    async def like_button(self, page: Page) -> bool:
        """Whether the current item has a like button that can be pressed."""
        seen = await read_item(page, self.layout)
        return seen is not None and seen.like is not None and seen.like.free

    def _item(self, seen: Reading) -> SiteItem:
        caption, author = one_space(seen.caption), one_space(seen.author).lstrip("@")
        counts = {name: _first_count(texts) for name, texts in seen.counts.items()}
        text = StimulusText(
            caption=caption,
            author=author,
            hashtags=hashtags_of(caption, seen.tags),
            sound=one_space(seen.sound),
            counts={name: count for name, count in counts.items() if count is not None},
        )
        link = (self.layout.live_link if seen.live else "") or self.layout.link
        url = self.base_url + link.format(id=quote(seen.id, safe=""), author=quote(author, safe=""))
        duration = None if seen.live else seen.duration
        return SiteItem(seen.id, text, duration, seen.liked, seen.ad, seen.live, url, seen.box)

    async def _settle(self, page: Page) -> None:
        until = time.monotonic() + SETTLE_S
        while time.monotonic() < until:
            if await read_item(page, self.layout) or await read_sign(page, self.layout, *WALLS, "end"):
                return
            await asyncio.sleep(0.1)

    async def _check_answer(self, page: Page, answer: Response | None) -> None:
        """An error page without a sign that we know is the site's refusal."""
        if answer is not None and answer.status >= HTTP_ERROR and not await self.wall(page) and not await self.current(page):
            raise EnvironmentFailed(f"{self.title} answers with HTTP {answer.status}: try again later, and not faster than a person would")

    async def _gesture(self, page: Page, gesture: Gesture, seen: Reading | None) -> None:
        size = page.viewport_size or {"width": 1280, "height": 720}
        x, y, width, height = seen.box if seen else (0, 0, size["width"], size["height"])
        pressed = await find_button(page, self.layout, self.layout.next_button) if gesture == "button" else None
        if gesture == "swipe":
            await _swipe(page, x + width / 2, y + height * 0.75, height * 0.6)
        elif gesture == "wheel":
            await page.mouse.move(x + width / 2, y + height / 2)
            await page.mouse.wheel(0, height)
        elif pressed and pressed.free:
            await page.mouse.click(pressed.x, pressed.y)
        else:
            await page.keyboard.press("ArrowDown")


async def _swipe(page: Page, x: float, y: float, distance: float) -> None:
    """A finger that is laid down, drawn up by `distance` pixels within 0.15 s and lifted."""
    steps = 10
    finger = await page.context.new_cdp_session(page)
    try:
        await finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, steps + 1):
            await asyncio.sleep(0.015)
            moved = {"x": x, "y": y - distance * step / steps}
            await finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [moved]})
        await finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    finally:
        await finger.detach()


async def _is_touched(page: Page) -> bool:
    """Whether this page's first pointing device is a finger."""
    return bool(await page.evaluate("navigator.maxTouchPoints > 0 && matchMedia('(pointer: coarse)').matches"))


def _first_count(texts: Sequence[str]) -> int | None:
    return next((count for count in map(parse_count, texts) if count is not None), None)


def _reason(message: str) -> str:
    """The browser's own word for it, such as net::ERR_NAME_NOT_RESOLVED, without addresses."""
    words = message.split()
    return next((word for word in words if word.startswith("net::")), "no answer in time")
