"""`polled`: a respondent whose distribution of answers is known, and which is told nothing that is not in the deck."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import pytest

from agent.models.base import Design, Prompt, Turn
from agent.models.polled import IMPOSSIBLE
from agent.models.registry import ModelOptions, make_model
from agent.protocols.choice import ChoiceAnswer
from environments.base import Frame, ItemFacts
from personas.errors import ModelSetupError

FACTS = ItemFacts(order=(2, 0, 1), distribution=(0.5, 0.0, 0.5), about={"condition": "both"})


def prompt(facts: ItemFacts | None = FACTS, seed: int = 0, *, picture: bool = False) -> Prompt:
    images = (Frame.of(b"jpeg", 0.0),) if picture else ()
    design = Design({}, {}, facts)
    return Prompt("choice", "", (Turn("user", "Q?", images),), ChoiceAnswer, seed=seed, step_seed=seed, design=design, stimulus_id="q")


async def shares(kind: str, asked: Prompt, **options: str) -> Any:
    reply = await make_model(f"polled/{kind}", ModelOptions(extra=options)).ask(asked)
    return reply.logprobs


async def test_log_probabilities_follow_the_order_in_which_options_are_shown() -> None:
    """Letters stand for places: the people's shares of the options that stand there; never is −1000, which JSON can hold."""
    assert await shares("truth", prompt()) == {"A": math.log(0.5), "B": math.log(0.5), "C": IMPOSSIBLE}
    assert await shares("uniform", prompt()) == dict.fromkeys("ABC", math.log(1 / 3))
    assert await shares("first", prompt()) == {"A": 0.0, "B": IMPOSSIBLE, "C": IMPOSSIBLE}


async def test_sees_answers_by_the_pictures() -> None:
    """As the people where their pictures are shown; without pictures, or with another country's, any option alike."""
    wrong = ItemFacts(order=FACTS.order, distribution=FACTS.distribution, about={"condition": "wrong"})
    assert await shares("sees", prompt(picture=True)) == await shares("truth", prompt())
    assert await shares("sees", prompt()) == await shares("uniform", prompt())
    assert await shares("sees", prompt(wrong, picture=True)) == await shares("uniform", prompt())
    exchanged = ItemFacts(order=FACTS.order, distribution=FACTS.distribution, condition="wrong")
    assert await shares("sees", prompt(exchanged, picture=True)) == await shares("uniform", prompt())


async def test_without_log_probabilities_answers_are_drawn() -> None:
    """By the seed of the step, in the proportions of the people; what nobody said is never drawn."""
    model = make_model("polled/truth", ModelOptions(extra={"logprobs": "false"}))
    replies = [await model.ask(prompt(seed=seed)) for seed in range(400)]
    assert all(reply.logprobs is None for reply in replies)
    counts = Counter(json.loads(reply.text)["answer"] for reply in replies)
    assert set(counts) == {"A", "B"} and 150 < counts["A"] < 250
    assert replies[7].text == (await model.ask(prompt(seed=7))).text


@pytest.mark.parametrize("facts", [None, ItemFacts(), ItemFacts(order=(0, 1)), ItemFacts(order=(0, 1), distribution=(0.0, 0.0))])
async def test_without_a_distribution_there_is_no_truth(facts: ItemFacts | None) -> None:
    """A question without options or without people's answers is refused in one line."""
    with pytest.raises(ModelSetupError, match=r"survey|distribution"):
        await make_model("polled/truth").ask(prompt(facts))


@pytest.mark.parametrize(("name", "options"), [("lies", {}), ("truth", {"accuracy": "1"}), ("truth", {"logprobs": "some"})])
def test_what_it_is_not_is_refused(name: str, options: dict[str, str]) -> None:
    """Unknown kinds and options are one line that lists the choices."""
    with pytest.raises(ModelSetupError):
        make_model(f"polled/{name}", ModelOptions(extra=options))
