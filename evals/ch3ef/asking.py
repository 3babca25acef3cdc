"""What a recipe asks, as a run of items: `evals.benchmark.asking` does the rest."""

from __future__ import annotations

from collections.abc import Sequence

from environments.decks.questions import Question, QuestionDeck
from evals.benchmark.asking import ItemRun
from evals.ch3ef.recipe import QUERIES, Recipe
from evals.running import Asked

__all__ = ["NAME", "run_of"]

NAME = "ch3ef"
_CELLS = 3
"""Wordings of the protocols that the inferencers stand for."""


def run_of(
    asked: Asked, recipe: Recipe, deck: QuestionDeck, *, items: Sequence[Question], conditions: Sequence[str], seed: int = 0
) -> ItemRun:
    """`items` of `deck` by `recipe`, under each of `conditions`. Metrics can change later: they change nothing that is asked."""
    return ItemRun(
        NAME,
        deck,
        tuple(items),
        asked,
        lambda item: recipe.protocol,
        tuple(conditions),
        recipe.repeats,
        (0,) if recipe.instruction.query == QUERIES[0] else tuple(range(_CELLS)),
        recipe.instruction.examples,
        seed,
        facts={"recipe": recipe.model_dump(mode="json", exclude={"metrics"})},
        aside={"metrics": list(recipe.metrics)},
    )
