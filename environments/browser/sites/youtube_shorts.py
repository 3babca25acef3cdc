"""YouTube Shorts on the web. One renderer at a time is active, and the page's address names the short."""

from __future__ import annotations

from environments.browser.sites.feed_site import FeedSite
from environments.browser.sites.layout import Find, Layout, Sign

__all__ = ["YouTubeShorts"]

VIDEO_ID = r"([\w-]{11})(?![\w-])"
COUNT = "span[role='text'], .yt-spec-button-shape-with-label__label, .ytSpecButtonShapeWithLabelLabel"

LAYOUT = Layout(
    containers=("ytd-reel-video-renderer", ".reel-video-in-sequence-new", "ytm-reel-player-renderer", "ytd-shorts"),
    active="[is-active], [is-active-reel='true']",
    ids=(
        Find("a.ytp-title-link", "href", rf"/(?:shorts/|watch\?v=){VIDEO_ID}"),
        Find(".reel-video-in-sequence-thumbnail, #thumbnail, [style*='/vi/']", "style", rf"/vi(?:_webp)?/{VIDEO_ID}"),
        Find("", "data-video-id", VIDEO_ID),
    ),
    address_id=rf"/shorts/{VIDEO_ID}",
    link="/shorts/{id}",
    caption=(
        Find("yt-shorts-video-title-view-model h1, yt-shorts-video-title-view-model h2"),
        Find(".ytShortsVideoTitleViewModelShortsVideoTitle"),
        Find("yt-reel-metapanel-view-model h1, yt-reel-metapanel-view-model h2, h2.title"),
    ),
    author=(
        Find("yt-reel-channel-bar-view-model a, ytd-channel-name a", "href", r"/@([^/?#]+)"),
        Find("yt-reel-channel-bar-view-model a, ytd-channel-name a, #channel-name a"),
    ),
    tags="yt-reel-metapanel-view-model a[href*='/hashtag/'], yt-shorts-video-title-view-model a[href*='/hashtag/']",
    sound=(
        Find("reel-sound-metadata-view-model"),
        Find("yt-reel-metapanel-view-model a[href*='/source/']"),
        Find("a[href*='/source/'] [aria-label], a[href*='/source/']", "aria-label"),
    ),
    counts={
        "likes": (
            *(Find(f"{like} {part.strip()}") for like in ("like-button-view-model", "#like-button") for part in COUNT.split(",")),
            Find("like-button-view-model button, #like-button button", "aria-label"),
        ),
        "comments": (
            Find("button[aria-label*='comment' i]", "aria-label"),
            *(Find(f"#comments-button {part.strip()}") for part in COUNT.split(",")),
        ),
    },
    ad=("ytd-ad-slot-renderer", "ad-slot-renderer", "ad-badge-view-model", "badge-shape[aria-label*='sponsored' i]", ".ad-showing"),
    live=(".ytp-live-badge:not([disabled])", "badge-shape[aria-label='LIVE' i]", ".ytp-live"),
    like=("like-button-view-model button", "#like-button button", "button[aria-label^='like this video' i]"),
    own_words=("yt-shorts-video-title-view-model", "yt-reel-channel-bar-view-model", "reel-sound-metadata-view-model"),
    signs=(
        Sign("captcha", ("iframe[src*='recaptcha']", "#captcha-form"), address=r"^https?://(?:[\w-]+\.)*google\.[\w.]+/sorry"),
        Sign(
            "captcha",
            ("yt-playability-error-supported-renderers, .ytp-error, yt-player-error-message-renderer",),
            "",
            "not a bot",
            inside=True,
        ),
        Sign(
            "login",
            ("ytd-popup-container a[href*='ServiceLogin'], ytd-popup-container a[href*='accounts.google.com']",),
            address=r"^https?://accounts\.(?:google|youtube)\.",
        ),
        Sign(
            "consent",
            ("ytd-consent-bump-v2-lightbox", "form[action*='consent.youtube.'], form[action*='consent.google.']"),
            address=r"^https?://consent\.(?:youtube|google)\.",
        ),
        Sign("unavailable", ("ytd-shorts [role='alert'], #error-page, yt-network-error",), address="^chrome-error:"),
        Sign("end", ("ytd-shorts [role='status'], ytd-message-renderer",), words=r"no more shorts|end of (?:the )?feed|all caught up"),
    ),
    next_button=("#navigation-button-down button", "button[aria-label='Next video']", "button[aria-label='Next Short']"),
    gestures=("key", "button", "wheel"),
)


class YouTubeShorts(FeedSite):
    """https://www.youtube.com/shorts. Plays without a login; in Europe it asks about cookies first."""

    name = "youtube_shorts"
    title = "YouTube"
    home = "https://www.youtube.com"
    path = "/shorts"
    hosts = (
        *("*.youtube.com", "*.ytimg.com", "*.googlevideo.com", "*.ggpht.com", "*.googleusercontent.com", "*.gstatic.com"),
        *("www.google.com", "accounts.google.com", "consent.google.com", "youtubei.googleapis.com", "jnn-pa.googleapis.com"),
    )
    layout = LAYOUT
