"""The engine against feeds and models that misbehave, through the real graph."""

from __future__ import annotations

import http.server
import json
import math
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent.graph import NODES_PER_STEP, build_graph
from agent.models.base import Design, Reply
from agent.models.registry import ModelOptions
from agent.models.scripted import build
from agent.trace.reader import SessionFolder
from environments.base import StimulusText
from environments.clips import Problem
from personas.errors import EnvironmentFailed, Unavailable
from personas.persona import load_persona
from tests.agent.driving import GLANCE, GOOD, REACT, ROOT, GivenFeed, Spy, drive, events, of, stimulus

LABELLED = [
    stimulus(
        number,
        labels={"HE": 0.8765, "TR": -0.4321},
        labels_source="SECRET-source",
        cluster="SECRET-cluster",
        stratum="SECRET-stratum",
        topic="SECRET-topic",
        propensity=0.1357,
        request_id="SECRET-request",
    )
    for number in range(3)
]


@pytest.mark.parametrize("protocol", ["feed", "staged"])
async def test_a_real_model_never_sees_a_label(tmp_path: Path, protocol: str) -> None:
    """Nothing that the study planted is in the prompt of a model that is not synthetic, also not in its slots; the trace has it all."""
    spy = Spy([Reply(json.dumps(GOOD if protocol == "feed" else GLANCE)), Reply("mumble"), Reply(json.dumps(REACT))])
    await drive(tmp_path / "s", spy, GivenFeed(LABELLED), protocol=protocol, memory="recent:5", persona="hedonist")
    assert len(spy.asked) >= 3
    for prompt in spy.asked:
        assert prompt.design is None
        told = repr(prompt)
        assert not [secret for secret in ("SECRET", "0.8765", "0.4321", "0.1357", "'HE'", '"HE"') if secret in told]
    assert all(event["labels"] == {"HE": 0.8765, "TR": -0.4321} for event in of(tmp_path / "s", "stimulus"))


async def test_a_synthetic_respondent_is_given_the_design(tmp_path: Path) -> None:
    """Labels and target go to a synthetic respondent, in their own field; a stimulus without labels has no design."""
    spy = Spy(synthetic=True)
    await drive(tmp_path / "s", spy, GivenFeed([*LABELLED[:1], stimulus(1)]), persona="hedonist")
    assert [prompt.design for prompt in spy.asked] == [Design({"HE": 0.8765, "TR": -0.4321}, load_persona("hedonist").target), None]


async def test_the_repair_question_shows_the_bad_answer_and_what_is_wrong(tmp_path: Path) -> None:
    """It is asked once, with another seed, in the same conversation with the same pictures."""
    spy = Spy([Reply('{"action": "dance"}'), Reply("again")])
    await drive(tmp_path / "s", spy, GivenFeed([stimulus(0)]))
    first, second = spy.asked
    assert second.turns[0] == first.turns[0]
    assert second.turns[1].text == '{"action": "dance"}'
    assert "action" in second.turns[2].text
    assert second.seed != first.seed
    assert [answer["outcome"] for answer in of(tmp_path / "s", "answer")] == ["unparsable"] * 2


async def test_what_the_feed_did_not_do_is_not_counted_as_done(tmp_path: Path) -> None:
    """A like that did not register is a watch, its error is in the trace, and the model is told, quoted, in the next question."""
    spy = Spy([Reply(json.dumps(REACT))])
    agent = await drive(tmp_path / "s", spy, GivenFeed([stimulus(0), stimulus(1)], likes_work=False))
    assert agent.progress.totals()["actions"] == {"skip": 0, "watch": 2, "like": 0, "pass": 0}
    assert of(tmp_path / "s", "action")[0]["error"] == "the heart did not turn red"
    assert 'did not work as meant: "the heart did not turn red"' in spy.asked[1].turns[0].text
    assert "did not work" not in spy.asked[0].turns[0].text


NASTY = "a\x00b\x1b[2J\ud800 \u202e line\nbreak"


async def test_text_that_cannot_be_stored_does_not_stop_a_session(tmp_path: Path) -> None:
    """Lone surrogates and control characters from a page (caption, id, tags, problem names) are stored as far as they can be, and the
    stimulus is asked about like any other."""
    text = StimulusText(caption=NASTY, author=NASTY, hashtags=(NASTY,), sound=NASTY, counts={NASTY: 1}, transcript=NASTY)
    clips = [stimulus(0, text=text), stimulus(1, id=NASTY, text=text, source=NASTY, topic=NASTY, cluster=NASTY)]
    spy = Spy()
    feed = GivenFeed(clips, problems=[Problem(NASTY, NASTY)])
    agent = await drive(tmp_path / "s", spy, feed, memory="recent:5")
    assert agent.progress.steps == 2
    assert SessionFolder(tmp_path / "s").broken_lines() == []
    assert len(of(tmp_path / "s", "problem")) == 1
    for prompt in spy.asked:
        "".join(turn.text for turn in prompt.turns).encode()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(NASTY),
        Reply(json.dumps(GOOD | {"reason": NASTY})),
        Reply("x" * 2_000_000),
        Reply(json.dumps(GOOD), refusal=NASTY),
        Reply(json.dumps(GOOD), finish_reason=NASTY, model_version=NASTY),
        Reply(json.dumps(GOOD), logprobs={"like": -math.inf, NASTY: math.nan}, latency_s=math.inf),
    ],
    ids=lambda reply: repr(reply)[:60],
)
async def test_whatever_a_model_sends_is_stored_and_read_back(tmp_path: Path, reply: Reply) -> None:
    """An answer that arrived is in the trace in a form that reads back, so that no resume asks for it again."""
    agent = await drive(tmp_path / "s", Spy([reply]), GivenFeed([stimulus(0), stimulus(1)]))
    assert agent.progress.steps == 2
    folder = SessionFolder(tmp_path / "s")
    assert folder.broken_lines() == []
    assert folder.progress().totals() == agent.progress.totals()


async def test_an_outage_is_recorded_with_what_it_cost(tmp_path: Path) -> None:
    """Attempts and calls that may have been paid stand in the answer; the message is one that can be stored."""
    failure = Unavailable(f"dropped {NASTY}")
    failure.attempts, failure.possibly_paid = 4, 3
    agent = await drive(tmp_path / "s", Spy([failure, Reply(json.dumps(GOOD))]), GivenFeed([stimulus(0), stimulus(1)]))
    assert agent.progress.totals()["possibly_paid"] == 3
    assert agent.progress.totals()["calls"] == 5
    assert agent.progress.totals()["answers"] == {"answered": 1, "refused": 0, "unparsable": 0, "failed": 1}


async def test_a_feed_that_shows_something_else_after_a_resume_is_an_error(tmp_path: Path) -> None:
    """Where the pending stimulus is not what is shown now, the session stops before the model is asked."""
    folder = tmp_path / "s"
    with pytest.raises(KeyError):
        await drive(folder, Spy([KeyError("cut off")]), GivenFeed([stimulus(0)]))  # type: ignore[list-item]
    spy = Spy()
    with pytest.raises(EnvironmentFailed, match=r"'other' where this session had 'clip-0'.*--session"):
        await drive(folder, spy, GivenFeed([stimulus(0, id="other")]))
    assert spy.asked == []


async def test_frames_are_in_the_store_and_not_in_the_trace(tmp_path: Path) -> None:
    """Events name frames by hash; the bytes are stored once, also for an interrupted step that is resumed."""
    folder, clip = tmp_path / "s", stimulus(0)
    with pytest.raises(KeyError):
        await drive(folder, Spy([KeyError("cut off")]), GivenFeed([clip]))  # type: ignore[list-item]
    agent = await drive(folder, Spy(), GivenFeed([clip]))
    assert agent.recorder.frames.read(clip.frames[0].sha256) == clip.frames[0].jpeg
    assert all("jpeg" not in json.dumps(event) for event in events(folder))
    assert len(of(folder, "stimulus")) == 1


async def test_the_longest_way_through_a_clip_fits_the_recursion_limit(tmp_path: Path) -> None:
    """Every clip with both stages repaired: a session of any length stays within the limit that the session sets."""
    garbled = [Reply("mumble"), Reply(json.dumps(GLANCE)), Reply("mumble"), Reply(json.dumps(REACT))]
    agent = await drive(tmp_path / "s", Spy(garbled * 30), GivenFeed([stimulus(n) for n in range(30)]), protocol="staged")
    assert agent.progress.steps == 30
    assert agent.progress.asks == 120
    assert NODES_PER_STEP == 9


def test_the_graph_has_the_documented_nodes() -> None:
    """observe → decide → act → record, with the staged and the repair branch."""
    drawn = build_graph().get_graph()
    assert set(drawn.nodes) == {"__start__", "observe", "decide", "look_on", "repair", "act", "record", "__end__"}
    edges = {(edge.source, edge.target) for edge in drawn.edges}
    assert {("__start__", "observe"), ("observe", "decide"), ("observe", "__end__"), ("act", "record"), ("record", "observe")} <= edges
    assert ("repair", "repair") not in edges, "a repair question is asked once"


async def test_a_script_drives_a_given_feed(tmp_path: Path) -> None:
    """The scripted model and any environment work together."""
    agent = await drive(tmp_path / "s", build("like", ModelOptions()), GivenFeed([stimulus(n) for n in range(4)]))
    assert agent.progress.totals()["actions"]["like"] == 4


class Listener(http.server.BaseHTTPRequestHandler):
    def _note(self) -> None:
        self.server.calls.append(self.path)  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    do_GET = do_POST = do_PATCH = _note  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_stray_tracing_switch_sends_nothing_anywhere(clips: Path, own_cache: Path, tmp_path: Path) -> None:
    """With LANGSMITH_TRACING=true in the environment, no prompt leaves the machine unless the user also asks this product for it."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        server.calls = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stray = {
            "LANGSMITH_TRACING": "true",
            "LANGCHAIN_TRACING_V2": "true",
            "LANGSMITH_API_KEY": "lsv2_stray",
            "LANGSMITH_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        }
        code = (
            "import sys; from agent import SessionSpec, run_session; "
            "run_session(SessionSpec(model='scripted/like', feed=sys.argv[1], videos=2), runs=sys.argv[2]); "
            "import langsmith; langsmith.Client().flush()"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(clips), str(tmp_path)],
            check=False,
            cwd=ROOT,
            env=os.environ | stray,
            capture_output=True,
            text=True,
            timeout=60,
        )
        server.shutdown()
    assert done.returncode == 0, done.stderr
    assert [path for path in server.calls if "info" not in path] == []  # type: ignore[attr-defined]
