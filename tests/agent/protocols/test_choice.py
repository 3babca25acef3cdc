"""`choice`: what is asked, what is an answer, and how a reply without JSON is read."""

from __future__ import annotations

import json

import pytest

from agent.models.base import Reply
from agent.protocols.base import AnswerState, Question, stimulus_slots
from agent.protocols.choice import CHOICE, ChoiceProtocol, ChoiceStepsProtocol, chosen_by_rule
from environments.base import ItemFacts, Stimulus, StimulusText

OPTIONS = ("cat", "cat and dog", "a bird")
STIMULUS = Stimulus(
    "q", 0, (), StimulusText("What is it?", options=OPTIONS), 0.0, "deck", item=ItemFacts((1,), (2, 1, 0), "secret", "shown")
)


def place(text: str, protocol: ChoiceProtocol | None = None) -> int | None:
    found = (protocol or ChoiceProtocol()).interpret("question", Reply(text), STIMULUS)
    if found.state is not AnswerState.ANSWERED:
        return None
    assert found.decision is not None and found.decision.scores is not None
    return int(found.decision.scores[CHOICE])


@pytest.mark.parametrize("protocol", [ChoiceProtocol(), ChoiceStepsProtocol()])
@pytest.mark.parametrize("cell", range(3))
def test_the_prompt_has_the_options_under_letters_and_nothing_of_the_key(protocol: ChoiceProtocol, cell: int) -> None:
    """Options stand in the order shown, one a line; neither key nor reference is told."""
    slots = stimulus_slots(STIMULUS) | {"persona": "", "memory": ""}
    prompt = protocol.prompt(Question("question", cell), STIMULUS, slots, 1)
    words = prompt.turns[0].text
    assert "What is it?" in words
    assert "A. cat\nB. cat and dog\nC. a bird" in words
    assert "secret" not in words + prompt.system


@pytest.mark.parametrize(("letter", "found"), [("B", 1), ("b", 1), ("(C)", 2), ("A.", 0), ("D", None), ("", None), ("AB", None)])
def test_a_letter_is_a_place(letter: str, found: int | None) -> None:
    """Any way of writing one letter; a letter beyond the options is no answer."""
    assert place(json.dumps({"answer": letter, "reason": "so"})) == found


def test_the_thinking_comes_first_where_it_is_asked_for() -> None:
    """`choice-steps` reads the letter after the reasoning."""
    assert place(json.dumps({"reasoning": "A is a cat, so B", "answer": "B"}), ChoiceStepsProtocol()) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("B", 1),
        ("(b)", None),
        ("The answer is B.", 1),
        ("**Answer: C**", 2),
        ("Answer: C", 2),
        ("A. cat", 0),
        ("cat", 0),
        ("It is a cat and dog", None),
        ("I think it is cat and dog.", 1),
        ("a bird", 2),
        ("It is a bird.", 2),
        ("It is not a bird", None),
        ("either the cat or a bird", None),
        ("The answer is A, or the answer is B", None),
        ("A bird in the hand", None),
        ("I think so", None),
        ("Answer: D", None),
        ("B. a bird", None),
        ("B. cat and dog", 1),
        ("Answer: A definite conclusion cannot be drawn", None),
        ("Option A or B could be right.", None),
        ("Option A is wrong.", None),
        ("Answer: B is wrong, C is right", None),
        ("Answer: B. C is wrong", None),
    ],
)
def test_a_reply_in_words_is_read_by_rule_or_not_at_all(text: str, found: int | None) -> None:
    """One option named is the answer; two, or none, is unparsable."""
    assert chosen_by_rule(text, OPTIONS) == found
    assert place(text) == found


def test_a_refusal_is_a_refusal() -> None:
    """A provider's mark, or the usual words, and nothing is read out of them."""
    for reply in (Reply("B", refusal="policy"), Reply("I'm sorry, but I can't help with that.")):
        assert ChoiceProtocol().interpret("question", reply, STIMULUS).state is AnswerState.REFUSED
