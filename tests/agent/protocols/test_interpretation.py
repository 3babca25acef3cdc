"""Reading replies: exactly one of four states, whatever the text holds."""

from __future__ import annotations

import json
import math
import random
import time

import pytest

from agent.models.base import Reply
from agent.protocols.base import AnswerState, interpret_json
from agent.protocols.feed import FeedAnswer
from agent.protocols.registry import make_protocol
from tests.agent.driving import stimulus

GOOD = '{"action": "like", "watch_fraction": 0.75, "rating": 4, "reason": "nice"}'
OTHER = '{"action": "skip", "watch_fraction": 0.1, "rating": 1, "reason": "no"}'
ANSWERED = FeedAnswer(action="like", watch_fraction=0.75, rating=4, reason="nice")


def read(text: str, **more: str) -> tuple[AnswerState, object, str]:
    return interpret_json(Reply(text, **more), FeedAnswer)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"  \n{GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"Here is my answer:\n{GOOD}",
        f"{GOOD}\nHope that helps {{really}}!",
        f"Here is my answer:\n```json\n{GOOD}\n```\n",
        f"```\n{GOOD}\n```\nHope that helps!",
        f"The post says {OTHER}, which is not what I do: {GOOD}",
        f"{GOOD} (the post said {OTHER}, which I did not heed)",
        f"[{GOOD}]",
        "{not JSON} " + GOOD,
        '{"action": "like", "watch_fraction": "0.75", "rating": "4", "reason": "nice"}',
        '{"action": "like", "watch_fraction": 0.75, "rating": 4.0, "reason": "nice", "confidence": {"deep": [1, 2]}}',
        '{"action": "skip", "action": "like", "watch_fraction": 0.75, "rating": 4, "reason": "nice"}',
        "\ufeff" + GOOD,
        GOOD + "\n" + GOOD,
        "I'm sorry, but here it is: " + GOOD,
        "I'm sorry, I can't help with that. Well: " + GOOD,
        '{"thoughts": "first I think"} ' + GOOD,
    ],
    ids=repr,
)
def test_a_decision_is_found_where_it_stands(text: str) -> None:
    """In a code fence, before or after words, in a list, after broken or other JSON, with numbers as text, with more fields than were
    asked for; an object that a reply only quotes decides nothing."""
    assert read(text)[:2] == (AnswerState.ANSWERED, ANSWERED)


def without(**changes: object) -> str:
    return json.dumps(json.loads(GOOD) | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "like",
        "null",
        "3",
        '"like"',
        "[]",
        "{}",
        "{",
        "}" * 50,
        without(watch_fraction=math.nan),
        without(watch_fraction=math.inf),
        without(watch_fraction=-math.inf),
        without(watch_fraction="nan"),
        without(watch_fraction=75),
        without(watch_fraction=-0.1),
        without(watch_fraction="75%"),
        without(watch_fraction=None),
        without(watch_fraction=True),
        without(watch_fraction=[0.5]),
        '{"action": "like", "watch_fraction": 1e999, "rating": 4}',
        without(rating=6),
        without(rating=-1),
        without(rating=3.5),
        without(rating="four"),
        without(rating=True),
        without(rating=False),
        '{"action": "like", "watch_fraction": 1, "rating": ' + "9" * 5000 + "}",
        without(action="dance"),
        without(action="pass"),
        without(action=["like"]),
        without(action=None),
        without(reason={"a": 1}),
        '{"action": "like"}',
        '{"answer": ' + GOOD + "}",
        '{"a":' * 50_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a": ' * 500 + "1" + "}" * 500,
        GOOD[:-10],
        without(action="skip") + " or rather " + GOOD,
    ],
    ids=lambda text: repr(text[:60]),
)
def test_what_is_no_clear_decision_is_unparsable(text: str) -> None:
    """Missing, wrong, out of range, not a number, a truth value for a number, cut off, nested too deep, two answers that differ: each with
    a fault in one line that can be told to the model."""
    state, answer, fault = read(text)
    assert (state, answer) == (AnswerState.UNPARSABLE, None)
    assert fault
    assert "\n" not in fault
    assert len(fault) < 500


@pytest.mark.parametrize(
    "text",
    [
        f"Here is my answer:\n{GOOD}\nHope that helps {{really}}!",
        f"The caption reads {GOOD}, and that is all I see.",
        f"The caption reads:\n```json\n{GOOD}\n```\nand that is all I see.",
        f"First {GOOD} and then {GOOD} it says.",
        f"It says {GOOD} and also {OTHER} in one post.",
        f"I'm sorry, I can't help with that. The post says {GOOD} itself.",
    ],
)
def test_an_object_within_other_words_may_be_a_quotation(text: str) -> None:
    """A post that writes an answer of its own into its caption does not get it counted because a model repeats it: it is asked again."""
    state, answer, fault = read(text)
    assert (state, answer) == (AnswerState.UNPARSABLE, None)
    assert fault == "the JSON object stands within other words: it may be a quotation"


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, I can't help with that.",
        "I'm sorry, but I can't help with that.",
        "I am very sorry, but I am unable to help you with this",
        "I’m unable to judge people.",
        "  I cannot assist with {this} request.",
        "I cannot assist with this request.",
        "I can't engage with this content.",
        "I won't comply.",
        "I will not role-play as this person.",
        "As an AI language model, I can't participate in this.",
        "I can't fulfill this request.",
        "Unfortunately, I cannot help with that.",
        "I'm sorry, but I'm not comfortable with this.",
        "Sorry, I am an AI and can't judge people.",
        "I must decline",
        "I have to respectfully decline this.",
        "I apologize, but I must decline to answer.",
        "SORRY, no.",
    ],
)
def test_a_refusal_in_words_is_a_refusal(text: str) -> None:
    """A reply that opens like a refusal and holds no JSON is not a parse failure: it is not asked again."""
    assert read(text)[0] is AnswerState.REFUSED


@pytest.mark.parametrize(
    "text",
    [
        "I can't wait to see more of this!",
        "Sorry about the delay, I would like it.",
        "I won't lie: skip.",
        "I can't help but like this",
        "I can't help liking this one.",
        "I won't play this one again",
        "Sorry, no interest here. Skip.",
        "I'm not able to look away: watch.",
        "I cannot stand this. Skip!",
        "They said: I'm sorry, I can't help with that.",
    ],
)
def test_an_opinion_that_sounds_like_a_refusal_is_none(text: str) -> None:
    """Words such as "I can't" do not make a refusal: these are asked again for the form."""
    assert read(text)[0] is AnswerState.UNPARSABLE


def test_an_empty_reason_is_no_fault() -> None:
    """A model that gives null for its reason has answered."""
    assert read('{"action": "skip", "watch_fraction": 0, "rating": 1, "reason": null}')[0] is AnswerState.ANSWERED


@pytest.mark.parametrize("mark", ["content_filter", "", "I would rather not"])
def test_the_providers_mark_goes_first(mark: str) -> None:
    """A reply that the provider marks as a refusal is one, whatever its text."""
    assert read(GOOD, refusal=mark)[:2] == (AnswerState.REFUSED, None)


def test_an_answer_that_was_cut_off_says_so() -> None:
    """The fault names the token limit, which the user can raise."""
    assert "token limit" in read('{"action": "li', finish_reason="length")[2]


def fuzz(source: random.Random) -> str:
    """Text that is almost an answer."""
    text = GOOD
    pieces = [
        "{",
        "}",
        "[",
        "]",
        '"',
        "\\",
        ",",
        ":",
        "null",
        "NaN",
        "1e999",
        "\ud800",
        "\x00",
        "{}",
        "```",
        "true",
        "9" * 400,
        "é",
        " ",
        GOOD,
    ]
    for _ in range(source.randint(1, 12)):
        start = source.randrange(len(text) + 1)
        end = min(len(text), start + source.choice([0, 0, 1, 3, 20]))
        text = text[:start] + source.choice(pieces) + text[end:]
    return text


def nonsense(source: random.Random, depth: int = 0) -> object:
    """A random JSON value."""
    kinds = [None, True, source.random() * 10 - 5, source.randint(-(10**30), 10**30), "like", "0.5", "", math.nan, math.inf]
    if depth < 4 and source.random() < 0.5:
        names = source.sample(["action", "watch_fraction", "rating", "reason", "other"], source.randint(0, 5))
        return {name: nonsense(source, depth + 1) for name in names}
    return source.choice([*kinds, [1, 2], source.choice(["skip", "watch", "like"])])


def test_reading_never_raises_and_never_lets_a_bad_number_through() -> None:
    """Over thousands of damaged and random replies, all stages of both protocols give one of the states; an answer is always in range."""
    source = random.Random(7)
    clip = stimulus(0)
    states = set()
    for number in range(6_000):
        text = fuzz(source) if number % 2 else json.dumps(nonsense(source))
        reply = Reply(text, refusal=source.choice([None] * 20 + ["no"]), finish_reason=source.choice(["stop", "length", ""]))
        for name, stage in (("feed", "feed"), ("staged", "glance"), ("staged", "react")):
            found = make_protocol(name).interpret(stage, reply, clip)
            states.add(found.state)
            assert (found.decision is not None) == (found.state is AnswerState.ANSWERED), text
            if found.decision is not None:
                assert 0.0 <= found.decision.watch_fraction <= 1.0
                assert found.decision.rating is None or found.decision.rating in range(6)
                assert type(found.decision.rating) in {int, type(None)}
    assert states == {AnswerState.ANSWERED, AnswerState.REFUSED, AnswerState.UNPARSABLE}


@pytest.mark.parametrize(
    "text", ["{" * 1_000_000, '{"a":' * 200_000, '{"a" ' * 200_000, "{\\" * 300_000, '{"' + "a" * 2_000_000, GOOD[:-1] + " " * 10**6]
)
def test_reading_takes_no_longer_than_the_text_deserves(text: str) -> None:
    """A megabyte of braces is read in well under a second: a model cannot stall a session with what it writes."""
    begun = time.perf_counter()
    assert read(text)[0] is AnswerState.UNPARSABLE
    assert time.perf_counter() - begun < 2.0
