"""Sessions about items of a deck that are cut off at any line of their trace, and those that an earlier version began."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.protocols.choice import ChoiceProtocol
from agent.session import SessionResult, run_session
from agent.spec import make_spec
from tests.agent.driving import check_whole, decisions, of, script

pytestmark = pytest.mark.usefixtures("own_cache")
UNREADABLE = "a table {"


def session(folder: Path, runs: str, **fields: Any) -> SessionResult:
    rows = [{"id": f"q{n}", "text": f"{n}?", "options": ["one", "two", "three"], "key": [n]} for n in range(2)]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    spec = {"environment": "deck", "feed": str(folder), "videos": 2, "strategy": "none", "model": "keyed/right"} | fields
    return run_session(make_spec(**spec), runs=folder / runs, session="one")


def talk(folder: Path) -> str:
    """A respondent of a conversation in three turns that stumbles in two of them."""
    return script(
        folder / "script.jsonl",
        {"task": "choice-chain.describe", "answer": {"description": "a room"}},
        {"task": "choice-chain.question", "turns": 3, "answer": UNREADABLE},
        {"task": "choice-chain.question", "answer": {"answer": "a table"}},
        {"task": "choice-chain.letter", "turns": 5, "answer": UNREADABLE},
        {"task": "choice-chain.letter", "answer": {"answer": "C", "reason": "so"}},
    )


@pytest.mark.parametrize("protocol", ["choice-chain", "likelihood"])
@pytest.mark.parametrize("half", [False, True])
def test_a_trace_cut_at_any_line_goes_on_from_there(protocol: str, half: bool, tmp_path: Path) -> None:
    """After kill -9 at each line, or within it: the decisions are the same, and no stage that was answered is asked again."""
    model = talk(tmp_path) if protocol == "choice-chain" else "keyed/right"
    whole = session(tmp_path, "whole", protocol=protocol, model=model).path
    lines = (whole / "trace.jsonl").read_bytes().splitlines(keepends=True)
    cut = session(tmp_path, "cut", protocol=protocol, model=model).path
    for number in range(1, len(lines)):
        torn = lines[number][: len(lines[number]) // 2] if half else b""
        (cut / "trace.jsonl").write_bytes(b"".join(lines[:number]) + torn)
        result = session(tmp_path, "cut", protocol=protocol, model=model)
        assert result.reason == "complete"
        assert decisions(cut) == decisions(whole)
        if json.loads(lines[number - 1])["type"] != "ask":
            check_whole(cut, 2)
        lost = json.loads(lines[number - 1])["type"] == "ask"
        assert result.totals["possibly_paid"] == int(lost)
    assert len(of(whole, "answer")) == (10 if protocol == "choice-chain" else 2)


def test_a_question_that_an_earlier_version_began_goes_on_as_it_began(tmp_path: Path) -> None:
    """Its stage is plain `question`, with twenty letters: the repair is asked in that form, and the next item in today's."""
    model = script(
        tmp_path / "script.jsonl",
        {"task": "choice", "turns": 1, "stimulus": "q1", "answer": UNREADABLE},
        {"task": "choice", "answer": {"answer": "B"}},
    )
    path = session(tmp_path, "runs", protocol="choice", model=model).path
    events = [json.loads(line) for line in (path / "trace.jsonl").read_text().splitlines()]
    old = ChoiceProtocol().template("question", next(each["cell"] for each in events if each["type"] == "ask"))
    at = next(number for number, each in enumerate(events) if each["type"] == "answer")
    for each in events[: at + 1]:
        if each["type"] in ("ask", "answer", "prompt"):
            each["stage"] = "question"
        if each["type"] == "ask":
            each["prompt"] = old.hash
        if each["type"] == "prompt":
            each |= {"hash": old.hash, "answer_schema": old.schema}
        if each["type"] == "answer":
            each |= {"outcome": "unparsable", "final": False, "decision": None, "raw": UNREADABLE, "fault": "no JSON"}
    (path / "trace.jsonl").write_text("".join(json.dumps(each) + "\n" for each in events[: at + 1]))
    assert session(tmp_path, "runs", protocol="choice", model=model).reason == "complete"
    asked = {(each["step"], each["attempt"], each["stage"]) for each in of(path, "ask")}
    assert {(0, 0, "question"), (0, 1, "question")} <= asked and {stage for step, _, stage in asked if step} == {"question-of-3"}
    assert len(of(path, "answer")) == len(of(path, "ask"))
