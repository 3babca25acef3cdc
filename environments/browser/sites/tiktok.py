"""TikTok's For You feed on the web. The page names its parts for its own tests (`data-e2e`), which outlives its class names."""

from __future__ import annotations

from environments.browser.sites.feed_site import FeedSite
from environments.browser.sites.layout import Find, Layout, Sign

__all__ = ["TikTok"]

VIDEO_ID = r"(\d{15,25})"

LAYOUT = Layout(
    containers=('[data-e2e="recommend-list-item-container"]', "[data-cinema-mode-snap-row]", '[data-e2e="feed-item"]', "article"),
    ids=(
        Find('[id^="xgwrapper-"]', "id", rf"xgwrapper-\d+-{VIDEO_ID}"),  # the player's own element: the surest
        Find("", "data-cinema-mode-snap-row", VIDEO_ID),
        Find("", "data-video-id", VIDEO_ID),
        Find('a[href*="/live"]', "href", r"/(@[^/?]+)/live"),  # a live item has no video, its room has an address
        Find('a[href*="/video/"], a[href*="/photo/"]', "href", rf"/(?:video|photo)/{VIDEO_ID}"),
    ),
    address_id=rf"/(?:video|photo)/{VIDEO_ID}",
    link="/@{author}/video/{id}",
    live_link="/@{author}/live",
    caption=(Find('[data-e2e="video-desc"]'), Find('[data-e2e="browse-video-desc"]'), Find('[data-e2e="new-desc-span"]')),
    author=(
        Find('[data-e2e="video-author-avatar"], [data-e2e="video-author-uniqueid"] a', "href", r"/@([^/?#]+)"),
        Find('[data-e2e="video-author-uniqueid"]'),
        Find('a[href*="/@"]', "href", r"/@([^/?#]+)"),
    ),
    tags='[data-e2e="search-common-link"], a[href*="/tag/"]',
    sound=(
        Find('[data-e2e="video-music"]', "aria-label", r"^watch more videos with music (.+)$"),
        Find('[data-e2e="video-music"]'),
        Find('[data-e2e="video-music"], a[href*="/music/"]', "aria-label"),
    ),
    counts={
        "likes": (Find('[data-e2e="like-count"], [data-e2e="browse-like-count"]'),),
        "comments": (Find('[data-e2e="comment-count"], [data-e2e="browse-comment-count"]'),),
        "saves": (Find('[data-e2e="favorite-count"], [data-e2e="undefined-count"], [data-e2e="collect-count"]'),),
        "shares": (Find('[data-e2e="share-count"]'),),
    },
    ad=('[data-e2e="ad-tag"]', '[data-e2e="ad-label"]', '[data-e2e="ad-link"]', '[data-e2e="for-you-ad"]', '[data-e2e*="recommend-ad"]'),
    live=('[data-e2e="feed-live"]', '[data-e2e="live-tag"]', 'a[href$="/live"]'),
    like=(
        '[data-e2e="like-icon"], [data-e2e="browse-like-icon"], [data-e2e="feed-like-icon"]',
        'button[aria-label*="like video" i]',
        'button[aria-label*="like" i]',
    ),
    pressed=('[data-e2e="like-icon"][data-liked="true"]', 'button[aria-label^="unlike" i]'),
    pressed_colour=(254, 44, 85),
    own_words=('[data-e2e="video-desc"]', '[data-e2e="browse-video-desc"]', 'a[href*="/@"]', 'a[href*="/music/"]'),
    signs=(
        Sign(
            "captcha",
            (
                '#captcha-verify-container, [id^="captcha-verify-container"], .captcha-verify-container, .captcha_verify_container',
                '[id^="captcha_container"], .secsdk-captcha-wrapper, iframe[src*="captcha"]',
            ),
        ),
        Sign("login", ('[data-e2e="login-modal"]', "#login-modal", "#loginContainer"), address=r"^[^?#]*/login(?:[/?#]|$)"),
        Sign("consent", ("tiktok-cookie-banner", ".tiktok-cookie-banner", '[data-e2e="cookie-banner"]')),
        Sign("unavailable", ('[data-e2e="feed-error"]', '[class*="DivErrorContainer"]'), address="^chrome-error:"),
        Sign("end", ('[data-e2e="feed-end"]', '[role="status"]'), words=r"no more (?:videos|posts)|all caught up"),
    ),
    next_button=('[data-e2e="feed-navigation-next"]', '[data-e2e="arrow-right"]', 'button[aria-label="Next video"]'),
    gestures=("key", "button", "wheel"),
)


class TikTok(FeedSite):
    """https://www.tiktok.com/foryou. Shows a few videos without a login, in most countries."""

    name = "tiktok"
    title = "TikTok"
    home = "https://www.tiktok.com"
    path = "/foryou"
    hosts = (
        *("*.tiktok.com", "*.tiktokv.com", "*.tiktokv.us", "*.tiktokv.eu", "*.ttwstatic.com"),
        *("*.tiktokcdn.com", "*.tiktokcdn-us.com", "*.tiktokcdn-eu.com", "*.byteoversea.com", "*.ibytedtos.com", "*.ibyteimg.com"),
    )
    layout = LAYOUT
