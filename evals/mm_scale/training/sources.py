"""Where the items of a training run come from: a folder, the sample of the package, or made up."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

from environments.decks.questions import QuestionDeck
from evals.mm_scale.items import open_items
from evals.mm_scale.training.checkpoint import kept
from evals.mm_scale.training.recipe import SYNTHETIC, Recipe
from evals.mm_scale.training.synthetic import Made, synthetic_deck
from personas.errors import SpecError

__all__ = ["items_of"]


def items_of(recipe: Recipe, folder: Path) -> QuestionDeck:
    """The recipe's items: "sample", a folder, or "synthetic[:NAME=NUMBER,…]", written into `folder`. Raises SpecError, FeedError."""
    kind, colon, given = recipe.items.partition(":")
    if kind != SYNTHETIC:
        return open_items(recipe.items)
    made = replace(Made(seed=recipe.seed), **_numbers(given if colon else ""))  # type: ignore[arg-type]
    if made.images < 2 or made.raters < 1 or not 2 <= made.scenarios <= 48 or not 2 <= made.steps <= 5 or min(made.noise, made.leaning) < 0:
        raise SpecError("--items synthetic: 2 images or more, 2 to 48 scenarios, a rater or more, 2 to 5 steps, no noise below 0")
    with kept(folder):
        synthetic_deck(folder, made)
    return open_items(str(folder))


def _numbers(given: str) -> dict[str, int | float]:
    kinds = {field.name: float if field.name in {"noise", "leaning"} else int for field in fields(Made)}
    found: dict[str, int | float] = {}
    for pair in filter(None, given.split(",")):
        name, _, number = pair.partition("=")
        try:
            found[name] = kinds[name](number)
        except (KeyError, ValueError):
            raise SpecError(f"--items synthetic:{given[:80]}: give NAME=NUMBER, with a name of {', '.join(kinds)}") from None
    return found
