"""Running sessions in tests: scripts, feeds made of given stimuli, the command line, and traces without their times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.browse import main
from agent.browsing import Browsing
from agent.logs import configure_logs
from agent.models.base import Model, Prompt, Reply
from agent.protocols.registry import make_protocol
from agent.session import drive as run_graph
from agent.spec import Limits, SessionSpec
from agent.trace.recorder import Observer, Recorder
from environments.base import Action, ActionKind, FeedProblem, Frame, Outcome, PastStep, Stimulus, StimulusText
from personas.persona import load_persona

ROOT = Path(__file__).parents[2]
GOOD = {"action": "watch", "watch_fraction": 0.5, "rating": 3, "reason": "because"}
GLANCE = {"action": "watch", "reason": "curious"}
REACT = {"action": "like", "watch_fraction": 0.9, "rating": 5, "reason": "lovely"}
TIMES = ("at", "latency_s")


def script(path: Path, *entries: dict[str, Any]) -> str:
    """The model name of a script with these entries."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return f"scripted/{path}"


def events(session: Path) -> list[dict[str, Any]]:
    """The trace as plain JSON, read without the product's own reader."""
    return [json.loads(line) for line in (session / "trace.jsonl").read_bytes().splitlines()]


def timeless(session: Path) -> list[dict[str, Any]]:
    """The trace without what may differ between two equal runs."""
    found = [{name: value for name, value in event.items() if name not in TIMES} for event in events(session)]
    for event in found:
        if event["type"] == "end":
            event["totals"] = {name: value for name, value in event["totals"].items() if name != "seconds"}
    return found


def of(session: Path, kind: str) -> list[dict[str, Any]]:
    """The events of one type."""
    return [event for event in events(session) if event["type"] == kind]


def decisions(session: Path) -> list[tuple[Any, ...]]:
    """What was shown, answered and done, step by step: what must not depend on interruptions."""
    answers = {event["step"]: event for event in of(session, "answer") if event["final"]}
    shown = {event["step"]: event for event in of(session, "stimulus")}
    return [
        (step, shown[step]["id"], shown[step].get("propensity"), answers[step]["outcome"], answers[step].get("decision"), done["done"])
        for done in of(session, "action")
        for step in [done["step"]]
    ]


def check_whole(session: Path, clips: int) -> None:
    """Each stimulus was shown once and has exactly one final answer and one action; no answer was asked for again after it arrived."""
    everything = events(session)
    for kind in ("stimulus", "action"):
        assert [event["step"] for event in everything if event["type"] == kind] == list(range(clips))
    finals = Counter(event["step"] for event in everything if event["type"] == "answer" and event["final"])
    assert finals == Counter(range(clips))
    answered: set[tuple[int, str, int]] = set()
    for event in everything:
        if event["type"] in {"ask", "answer"}:
            key = (event["step"], event["stage"], event["attempt"])
            assert key not in answered, f"{event['type']} {key} after its answer had arrived"
            if event["type"] == "answer":
                answered.add(key)
    totals = everything[-1]["totals"]
    assert everything[-1]["reason"] == "complete"
    assert sum(totals["answers"].values()) == totals["steps"] == clips


def command(*arguments: str | Path | int, module: str = "agent.browse") -> list[str]:
    """The command line of `python -m agent.browse`."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def browse(
    *arguments: str | Path | int, environment: dict[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `python -m agent.browse` to its end."""
    return subprocess.run(
        command(*arguments),
        check=False,
        cwd=ROOT,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
    )


def browse_here(capsys: pytest.CaptureFixture[str], *arguments: str | Path | int) -> subprocess.CompletedProcess[str]:
    """As `browse`, by its `main` in this process: starting Python and importing take longer than a short session."""
    capsys.readouterr()
    given = [str(argument) for argument in arguments]
    try:
        code = main(given)
    finally:
        configure_logs()  # of --verbose nothing is left for the tests after this one
    out, err = capsys.readouterr()
    return subprocess.CompletedProcess(given, code, out, err)


def stimulus(number: int, caption: str = "", **more: Any) -> Stimulus:
    """A stimulus with one frame, whose bytes are no picture: nobody in the engine looks inside."""
    frame = Frame.of(b"\xff\xd8 frame %d" % number, 0.5)
    fields = {"text": StimulusText(caption=caption or f"caption {number}"), "duration_s": 4.0, "source": "test"} | more
    return Stimulus(id=fields.pop("id", f"clip-{number}"), position=number, frames=(frame,), **fields)


@dataclass
class GivenFeed:
    """An environment that shows the given stimuli in order. `likes_work` false: likes do not register, and an error says so."""

    stimuli: Sequence[Stimulus]
    likes_work: bool = True
    problems: Sequence[FeedProblem] = ()
    fingerprint: str | None = None
    total: int | None = None
    shown: int = 0
    closed: bool = False

    async def open(self, history: Sequence[PastStep] = (), gone: Collection[str] = ()) -> None:
        self.shown = len(history)

    async def observe(self) -> Stimulus | None:
        return self.stimuli[self.shown] if self.shown < len(self.stimuli) else None

    async def act(self, action: Action) -> Outcome:
        dwell = self.stimuli[self.shown].duration_s * action.watch_fraction
        self.shown += 1
        failed = action.kind is ActionKind.LIKE and not self.likes_work
        return Outcome(action.kind is ActionKind.LIKE and not failed, True, dwell, "the heart did not turn red" if failed else None)

    async def close(self) -> None:
        self.closed = True


@dataclass
class Spy:
    """A respondent that keeps what it was asked, and answers with the given replies in turn (the last one from then on)."""

    replies: Sequence[Reply | Exception] = (Reply(json.dumps(GOOD)),)
    synthetic: bool = False
    price_known: bool = True
    name: str = "spy/one"
    asked: list[Prompt] = field(default_factory=list)

    async def ask(self, prompt: Prompt) -> Reply:
        self.asked.append(prompt)
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def most_usd(self, prompt: Prompt) -> Decimal | None:
        return Decimal(0)

    async def close(self) -> None:
        """Nothing to release."""


async def drive(
    folder: Path, model: Model, feed: GivenFeed, limits: Limits | None = None, observer: Observer | None = None, **fields: Any
) -> Browsing:
    """Let `model` browse `feed` through the real graph, in the trace of the session folder `folder`, as far as it gets."""
    spec = SessionSpec(**{"videos": len(feed.stimuli)} | fields)
    folder.mkdir(parents=True, exist_ok=True)
    recorder = Recorder(folder, observer)
    protocol = make_protocol(spec.protocol)
    agent = Browsing(spec, limits or Limits(), load_persona(spec.persona), model, protocol, feed, recorder)
    try:
        recorder.begin("0" * 64, {})
        await feed.open(recorder.progress.history, frozenset(recorder.progress.problems))
        agent.note_problems()
        await run_graph(agent)
    finally:
        recorder.close()
    return agent
