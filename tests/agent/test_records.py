"""What must be in the trace before anything follows from it, and what a session refuses to go on with."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import pytest

from agent import Limits, SessionSpec, run_session
from agent.models.base import Prompt, Reply
from agent.protocols.feed import FeedProtocol
from agent.trace.frames import FrameStore
from agent.trace.reader import SessionFolder
from environments.base import Frame
from personas.errors import LimitReached, SpecError, Unreachable, UserError
from tests.agent.driving import GivenFeed, Spy, drive, events, of, script, stimulus


async def test_frames_are_stored_before_the_action_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the disk is, a trace never says that a step is done whose frames are not there."""
    slow, put = threading.Event(), FrameStore.put

    def slow_put(store: FrameStore, frame: Frame) -> None:
        slow.wait(0.2)
        put(store, frame)

    seen = []

    def look(event: object, _: object) -> None:
        if getattr(event, "type", "") == "action":
            seen.append(len(list((tmp_path / "frames").rglob("*.jpg"))))

    monkeypatch.setattr(FrameStore, "put", slow_put)
    await drive(tmp_path / "s", Spy(), GivenFeed([stimulus(0), stimulus(1)]), observer=look)
    assert seen == [1, 2]


async def test_a_reply_is_recorded_even_if_reading_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in a protocol stops the session, but the answer that arrived is in the trace, with what it cost."""

    def broken(*_: object) -> None:
        raise RuntimeError("a fault in the protocol")

    monkeypatch.setattr(FeedProtocol, "interpret", broken)
    with pytest.raises(RuntimeError, match="a fault in the protocol"):
        await drive(tmp_path / "s", Spy([Reply("precious", cost_usd=Decimal("0.5"))]), GivenFeed([stimulus(0)]))
    (answer,) = of(tmp_path / "s", "answer")
    assert (answer["raw"], answer["cost_usd"], answer["outcome"]) == ("precious", "0.5", "unparsable")


async def test_a_server_out_of_reach_costs_no_stimulus(tmp_path: Path) -> None:
    """No connection, nothing sent: the session stops, and the stimulus waits without a final answer."""
    with pytest.raises(Unreachable):
        await drive(tmp_path / "s", Spy([Unreachable("nobody listens")]), GivenFeed([stimulus(0)]))
    assert of(tmp_path / "s", "answer") == []
    agent = await drive(tmp_path / "s", Spy(), GivenFeed([stimulus(0)]))
    assert agent.progress.steps == 1


class Dear(Spy):
    """A respondent whose answers cost a dime, and can cost a dollar."""

    def most_usd(self, prompt: Prompt) -> Decimal:
        return Decimal(1)


async def test_the_first_call_is_not_made_if_it_could_pass_the_limit(tmp_path: Path) -> None:
    """Before a price has been seen, a call is taken to cost the most that it can."""
    spy = Dear([Reply('{"action": "skip", "watch_fraction": 0, "rating": 0}', cost_usd=Decimal("0.1"))])
    with pytest.raises(LimitReached):
        await drive(tmp_path / "s", spy, GivenFeed([stimulus(0)]), Limits(max_usd=Decimal("0.9")))
    assert spy.asked == []
    with pytest.raises(LimitReached):
        await drive(tmp_path / "t", spy, GivenFeed([stimulus(n) for n in range(20)]), Limits(max_usd=Decimal("1.05")))
    assert len(spy.asked) == 1, "a dime is spent, and the next call could cost a dollar"


def test_lost_asks_count_against_the_budget_before_any_price_is_known(tmp_path: Path) -> None:
    """An ask without an answer is counted at the most that it could cost."""
    from agent.trace.events import AskEvent, ResumeEvent, SessionEvent, StimulusEvent
    from agent.trace.progress import Progress

    progress = Progress()
    progress.apply(SessionEvent(spec_hash="x"))
    progress.apply(StimulusEvent(step=0, id="a", frames=(), text={}, duration_s=1, source="t"))
    for _ in range(3):
        progress.apply(AskEvent(step=0, stage="feed", attempt=0, cell=0, prompt="p", seed=1, most_usd=Decimal("0.25")))
        progress.apply(ResumeEvent(step=0))
    assert progress.possibly_paid == 3
    assert progress.budgeted_usd == Decimal("0.75")


def test_a_damaged_line_within_a_trace_stops_a_resume(clips: Path, tmp_path: Path, own_cache: Path) -> None:
    """What a lost line held cannot be guessed: one line that names it, and nothing is written."""
    spec = SessionSpec(model="scripted/mixed", feed=str(clips), videos=4, frames=1)
    result = run_session(spec, runs=tmp_path, limits=Limits(max_steps=2))
    trace = result.path / "trace.jsonl"
    lines = trace.read_bytes().splitlines(keepends=True)
    lines[3] = b"\0" * (len(lines[3]) - 1) + b"\n"
    trace.write_bytes(b"".join(lines))
    with pytest.raises(UserError, match=r"1 line\(s\) of .* cannot be read \(line 4"):
        run_session(spec, runs=tmp_path)
    assert trace.read_bytes() == b"".join(lines)
    assert len(SessionFolder(result.path).broken_lines()) == 1


def test_a_feed_that_got_another_clip_is_not_gone_on_with(clips: Path, tmp_path: Path, own_cache: Path) -> None:
    """Files added between two runs would change the order of what is left: the session is refused, a new one begins."""
    import shutil

    feed = tmp_path / "feed"
    shutil.copytree(clips, feed)
    model = script(
        tmp_path / "script.jsonl", {"default": True, "answer": {"action": "skip", "watch_fraction": 0, "rating": 1, "reason": ""}}
    )
    spec = SessionSpec(model=model, feed=str(feed), videos=4, frames=1)
    run_session(spec, runs=tmp_path / "runs", session="one", limits=Limits(max_steps=2))
    shutil.copy(feed / "a.mp4", feed / "zz.mp4")
    with pytest.raises(SpecError, match="feed has changed"):
        run_session(spec, runs=tmp_path / "runs", session="one")


def test_the_schema_that_is_sent_is_in_the_trace(clips: Path, tmp_path: Path, own_cache: Path) -> None:
    """Each prompt event holds the words and the answer's schema, whose options stand in the order of the cell."""
    spec = SessionSpec(model="scripted/mixed", feed=str(clips), videos=7, frames=1)
    result = run_session(spec, runs=tmp_path)
    prompts = [event for event in events(result.path) if event["type"] == "prompt"]
    assert len(prompts) == 6
    for prompt in prompts:
        options = prompt["answer_schema"]["properties"]["action"]["enum"]
        assert options == (["skip", "watch", "like"] if prompt["cell"] % 2 == 0 else ["like", "watch", "skip"])
        said = [prompt["user"].index(f'"{option}"') for option in options]
        assert said == sorted(said)
        assert "description" not in str(prompt["answer_schema"])
