"""The local page in a real browser, as an environment: the clock, the page's own record, resuming, crashes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from environments.base import Action, ActionKind, PastStep, StimulusText
from environments.browser.driver import shared_driver
from environments.browser.environment import BrowserFeed
from environments.browser.network import AllowList
from environments.browser.sites.local import open_local_feed
from environments.folder import load
from personas.errors import EnvironmentFailed, FeedError, SpecError
from tests.environments.conftest import write_video

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIKE, WATCH, SKIP, PASS = (
    Action(ActionKind.LIKE, 1.0),
    Action(ActionKind.WATCH, 0.5),
    Action(ActionKind.SKIP, 0.1),
    Action(ActionKind.PASS),
)
NEAR_S = 0.15


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def browser():
    """One browser for the whole module."""
    driver = shared_driver(AllowList(["127.0.0.1"]))
    await driver.acquire()
    yield driver
    await driver.release()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Four clips of 1.5 s that every browser plays as they are."""
    where = tmp_path_factory.mktemp("feed")
    for name in "abcd":
        write_video(where / f"{name}.webm", codec="libvpx", seconds=1.5, size=(180, 320))
    return where


@pytest.fixture
def feed_of(folder, tmp_path_factory):
    """Builds a feed over the four clips."""
    cache = tmp_path_factory.mktemp("cache")
    return lambda **options: open_local_feed(load(str(folder), cache), cache_dir=cache, frames=options.pop("frames", 1), **options)


def record_of(feed: BrowserFeed, item: str):
    """What the page itself recorded about an item."""
    return feed._backstage._viewing.ledger.items[item]


async def browse(feed: BrowserFeed, actions, history=()) -> tuple[list, list[PastStep]]:
    """Opens, does `actions` in turn until the feed is over, closes."""
    await feed.open(history)
    shown, past = [], list(history)
    for action in actions:
        stimulus = await feed.observe()
        if stimulus is None:
            break
        shown.append(stimulus)
        past.append(PastStep(stimulus.id, action, await feed.act(action)))
    await feed.close()
    return shown, past


@pytest.mark.parametrize("scale", [1.0, 10.0])
async def test_dwell_is_what_was_asked_and_the_page_agrees(feed_of, scale):
    """Within 150 ms of our time of what was asked, scaled or not; likes and dwell are the page's own record; thinking does not count."""
    feed = feed_of(time_scale=scale)
    await feed.open()
    for action in (WATCH, LIKE, SKIP, PASS):
        stimulus = await feed.observe()
        await asyncio.sleep(0.2)
        outcome = await feed.act(action)
        assert outcome.dwell_s == pytest.approx(action.watch_fraction * 1.5, abs=NEAR_S * scale)
        record = record_of(feed, stimulus.id)
        assert outcome.dwell_s == pytest.approx(min(record.dwell_ms / 1000, 1.5), abs=0.001)
        assert outcome.like_registered == record.liked == (action is LIKE)
        assert (len(record.impressions), record.left_ms is not None) == (1, True)
    assert await feed.observe() is None
    await feed.close()


async def test_what_the_policy_learns_is_what_was_done(feed_of):
    """The page's viewing has the session's steps as its past; a pass says nothing to it."""
    feed = feed_of(time_scale=8.0)
    await feed.open()
    done = []
    for action in (LIKE, PASS, SKIP):
        stimulus = await feed.observe()
        done.append((stimulus.id, action.kind, (await feed.act(action)).dwell_s))
    past = feed._backstage._viewing.past
    assert [(step.stimulus_id, step.action.kind) for step in past] == [(item, kind) for item, kind, _ in done]
    assert [step.outcome.dwell_s for step in past] == pytest.approx([dwell for _, _, dwell in done], abs=0.001)
    await feed.close()


async def test_every_request_of_the_page_comes_to_its_end(feed_of):
    """Clips and events, those too that a page sends as it is hidden: what stays open stays in the memory of browser and driver."""
    feed = feed_of(time_scale=8.0, videos=2)
    await feed.open()
    await feed.observe()
    requests = {"request": [], "requestfinished": [], "requestfailed": []}
    for kind, known in requests.items():
        feed._keeper.page.page.on(kind, lambda request, known=known: known.append(request))
    while await feed.observe() is not None:
        await feed.act(SKIP)
    async with asyncio.timeout(5):
        while set(requests["request"]) - {*requests["requestfinished"], *requests["requestfailed"]}:
            await asyncio.sleep(0.05)
    assert sum(request.url.endswith("/events") for request in requests["request"]) > 4
    await feed.close()


async def test_a_crash_of_the_page_loses_and_repeats_nothing(feed_of):
    """A page that dies while a clip plays: the clip stays the current one, is played to what was asked, and is left once."""
    feed = feed_of(frames=1)
    await feed.open()
    first = await feed.observe()
    watching = asyncio.create_task(feed.act(LIKE))
    await asyncio.sleep(1.1)
    await asyncio.gather(feed._keeper.page.page.goto("chrome://crash"), return_exceptions=True)
    outcome = await watching
    assert (outcome.like_registered, outcome.advanced, outcome.error, feed.reopened) == (True, True, None, 1)
    assert outcome.dwell_s == pytest.approx(1.5, abs=NEAR_S)
    record = record_of(feed, first.id)
    assert (len(record.likes), len(record.unlikes)) == (1, 0)
    assert record.dwell_ms <= 1500 + 1000 * NEAR_S
    rest = []
    while (stimulus := await feed.observe()) is not None:
        rest.append(stimulus.id)
        await feed.act(PASS)
    assert sorted([first.id, *rest]) == ["a.webm", "b.webm", "c.webm", "d.webm"]
    await feed.close()


async def test_resumes_where_it_was(feed_of):
    """Opened with what was done so far, the feed shows exactly the rest, counting on; it says that it can."""
    shown, past = await browse(feed_of(time_scale=8.0, seed=5), (SKIP, LIKE, SKIP, SKIP))
    feed = feed_of(time_scale=8.0, seed=5)
    assert feed.reproducible
    rest, _ = await browse(feed, (SKIP, SKIP), past[:2])
    assert [(stimulus.id, stimulus.position, stimulus.propensity) for stimulus in rest] == [
        (stimulus.id, stimulus.position, stimulus.propensity) for stimulus in shown[2:]
    ]
    with pytest.raises(EnvironmentFailed, match="not in the feed any more"):
        await feed_of().open([PastStep("gone.webm", SKIP, past[0].outcome)])


async def test_a_file_that_goes_bad_is_named_and_passed_over(tmp_path):
    """A clip whose file vanished becomes a problem; a feed with none left says so."""
    for name in "ab":
        write_video(tmp_path / f"{name}.webm", codec="libvpx", size=(180, 320))
    loaded = load(str(tmp_path), tmp_path / "cache")
    (tmp_path / "a.webm").unlink()
    feed = open_local_feed(loaded, frames=1, time_scale=8.0, cache_dir=tmp_path / "cache")
    shown, _ = await browse(feed, (SKIP, SKIP))
    assert [stimulus.id for stimulus in shown] == ["b.webm"]
    assert [problem.name for problem in feed.problems] == ["a.webm"]
    (tmp_path / "b.webm").unlink()
    feed = open_local_feed(loaded, cache_dir=tmp_path / "cache")
    await feed.open()
    with pytest.raises(EnvironmentFailed, match="none of the 2 clips could be shown"):
        await feed.observe()
    await feed.close()


async def test_what_cannot_be_shown_is_refused(feed_of):
    """An unknown policy, counts or time scale is the user's error, before anything starts."""
    with pytest.raises(FeedError, match="balanced"):
        feed_of(policy="best")
    with pytest.raises(SpecError, match="time scale"):
        feed_of(time_scale=99.0)
    with pytest.raises(SpecError, match="counts"):
        feed_of(counts="many")


@pytest.mark.parametrize("counts", ["shown", "hidden"])
async def test_counts_that_are_hidden_are_nowhere(tmp_path, counts):
    """Neither among the counts nor among the words on the screen; when they are shown they are in both."""
    write_video(tmp_path / "a.webm", codec="libvpx", size=(180, 320))
    loaded = load(str(tmp_path), tmp_path / "cache")
    item = replace(loaded.items[0], text=StimulusText("a caption", "ann", ("one",), "a song", {"likes": 12_345, "comments": 678}))
    feed = open_local_feed(replace(loaded, items=(item,)), frames=1, counts=counts, cache_dir=tmp_path / "cache")
    await feed.open()
    text = (await feed.observe()).text
    await feed.close()
    assert [line in text.screen for line in ("ann", "a caption", "#one", "a song", "Like", "Next clip")] == [True] * 6
    assert ("12.3K likes · 678 comments" in text.screen.splitlines()) == (counts == "shown")
    assert (any(part in text.screen for part in ("12", "678")), bool(text.counts)) == (counts == "shown", counts == "shown")


async def test_several_sessions_at_once(feed_of, browser):
    """Four feeds in one browser do not get in each other's way."""
    before = browser.launches
    feeds = [feed_of(time_scale=4.0, seed=seed, videos=2) for seed in range(4)]
    sessions = await asyncio.gather(*(browse(feed, (WATCH, LIKE, SKIP)) for feed in feeds))
    assert browser.launches - before <= 1
    for shown, past in sessions:
        assert len(shown) == 2
        assert [step.outcome.like_registered for step in past] == [False, True]
        assert all(step.outcome.error is None for step in past)
