"""Every environment there is keeps the contract: simulated, recorded, the local page in a browser, and each site's replica."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from environments.base import ActionKind, Environment, PastStep, check_environment
from environments.browser.driver import shared_driver
from environments.browser.environment import BrowserFeed
from environments.browser.network import AllowList
from environments.browser.sites.local import open_local_feed
from environments.browser.sites.registry import SITES, load_site
from environments.clips import LoadedFeed
from environments.feeds import load_feed, open_feed
from environments.recorded.feed import RecordedFeed, load_recorded
from environments.recorded.recording import Recording
from environments.request import ENVIRONMENTS
from tests.environments.browser.conftest import replicas  # noqa: F401 - a fixture
from tests.environments.recorded.sessions import watch

pytestmark = pytest.mark.asyncio(loop_scope="module")
Replicas = Callable[[str, str], str]
LIVE = tuple(name for name in SITES if name != "local")
PLATFORMS = ("tiktok", "youtube_shorts", "instagram_reels")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def browser() -> AsyncIterator[None]:
    """One browser for all feeds of this file."""
    driver = shared_driver(AllowList(["127.0.0.1"]))
    await driver.acquire()
    yield
    await driver.release()


@pytest.fixture
def loaded(clips: Path, cache_folder: Path) -> LoadedFeed:
    """Seven tiny clips."""
    return load_feed(str(clips), cache_folder)


def of_clips(loaded: LoadedFeed, cache_folder: Path) -> BrowserFeed:
    return open_local_feed(loaded, policy="shuffled", seed=3, videos=3, frames=2, time_scale=16.0, cache_dir=cache_folder)


async def test_every_environment_and_site_is_checked_here() -> None:
    """A new environment or site has to be added to this file."""
    assert set(ENVIRONMENTS) == {"simulated", "browser", "recorded", "deck"}  # deck: test_deck.py
    assert LIVE == PLATFORMS


@pytest.mark.parametrize("policy", ["balanced", "shuffled", "adaptive"])
async def test_simulated(clips: Path, cache_folder: Path, policy: str) -> None:
    """The simulated feed, in each order, to its end."""
    report = await check_environment(lambda: open_feed(str(clips), policy=policy, seed=3, cache_dir=cache_folder))
    assert report.ok, report
    assert report.ended


@pytest.mark.parametrize("policy", ["recorded", "shuffled"])
async def test_recorded(clips: Path, cache_folder: Path, tmp_path: Path, policy: str) -> None:
    """A recording of the simulated feed, in its own order and in another."""
    await watch(Recording(open_feed(str(clips), policy="shuffled", seed=3, cache_dir=cache_folder), tmp_path / "kept"))
    report = await check_environment(lambda: RecordedFeed(load_recorded(tmp_path / "kept"), policy=policy, seed=4))
    assert report.ok, report
    assert report.ended


async def test_recording(clips: Path, cache_folder: Path, tmp_path: Path) -> None:
    """Whoever records changes nothing."""
    report = await check_environment(
        lambda: Recording(open_feed(str(clips), policy="shuffled", seed=3, cache_dir=cache_folder), tmp_path / "kept")
    )
    assert report.ok, report


async def test_local_page(loaded: LoadedFeed, cache_folder: Path) -> None:
    """The local page in Chromium: the same items again and after a resume, its pictures aside."""
    report = await check_environment(lambda: of_clips(loaded, cache_folder), steps=4)
    assert report.ok, report
    assert report.ended


async def test_recording_the_local_page(loaded: LoadedFeed, cache_folder: Path, tmp_path: Path) -> None:
    """What the inner feed says of itself (a hash, whether it can be resumed, whether its pictures are the same) holds for its recording."""
    inner = of_clips(loaded, cache_folder)
    kept = Recording(inner, tmp_path / "kept")
    for name in ("fingerprint", "total", "reproducible", "same_pictures"):
        assert getattr(kept, name, True) == getattr(inner, name, True), name
    assert not getattr(inner, "same_pictures", True), "screenshots are not the same bytes twice"


@pytest.mark.parametrize("name", PLATFORMS)
async def test_site(name: str, replicas: Replicas) -> None:  # noqa: F811
    """A platform's replica to the end of its feed; a live site goes on where it likes after a resume, and says so."""
    feeds: list[BrowserFeed] = []

    def feed() -> Environment:
        feeds.append(BrowserFeed(load_site(name, replicas(name, "plain@6")), frames=1))
        return feeds[-1]

    report = await check_environment(feed, steps=4)
    assert report.ok, report
    assert report.ended
    assert not feeds[-1].reproducible
    assert feeds[-1].fingerprint is None


async def test_a_live_site_is_resumed_where_it_is(replicas: Replicas) -> None:  # noqa: F811
    """After a history of its own a live site shows what it has now, at the position that comes next."""
    site = load_site("tiktok", replicas("tiktok", "endless"))
    _, past = await watch(BrowserFeed(site, frames=1), steps=1)
    assert past[0].action.kind is ActionKind.SKIP
    again = BrowserFeed(site, frames=1)
    history: list[PastStep] = [*past, *past]
    await again.open(history)
    stimulus = await again.observe()
    await again.close()
    assert stimulus is not None
    assert stimulus.position == 2
