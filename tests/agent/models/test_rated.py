"""`rated`: a respondent whose probability of each point is known, and that is told nothing that is not in the deck."""

from __future__ import annotations

import json
import math

import pytest

from agent.models.base import Design, Prompt, Turn
from agent.models.rated import IMPOSSIBLE
from agent.models.registry import ModelOptions, make_model
from agent.protocols.rating import RatingProtocol
from environments.base import Frame, ItemFacts
from personas.errors import ModelSetupError

PEOPLE = (0.0, 0.6, 0.4, 0.0, 0.0)


def prompt(facts: ItemFacts | None, *, pictures: bool = True, step_seed: int = 0) -> Prompt:
    """A rating of one item."""
    answer = RatingProtocol().template("rating", 0).answer
    turn = Turn("user", "?", (Frame.of(b"x", 0.0),) if pictures else ())
    design = None if facts is None else Design({}, {}, facts)
    return Prompt("rating", "", (turn,), answer, 0, step_seed=step_seed, design=design, stimulus_id="item")


async def asked(kind: str, given: Prompt, **options: str) -> tuple[dict[str, object], list[float] | None]:
    """(answer, probability of each point)."""
    reply = await make_model(f"rated/{kind}", ModelOptions(extra=options)).ask(given)
    shares = None if reply.logprobs is None else [math.exp(reply.logprobs[str(point)]) for point in range(1, 6)]
    return json.loads(reply.text), shares


@pytest.mark.parametrize(
    ("kind", "shares", "rating", "ground"),
    [
        ("truth", PEOPLE, 2, "image"),
        ("reversed", PEOPLE[::-1], 4, "image"),
        ("constant", (0, 0, 1, 0, 0), 3, "both"),
        ("uniform", (0.2,) * 5, 1, None),
        ("sees", PEOPLE, 2, "image"),
    ],
)
async def test_each_kind_answers_by_its_rule(kind: str, shares: tuple[float, ...], rating: int, ground: str | None) -> None:
    """The probabilities, the most likely point, and the ground that people named."""
    answer, found = await asked(kind, prompt(ItemFacts(reference="image", distribution=PEOPLE)))
    assert found == pytest.approx(shares) and answer["rating"] == rating
    assert ground is None or answer["ground"] == ground


@pytest.mark.parametrize(("condition", "pictures"), [("none", False), ("wrong", True)])
async def test_sees_needs_the_right_picture(condition: str, pictures: bool) -> None:
    """Without a picture, and with another's, it knows nothing and rests on the words."""
    facts = ItemFacts(reference="image", distribution=PEOPLE, condition=condition)
    answer, shares = await asked("sees", prompt(facts, pictures=pictures))
    assert shares == pytest.approx([0.2] * 5) and answer["ground"] == "text"


async def test_without_probabilities_points_are_drawn() -> None:
    """By the step's seed, in the people's shares; what nobody said is never said."""
    facts = ItemFacts(distribution=PEOPLE)
    drawn = []
    for seed in range(200):
        answer, shares = await asked("truth", prompt(facts, step_seed=seed), logprobs="false")
        assert shares is None
        drawn.append(answer["rating"])
    assert set(drawn) == {2, 3} and 90 < drawn.count(2) < 150


async def test_impossible_points_are_numbers() -> None:
    """JSON can hold every log-probability."""
    reply = await make_model("rated/truth").ask(prompt(ItemFacts(distribution=PEOPLE)))
    assert reply.logprobs is not None and reply.logprobs["1"] == IMPOSSIBLE


@pytest.mark.parametrize(
    ("kind", "facts", "told"),
    [("truth", ItemFacts(), "need ratings of people"), ("uniform", None, "use it with evals.mm_scale")],
)
async def test_what_it_cannot_answer_is_told(kind: str, facts: ItemFacts | None, told: str) -> None:
    """An item nobody rated, and a question that is none of a deck: what to do. `uniform` needs no people."""
    with pytest.raises(ModelSetupError, match=told):
        await asked(kind, prompt(facts))
    assert (await asked("uniform", prompt(ItemFacts())))[1] == pytest.approx([0.2] * 5)


@pytest.mark.parametrize(("name", "extra", "told"), [("best", {}, "no rated respondent"), ("noisy", {"noise": "-1"}, "rated/noisy: noise")])
def test_a_wrong_name_or_option_is_told(name: str, extra: dict[str, str], told: str) -> None:
    """One line with the choices."""
    with pytest.raises(ModelSetupError, match=told):
        make_model(f"rated/{name}", ModelOptions(extra=extra))
