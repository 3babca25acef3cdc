"""`nearest`: which option a reply means, none of them, or no verdict at all."""

from __future__ import annotations

import json

import pytest

from agent.models.base import Reply
from agent.protocols.base import AnswerState
from agent.protocols.choice import CHOICE
from agent.protocols.nearest import NearestProtocol
from environments.base import ItemFacts, Stimulus, StimulusText

STIMULUS = Stimulus("q", 0, (), StimulusText("words"), 0.0, "deck", item=ItemFacts(about={"letters": "3"}))


@pytest.mark.parametrize(
    ("option", "state", "place"),
    [
        ("B", AnswerState.ANSWERED, 1.0),
        ("(c)", AnswerState.ANSWERED, 2.0),
        ("none", AnswerState.ANSWERED, -1.0),
        ("None.", AnswerState.ANSWERED, -1.0),
        ("D", AnswerState.UNPARSABLE, None),
        ("A or B", AnswerState.UNPARSABLE, None),
        (True, AnswerState.UNPARSABLE, None),
    ],
)
def test_only_an_option_that_was_shown_is_one(option: object, state: AnswerState, place: float | None) -> None:
    """A letter or none, however it is written; a letter that no option has, two of them or anything else is no verdict."""
    found = NearestProtocol().interpret("nearest", Reply(json.dumps({"reason": "so", "option": option})), STIMULUS)
    assert found.state is state
    assert (found.decision.scores or {}).get(CHOICE) == place if found.decision else place is None


def test_a_reply_without_json_is_no_verdict() -> None:
    """Words are not guessed at; a refusal is a refusal."""
    assert NearestProtocol().interpret("nearest", Reply("B"), STIMULUS).state is AnswerState.UNPARSABLE
    assert NearestProtocol().interpret("nearest", Reply("", refusal="no"), STIMULUS).state is AnswerState.REFUSED


def test_the_form_has_the_letters_that_are_shown() -> None:
    """A server that holds a judge to its schema offers no letter without an option; a deck that names no number gets all twenty."""
    protocol = NearestProtocol()
    stage = protocol.opening(STIMULUS)
    assert stage == "nearest-of-3"
    assert protocol.template(stage, 0).schema["properties"]["option"]["enum"] == ["A", "B", "C", "none"]
    assert len(protocol.template("nearest", 0).schema["properties"]["option"]["enum"]) == 21
    assert protocol.interpret(stage, Reply(json.dumps({"reason": "so", "option": "D"})), STIMULUS).state is AnswerState.UNPARSABLE
    for letters in ("", "0", "21", "-1", "many", "9" * 5000):
        hostile = Stimulus("q", 0, (), StimulusText("words"), 0.0, "deck", item=ItemFacts(about={"letters": letters}))
        assert protocol.opening(hostile) == "nearest"
        assert protocol.interpret("nearest", Reply('{"reason": "so", "option": "D"}'), hostile).state is AnswerState.ANSWERED
    for stage in ("nearest-of-21", "nearest-of-0"):
        with pytest.raises(KeyError):
            protocol.template(stage, 0)
