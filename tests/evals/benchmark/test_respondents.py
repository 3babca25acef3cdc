"""Who stands first, who is compared with whom, and who is said to be no model."""

from __future__ import annotations

import polars as pl
import pytest

from agent.models.registry import PROVIDERS
from evals.benchmark.reading import PLAIN
from evals.benchmark.respondents import asked_alike, in_order, named, synthetic_note
from evals.scoring.paired import paired
from tests.evals.scoring.test_scoring import answers as answered

BLIND = "no pictures"
ROWS = [
    ("keyed/right (no pictures)", BLIND),
    ("keyed/right", PLAIN),
    ("m/one (no pictures)", BLIND),
    ("m/two (no pictures)", BLIND),
    ("m/one", PLAIN),
]


def answers(rows: list[tuple[str, str]]) -> pl.DataFrame:
    return pl.DataFrame([{"who": who, "how": how, "model": who.partition(" (")[0]} for who, how in rows])


def test_the_usual_way_of_asking_wins_wherever_anybody_was_asked_so() -> None:
    """Against a tie and against a majority; where nobody was, the commonest way."""
    for rows in (ROWS, ROWS[1:], ROWS[:1] + ROWS[2:4] + ROWS[1:2]):
        alike, way = asked_alike(answers(rows))
        assert way == PLAIN and set(alike["how"]) == {PLAIN}
    alike, way = asked_alike(answers([*ROWS[:1], *ROWS[2:4], ("m/one (step by step)", "step by step")]))
    assert way == BLIND and alike.height == 3


def test_models_stand_before_synthetic_respondents_and_pictures_before_none() -> None:
    """The order of the chart, whose first few are drawn."""
    assert in_order(answers(ROWS)) == ["m/one", "m/one (no pictures)", "m/two (no pictures)", "keyed/right", "keyed/right (no pictures)"]


def test_synthetic_respondents_are_named_with_what_they_answer_from() -> None:
    """Each provider that answers from labels; of models nothing is said."""
    (told,) = synthetic_note(answers([*ROWS, ("rated/truth", PLAIN), ("reader", PLAIN)]))
    assert "keyed/right (from the key)" in told and "rated/truth (from the people's own ratings)" in told
    assert "m/one" not in told and "reader" not in told and synthetic_note(answers(ROWS[2:4])) == []
    assert named(map(str, range(10))) == "0, 1, 2, 3, 4, 5, 6, 7, and 2 more"


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_what_answers_by_itself_says_from_what(provider: str) -> None:
    """Providers that need a server or weights are models, and so is the one that reads; all others say what they answer from."""
    models = {"openai", "anthropic", "vllm", "compatible", "llamacpp", "reader"}
    assert bool(PROVIDERS[provider].answers_from) is (provider not in models)


def test_an_item_asked_again_counts_for_whom_it_has_right_more_often() -> None:
    """Two of three against one of three: one item ahead, though neither has it wholly right or wrong."""
    yes, no = ("answered", True), ("answered", False)
    first = answered([("a", "x", *yes), ("a", "x", *yes), ("a", "x", *no), ("a", "y", *no)])
    second = answered([("b", "x", *yes), ("b", "x", *no), ("b", "x", *no), ("b", "y", *no)])
    found = paired(first, second)
    assert found is not None and (found.only_first, found.only_second) == (1, 0)
