"""The sites by name. To add one: a file with its class, and a line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from personas.errors import FeedError

if TYPE_CHECKING:
    from environments.browser.site import Site

__all__ = ["SITES", "load_site"]

SITES = {
    "local": "environments.browser.sites.local:LocalSite",
    "tiktok": "environments.browser.sites.tiktok:TikTok",
    "youtube_shorts": "environments.browser.sites.youtube_shorts:YouTubeShorts",
    "instagram_reels": "environments.browser.sites.instagram_reels:InstagramReels",
}
"""Name → "module:class"; the module is loaded when the site is used."""


def load_site(name: str, base_url: str = "") -> Site:
    """The adapter of this name, at another server with `base_url`. Raises FeedError for a name that is not in the registry."""
    if name not in SITES:
        raise FeedError(f"no site is called {name!r}; there are: {', '.join(SITES)}")
    module, _, attribute = SITES[name].partition(":")
    made = getattr(import_module(module), attribute)
    return cast("Site", made(base_url) if base_url else made())
