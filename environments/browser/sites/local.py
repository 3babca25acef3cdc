"""The local page (`environments.feedapp`) as a site, and a feed that serves it in the same event loop and browses it.

While the respondent looks at pictures and thinks, the page is told that it is hidden, as if another window were before it: it then
stops its clip and its own measurement of dwell. What it records is what was watched.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import urlsplit

from environments.base import Action, ActionKind, PastStep, StimulusText
from environments.browser.environment import BrowserFeed
from environments.browser.site import Site, SiteItem, Wall
from environments.clips import FeedItem, LoadedFeed, Problem, feed_fingerprint
from personas.errors import EnvironmentFailed, FeedError
from personas.one_line import one_line

if TYPE_CHECKING:
    from playwright.async_api import Page

    from environments.feedapp.settings import PageSettings
    from environments.feedapp.viewing import PolicyViewing

__all__ = ["LocalSite", "open_local_feed"]

CURRENT = 'article[data-item][aria-current="true"]'
LIKE = f"{CURRENT} button[data-role=like]"
VIDEO = f"{CURRENT} video"
HIDE = "feedIsHidden"

_KNOWN = "it could not be shown earlier in this session"

# A new clip is held in the very moment in which it becomes the current one.
_ATTENTION = """name => {
  let hidden = false, item = null;
  Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
  Object.defineProperty(document, 'visibilityState', {configurable: true, get: () => hidden ? 'hidden' : 'visible'});
  const hide = yes => {
    if (yes === hidden) return;
    hidden = yes;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  Object.defineProperty(window, name, {value: hide});
  new MutationObserver(() => {
    const now = document.querySelector('article[data-item][aria-current="true"]');
    if (now && now !== item) hide(true);
    if (now) item = now;
  }).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['aria-current']});
}"""

_READ = """() => {
  if (!document.body || !('ready' in document.body.dataset)) return null;
  const article = document.querySelector('article[data-item][aria-current="true"]');
  if (!article) return null;
  const find = role => article.querySelector(`[data-role=${role}]`);
  const part = role => (find(role) || {textContent: ''}).textContent.trim().slice(0, 5000);
  const pressed = find('like'), counts = find('counts');
  return {
    id: article.dataset.item, duration: parseFloat(article.dataset.duration),
    caption: part('caption'), author: part('author'), hashtags: part('hashtags'), sound: part('sound'),
    counts: counts && counts.dataset.counts || '{}',
    liked: pressed !== null && pressed.getAttribute('aria-pressed') === 'true',
  };
}"""


class _Read(TypedDict):
    id: str
    duration: float | None
    caption: str
    author: str
    hashtags: str
    sound: str
    counts: str
    liked: bool


class LocalSite:
    """A `Site` at `url`, an address on loopback, whose page can be told that nobody looks. See `environments.feedapp` for the page."""

    name = "local"
    resumable = True
    can_seek = True

    def __init__(self, url: str) -> None:
        self._url = url
        self.origins: Sequence[str] = (urlsplit(url).netloc,)

    async def start(self, page: Page) -> None:
        """See `Site.start`."""
        from playwright.async_api import Error  # noqa: PLC0415 - loads with the browser

        await page.add_init_script(f"({_ATTENTION})({json.dumps(HIDE)})")
        try:
            await page.goto(self._url, wait_until="domcontentloaded")
        except Error as error:
            raise EnvironmentFailed(f"the local page cannot be opened: {str(error).splitlines()[0]}") from error

    async def wall(self, page: Page) -> Wall | None:
        """See `Site.wall`. Our own page has none but the notice that its feed broke."""
        if await page.locator("[data-card=trouble]").count() == 0:
            return None
        return Wall("unavailable", "the local page stopped: its feed could not show the next clip (see the log for the reason)")

    async def current(self, page: Page) -> SiteItem | None:
        """See `Site.current`."""
        read: _Read | None = await page.evaluate(_READ)
        if read is None:
            return None
        hashtags = tuple(tag.strip() for tag in f" {read['hashtags']}".split(" #") if tag.strip())
        text = StimulusText(read["caption"], read["author"], hashtags, read["sound"], _counts(read["counts"]))
        return SiteItem(read["id"], text, read["duration"], read["liked"])

    async def at_end(self, page: Page) -> bool:
        """See `Site.at_end`."""
        return bool(await page.evaluate("() => document.body !== null && 'end' in document.body.dataset"))

    async def like(self, page: Page) -> None:
        """See `Site.like`. Pointer and focus leave the button again: what follows looks the same whether or not a clip was liked."""
        button = page.locator(LIKE)
        if await button.get_attribute("aria-pressed", timeout=2000) != "true":
            await button.click(timeout=2000)
            await button.blur(timeout=2000)
            await page.mouse.move(0, 0)

    async def like_point(self, page: Page) -> tuple[float, float] | None:
        """See `Pointing`."""
        box = await page.locator(LIKE).bounding_box(timeout=2000) if await page.locator(LIKE).count() == 1 else None
        return None if box is None else (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    async def advance(self, page: Page) -> None:
        """See `Site.advance`: by the arrow key."""
        await page.keyboard.press("ArrowDown")

    async def video(self, page: Page) -> str | None:
        """See `Site.video`. Every clip of the page has one."""
        return VIDEO

    async def hold(self, page: Page) -> None:
        """Nobody looks: the clip and the page's measurement of dwell stand still."""
        await page.evaluate("([name, yes]) => window[name](yes)", [HIDE, True])

    async def release(self, page: Page) -> None:
        """Somebody looks: the clip runs from where it stands."""
        await page.evaluate("([name, yes]) => window[name](yes)", [HIDE, False])


def _counts(shown: str) -> Mapping[str, int]:
    try:
        counts: Any = json.loads(shown)
    except ValueError:
        return {}
    return {str(name): count for name, count in counts.items() if type(count) is int} if isinstance(counts, dict) else {}


class _Served:
    """The backstage of the local page: one viewer, whose way a policy chooses."""

    def __init__(
        self, loaded: LoadedFeed, settings: PageSettings, *, policy: str, seed: int, videos: int | None, cache_dir: Path | None
    ) -> None:
        self._loaded, self._settings, self._cache_dir = loaded, settings, cache_dir
        self._policy, self._seed, self._videos = policy, seed, videos
        self._viewing: PolicyViewing | None = None
        self._serving: AsyncExitStack | None = None

    @property
    def problems(self) -> Sequence[Problem]:
        """See `Backstage.problems`."""
        return (*self._loaded.problems, *(self._viewing.problems.values() if self._viewing else ()))

    @cached_property
    def fingerprint(self) -> str:
        """See `environments.clips.feed_fingerprint`."""
        return feed_fingerprint(self._loaded.items)

    @property
    def total(self) -> int:
        """See `Backstage.total`."""
        return min(len(self._loaded.items), self._videos or len(self._loaded.items))

    async def begin(self, history: Sequence[PastStep], gone: Collection[str]) -> Site:
        """See `Backstage.begin`."""
        from environments.feedapp.app import create_app, new_token  # noqa: PLC0415 - the server loads when used
        from environments.feedapp.serve import serve  # noqa: PLC0415
        from environments.feedapp.viewing import PolicyViewing  # noqa: PLC0415

        self._viewing = PolicyViewing(
            self._loaded.items, policy=self._policy, seed=self._seed, videos=self._videos, past=history, settings=self._settings
        )
        self._viewing.problems.update({item.id: Problem(one_line(item.id), _KNOWN) for item in self._loaded.items if item.id in gone})
        token = new_token()
        self._serving = AsyncExitStack()
        address = await self._serving.enter_async_context(serve(create_app({token: self._viewing}, cache_dir=self._cache_dir)))
        return LocalSite(f"{address}/v/{token}")

    def shown(self, item: str) -> tuple[FeedItem, float | None] | None:
        """See `Backstage.shown`."""
        choice = self._viewing.current if self._viewing else None
        return (choice.item, choice.propensity) if choice and choice.item.id == item else None

    def expect(self, action: Action) -> None:
        """See `Backstage.expect`: a page cannot see that leaving a clip was meant to say nothing."""
        if self._viewing is not None and action.kind is ActionKind.PASS:
            self._viewing.withhold_feedback()

    def recorded(self, item: str) -> tuple[float, bool] | None:
        """See `Backstage.recorded`."""
        record = self._viewing.ledger.items.get(item) if self._viewing else None
        return (record.dwell_ms / 1000, record.liked) if record else None

    async def end(self) -> None:
        """See `Backstage.end`."""
        serving, self._serving = self._serving, None
        if serving is not None:
            await serving.aclose()


def open_local_feed(
    loaded: LoadedFeed,
    *,
    policy: str = "balanced",
    seed: int = 0,
    videos: int | None = None,
    frames: int = 3,
    first_moment: bool = False,
    counts: str = "shown",
    time_scale: float = 1.0,
    headed: bool = False,
    cache_dir: Path | None = None,
) -> BrowserFeed:
    """The items of `loaded` on the local page in a browser, ready for `open`, which starts the server and the browser.

    `policy`, `seed` and `videos` are those of a simulated feed: the same clips in the same order. `counts` is "shown", "hidden" or
    "random". `time_scale` in [0.1, 16] is how many seconds of clip go by in one of ours. Raises FeedError or SpecError for what
    cannot be shown.
    """
    from environments.feedapp.settings import PageSettings  # noqa: PLC0415
    from environments.feeds import POLICIES  # noqa: PLC0415

    if policy not in POLICIES:
        raise FeedError(f"there is no feed policy {policy!r}; use one of: {', '.join(POLICIES)}")
    if frames < 1 + first_moment or (videos is not None and videos < 1):
        raise FeedError("a feed needs at least one video, and one picture of each (two with the first moment of a clip)")
    settings = PageSettings(counts=counts, seed=seed, time_scale=time_scale)  # type: ignore[arg-type]  # checked there
    backstage = _Served(loaded, settings, policy=policy, seed=seed, videos=videos, cache_dir=cache_dir)
    return BrowserFeed(backstage=backstage, frames=frames, first_moment=first_moment, videos=videos, headed=headed, time_scale=time_scale)
