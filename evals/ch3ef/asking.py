"""What a recipe asks, as a run of items: `evals.benchmark.asking` does the rest."""

from __future__ import annotations

from collections.abc import Sequence

from environments.decks.questions import Question, QuestionDeck
from evals.benchmark.asking import ItemRun
from evals.ch3ef.recipe import INFERENCERS, QUERIES, Recipe
from evals.running import Asked

__all__ = ["NAME", "OPEN", "run_of"]

NAME = "ch3ef"
OPEN = INFERENCERS["open"]
_CELLS = 3
"""Wordings of the protocols that the inferencers stand for."""


def run_of(
    asked: Asked, recipe: Recipe, deck: QuestionDeck, *, items: Sequence[Question], conditions: Sequence[str], seed: int = 0
) -> ItemRun:
    """`items` of `deck` by `recipe`, under each of `conditions`. Metrics and the rule of likelihoods can change later: they change nothing
    that is asked. An item without options is asked openly."""
    return ItemRun(
        NAME,
        deck,
        tuple(items),
        asked,
        lambda item: recipe.protocol if item.options else OPEN,
        tuple(conditions),
        recipe.repeats,
        (0,) if recipe.instruction.query == QUERIES[0] else tuple(range(_CELLS)),
        recipe.instruction.examples,
        seed,
        facts={"recipe": recipe.model_dump(mode="json", exclude={"metrics", "normalise"})},
        aside={"metrics": list(recipe.metrics), "normalise": recipe.normalise},
    )
