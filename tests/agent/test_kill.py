"""Killed at any moment, the same command carries on: every stimulus ends with one final answer, and none that arrived is asked for again.

AXIOFEED_KILLS sets how many kill -9 the two tests share (10 unless it says otherwise; 50 is the full number).
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agent import SessionSpec, run_session
from agent.browse import main
from tests.agent.driving import GLANCE, GOOD, REACT, check_whole, command, decisions, of, script
from tests.agent.models.provider_server import Behaviour, ProviderServer, Recorded, failing, ok, refusal
from tests.ready import begin

pytestmark = pytest.mark.usefixtures("own_cache")
KILLS = int(os.environ.get("AXIOFEED_KILLS", "10"))
SCRIPTED_KILLS = KILLS // 2
SEED = 20261120

STAGED = (
    {"task": "staged.glance", "answer": GLANCE},
    {"task": "staged.react", "answer": REACT},
    {"stimulus": "a.mp4", "task": "staged.glance", "answer": {"action": "skip", "reason": "no"}},
    {"stimulus": "b.mp4", "turns": 1, "answer": "mumble"},
    {"stimulus": "b.mp4", "task": "staged.react", "turns": 5, "answer": "mumble"},
    {"stimulus": "b.mp4", "task": "staged.glance", "turns": 3, "answer": GLANCE},
    {"stimulus": "c.mp4", "task": "staged.react", "turns": 3, "answer": "mumble"},
    {"stimulus": "c.mp4", "task": "staged.react", "turns": 5, "answer": REACT},
    {"stimulus": "d.mp4", "refusal": "no"},
    {"stimulus": "e.mp4", "task": "staged.react", "error": "unavailable"},
)


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def run_until_killed(arguments: list[str], trace: Path, threshold: int, delay: float) -> int | None:
    """Kill -9 once the trace holds `threshold` bytes and `delay` seconds have passed; the exit code, None where it was killed."""
    with tempfile.TemporaryDirectory() as place:
        said = Path(place) / "stderr"
        process = begin(arguments, said)
        while process.exitcode is None and size(trace) < threshold:
            time.sleep(0.0005)
        time.sleep(delay)
        process.kill()
        process.join()
        assert not said.exists() or "Traceback" not in said.read_text(encoding="utf-8")
    return None if process.exitcode == -9 else process.exitcode


def kill_and_carry_on(arguments: list[str], runs: Path, kills: int, expected_bytes: int, pause: float) -> list[Path]:
    """Run the command until it has been killed `kills` times, at random moments spread over what was left of the session; a session that
    got through all the same is followed by another. The sessions, all run to their end at last."""
    source, killed, sessions = random.Random(SEED), 0, [runs / "mine-0"]
    for _ in range(4 * kills):
        if killed == kills:
            break
        trace = sessions[-1] / "trace.jsonl"
        place = source.uniform(size(trace), max(expected_bytes, size(trace) + 200))
        code = run_until_killed([*arguments, "--session", sessions[-1].name], trace, int(place), source.uniform(0, pause))
        assert code in {None, 0}
        killed += code is None
        if code == 0:
            sessions.append(runs / f"mine-{len(sessions)}")
    assert killed == kills
    last = [*arguments, "--session", sessions[-1].name]
    assert main(last[3:]) == 0
    return sessions


def frames_open(session: Path) -> None:
    from PIL import Image

    for event in of(session, "stimulus"):
        for frame in event["frames"]:
            with Image.open(session.parent / "frames" / frame["sha256"][:2] / f"{frame['sha256']}.jpg", formats=["JPEG"]) as picture:
                picture.load()


def test_a_scripted_session_survives_kill_9(clips: Path, tmp_path: Path) -> None:
    """A staged session with repairs, refusals and outages, killed at random moments: whole, and equal to an uninterrupted one."""
    model = script(tmp_path / "staged.jsonl", *STAGED)
    fields: dict[str, Any] = {"model": model, "feed": str(clips), "videos": 7, "protocol": "staged", "memory": "recent:3"}
    whole = run_session(SessionSpec(**fields), runs=tmp_path / "whole").path
    runs = tmp_path / "killed"
    arguments = command(
        *("--model", model, "--feed", clips, "--videos", 7, "--protocol", "staged", "--memory", "recent:3", "--runs", runs, "--quiet")
    )
    for session in kill_and_carry_on(arguments, runs, SCRIPTED_KILLS, size(whole / "trace.jsonl"), 0.005):
        check_whole(session, 7)
        assert decisions(session) == decisions(whole)
        assert len(of(session, "answer")) == len(of(whole, "answer"))
        frames_open(session)


def provider(request: Recorded) -> Behaviour:
    """Answers that depend on the question alone, after a while in which a kill may come."""
    kind = request.body["seed"] % 7
    answer = {0: refusal(), 1: ok("mumble"), 2: failing(400)}.get(kind, ok(GOOD))
    return Behaviour(**{**answer.__dict__, "delay_s": 0.05})


def test_a_session_over_http_survives_kill_9(clips: Path, tmp_path: Path) -> None:
    """Over real HTTP, killed also while a question is out: the server sees no question again whose answer had arrived, and each question
    that was lost is counted as possibly paid."""
    kills = KILLS - SCRIPTED_KILLS
    with ProviderServer(provider) as server:
        fields = ("--model", "compatible/x", "--base-url", server.url(), "--model-option", "max_attempts=1")
        shared = (*fields, "--feed", clips, "--videos", 7, "--policy", "shuffled")
        whole = command(*shared, "--runs", tmp_path / "whole", "--session", "mine", "--quiet")
        assert main(whole[3:]) == 0
        server.requests.clear()
        arguments = command(*shared, "--runs", tmp_path / "killed", "--quiet")
        expected = size(tmp_path / "whole" / "mine" / "trace.jsonl")
        sessions = kill_and_carry_on(arguments, tmp_path / "killed", kills, expected, 0.1)
        requests = Counter(request.body["seed"] for request in server.requests)
    for session in sessions:
        check_whole(session, 7)
        assert decisions(session) == decisions(tmp_path / "whole" / "mine")
        frames_open(session)
        assert of(session, "end")[-1]["totals"]["possibly_paid"] == len(of(session, "ask")) - len(of(session, "answer"))
    asks = Counter(ask["seed"] % 2**31 for session in sessions for ask in of(session, "ask"))
    answers = sum(len(of(session, "answer")) for session in sessions)
    assert all(requests[seed] <= asks[seed] for seed in requests), "no request without an ask of its own before it"
    assert asks.total() - answers <= kills, "a kill loses one question at most"
    assert answers <= requests.total() <= asks.total()


@pytest.mark.parametrize("protocol", ["feed", "staged"])
def test_a_trace_cut_at_any_byte_carries_on(clips: Path, tmp_path: Path, protocol: str) -> None:
    """Power lost at any byte of the trace: what is left of it is kept, no answer in it is asked for again, and the end is the same."""
    model = script(tmp_path / "script.jsonl", *STAGED, {"default": True, "answer": GOOD}, {"stimulus": "f.mp4", "answer": "mumble"})
    spec = SessionSpec(model=model, feed=str(clips), videos=7, protocol=protocol, memory="recent:3", policy="shuffled")
    whole = run_session(spec, runs=tmp_path / "whole", session="mine").path
    trace = (whole / "trace.jsonl").read_bytes()
    source = random.Random(SEED)
    runs = tmp_path / "cut"
    session = runs / "mine"
    session.mkdir(parents=True)
    (session / "session.json").write_bytes((whole / "session.json").read_bytes())
    last = trace.rstrip(b"\n").rfind(b"\n") + 1
    ends = [place + 1 for place, byte in enumerate(trace) if byte == 10]
    places = [0, 1, *source.sample(range(len(trace)), 25), *source.sample(ends, 10), last - 1, last]
    for place in sorted(places):
        (session / "trace.jsonl").write_bytes(trace[:place])
        result = run_session(spec, runs=runs, session="mine")
        assert result.reason == "complete"
        kept = trace[: trace[:place].rfind(b"\n") + 1]
        assert (session / "trace.jsonl").read_bytes().startswith(kept)
        check_whole(session, 7)
        assert decisions(session) == decisions(whole)
        before = [json.loads(line) for line in kept.splitlines()]
        lost = bool(before) and before[-1]["type"] == "ask"
        assert result.totals["possibly_paid"] == int(lost)
        assert len(of(session, "ask")) == len(of(whole, "ask")) + lost
