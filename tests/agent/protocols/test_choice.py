"""`choice`: what is asked, what is an answer, and how a reply without JSON is read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.models.base import Prompt, Reply
from agent.models.option_logprobs import Token, option_logprobs
from agent.models.schema import sent_schema
from agent.protocols.base import AnswerState, Question, opening, stimulus_slots
from agent.protocols.choice import CHOICE, LETTERS, ChoiceProtocol, ChoiceStepsProtocol, chosen_by_rule
from agent.protocols.strategies.placement import placed
from agent.session import run_with
from agent.spec import Limits, make_spec
from environments.base import Example, ItemFacts, Stimulus, StimulusText
from personas.errors import Unreachable
from personas.persona import load_persona
from tests.agent.driving import GivenFeed, Spy, check_whole, of
from tests.agent.viewer.traces import session, shelf, step

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


@pytest.mark.parametrize("protocol", [ChoiceProtocol(), ChoiceStepsProtocol()])
@pytest.mark.parametrize("count", [2, 3, 20])
def test_the_form_offers_the_letters_that_are_shown(protocol: ChoiceProtocol, count: int) -> None:
    """With K options the schema that is sent lists K letters, in both forms, and the persona's place changes nothing of it."""
    shown = replace(STIMULUS, text=StimulusText("Q?", options=tuple(f"o{n}" for n in range(count))))
    for asked in (protocol, placed(protocol, "user")):
        stage = opening(asked, shown)
        prompt = asked.prompt(Question(stage, 0), shown, stimulus_slots(shown) | {"persona": "You.", "memory": ""}, 1)
        letters = list(LETTERS[:count])
        assert sent_schema(prompt.answer)["properties"]["answer"] == {"type": "string", "enum": letters}
        assert asked.template(stage, 0).schema == sent_schema(prompt.answer)
        assert list(prompt.answer.model_fields) == list(protocol.answer.model_fields)
        with pytest.raises(ValidationError):
            prompt.answer.model_validate({"answer": "ABCDEFGHIJKLMNOPQRSTU"[count], "reasoning": ""})


def test_a_stage_of_no_such_form_is_a_key_error() -> None:
    """Whatever a trace names as a stage, there is a template or a KeyError; and a letter beyond the options is no answer in any stage."""
    for stage in ("question-of-1", "question-of-21", "question-of-", "question-of-x", "question-of-²"):
        with pytest.raises(KeyError):
            ChoiceProtocol().template(stage, 0)
    for stage in ("question", "question-of-3"):
        found = ChoiceProtocol().interpret(stage, Reply('{"answer": "D"}'), STIMULUS)
        assert (found.state, found.fault) == (AnswerState.UNPARSABLE, "there is no option D")


def test_the_persona_stands_before_the_question_and_examples_stay_whole() -> None:
    """Placed with the user, the persona opens the question's own turn; the turns of the examples are as they were."""
    example = Example("e", (), StimulusText("Other?", options=("x", "y")), 1)
    shown = replace(STIMULUS, examples=(example,))
    asked, slots = placed(ChoiceProtocol(), "user"), stimulus_slots(shown) | {"persona": "You are you.", "memory": ""}
    plain = ChoiceProtocol().prompt(Question("question-of-3", 0), shown, slots, 1)
    prompt = asked.prompt(Question("question-of-3", 0), shown, slots, 1)
    assert prompt.system == "" and prompt.turns[:2] == plain.turns[:2]
    assert prompt.turns[2].text == f"You are you.\n\n{plain.turns[2].text}" == asked.template("question-of-3", 0).render(prompt.slots)[1]


class Before(ChoiceProtocol):
    """As it was asked when the form of the answer had all letters."""

    def opening(self, stimulus: Stimulus) -> str:
        return "question"


@pytest.mark.usefixtures("own_cache")
async def test_a_session_of_before_goes_on_and_opens(tmp_path: Path) -> None:
    """A session with answers in the stage `question` is carried on without asking twice, repairs in its own stage, and is shown as sent."""
    items = [replace(STIMULUS, id=f"q{n}", position=n) for n in range(3)]
    spec = make_spec(model="scripted/mixed", videos=3, environment="deck", feed="x", protocol="choice", strategy="none")
    told = Spy((Reply('{"answer": "B", "reason": ""}'), Reply("well?"), Reply("stop")))

    async def carry_on(protocol: ChoiceProtocol, model: Spy, limits: Limits | None = None) -> None:
        await run_with(spec, load_persona(spec.persona), protocol, model, GivenFeed(items), runs=tmp_path, session="s", limits=limits)

    class Stops(Spy):
        async def ask(self, prompt: Prompt) -> Reply:
            if len(self.asked) == 2:
                raise Unreachable("the server is gone")
            return await super().ask(prompt)

    first = Stops(told.replies)
    await carry_on(Before(), first)
    later = Spy((Reply('{"answer": "A", "reason": ""}'),))
    await carry_on(ChoiceProtocol(), later)
    answers = of(tmp_path / "s", "answer")
    assert [(each["step"], each["stage"], each["attempt"]) for each in answers] == [
        (0, "question", 0),
        (1, "question", 0),
        (1, "question", 1),
        (2, "question-of-3", 0),
    ]
    check_whole(tmp_path / "s", 3)
    found = shelf(tmp_path)
    asks = [ask for row in session(found, "s")["steps"] for ask in step(found, "s", row["step"])["asks"]]
    assert [len(ask["schema"]["properties"]["answer"]["enum"]) for ask in asks] == [20, 20, 20, 3]
    sent = [*first.asked, *later.asked]
    assert [ask["user"] for ask in asks] == [prompt.turns[-1].text for prompt in sent]
    assert all(ask["verified"] and not ask["unfilled"] for ask in asks)
    assert [row["chosen"] for row in session(found, "s")["steps"]] == [OPTIONS[1], OPTIONS[0], OPTIONS[0]]


def test_log_probabilities_are_of_the_letters_shown() -> None:
    """A letter that is not shown has no log-probability, however likely the server thinks it."""
    prompt = ChoiceProtocol().prompt(Question("question-of-3", 0), STIMULUS, stimulus_slots(STIMULUS) | {"persona": "", "memory": ""}, 1)
    top = [{"token": letter, "logprob": -1.5} for letter in "ABCD"]
    tokens = [{"token": '{"answer": "', "logprob": 0.0}, {"token": "B", "logprob": -1.5, "top_logprobs": top}]
    found = option_logprobs([Token.model_validate(each) for each in tokens], prompt.answer)
    assert found is not None and set(found) == {"A", "B", "C"}
