"""`keyed`: respondents to benchmarks whose true score is known, through the engine to the trace."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from agent.models.lapses import refuses
from agent.models.registry import ModelOptions, make_model
from agent.session import run_session
from agent.spec import make_spec
from agent.trace.events import AnswerEvent, StimulusEvent
from agent.trace.reader import SessionFolder
from personas.errors import ModelSetupError

ITEMS = 60


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("questions")
    rows = [{"id": f"q{n}", "text": f"{n}?", "options": ["right", "x", "y", "z"], "key": [0]} for n in range(ITEMS)]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def counts(questions: Path, runs: Path, kind: str, repeat: int = 0, **options: str) -> Counter[str]:
    """Answer states, and how often the answer was right and was the first place."""
    spec = make_spec(
        model=f"keyed/{kind}",
        model_options=options,
        environment="deck",
        feed=str(questions),
        protocol="choice",
        videos=ITEMS,
        repeat=repeat,
    )
    result = run_session(spec, runs=runs)
    key: dict[int, tuple[int, ...]] = {}
    found: Counter[str] = Counter()
    for event in SessionFolder(result.path).events():
        if isinstance(event, StimulusEvent):
            assert event.item is not None
            key[event.step] = event.item.key
        elif isinstance(event, AnswerEvent) and event.final:
            found[event.outcome] += 1
            if event.decision is not None and event.decision.scores is not None:
                place = int(event.decision.scores["choice"])
                found["right"] += place in key[event.step]
                found["first"] += place == 0
    return found


def test_always_right_and_always_a(questions: Path, tmp_path: Path) -> None:
    """`right` is right everywhere; `first` says A everywhere and is right in a quarter of (item, repeat), to the exact count."""
    assert counts(questions, tmp_path, "right") == {"answered": ITEMS, "right": ITEMS, "first": pytest.approx(ITEMS / 4, abs=ITEMS / 4)}
    always = [counts(questions, tmp_path, "first", repeat) for repeat in range(4)]
    assert all(each["first"] == ITEMS for each in always)
    assert sum(each["right"] for each in always) == ITEMS


def test_refusals_and_failures_are_not_wrong_answers(questions: Path, tmp_path: Path) -> None:
    """`refuses-half` refuses the questions that it says, `fails-some` fails; all that they answer is right."""
    refusing = counts(questions, tmp_path, "refuses-half")
    assert refusing["refused"] == sum(refuses("keyed", f"q{n}") for n in range(ITEMS))
    assert refusing["right"] == refusing["answered"] == ITEMS - refusing["refused"]
    fails = counts(questions, tmp_path, "fails-some")
    assert 0 < fails["failed"] < ITEMS / 2
    assert fails["right"] == fails["answered"] == ITEMS - fails["failed"]


def test_accuracy_is_what_was_asked_for(questions: Path, tmp_path: Path) -> None:
    """With accuracy .5 about half is right, the same items in every repeat, wherever their options stand."""
    found = {counts(questions, tmp_path, "right", repeat, accuracy="0.5")["right"] for repeat in range(2)}
    assert len(found) == 1
    assert ITEMS * 0.3 < found.pop() < ITEMS * 0.7


def test_mistakes_are_named() -> None:
    """Another name, another option, a number out of range: one line."""
    wrong = [("left", {}, "the choices are right, first"), ("right", {"accuracy": "2"}, "accuracy"), ("right", {"a": "1"}, "options are")]
    for name, options, told in wrong:
        with pytest.raises(ModelSetupError, match=told):
            make_model(f"keyed/{name}", ModelOptions(extra=options))
