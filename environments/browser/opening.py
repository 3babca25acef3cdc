"""Opens the browser environment that a session asks for: the local page over a feed, or a platform's site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.browser.chromium import require_chromium, require_surroundings
from environments.browser.sites.registry import load_site
from environments.request import FeedRequest
from personas.errors import FeedError

if TYPE_CHECKING:
    from environments.browser.environment import BrowserFeed

__all__ = ["open_environment"]

LOCAL = "local"


def open_environment(request: FeedRequest) -> BrowserFeed:
    """A feed in Chromium, ready for `open`. Blocks while files are checked.

    Raises FeedError for what cannot be shown or an option that cannot be kept here, EnvironmentFailed when there is no Chromium.
    """
    from environments.browser.environment import BrowserFeed  # noqa: PLC0415 - Playwright loads when used

    require_surroundings(headed=request.headed)
    require_chromium()
    if request.site == LOCAL:
        return _local(request)
    site = load_site(request.site)
    if request.time_scale != 1.0:
        raise FeedError(f"only the local page can be told another time scale, not {request.site}")
    if request.labels_required:
        raise FeedError(f"{request.site} carries no value labels, and this model answers from labels; use another model")
    return BrowserFeed(
        site,
        frames=request.frames,
        first_moment=request.first_moment,
        videos=request.videos,
        headed=request.headed,
        profile=request.profile,
    )


def _local(request: FeedRequest) -> BrowserFeed:
    from environments.browser.sites.local import open_local_feed  # noqa: PLC0415
    from environments.feeds import check_labels, check_playable, load_feed  # noqa: PLC0415

    loaded = load_feed(request.feed)
    check_playable(request.feed, loaded)
    if request.labels_required:
        check_labels(request.feed, loaded)
    return open_local_feed(
        loaded,
        policy=request.policy,
        seed=request.seed,
        videos=request.videos,
        frames=request.frames,
        first_moment=request.first_moment,
        counts=request.counts,
        time_scale=request.time_scale,
        headed=request.headed,
    )
