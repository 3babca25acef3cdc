"""Recording a feed: what is passed through, what is written, and what becomes of it when the process dies or the disk is full."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from environments.base import Frame, Stimulus, StimulusText, check_environment
from environments.recorded.feed import RecordedFeed, load_recorded
from environments.recorded.recording import Recording
from personas.errors import EnvironmentFailed, FeedError, StorageFailed
from tests.agent.driving import GivenFeed
from tests.environments.recorded.sessions import SKIP, pictures, watch, written

ROOT = Path(__file__).parents[3]


def stimulus(number: int, jpeg: bytes, **more) -> Stimulus:
    """A stimulus with one picture."""
    fields = {"id": f"clip-{number}", "text": StimulusText(caption=f"caption {number}"), "duration_s": 4.0, "source": "live"} | more
    return Stimulus(position=number, frames=(Frame.of(jpeg, 0.5),), **fields)


async def test_conforms(live, tmp_path):
    """A recording is an environment as its inner one is."""
    report = await check_environment(lambda: Recording(live(), tmp_path / "recording"))
    assert report.ok, report
    assert report.ended


async def test_everything_passes_through(live, tmp_path):
    """What is shown, and what the feed says of itself, is the same with and without recording."""
    recording, plain = Recording(live(), tmp_path / "recording"), live()
    assert (recording.fingerprint, recording.total, recording.problems) == (plain.fingerprint, plain.total, plain.problems)
    assert (await watch(recording))[0] == (await watch(plain))[0]


async def test_each_item_is_on_disk_when_it_is_shown(live, tmp_path):
    """By the time `observe` returns, the item's line and its pictures are written; observing again writes nothing."""
    folder = tmp_path / "recording"
    recording = Recording(live(), folder)
    await recording.open()
    for number in range(1, 4):
        shown = await recording.observe()
        assert await recording.observe() == shown
        assert len(written(folder)) == number
        assert written(folder)[-1]["id"] == shown.id
        for frame in shown.frames:
            assert (folder / "frames" / frame.sha256[:2] / f"{frame.sha256}.jpg").read_bytes() == frame.jpeg
        await recording.act(SKIP)
    await recording.close()
    assert [line["order"] for line in written(folder)] == [0, 1, 2]
    header = json.loads((folder / "feed.jsonl").read_bytes().splitlines()[0])
    assert header["version"] == 1
    assert header["source"] == "folder"
    assert abs(header["when"] - time.time()) < 60


async def test_the_time_scale_is_kept_where_it_is_known(kept, tmp_path):
    """An environment with a time scale has it in the header; one without has none."""
    assert load_recorded(kept).header.time_scale is None
    feed = GivenFeed([stimulus(0, b"\xff\xd8")])
    feed.time_scale = 10.0
    await watch(Recording(feed, tmp_path))
    assert load_recorded(tmp_path).header.time_scale == 10.0


async def test_a_resumed_session_writes_nothing_twice(live, kept, tmp_path):
    """Interrupted after any step, also with a clip on the screen, and carried on, the recording is that of the whole session."""
    whole, _ = await watch(live())
    for cut in range(8):
        folder = tmp_path / str(cut)
        _, past = await watch(Recording(live(), folder), steps=cut)
        shown_only = Recording(live(), folder)
        await shown_only.open(past)
        await shown_only.observe()
        await shown_only.close()
        await watch(Recording(live(), folder), past)
        assert [line["id"] for line in written(folder)] == [each.id for each in whole]
        assert [line["order"] for line in written(folder)] == list(range(7))
        times = [line["at_s"] for line in written(folder)]
        assert times == sorted(times)


async def test_recording_again_keeps_the_first_pictures(tmp_path):
    """An item that is shown anew with other pictures and words stays as it was recorded first, and its new pictures are not kept."""
    first, again = stimulus(0, b"first"), replace(stimulus(0, b"again"), text=StimulusText(caption="reworded"))
    await watch(Recording(GivenFeed([first]), tmp_path))
    before = (tmp_path / "feed.jsonl").read_bytes()
    shown, _ = await watch(Recording(GivenFeed([again, stimulus(1, b"new")]), tmp_path))
    assert shown[0] == again, "the session itself sees what is there now"
    assert (tmp_path / "feed.jsonl").read_bytes().startswith(before)
    assert [(item.id, item.text.caption, [frame.sha256 for frame in item.frames]) for item in load_recorded(tmp_path).items] == [
        ("clip-0", "caption 0", [first.frames[0].sha256]),
        ("clip-1", "caption 1", [Frame.of(b"new", 0.5).sha256]),
    ]
    assert len(list(tmp_path.rglob("*.jpg"))) == 2


async def test_cut_anywhere_and_carried_on(live, kept, tmp_path):
    """A feed file that ends at any byte is carried on from its last whole line, and ends as the uninterrupted one."""
    data = (kept / "feed.jsonl").read_bytes()
    ends = [at + 1 for at, byte in enumerate(data) if byte == 10]
    offsets = {0, 1, 20, *range(5, len(data), 211), *ends, *(end - 1 for end in ends), *(end + 1 for end in ends[:-1])}
    for offset in sorted(offsets):
        folder = tmp_path / str(offset)
        shutil.copytree(kept, folder, copy_function=os.link)
        (folder / "feed.jsonl").unlink()
        (folder / "feed.jsonl").write_bytes(data[:offset])
        await watch(Recording(live(frames=1), folder))
        lines = (folder / "feed.jsonl").read_bytes().splitlines()
        whole = max(sum(end <= offset for end in ends), 1)
        assert [json.loads(line)["id"] for line in lines[1:]] == [each.id for each in load_recorded(kept).items], offset
        assert (lines[1:whole] if whole > 1 else []) == data.splitlines()[1:whole], offset


async def test_a_killed_process_leaves_whole_lines(live, tmp_path, clips, cache_folder):
    """Killed while it records, a process leaves a recording in which every picture that is named is there."""
    folder = tmp_path / "recording"
    program = f"""
import asyncio, itertools
from pathlib import Path
from dataclasses import replace
from environments.base import Frame, Stimulus, StimulusText
from environments.recorded.writing import FeedWriter
writer = FeedWriter(Path({str(folder)!r}))
for n in itertools.count():
    jpeg = (b"picture %d " % n) * 20000
    writer.write(Stimulus(str(n), n, (Frame.of(jpeg, 0.0),), StimulusText(caption="c" * 5000), 1.0, "live"))
"""
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    try:
        while not (folder / "feed.jsonl").exists() or (folder / "feed.jsonl").stat().st_size < 60_000:
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = load_recorded(folder)
    assert len(before.items) > 5
    for item in before.items:
        for frame in item.frames:
            found = (folder / "frames" / frame.sha256[:2] / f"{frame.sha256}.jpg").read_bytes()
            assert Frame.of(found, 0.0).sha256 == frame.sha256
    await watch(Recording(GivenFeed([stimulus(0, b"next", id="next")]), folder))
    after = load_recorded(folder)
    assert [item.id for item in after.items] == [*(item.id for item in before.items), "next"]
    assert after.problems == ()


async def test_a_full_disk_is_one_clear_line(tmp_path):
    """When a picture or a line does not fit, StorageFailed says what to do, no half line stays, and the stimulus can be observed again."""
    for size, caption in ((50_000, "short"), (10, "long " * 10_000)):
        folder = tmp_path / str(size)
        feed = [stimulus(0, b"small"), stimulus(1, b"x" * size, text=StimulusText(caption=caption))]
        recording = Recording(GivenFeed(feed), folder)
        await recording.open()
        await recording.observe()
        await recording.act(SKIP)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
        try:
            with pytest.raises(StorageFailed, match=r"cannot record into .*run the same command again") as raised:
                await recording.observe()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert "\n" not in str(raised.value)
        assert [line["id"] for line in written(folder)] == ["clip-0"]
        assert not list(folder.rglob("*.part"))
        assert await recording.observe() == feed[1]
        assert [line["id"] for line in written(folder)] == ["clip-0", "clip-1"]
        await recording.close()


async def test_a_folder_of_something_else_is_left_alone(tmp_path):
    """A `feed.jsonl` that is no recorded feed, or a newer one, is refused and left as it is; so is a file instead of a folder."""
    for content in (
        b'{"some": "rows"}\nand more',
        b"notes",
        b"\x00\xff\n",
        b'{"format":"axiofeed-recorded-feed","version":9,"source":"","when":1}\n',
    ):
        (tmp_path / "feed.jsonl").write_bytes(content)
        with pytest.raises(FeedError, match=r"no recorded feed|newer version"):
            await Recording(GivenFeed([]), tmp_path).open()
        assert (tmp_path / "feed.jsonl").read_bytes() == content
    with pytest.raises(StorageFailed, match="cannot record into"):
        await Recording(GivenFeed([]), tmp_path / "feed.jsonl").open()


async def test_two_sessions_cannot_record_into_one_folder_at_once(tmp_path):
    """The second is told so in one line; when the first has closed, it may."""
    one, other = (Recording(GivenFeed([stimulus(0, b"jpeg")]), tmp_path) for _ in range(2))
    await one.open()
    with pytest.raises(FeedError, match="another session"):
        await other.open()
    await one.close()
    await watch(other)
    assert len(written(tmp_path)) == 1


async def test_a_feed_that_does_not_open_leaves_the_folder_free(tmp_path):
    """When the inner environment fails to open, the folder is not held."""

    class Failing(GivenFeed):
        async def open(self, history=(), gone=()):
            raise EnvironmentFailed("no feed today")

    failing = Recording(Failing([]), tmp_path)
    with pytest.raises(EnvironmentFailed, match="today"):
        await failing.open()
    await watch(Recording(GivenFeed([stimulus(0, b"jpeg")]), tmp_path))


async def test_hostile_ids_and_words_are_data(tmp_path):
    """Ids like paths, control characters, lone surrogates and escapes stay within the file, and come back as they can be stored."""
    ids = ["../../etc/passwd", "/etc/passwd", "a\nb\x1b[31m", "\ud800 lone", "id", "x" * 4000, "{{7*7}}", "con"]
    words = StimulusText(
        caption='\ud800"}\n{"id":"forged"}', hashtags=("\x00", "\u2028"), counts={"likes\ud800": 10**30}, screen="a\nb\ud800"
    )
    feed = [stimulus(number, b"jpeg", id=name, text=words) for number, name in enumerate(ids)]
    shown, _ = await watch(Recording(GivenFeed(feed), tmp_path / "recording"))
    assert shown == feed
    assert [line["id"] for line in written(tmp_path / "recording")] == [name.replace("\ud800", "?") for name in ids]
    items = load_recorded(tmp_path / "recording").items
    kept = StimulusText('?"}\n{"id":"forged"}', hashtags=("\x00", "\u2028"), counts={"likes?": 10**30}, screen="a\nb?")
    assert items[0].stimulus_text() == kept
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"feed.jsonl", f"{feed[0].frames[0].sha256}.jpg"}


@pytest.mark.parametrize(
    "broken",
    [
        {"id": ""},
        {"duration_s": float("nan")},
        {"propensity": 0.0},
        {"labels": {"HE": 2.0}, "labels_source": "design"},
        {"frames": (Frame(b"", "../../../../tmp/x", 0.0),)},
        {"text": StimulusText(caption="x" * 9_000_000)},
    ],
)
async def test_a_stimulus_that_no_reader_would_take_is_refused(tmp_path, broken):
    """What breaks the contract of an environment stops the recording with its reason, and nothing of it is written."""
    recording = Recording(GivenFeed([replace(stimulus(0, b"jpeg"), **broken)]), tmp_path / "recording")
    await recording.open()
    with pytest.raises(EnvironmentFailed, match="cannot be recorded: its"):
        await recording.observe()
    await recording.close()
    assert [path.name for path in tmp_path.rglob("*.jpg") if path.name == "x"] == []
    assert written(tmp_path / "recording") == []


async def test_a_cancelled_observe_writes_once(tmp_path):
    """Cancelled while it writes and called again, `observe` records the stimulus once."""
    recording = Recording(GivenFeed([stimulus(0, b"x" * 4_000_000)]), tmp_path)
    await recording.open()
    waiting = asyncio.create_task(recording.observe())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await recording.observe()
    await recording.close()
    assert len(written(tmp_path)) == 1


async def test_videos_are_copied_only_when_asked_for(live, clips, tmp_path):
    """With `media` the video of each item lies beside, by its hash, and can be located; a video that is not there is done without."""
    folder = tmp_path / "with"
    await watch(Recording(live(), folder, media=lambda shown: None if shown.id == "a.mp4" else clips / shown.id.replace("b.", "gone.")))
    feed = RecordedFeed(load_recorded(folder))
    for item in feed._items.values():
        if item.id in {"a.mp4", "b.mp4"}:
            with pytest.raises(FeedError, match="not recorded"):
                item.locate()
        else:
            assert item.locate().read_bytes() == (clips / item.id).read_bytes()
            assert item.locate().is_relative_to(folder / "media")
    plain, _ = await watch(Recording(live(), tmp_path / "without"))
    assert not (tmp_path / "without" / "media").exists()
    assert pictures(plain) == pictures((await watch(feed))[0])
