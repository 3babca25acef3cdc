"""The contract of what stands behind a page that is served here: it knows the items and chooses them. Real sites have none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from environments.base import Action, PastStep
from environments.browser.site import Site
from environments.clips import FeedItem, Problem

__all__ = ["Backstage"]


class Backstage(Protocol):
    """See the module. Begun and ended by the `BrowserFeed` that it is given to."""

    @property
    def problems(self) -> Sequence[Problem]:
        """What could not be shown so far, each once."""
        ...

    @property
    def fingerprint(self) -> str:
        """See `environments.base.Environment`."""
        ...

    @property
    def total(self) -> int:
        """See `environments.base.Environment`."""
        ...

    async def begin(self, history: Sequence[PastStep], gone: Collection[str]) -> Site:
        """Serve the feed as it is after `history`, without the items in `gone`; the site to browse.

        Raises EnvironmentFailed when the history is not of this feed.
        """
        ...

    def shown(self, item: str) -> tuple[FeedItem, float | None] | None:
        """The item on the screen and its propensity (None where it is not known), None when it is another one."""
        ...

    def expect(self, action: Action) -> None:
        """Be told of the action on the item on the screen, before it is done."""
        ...

    def recorded(self, item: str) -> tuple[float, bool] | None:
        """Seconds of clip that the page itself has recorded for an item, and whether a like stands; None when it has no record."""
        ...

    async def end(self) -> None:
        """Stop serving. Ending twice is fine."""
        ...
