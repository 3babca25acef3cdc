"""Where like was pressed is known, in fractions of the picture that the respondent saw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.async_api import Browser

from environments.base import Action, ActionKind
from environments.browser.driver import shared_driver
from environments.browser.environment import BrowserFeed
from environments.browser.network import AllowList
from environments.browser.sites.local import LIKE, LocalSite
from tests.environments.browser.plain_feed import page_of, served
from tests.environments.conftest import write_video

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_like_has_its_place_and_nothing_else_has(tmp_path: Path, chromium_browser: Browser) -> None:
    """The place of a press lies within the like button on the screen; a watch has none, and neither has a site that cannot tell."""
    clip = write_video(tmp_path / "clip.webm", codec="libvpx", size=(180, 320))
    driver = shared_driver(AllowList(["127.0.0.1"]))
    await driver.acquire()
    try:
        with served({"/": page_of(clip, clips=3)}) as (url, _):
            feed = BrowserFeed(LocalSite(f"{url}/"), frames=1)
            await feed.open()
            await feed.observe()
            page = feed._keeper.page.page
            box = await page.locator(LIKE).bounding_box()
            liked = await feed.act(Action(ActionKind.LIKE, 0.2))
            await feed.observe()
            watched = await feed.act(Action(ActionKind.WATCH, 0.2))
            size = page.viewport_size
            await feed.close()
    finally:
        await driver.release()
    assert liked.like_registered and liked.click is not None and box is not None and size is not None
    x, y = liked.click[0] * size["width"], liked.click[1] * size["height"]
    assert box["x"] < x < box["x"] + box["width"] and box["y"] < y < box["y"] + box["height"]
    assert watched.click is None
    assert json.loads(json.dumps(liked.click)) == list(liked.click)
