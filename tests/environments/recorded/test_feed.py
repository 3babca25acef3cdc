"""Showing a recording again: the same to every model, in its order or a policy's; damaged and hostile recordings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from agent.models.registry import make_model
from agent.protocols.registry import make_protocol
from agent.session import run_with
from agent.spec import Limits, SessionSpec
from environments.base import Action, ActionKind, check_environment
from environments.recorded.__main__ import main
from environments.recorded.feed import RecordedFeed, load_recorded, open_environment
from environments.recorded.recording import Recording
from environments.request import FeedRequest
from environments.simulated.policies import POLICIES
from personas.errors import FeedError
from personas.persona import load_persona
from tests.agent.driving import GOOD, check_whole, of, script
from tests.environments.recorded.sessions import pictures, rewrite, watch, written

ROOT = Path(__file__).parents[3]


def picture(folder: Path, item: int, frame: int) -> Path:
    """The file of a picture."""
    name = written(folder)[item]["frames"][frame]["sha256"]
    return folder / "frames" / name[:2] / f"{name}.jpg"


@pytest.mark.parametrize("policy", ["recorded", *POLICIES])
async def test_conforms(kept, policy):
    """In every order the recorded feed passes the conformance test, to its end."""
    report = await check_environment(lambda: RecordedFeed(load_recorded(kept), policy=policy, seed=3), steps=10)
    assert report.ok, report
    assert (report.ended, report.shown) == (True, 7)


async def test_what_was_shown_is_shown_again(live, kept):
    """Ids, words, pictures, their times, durations, sources and order are those of the session that was recorded; propensities are not."""
    first, _ = await watch(live())
    again, _ = await watch(RecordedFeed(load_recorded(kept)))
    assert pictures(again) == pictures(first)
    assert [each.propensity for each in first] != [None] * 7
    assert [each.propensity for each in again] == [None] * 7
    assert [line["propensity"] for line in written(kept)] == [each.propensity for each in first]


async def test_labels_and_ads_come_back(recorded):
    """What was known of an item (labels and their source, cluster, stratum, topic, whether it is an ad) is known again."""
    known = {"labels": {"HE": 0.5}, "labels_source": "design", "cluster": "c", "stratum": "HE+", "topic": "food", "ad": True}
    rewrite(recorded, 3, **known)
    shown, _ = await watch(RecordedFeed(load_recorded(recorded)))
    assert {name: getattr(shown[1], name) for name in known} == known
    assert not shown[0].ad
    assert shown[0].labels is None


async def session(environment, answer: dict, runs: Path, limits: Limits | None = None) -> Path:
    """The folder of a session in which every answer is `answer`, run by the engine as far as it gets."""
    spec = SessionSpec(model=script(runs.parent / f"{runs.name}.jsonl", {"default": True, "answer": answer}), videos=7, policy="shuffled")
    parts = load_persona(spec.persona), make_protocol(spec.protocol), make_model(spec.model)
    result = await run_with(spec, *parts, environment, runs=runs, limits=limits)
    assert result.error is None, result.detail
    return result.path


def stimuli(folder: Path) -> list[dict]:
    """What a trace says was shown, without what may differ between a feed and its recording."""
    return [
        {name: value for name, value in event.items() if name not in {"at", "propensity", "request_id"}} for event in of(folder, "stimulus")
    ]


async def test_all_models_see_the_same(live, tmp_path):
    """A live session is recorded; sessions of models that decide differently, one of them interrupted, have its stimuli in their traces."""
    like = GOOD | {"action": "like", "watch_fraction": 1.0}
    skip = GOOD | {"action": "skip", "watch_fraction": 0.1}
    first = await session(Recording(live(), tmp_path / "kept"), GOOD, tmp_path / "live")
    liked = await session(RecordedFeed(load_recorded(tmp_path / "kept")), like, tmp_path / "liked")
    await session(RecordedFeed(load_recorded(tmp_path / "kept")), skip, tmp_path / "skipped", Limits(max_steps=3))
    skipped = await session(RecordedFeed(load_recorded(tmp_path / "kept")), skip, tmp_path / "skipped")
    assert stimuli(first) == stimuli(liked) == stimuli(skipped)
    assert [len(each["frames"]) for each in stimuli(first)] == [3] * 7
    check_whole(skipped, 7)
    assert {event["done"] for event in of(liked, "action")} == {"like"}
    assert {event["done"] for event in of(skipped, "action")} == {"skip"}


async def test_a_recorded_session_that_is_interrupted_has_no_duplicates(live, tmp_path):
    """A session stopped by a limit and run again adds to its recording what it had not shown, and nothing twice."""
    for steps in (2, 5, None):
        folder = await session(Recording(live(), tmp_path / "kept"), GOOD, tmp_path / "runs", Limits(max_steps=steps))
    assert [line["id"] for line in written(tmp_path / "kept")] == [event["id"] for event in stimuli(folder)]
    assert len(stimuli(folder)) == 7


async def test_resumed_it_continues_exactly(kept):
    """Opened with any prefix of a session, in any order, the feed shows exactly the rest."""
    for policy in ("recorded", *POLICIES):
        whole, past = await watch(RecordedFeed(load_recorded(kept), policy=policy, seed=5))
        for cut in range(8):
            assert (await watch(RecordedFeed(load_recorded(kept), policy=policy, seed=5), past[:cut]))[0] == whole[cut:]


async def test_orders_of_policies_are_those_of_the_simulated_feed(live, kept):
    """`shuffled` with a seed draws anew: another seed, another order, with the propensities of this draw."""
    orders = [[each.id for each in (await watch(RecordedFeed(load_recorded(kept), policy="shuffled", seed=n)))[0]] for n in range(4)]
    assert len({tuple(order) for order in orders}) > 1
    shown, _ = await watch(RecordedFeed(load_recorded(kept), policy="shuffled", seed=1, videos=2))
    assert [each.propensity for each in shown] == [pytest.approx(1 / 7), pytest.approx(1 / 6)]


async def test_dwell_is_by_the_feed_clock(kept):
    """Dwell is the watched share of the recorded duration."""
    feed = RecordedFeed(load_recorded(kept))
    await feed.open()
    stimulus = await feed.observe()
    outcome = await feed.act(Action(ActionKind.LIKE, 0.5))
    assert outcome.dwell_s == pytest.approx(stimulus.duration_s / 2, abs=0.001)
    assert outcome.like_registered
    await feed.close()


async def test_fewer_pictures_are_chosen_evenly_and_none_is_invented(live, tmp_path):
    """Fewer than recorded are evenly chosen among them; more than recorded is an error of one line."""
    await watch(Recording(live(frames=5), tmp_path))
    recorded = load_recorded(tmp_path)
    times = [frame.t for frame in recorded.items[0].frames]
    for frames, expected in ((5, [0, 1, 2, 3, 4]), (3, [0, 2, 4]), (2, [1, 3]), (1, [2])):
        shown, _ = await watch(RecordedFeed(recorded, frames=frames), steps=1)
        assert [frame.t for frame in shown[0].frames] == [times[index] for index in expected]
    with pytest.raises(FeedError, match="6 frames were asked for, and at most 5 of a clip were recorded"):
        RecordedFeed(recorded, frames=6)


async def test_a_glance_needs_the_first_moment(live, kept, tmp_path):
    """With `first_moment` the first picture is the recorded beginning; without one recorded, the feed is refused, and one item is named."""
    with pytest.raises(FeedError, match="no pictures of the first moments"):
        RecordedFeed(load_recorded(kept), first_moment=True)
    await watch(Recording(live(frames=4, first_moment=True), tmp_path))
    recorded = load_recorded(tmp_path)
    shown, _ = await watch(RecordedFeed(recorded, frames=2, first_moment=True))
    every = recorded.items[0].frames
    assert [frame.t for frame in shown[0].frames] == [0.0, every[2].t]
    shown, _ = await watch(RecordedFeed(recorded, frames=3))
    assert [frame.t for frame in shown[0].frames] == [frame.t for frame in every[1:]]
    line = written(tmp_path)[0]
    rewrite(tmp_path, 2, frames=line["frames"][1:])
    feed = RecordedFeed(load_recorded(tmp_path), frames=2, first_moment=True)
    assert [problem.name for problem in feed.problems] == [line["id"]]
    assert len((await watch(feed))[0]) == 6


async def test_damaged_pictures_are_named_and_skipped(recorded):
    """A picture that is missing, changed by a bit, empty, a folder, a pipe or too large: its item is named, the others are shown."""
    paths = [picture(recorded, number, 1) for number in range(6)]
    names = [line["id"] for line in written(recorded)]
    paths[0].unlink()
    data = bytearray(paths[1].read_bytes())
    data[len(data) // 2] ^= 1
    paths[1].write_bytes(data)
    paths[2].write_bytes(b"")
    paths[3].unlink()
    paths[3].mkdir()
    paths[4].unlink()
    os.mkfifo(paths[4])
    with paths[5].open("wb") as file:
        file.truncate(17 * 2**20)
    feed = RecordedFeed(load_recorded(recorded))
    shown, _ = await watch(feed)
    assert [each.id for each in shown] == names[6:]
    reasons = {problem.name: problem.reason for problem in feed.problems}
    assert list(reasons) == names[:6]
    for name, word in zip(names, ("missing", "damaged", "damaged", "missing", "missing", "larger than 16 MiB"), strict=False):
        assert word in reasons[name]
    for frames in (1,):  # a picture that is not asked for is not missed
        assert len((await watch(RecordedFeed(load_recorded(recorded), frames=frames)))[0]) == 1
    assert main([str(recorded)]) == 1


async def test_a_picture_that_is_none_is_not_shown(recorded):
    """Bytes with the right hash that are no JPEG are damaged, however they got there."""
    data = b"<svg onload=alert(1)>"
    name = sha256(data).hexdigest()
    (recorded / "frames" / name[:2]).mkdir(exist_ok=True)
    (recorded / "frames" / name[:2] / f"{name}.jpg").write_bytes(data)
    rewrite(recorded, 2, frames=[{"sha256": name, "t": 0.5}])
    feed = RecordedFeed(load_recorded(recorded))
    assert len((await watch(feed))[0]) == 6
    assert "damaged" in feed.problems[0].reason


async def test_hostile_lines_are_named_and_skipped(recorded, tmp_path):
    """Lines that are no items (a hash that is a path, odd numbers, wrong types, too long, an id twice) are problems with their number."""
    good = written(recorded)[0]
    secret = tmp_path / "secret.jpg"
    shutil.copy(picture(recorded, 0, 0), secret)
    frame = {"sha256": "a" * 64, "t": 0.0}
    hostile: list[dict | bytes] = [
        good | {"id": "1", "frames": [frame | {"sha256": "../../../secret"}]},
        good | {"id": "2", "frames": [frame | {"sha256": "a" * 64 + "\n"}]},
        good | {"id": "3", "frames": [frame | {"sha256": "A" * 64}]},
        good | {"id": "4", "frames": [frame | {"t": -1.0}]},
        good | {"id": "5", "frames": [frame | {"t": 1e9}]},
        good | {"id": "6", "frames": []},
        good | {"id": ""},
        good | {"id": 7},
        good | {"id": "8", "duration_s": float("nan")},
        good | {"id": "9", "labels": {"../x": 0.5}, "labels_source": "x"},
        good | {"id": "10", "labels": {"HE": 0.5}},
        good | {"id": "11", "media": {"sha256": "a" * 64, "suffix": "/../../x"}},
        good | {"id": "12", "text": {"caption": ["no", "text"]}},
        good,
        b"[" * 100_000,
        b"\xff\xfe",
        b"",
        b'{"id": "' + b"x" * (9 * 2**20) + b'"}',
    ]
    with (recorded / "feed.jsonl").open("ab") as file:
        for line in hostile:
            file.write((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n")
        file.write(json.dumps(good | {"id": "last"}).encode() + b"\n")
        file.write(b'{"id": "torn')
    feed = RecordedFeed(load_recorded(recorded))
    assert [problem.name for problem in feed.problems] == [f"feed.jsonl line {9 + n}" for n in (*range(len(hostile)), len(hostile) + 1)]
    assert all("\n" not in problem.reason and len(problem.reason) < 250 for problem in feed.problems)
    assert [each.id for each in (await watch(feed))[0]][7:] == ["last"]


async def test_ids_with_control_characters_are_shown_on_one_line(recorded):
    """An id is data: escaped where it would break a line or a terminal, and itself otherwise."""
    for number, name in enumerate(["../../etc/passwd", "a\nb\x1b[31m", "海辺 🌅"]):
        rewrite(recorded, number + 2, id=name)
    feed = RecordedFeed(load_recorded(recorded))
    assert [each.id for each in (await watch(feed))[0]][:3] == ["../../etc/passwd", "a\\u000ab\\u001b[31m", "海辺 🌅"]
    report = await check_environment(lambda: RecordedFeed(load_recorded(recorded)))
    assert report.ok, report


def test_a_folder_that_is_no_recorded_feed(tmp_path, clips, recorded):
    """Each way in which a folder is none is one line that names what is missing, through `open_environment`."""

    def refused(folder: Path | str, match: str, **fields) -> None:
        with pytest.raises(FeedError, match=match) as raised:
            open_environment(FeedRequest(str(folder), **{"policy": "recorded"} | fields))
        assert "\n" not in str(raised.value)

    refused(tmp_path / "nowhere", "does not exist")
    refused(clips, r"it has no feed\.jsonl")
    refused(clips / "a.mp4", "is a file, not a folder")
    refused("  ", "has no name")
    refused("a\0b", "has no name")
    first = (recorded / "feed.jsonl").read_bytes().splitlines()[0]
    for content, match in (
        (b"", "nothing has been recorded"),
        (first[:40], "nothing has been recorded"),
        (first + b"\n", "has no item"),
        (first + b"\n{}\n", "has no item that can be shown: feed.jsonl line 2"),
        (b"{}\n", "no recorded feed"),
        (b"\xff\xff\n", "no recorded feed"),
        (first.replace(b'"version":1', b'"version":2') + b"\n", "newer version"),
        (first.replace(b'"version":1', b'"version":"1"') + b"\n", "no recorded feed"),
    ):
        (tmp_path / "feed.jsonl").write_bytes(content)
        refused(tmp_path, match)
    refused(recorded, "frames", frames=0)
    refused(recorded, "at least 2", frames=1, first_moment=True)
    refused(recorded, "videos", videos=0)
    refused(recorded, "no feed policy 'best'; use one of: recorded, balanced", policy="best")
    refused(recorded, "no value labels", labels_required=True)


async def test_open_environment_takes_the_request(kept):
    """Policy, number of videos, seed and frames come from the request."""
    feed = open_environment(FeedRequest(str(kept), policy="shuffled", videos=3, seed=2, frames=2))
    assert feed.total == 3
    shown, _ = await watch(feed)
    assert [len(each.frames) for each in shown] == [2, 2, 2]
    assert pictures(shown) == pictures((await watch(RecordedFeed(load_recorded(kept), policy="shuffled", seed=2, frames=2)))[0][:3])


def test_the_fingerprint_is_of_what_is_shown(recorded, kept):
    """Equal for a copy and for every order; another word or another picture is another feed; when it was recorded does not matter."""
    before = RecordedFeed(load_recorded(kept)).fingerprint
    assert RecordedFeed(load_recorded(recorded), policy="shuffled", seed=9).fingerprint == before
    rewrite(recorded, 2, at_s=99.0)
    assert RecordedFeed(load_recorded(recorded)).fingerprint == before
    line = written(recorded)[0]
    rewrite(recorded, 2, frames=line["frames"][:2])
    assert RecordedFeed(load_recorded(recorded)).fingerprint != before
    rewrite(recorded, 2, frames=line["frames"], text=line["text"] | {"caption": "other"})
    assert RecordedFeed(load_recorded(recorded)).fingerprint != before


def test_the_command_says_what_is_in_it(recorded, capsys):
    """Items, frames, duration, source and time on the terminal, or as JSON; problems are counted, and make the exit code 1."""
    assert main([str(recorded)]) == 0
    text = capsys.readouterr().out
    for words in ("items      7", "frames     21 (items by frames: 7 with 3)", "source     folder 7", "duration   12.2 s", "UTC"):
        assert words in text
    rewrite(recorded, 2, source="\x1b[31mred")
    picture(recorded, 3, 0).unlink()
    assert main([str(recorded)]) == 1
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "1 cannot be shown" in text
    assert main([str(recorded), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["items"], found["frames"], len(found["problems"])) == (7, 21, 1)
    assert main([str(recorded / "frames")]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_help_shows_an_example_and_loads_nothing_heavy():
    """`--help` exits with 0, names its exit codes, and imports neither pictures nor pydantic."""
    program = "import sys, environments.recorded.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit as e: print(e.code)\n"
    program += "print([n for n in ('PIL', 'av', 'numpy', 'pydantic', 'langgraph', 'playwright') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "python -m environments.recorded recordings/monday" in done.stdout
    assert done.stdout.endswith("0\n[]\n")
