"""The contract of a site adapter: everything the browser environment has to know about a page, and nothing about agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from environments.base import StimulusText

if TYPE_CHECKING:
    from playwright.async_api import Page

__all__ = ["Site", "SiteItem", "Wall"]


@dataclass(frozen=True)
class Wall:
    """The page shows something else than the feed, which is reported and never bypassed. `say` tells the user what to do by hand."""

    kind: Literal["login", "consent", "captcha", "unavailable"]
    say: str


@dataclass(frozen=True)
class SiteItem:
    """The item on the screen, as the page shows it.

    `id` identifies it on its site and is stable (a video id, not a position). `duration_s` is None while the video has not told it, and for
    live items. `box` is (x, y, width, height) of the viewport in CSS pixels that a person looks at: what screenshots show.
    """

    id: str
    text: StimulusText
    duration_s: float | None
    liked: bool
    ad: bool = False
    live: bool = False
    url: str = ""
    box: tuple[float, float, float, float] | None = None


class Site(Protocol):
    """A short-video site. All methods act on the page as a person does, by real input events; what they return is read from the page.

    `origins` are the host patterns that the site needs ("*.example.com"); all other requests are blocked and counted.
    `resumable` is true where `start` can put the feed where it was (the local page); elsewhere a resumed session sees new items.
    `can_seek` is true where setting a video's time is harmless, so that frames can be taken without playing the whole clip.
    """

    name: str
    origins: Sequence[str]
    resumable: bool
    can_seek: bool

    async def start(self, page: Page) -> None:
        """Go to the feed. Raises EnvironmentFailed when it cannot be reached."""
        ...

    async def wall(self, page: Page) -> Wall | None:
        """What stands before the feed, None when nothing does."""
        ...

    async def current(self, page: Page) -> SiteItem | None:
        """The item on the screen; None when the feed is over or nothing is settled yet (`at_end` tells which)."""
        ...

    async def at_end(self, page: Page) -> bool:
        """Whether the page says that there is nothing more."""
        ...

    async def like(self, page: Page) -> None:
        """Press like on the current item, once, unless it is liked."""
        ...

    async def advance(self, page: Page) -> None:
        """Swipe (or scroll, or press the key) to the next item, once. Whether it moved is the caller's question to `current`."""
        ...

    async def video(self, page: Page) -> str | None:
        """A CSS selector that matches exactly the current item's <video>, None when it has none yet."""
        ...
