"""`choice-chain`: three turns of one conversation, through the engine to the trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.protocols.base import Question
from agent.protocols.choice_chain import ChoiceChainProtocol
from agent.session import run_session
from agent.spec import make_spec
from environments.base import Frame, Stimulus, StimulusText
from tests.agent.driving import of, script

pytestmark = pytest.mark.usefixtures("own_cache")
REPLIES = {"describe-of-3": '{"description": "a chart"}', "question-of-3": "four bars"}


def stimulus() -> Stimulus:
    text = StimulusText(caption="How many bars?", options=("three", "four", "five"))
    return Stimulus(id="q", position=0, frames=(Frame.of(b"jpeg", 0.0),), text=text, duration_s=0.0, source="d")


def test_the_last_turn_holds_the_whole_conversation() -> None:
    """The pictures stand in the first message only and stay there; the replies stand where they came; options are told last."""
    slots = {"persona": "", "caption": "How many bars?"}
    for cell in range(ChoiceChainProtocol.cells):
        prompt = ChoiceChainProtocol().prompt(Question("letter-of-3", cell, REPLIES), stimulus(), slots, 0)
        assert [turn.role for turn in prompt.turns] == ["user", "assistant", "user", "assistant", "user"]
        assert [len(turn.images) for turn in prompt.turns] == [1, 0, 0, 0, 0]
        assert [turn.text for turn in prompt.turns[1::2]] == list(REPLIES.values())
        assert "How many bars?" in prompt.turns[2].text
        assert [("B. four" in turn.text) for turn in prompt.turns] == [False, False, False, False, True]
        enum = ChoiceChainProtocol().template("letter-of-3", cell).schema["properties"]["answer"]["enum"]
        assert enum == ["A", "B", "C"]


def chain(tmp_path: Path, *entries: dict[str, Any]) -> Path:
    """A session over two questions, answered by these entries of a script."""
    rows = [{"id": f"q{n}", "text": f"{n}?", "options": ["right", "x", "y"], "key": [0]} for n in range(2)]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    asked = {"environment": "deck", "feed": str(tmp_path), "protocol": "choice-chain", "videos": 2, "strategy": "none"}
    return run_session(make_spec(model=script(tmp_path / "s.jsonl", *entries), **asked), runs=tmp_path / "runs").path


def test_each_turn_is_an_answer_of_its_own_and_the_last_decides(tmp_path: Path) -> None:
    """Three asks an item, one final answer with the place; a turn that cannot be read is repaired, free words need no repair."""
    path = chain(
        tmp_path,
        {"task": "choice-chain.describe", "answer": {"description": "nothing is shown"}},
        {"task": "choice-chain.question", "answer": "I think it is right"},
        {"task": "choice-chain.letter", "answer": {"answer": "B", "reason": "so"}},
        {"task": "choice-chain.letter", "stimulus": "q0", "turns": 5, "answer": "hm"},
        {"task": "choice-chain.letter", "stimulus": "q0", "turns": 7, "answer": {"answer": "C"}},
    )
    answers = of(path, "answer")
    assert [each["stage"] for each in answers if each["step"] == 0][:3] == ["describe-of-3", "question-of-3", "letter-of-3"]
    finals = {each["step"]: each for each in answers if each["final"]}
    names = {event["step"]: event["id"] for event in of(path, "stimulus")}
    places = {names[step]: each["decision"]["scores"]["choice"] for step, each in finals.items()}
    assert places == {"q0": 2, "q1": 1}
    assert len(answers) == 7 and {each["outcome"] for each in finals.values()} == {"answered"}


def test_a_refusal_or_an_outage_ends_the_conversation(tmp_path: Path) -> None:
    """The states of a turn are the question's: nothing after it is asked."""
    path = chain(
        tmp_path,
        {"task": "choice-chain.describe", "answer": {"description": "nothing"}},
        {"task": "choice-chain.describe", "stimulus": "q0", "refusal": "no"},
        {"task": "choice-chain.question", "stimulus": "q1", "error": "unavailable"},
    )
    names = {event["step"]: event["id"] for event in of(path, "stimulus")}
    finals = {names[each["step"]]: (each["stage"], each["outcome"]) for each in of(path, "answer") if each["final"]}
    assert finals == {"q0": ("describe-of-3", "refused"), "q1": ("question-of-3", "failed")}


@pytest.mark.parametrize("placement", ["system", "user"])
def test_a_keyed_respondent_goes_through_all_turns(tmp_path: Path, placement: str) -> None:
    """Always right, also where the persona's words stand in the first message."""
    rows = [{"id": f"q{n}", "text": f"{n}?", "options": ["right", "x", "y"], "key": [0]} for n in range(3)]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    asked = {"environment": "deck", "feed": str(tmp_path), "protocol": "choice-chain", "videos": 3, "placement": placement}
    path = run_session(make_spec(model="keyed/right", **asked), runs=tmp_path / "runs").path
    keys = {event["step"]: event["item"]["key"] for event in of(path, "stimulus")}
    finals = [each for each in of(path, "answer") if each["final"]]
    assert [each["decision"]["scores"]["choice"] for each in finals] == [keys[each["step"]][0] for each in finals]
