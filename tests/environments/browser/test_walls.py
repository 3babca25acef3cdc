"""A feed on the sites' replicas, as a session sees it: advertisements, live items, walls that come up in the middle."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Page

from environments.base import Action, ActionKind
from environments.browser import acting
from environments.browser.driver import shared_driver
from environments.browser.environment import BrowserFeed
from environments.browser.network import AllowList
from environments.browser.sites.registry import load_site
from personas.errors import EnvironmentFailed

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = ("tiktok", "youtube_shorts", "instagram_reels")
SAYS = {"login": "asks for a login", "consent": "asks about cookies", "captcha": "asks whether you are a person"}
PASS = Action(ActionKind.PASS)
Replicas = Callable[[str, str], str]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def browser():
    """One browser for the whole module."""
    driver = shared_driver(AllowList(["127.0.0.1"]))
    await driver.acquire()
    yield
    await driver.release()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is given a second to move or to register a like."""
    monkeypatch.setattr(acting, "_SWIPE_S", 1.0)
    monkeypatch.setattr(acting, "_LIKE_S", 1.0)


@asynccontextmanager
async def feed_on(replicas: Replicas, name: str, scenario: str):
    """An open feed on a site's replica."""
    feed = BrowserFeed(load_site(name, replicas(name, scenario)), frames=1)
    await feed.open()
    try:
        yield feed
    finally:
        await feed.close()


@pytest.mark.parametrize("name", NAMES)
async def test_an_advertisement_is_marked_and_a_live_item_passed_over(replicas: Replicas, name: str) -> None:
    """The advertisement is shown as one, the live item after it becomes a problem, and the item after that is the next stimulus."""
    async with feed_on(replicas, name, "ends@2") as feed:
        first = await feed.observe()
        assert first is not None and first.ad
        assert (await feed.act(PASS)).advanced
        second = await feed.observe()
        assert second is not None and not second.ad
        assert (second.position, second.text.author) == (1, "sponsored")
        assert [problem.reason for problem in feed.problems] == ["it is live"]


@pytest.mark.parametrize(("name", "kind"), list(zip(NAMES, SAYS, strict=True)))
async def test_a_wall_in_the_middle_of_a_feed_is_reported(replicas: Replicas, name: str, kind: str) -> None:
    """What was shown before it counts; in place of the next stimulus comes the wall's own line, and nothing on it is pressed."""
    async with feed_on(replicas, name, f"{kind}-after-3@2") as feed:
        assert await feed.observe() is not None
        assert (await feed.act(PASS)).advanced
        with pytest.raises(EnvironmentFailed, match=SAYS[kind]):
            await feed.observe()
        assert await page_of(feed).evaluate("replica.wallClicks") == 0


@pytest.mark.parametrize("name", NAMES)
async def test_a_wall_over_a_complete_item_is_no_stimulus(replicas: Replicas, name: str) -> None:
    """A wall that comes up while the item under it is looked at is reported: its picture would be taken for the item's."""
    async with feed_on(replicas, name, "endless") as feed:
        site = feed._site
        found = site.video

        async def video(page: Page) -> str | None:
            await page.evaluate("showWall('login')")
            return await found(page)

        site.video = video
        with pytest.raises(EnvironmentFailed, match="asks for a login"):
            await feed.observe()


@pytest.mark.parametrize("name", NAMES)
async def test_a_like_that_meets_a_wall_says_so(replicas: Replicas, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A like that needs a login: pressed once, not registered, and the wall is named in the outcome and in place of the next stimulus."""
    monkeypatch.setattr(acting, "_SWIPE_S", 0.3)  # nothing is to move
    monkeypatch.setattr(acting, "_LIKE_S", 0.4)
    async with feed_on(replicas, name, "login-on-like") as feed:
        shown = await feed.observe()
        assert shown is not None
        outcome = await feed.act(Action(ActionKind.LIKE, 0.0))
        assert not outcome.like_registered
        assert "did not register the like" in str(outcome.error) and "asks for a login" in str(outcome.error)
        assert await page_of(feed).evaluate("replica.presses") == {shown.id: 1}
        with pytest.raises(EnvironmentFailed, match="asks for a login"):
            await feed.observe()


def page_of(feed: BrowserFeed) -> Page:
    """The Playwright page of a feed."""
    return feed._keeper.page.page
