"""Instagram's reels on the web. Class names are made anew with each release; names for assistive technology and links are what holds."""

from __future__ import annotations

from environments.browser.sites.feed_site import FeedSite
from environments.browser.sites.layout import Find, Layout, Sign

__all__ = ["InstagramReels"]

REEL = r"/(?:reels?|p)/(?!audio/)([\w-]{5,})"
PROFILE = r"^(?:https?://[^/]+)?/(?!reels?/|p/|explore/|accounts/|stories/|direct/|audio/)([\w.]{1,30})/(?:reels/)?(?:[?#].*)?$"

LIKE = (
    *("like", "gefällt mir", "j’aime", "j'aime", "me gusta", "mi piace", "curtir", "vind ik leuk", "нравится"),
    *("いいね！", "좋아요", "赞"),
)
UNLIKE = (
    *("unlike", "gefällt mir nicht mehr", "je n’aime plus", "je n'aime plus", "ya no me gusta", "non mi piace più", "descurtir"),
    *("niet meer leuk vinden", "не нравится", "「いいね！」を取り消す", "좋아요 취소", "取消赞"),
)
COMMENT = (
    *("comment", "kommentieren", "commenter", "comentar", "commenta", "opmerking plaatsen", "комментировать"),
    *("コメントする", "댓글 달기", "评论"),
)


def icons(names: tuple[str, ...], more: str = "") -> str:
    """Pictures with one of these names; `more` narrows it, because comments have small hearts of their own."""
    return ", ".join(f'svg[aria-label="{name}" i]{more}' for name in names)


def beside(names: tuple[str, ...]) -> str:
    """The button with one of these pictures, and the text that follows it."""
    press = ", ".join(f'[role="button"]:has(svg[aria-label="{name}" i]), button:has(svg[aria-label="{name}" i])' for name in names)
    return f":is({press}), :is({press}) + *"


LAYOUT = Layout(
    containers=("main article", "article", '[role="main"] [role="group"]', "section > main > div > div"),
    ids=(
        Find('a[href*="/reel/"], a[href*="/reels/"]', "href", REEL),
        Find('a[href*="/p/"]', "href", REEL),
        Find("", "data-media-id", r"([\w-]{5,})"),
        Find('a[href*="/live/"]', "href", r"/([\w.]+)/live/?$"),
    ),
    address_id=REEL,
    link="/reel/{id}/",
    live_link="/{author}/live/",
    caption=(
        Find('h1[dir="auto"]'),
        Find('[data-testid="reel-caption"], [data-testid="post-comment-root"]'),
        Find('span[dir="auto"]:not(a span):not([role="button"] span):not(button span)', pattern=r"([\s\S]{12,})"),
    ),
    author=(Find('a[role="link"][href]', "href", PROFILE), Find("a[href]", "href", PROFILE)),
    tags='a[href*="/explore/tags/"]',
    sound=(Find('a[href*="/reels/audio/"], a[href*="/audio/"]'), Find('a[href*="/reels/audio/"]', "aria-label")),
    counts={"likes": (Find(beside(LIKE + UNLIKE)),), "comments": (Find(beside(COMMENT)),)},
    ad=('a[href*="/ads/about"]', '[aria-label="Sponsored" i]', '[data-testid="ad-cta"]'),
    live=('a[href$="/live/"]', '[aria-label="Live" i]'),
    like=(icons(LIKE + UNLIKE, '[height="24"]'), icons(LIKE + UNLIKE)),
    pressed=(icons(UNLIKE, '[height="24"]'), ", ".join(f'[role="button"]:has(svg[aria-label="{name}" i])' for name in UNLIKE)),
    own_words=('[dir="auto"]:is(h1, span)', '[data-testid="reel-caption"]', 'a[href^="/"]:not([href*="/ads/"])'),
    signs=(
        Sign(
            "captcha", ('iframe[src*="captcha"]', "#recaptcha-iframe"), address=r"^[^?#]*/(?:challenge|auth_platform|accounts/suspended)/"
        ),
        Sign(
            "login",
            (
                'input[name="username"]',
                'form[id*="login" i]',
                '[role="dialog"] a[href*="/accounts/login"], [role="dialog"] a[href*="/accounts/signup"]',
            ),
            address=r"^[^?#]*/accounts/(?:login|signup|emailsignup)",
        ),
        Sign("consent", ('[data-testid^="cookie-policy"], [data-cookiebanner]',)),
        Sign("consent", ('[role="dialog"]',), words=r"\bcookies?\b"),
        Sign(
            "unavailable",
            ("main h2, main [role='alert']",),
            address="^chrome-error:",
            words=r"isn.t available|something went wrong|wait a few minutes",
        ),
        Sign("end", ("main [role='status'], main h2, main h3",), words=r"all caught up|no more (?:reels|posts)|end of (?:the )?feed"),
    ),
    next_button=('[aria-label="Navigate to next Reel" i]', 'button[aria-label="Next" i], [role="button"][aria-label="Next" i]'),
    gestures=("wheel", "key", "button"),
)


class InstagramReels(FeedSite):
    """https://www.instagram.com/reels/. Asks for a login after a few reels, or at once."""

    name = "instagram_reels"
    title = "Instagram"
    home = "https://www.instagram.com"
    path = "/reels/"
    hosts = ("*.instagram.com", "*.cdninstagram.com", "*.fbcdn.net")
    layout = LAYOUT
