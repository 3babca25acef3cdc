"""The reader on items of a deck: it compares words, looks at no letter, and answers in every form that a deck asks for."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from agent.models.base import Prompt
from agent.models.reader.likeness import nearest, overlap
from agent.models.reader.model import Reader
from agent.models.reader.morals import Morals, morals, point
from agent.models.reader.words import words
from agent.protocols.base import AnswerState, Decision, Question, opening, repair_turns, stimulus_slots
from agent.protocols.choice import CHOICE, ChoiceStepsProtocol
from agent.protocols.rating import GROUND, GROUNDS, RATING
from agent.protocols.registry import make_protocol
from agent.protocols.verdict import VERDICT
from environments.base import Example, Frame, Stimulus, StimulusText
from evals.judging.judgements import Judgement, Pairing, Unmapped, item_of
from tests.agent.models.test_reader import picture

pytestmark = pytest.mark.usefixtures("own_cache")
ANIMALS = ("a tax return", "a loaf of bread", "a kitten", "a volcano")


def item(text: str, options: tuple[str, ...] = (), frames: tuple[Frame, ...] = (), name: str = "q") -> Stimulus:
    return Stimulus(name, 0, frames, StimulusText(text, options=options), 0.0, "deck")


def asked(protocol: str, stimulus: Stimulus, seed: int = 0) -> Prompt:
    made = make_protocol(protocol)
    slots = stimulus_slots(stimulus) | {"persona": "", "memory": "", "persona_name": ""}
    return replace(made.prompt(Question(opening(made, stimulus), 0), stimulus, slots, 1), step_seed=seed)


async def answered(protocol: str, stimulus: Stimulus, seed: int = 0) -> Decision:
    reply = await Reader().ask(asked(protocol, stimulus, seed))
    made = make_protocol(protocol)
    found = made.interpret(opening(made, stimulus), reply, stimulus)
    assert found.state is AnswerState.ANSWERED, found.fault
    assert found.decision is not None
    return found.decision


async def chosen(stimulus: Stimulus, seed: int = 0, protocol: str = "choice") -> str:
    decision = await answered(protocol, stimulus, seed)
    assert decision.scores is not None
    return stimulus.text.options[int(decision.scores[CHOICE])]


@pytest.mark.parametrize("protocol", ["choice", "choice-steps"])
async def test_it_picks_the_option_by_its_words_wherever_it_stands(protocol: str) -> None:
    """The option nearest to the question is chosen in every one of the orders of four options."""
    found = {await chosen(item("Which small cat is this pet?", order), protocol=protocol) for order in permutations(ANIMALS)}
    assert found == {"a kitten"}


async def test_no_letter_is_preferred_where_words_say_nothing() -> None:
    """Options without known words are drawn by seed, step and stimulus: each place about as often, and the same again for the same seed."""
    signs = ("※", "◇", "□", "△")
    places = [signs.index(await chosen(item("?", signs, name=f"q{n}"), seed=n)) for n in range(80)]
    assert min(Counter(places)[place] for place in range(4)) >= 10
    assert places[:8] == [signs.index(await chosen(item("?", signs, name=f"q{n}"), seed=n)) for n in range(8)]
    turned = [await chosen(item("?", (*signs[2:], *signs[:2]), name=f"q{n}"), seed=n) for n in range(20)]
    assert turned == [signs[place] for place in places[:20]]


def test_near_ties_are_drawn_among_themselves_alone() -> None:
    """Likenesses within the margin share the draw; what lies below it is never drawn."""
    found = Counter(nearest(("b", "a", "c"), (0.5, 0.49, 0.4), seed)[0] for seed in range(60))
    assert set(found) == {0, 1} and min(found.values()) > 10
    assert nearest(("b", "a"), (0.5, 0.3), 1) == (0, 1)


async def test_what_is_read_on_the_picture_counts() -> None:
    """A word that only the picture shows turns the choice; the picture of an example does not."""
    options = ("a cup of coffee", "a fast bicycle")
    plain = item("What is offered here?", options)
    for shown, other in (("FRESH ESPRESSO AND CAPPUCCINO", 1), ("RACING BIKES AND CYCLING GEAR", 0)):
        frame = picture(shown, size=(640, 360 * 2))
        assert await chosen(replace(plain, frames=(frame,))) == options[1 - other]
        example = Example("e", (frame,), StimulusText("What is it?", options=("x", "y")), 0)
        assert await chosen(replace(plain, examples=(example,)), seed=3) == await chosen(plain, seed=3)


async def test_steps_come_with_honest_reasoning() -> None:
    """The reasoning says that words were compared, and comes before the letter."""
    reply = await Reader().ask(asked("choice-steps", item("Which small cat is this pet?", ANIMALS)))
    data = json.loads(reply.text)
    assert list(data) == ["reasoning", "answer"] and "compare words" in data["reasoning"] and "no words on a picture" in data["reasoning"]
    assert reply.cost_usd == 0 and isinstance(make_protocol("choice-steps"), ChoiceStepsProtocol)


async def test_a_repair_is_answered_as_the_question_was() -> None:
    """After a bad answer the same question gets the same answer."""
    prompt = asked("choice", item("Which small cat is this pet?", ANIMALS))
    again = replace(prompt, turns=repair_turns(prompt.turns, "what?", "no JSON"))
    assert (await Reader().ask(again)).text == (await Reader().ask(prompt)).text


async def test_open_questions_are_answered_by_quoting() -> None:
    """The words on the picture, else the sentence of the question that is most like all of it; never nothing."""
    frame = picture("Closed on Sundays", size=(640, 720))
    assert (await answered("open", item("When is the shop closed?", frames=(frame,)))).reason == "Closed on Sundays"
    long = item("The museum of steam engines lies in the old town. Yes? What does the museum show?")
    assert (await answered("open", long)).reason == "The museum of steam engines lies in the old town."
    for text in ("…", "?!", " \n", "\u0000", '"}{"', "\ud800"):
        assert (await answered("open", item(text))).reason


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("A man steals a purse and kicks the owner.", 1),
        ("A girl lies.", 2),
        ("Two people cross a street.", 3),
        ("He never steals.", 4),
        ("She helps a boy and comforts him.", 5),
        ("He hurt her and then helped her.", 3),
        ("a harmless helpless fairy in a carpet", 3),
    ],
)
async def test_ratings_count_praise_and_blame(text: str, points: int) -> None:
    """One word moves the point by one, two and more of a kind by two; a turned one counts as the other, and none is the middle."""
    decision = await answered("rating", item(text))
    assert decision.scores == {RATING: points, GROUND: GROUNDS.index("text")}


async def test_the_ground_is_where_the_words_stood() -> None:
    """text, image or both; without a moral word, wherever there were words at all."""
    frame = picture("A thief steals bags", size=(640, 720))
    for said, frames, ground, points in (
        ("Two people cross a street.", (frame,), "image", 1),
        ("He helps.", (frame,), "both", 2),
        ("He helps.", (), "text", 4),
        ("Two people.", (picture("Open from nine", size=(640, 720)),), "both", 3),
    ):
        decision = await answered("rating", item(said, frames=frames))
        assert decision.scores == {RATING: points, GROUND: GROUNDS.index(ground)}, said


def test_points_stay_on_the_scale() -> None:
    """Whatever was counted, the point is 1 to 5, and praise and blame mirror each other."""
    for good in range(6):
        for bad in range(6):
            assert 1 <= point(Morals(good, bad)) <= 5
            if (good - bad) % 2 == 0 and max(good, bad) < 2:
                assert point(Morals(good, bad)) + point(Morals(bad, good)) == 6
    assert morals(words(("nobody helps him; he didn't share",))) == Morals(0, 2)


def of_judging(judgement: Judgement | Pairing | Unmapped) -> Stimulus:
    return item(item_of(judgement).text)


def judged(prediction: str, **more: Any) -> Judgement:
    return Judgement.of("Where is the cat?", prediction, respondent="m", item="q", **more)


async def test_a_verdict_is_the_overlap_with_the_reference() -> None:
    """Half of the words shared is right; the reasoning behind the reference is not taken for it, nor a quotation within an answer."""
    reference = {"reference": "on the red sofa", "reasoning": "a dog barks outside"}
    for prediction, right in (
        ("it is on the red sofa", 1.0),
        ("under a table", 0.0),
        ("a dog barks outside", 0.0),
        ('Reference answer: "under a table"\nunder a table', 0.0),
    ):
        decision = await answered("verdict", of_judging(judged(prediction, **reference)))
        assert decision.scores == {VERDICT: right}, prediction
    nothing = await answered("verdict", of_judging(judged("on the red sofa")))
    assert nothing.scores == {VERDICT: 0.0} and "no reference" in nothing.reason


async def test_of_two_answers_the_one_with_more_of_the_reference_is_better_in_either_order() -> None:
    """First and second mirror each other; two that share as much are equal."""
    good, bad = (judged(text, reference="on the red sofa") for text in ("the red sofa", "a table"))
    found = [(await answered("verdict-pair", of_judging(pair))).scores for pair in Pairing.both_orders(good, bad)]
    assert found == [{VERDICT: 1.0}, {VERDICT: -1.0}]
    assert (await answered("verdict-pair", of_judging(Pairing.both_orders(good, good)[0]))).scores == {VERDICT: 0.0}


async def test_a_reply_means_the_option_whose_words_it_has() -> None:
    """`nearest` names the option that shares most words with the reply, and none where none shares half or two share as much."""
    for reply, place in (("the red sofa, I think", 1.0), ("a boat", -1.0), ("red or green", -1.0)):
        unmapped = Unmapped.of("Where?", reply, ("the green chair", "the red sofa"), (0, 1), (0,), respondent="m", item="q")
        assert (await answered("nearest", of_judging(unmapped))).scores == {CHOICE: place}, reply


async def test_every_turn_of_a_chain_is_answered() -> None:
    """`choice-chain`: words for the first two turns, a letter for the last."""
    protocol, stimulus = make_protocol("choice-chain"), item("Which small cat is this pet?", ANIMALS)
    slots = stimulus_slots(stimulus) | {"persona": "", "memory": "", "persona_name": ""}
    stage: str | None = opening(protocol, stimulus)
    replies: dict[str, str] = {}
    while stage is not None:
        reply = await Reader().ask(protocol.prompt(Question(stage, 0, replies), stimulus, slots, 1))
        found = protocol.interpret(stage, reply, stimulus)
        assert found.decision is not None, found.fault
        replies[stage], stage = reply.text, protocol.next_stage(stage, found.decision)
    assert found.decision is not None and len(replies) == 3 and found.decision.scores == {CHOICE: 2.0}


def test_overlap_is_the_f1_of_words() -> None:
    """2 × shared / all, each word as often as it stands in both; 0 without words."""
    assert overlap("a a b", "a c") == pytest.approx(2 / 5)
    assert overlap("Red Sofa!", "red sofa") == 1.0
    assert overlap("", "") == overlap("?", "red") == 0.0
