"""The simulated feed over real files: the contract, the clock, resuming, and files that go bad on the way."""

from __future__ import annotations

import errno
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from environments.base import Action, ActionKind, PastStep, Stimulus, StimulusText, check_environment
from environments.clips import FeedItem, feed_fingerprint
from environments.feeds import POLICIES, load_feed, open_feed
from environments.moments import moments
from environments.simulated.environment import SimulatedFeed
from environments.simulated.frame_cache import FrameCache
from environments.simulated.policies import build_policy
from personas.errors import EnvironmentFailed, FeedError

LIKE, SKIP, PASS = Action(ActionKind.LIKE, 1.0), Action(ActionKind.SKIP, 0.1), Action(ActionKind.PASS)


async def browse(feed: SimulatedFeed, history=(), react=lambda stimulus: SKIP, steps: int = 100) -> tuple[list[Stimulus], list[PastStep]]:
    """Opens, watches up to `steps`, closes."""
    await feed.open(history)
    shown: list[Stimulus] = []
    past = list(history)
    while len(shown) < steps and (stimulus := await feed.observe()):
        shown.append(stimulus)
        action = react(stimulus)
        past.append(PastStep(stimulus.id, action, await feed.act(action)))
    await feed.close()
    return shown, past


@pytest.fixture
def feed_of(video_folder, tmp_path):
    """Builds a feed over the folder of four videos."""
    return lambda **options: open_feed(str(video_folder), cache_dir=tmp_path / "cache", **options)


@pytest.mark.parametrize("policy", POLICIES)
async def test_conforms(feed_of, policy):
    """Each policy gives an environment that passes the conformance test, to the end of the feed."""
    report = await check_environment(lambda: feed_of(policy=policy, seed=3), steps=10)
    assert report.ok, report
    assert report.ended
    assert report.shown == 4


async def test_every_item_once_even_when_more_are_asked_for(feed_of):
    """`videos` above the number of items shows each once; below, it ends the feed there."""
    shown, _ = await browse(feed_of(videos=40))
    assert sorted(stimulus.id for stimulus in shown) == ["a.mp4", "b.mkv", "c.avi", "d.webm"]
    assert [stimulus.position for stimulus in shown] == [0, 1, 2, 3]
    assert len((await browse(feed_of(videos=2)))[0]) == 2


async def test_the_clock_counts_what_was_watched(feed_of):
    """Dwell is the watched fraction of the clip, a like is registered for a like only, pass takes no time."""
    feed = feed_of(seed=1)
    await feed.open()
    for action, like in ((LIKE, True), (SKIP, False), (PASS, False)):
        stimulus = await feed.observe()
        outcome = await feed.act(action)
        assert outcome.dwell_s == pytest.approx(action.watch_fraction * stimulus.duration_s, abs=0.001)
        assert (outcome.like_registered, outcome.advanced, outcome.error) == (like, True, None)
    assert feed.clock_s == pytest.approx(2.2, abs=0.2)
    await feed.close()


@pytest.mark.parametrize("policy", POLICIES)
async def test_resume_equals_the_uninterrupted_session(feed_of, policy):
    """Opened with any prefix of a session, the feed shows exactly the rest of it."""

    def react(stimulus: Stimulus) -> Action:
        return {"a": LIKE, "b": SKIP, "c": PASS, "d": SKIP}[stimulus.id[0]]

    shown, past = await browse(feed_of(policy=policy, seed=5), react=react)
    for cut in range(5):
        rest, _ = await browse(feed_of(policy=policy, seed=5), past[:cut], react)
        assert rest == shown[cut:]


async def test_a_history_of_another_feed_is_refused(feed_of, video_folder):
    """An item that is no longer there, or one shown twice, is an error that names it."""
    _, past = await browse(feed_of())
    (video_folder / past[1].stimulus_id).unlink()
    with pytest.raises(EnvironmentFailed, match=f"step 1 .*{past[1].stimulus_id}.*not in the feed any more"):
        await feed_of().open(past[:2])
    with pytest.raises(EnvironmentFailed, match="twice"):
        await feed_of().open([past[0], past[0]])


async def test_a_file_that_goes_bad_is_named_and_skipped(feed_of, video_folder):
    """Files that vanish or break after the feed was built become problems; the others are shown, the session goes on."""
    feed = feed_of(frames=2)
    (video_folder / "a.mp4").unlink()
    (video_folder / "c.avi").write_bytes(b"no longer a video")
    shown, _ = await browse(feed)
    assert sorted(stimulus.id for stimulus in shown) == ["b.mkv", "d.webm"]
    assert [stimulus.position for stimulus in shown] == [0, 1]
    assert {problem.name: problem.reason for problem in feed.problems} == {"a.mp4": "its file is gone", "c.avi": "it is no video"}


async def test_when_no_file_is_left_the_feed_says_so(feed_of, video_folder):
    """A feed of which nothing could be shown fails instead of looking finished."""
    feed = feed_of()
    shutil.rmtree(video_folder)
    await feed.open()
    with pytest.raises(EnvironmentFailed, match="none of the 4 videos"):
        await feed.observe()
    await feed.close()


async def test_a_full_disk_is_not_the_clips_fault():
    """When a clip cannot be rendered for lack of space, the session stops at once instead of skipping clip after clip."""
    tried = []

    def locate() -> Path:
        tried.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    items = [FeedItem(name, locate, StimulusText(), 5.0, "test") for name in "abcdef"]
    feed = SimulatedFeed(items, build_policy("shuffled", items, 0))
    await feed.open()
    for attempt in (1, 2):
        with pytest.raises(EnvironmentFailed, match="cannot be prepared: No space left"):
            await feed.observe()
        assert len(tried) == attempt
    assert feed.problems == ()
    await feed.close()


async def test_calls_out_of_order_are_refused(feed_of):
    """observe before open, act before observe, act twice, and a watch fraction that is none raise EnvironmentFailed."""
    feed = feed_of()
    with pytest.raises(EnvironmentFailed, match="open"):
        await feed.observe()
    await feed.open()
    with pytest.raises(EnvironmentFailed, match="observe"):
        await feed.act(SKIP)
    await feed.observe()
    for fraction in (1.5, -0.1, float("nan")):
        with pytest.raises(EnvironmentFailed, match="watch fraction"):
            await feed.act(Action(ActionKind.WATCH, fraction))
    await feed.act(SKIP)
    with pytest.raises(EnvironmentFailed, match="observe"):
        await feed.act(SKIP)
    await feed.close()


async def test_the_next_clips_are_prepared_while_the_model_thinks(video_folder):
    """After an observe, the pictures of the next clip are there without waiting for a slow file."""
    slow_s = 0.25

    def item(path: Path) -> FeedItem:
        def locate() -> Path:
            time.sleep(slow_s)
            return path

        return FeedItem(path.name, locate, StimulusText(), 2.0, "test")

    items = [item(path) for path in sorted(video_folder.iterdir())]
    feed = SimulatedFeed(items, build_policy("shuffled", items, 0))
    await feed.open()
    await feed.observe()
    import asyncio

    await asyncio.sleep(3 * slow_s)
    started = time.perf_counter()
    await feed.act(SKIP)
    await feed.observe()
    assert time.perf_counter() - started < slow_s / 2
    await feed.close()


async def test_labels_and_design_reach_the_stimulus(video_folder):
    """What an item was designed to carry is on its stimulus."""
    path = video_folder / "a.mp4"
    item = FeedItem("x", lambda: path, StimulusText("words"), 2.0, "catalogue", {"HE": 0.5}, "design", "pair", "HE+", "food")
    (stimulus,), _ = await browse(SimulatedFeed([item], build_policy("balanced", [item], 0)))
    assert (stimulus.labels, stimulus.labels_source, stimulus.cluster, stimulus.stratum, stimulus.topic) == (
        {"HE": 0.5},
        "design",
        "pair",
        "HE+",
        "food",
    )
    assert stimulus.propensity is None
    assert len(stimulus.frames) == 3


def test_frames_are_decoded_once_and_again_when_the_file_changes(make_video, tmp_path):
    """The cache gives the same objects while a file stays as it is, keeps its size limit, and notices a new file."""
    path = make_video(tmp_path / "v.mp4")
    cache = FrameCache()
    first = cache.frames(path, moments(2))
    assert cache.frames(path, moments(2)) is first
    assert cache.frames(path, moments(2, first_moment=True)) != first
    make_video(path, seconds=3)
    assert cache.frames(path, moments(2)) != first
    small = FrameCache(max_bytes=1)
    one = small.frames(path, moments(1))
    small.frames(path, moments(2))
    assert small.frames(path, moments(1)) is not one


def test_two_items_with_one_id_are_refused():
    """Ids must be unique, or resuming would be ambiguous."""
    item = FeedItem("x", Path, StimulusText(), 1.0, "test")
    with pytest.raises(FeedError, match="same id"):
        SimulatedFeed([item, item], build_policy("shuffled", [item], 0))


async def test_real_footage(footage, tmp_path):
    """The 16 sound clips are each shown once with three frames; the broken ones are named."""
    feed = open_feed(str(footage), videos=40, cache_dir=tmp_path)
    shown, _ = await browse(feed)
    assert len({stimulus.id for stimulus in shown}) == 16
    assert all(len(stimulus.frames) == 3 for stimulus in shown)
    assert {problem.name for problem in feed.problems} == {"broken-not-a-video.mp4", "broken-truncated.mp4"}


async def test_the_embedded_catalogue(tmp_path):
    """Clips of the catalogue are rendered when they are due and shown with their design; the same seed shows the same pictures."""
    shown, _ = await browse(open_feed("catalogue", videos=2, frames=2, seed=4, cache_dir=tmp_path / "one"))
    assert [len(stimulus.frames) for stimulus in shown] == [2, 2]
    chosen = build_policy("balanced", load_feed("catalogue").items, 4, 2)
    assert [chosen.choose([], set()).item.id, chosen.choose([PastStep(shown[0].id, SKIP, None)], set()).item.id] == [s.id for s in shown]
    assert all(stimulus.labels_source == "design" and stimulus.stratum and stimulus.text.caption for stimulus in shown)
    again, _ = await browse(open_feed("catalogue", videos=2, frames=2, seed=4, cache_dir=tmp_path / "one"))
    assert again == shown


async def test_the_first_moment_reaches_the_stimulus(feed_of):
    """With `first_moment` the first frame of every clip is its beginning; without, it is not."""
    shown, _ = await browse(feed_of(frames=3, first_moment=True))
    assert [[round(frame.t, 1) for frame in stimulus.frames] for stimulus in shown] == [[0.0, 0.5, 1.5]] * 4
    plain, _ = await browse(feed_of(frames=2))
    assert [[round(frame.t, 1) for frame in stimulus.frames] for stimulus in plain] == [[0.5, 1.5]] * 4


def test_the_fingerprint_is_of_the_content(video_folder, tmp_path):
    """Equal for the same files elsewhere with other times, other seeds and lengths; another caption or a missing file changes it."""

    def fingerprint(folder: Path, **options: object) -> str:
        return open_feed(str(folder), cache_dir=tmp_path / "cache", **options).fingerprint

    known = fingerprint(video_folder)
    copy = tmp_path / "elsewhere"
    shutil.copytree(video_folder, copy, copy_function=shutil.copyfile)
    assert fingerprint(copy, seed=5, videos=2, policy="shuffled", frames=1) == known
    (copy / "videos.csv").write_text("file,caption\na.mp4,words\n")
    captioned = fingerprint(copy)
    (copy / "d.webm").unlink()
    assert len({known, captioned, fingerprint(copy)}) == 3


def test_the_fingerprint_covers_the_design():
    """Labels, clusters, strata, durations and words each change it; where the file lies does not."""
    item = FeedItem("x", Path, StimulusText("words"), 5.0, "test", {"HE": 0.5}, "design", "pair", "HE+")
    changes = [
        {"labels": {"HE": 0.6}},
        {"cluster": None},
        {"stratum": "none"},
        {"duration_s": 6.0},
        {"text": StimulusText("words", hashtags=("a",))},
        {"id": "y"},
    ]
    known = feed_fingerprint([item])
    assert feed_fingerprint([replace(item, locate=Path.cwd)]) == known
    assert len({known, *(feed_fingerprint([replace(item, **change)]) for change in changes)}) == len(changes) + 1
