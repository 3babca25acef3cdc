"""`curate` and `symbols`: what is asked, what counts as an answer, and what comes back from the raw reply."""

from __future__ import annotations

import json

import pytest

from agent.models.base import Reply
from agent.models.schema import sent_schema
from agent.protocols.base import AnswerState, Question
from agent.protocols.curating import FOUND, CurateAnswer, CurateProtocol, SymbolsAnswer, SymbolsProtocol, curated, symbols_seen
from environments.base import ItemFacts, Stimulus, StimulusText

TOLD = 'Skill: Physics (Reasoning)\nTriplets: at most 2\n\nCaptions:\n- "$persona {it}"'
STIMULUS = Stimulus("i", 0, (), StimulusText(TOLD), 0.0, "deck", item=ItemFacts(reference="secret", about={"skill": "hidden"}))
TRIPLET = {"question": "What?", "answer": 3, "reasoning": "So.", "options": None}


@pytest.mark.parametrize("protocol", [CurateProtocol(), SymbolsProtocol()])
def test_two_wordings_ask_the_same_form(protocol: CurateProtocol) -> None:
    """The words differ, the schema does not; the item's words stand in it whole, and nothing that the model must not see."""
    asked = [protocol.prompt(Question(protocol.first_stage, cell), STIMULUS, {"persona": "", "caption": TOLD}, 0) for cell in range(2)]
    assert protocol.cells == 2 and asked[0].turns[0].text != asked[1].turns[0].text
    assert asked[0].answer is asked[1].answer
    for prompt in asked:
        assert (TOLD in prompt.turns[0].text) is (protocol.name == "curate")
        assert "secret" not in prompt.turns[0].text and "hidden" not in prompt.turns[0].text


def test_a_triplet_is_read_leniently_and_kept_whole() -> None:
    """A number as an answer and no options are read; what is wrong with a triplet is left to the filters."""
    reply = Reply(f"Here they are:\n```json\n{json.dumps({'triplets': [TRIPLET, {'question': ''}]})}\n```")
    found = CurateProtocol().interpret("curate", reply, STIMULUS)
    assert found.state is AnswerState.ANSWERED and found.decision is not None
    assert found.decision.scores == {FOUND: 2.0}
    first, second = curated(reply.text)
    assert (first.answer, first.options, first.kind) == ("3", [], "plain") and second.answer == ""


def test_a_kind_in_capitals_or_left_out_costs_no_other_triplet() -> None:
    """How the kind is written does not make fifty triplets unreadable."""
    kinds = ("Decline", " BENIGN ", None)
    found = curated(json.dumps({"triplets": [{**TRIPLET, "kind": kind} for kind in kinds]}))
    assert [triplet.kind for triplet in found] == ["decline", "benign", "plain"]


@pytest.mark.parametrize("raw", ["no", '[{"question": "?"}]', '{"triplets": [{"kind": "funny"}]}', '{"triplets": 3}', '{"triplets": ['])
def test_what_is_no_list_of_triplets_is_unparsable(raw: str) -> None:
    """Nothing is guessed from it, and nothing comes back."""
    assert CurateProtocol().interpret("curate", Reply(raw), STIMULUS).state is AnswerState.UNPARSABLE
    assert curated(raw) == ()


def test_symbols_need_boxes_of_four() -> None:
    """Objects with names and four numbers; otherwise the reply is unparsable and no symbols come back."""
    good = {"captions": ["A dog."], "objects": [{"name": "dog", "box": [0, 0, 10, 20.5]}], "relations": [["a", "on", "b"]], "texts": []}
    found = symbols_seen(json.dumps(good))
    assert found is not None and found.objects[0].box == [0, 0, 10, 20.5]
    assert symbols_seen(json.dumps(good | {"objects": [{"name": "dog", "box": [0, 0, 10]}]})) is None
    assert symbols_seen(json.dumps(good | {"objects": [{"name": "dog", "box": [0, 0, 10, float("nan")]}]})) is None
    bad = SymbolsProtocol().interpret("symbols", Reply(json.dumps(good | {"relations": [["a", "b"]]})), STIMULUS)
    assert bad.state is AnswerState.UNPARSABLE and "relations" in bad.fault


def test_the_forms_can_be_sent_as_schemas() -> None:
    """Every object closed, every property required."""
    triplet = sent_schema(CurateAnswer)["properties"]["triplets"]["items"]
    assert triplet["required"] == ["question", "answer", "reasoning", "options", "kind"] and triplet["additionalProperties"] is False
    assert sent_schema(SymbolsAnswer)["required"] == ["captions", "objects", "relations", "texts"]
