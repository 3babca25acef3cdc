"""`python -m evals.ch3ef run`: from the options to sessions of the engine, and the report."""

from __future__ import annotations

import argparse
from pathlib import Path

from evals.benchmark.asking import ItemRun
from evals.benchmark.running import checked_conditions, run_items
from evals.ch3ef.asking import run_of
from evals.ch3ef.deck import open_items
from evals.ch3ef.recipe import Recipe, chosen, read_recipe
from evals.running import listed_models
from personas.errors import SpecError
from personas.one_line import one_line

__all__ = ["run", "wanted_of"]


def run(options: argparse.Namespace) -> int:
    """Ask, then score. Returns the exit code. Raises AxiofeedError."""
    from evals.ch3ef.__main__ import main as command  # noqa: PLC0415 - it has the border for errors

    def score(folder: Path) -> int:
        return command(["score", str(folder), "--out", str(folder / "report")])

    return run_items(wanted_of(options), options, score, "python -m evals.ch3ef score")


def wanted_of(options: argparse.Namespace) -> ItemRun:
    """Whom to ask what. Raises SpecError for options and recipes, FeedError for items."""
    asked = listed_models(options.model, options.model_option)
    recipe = read_recipe(Path(options.recipe).expanduser()) if options.recipe else Recipe()
    if options.repeats is not None:
        if not 1 <= options.repeats <= 1000:
            raise SpecError(f"--repeats takes a whole number from 1 to 1000, not {options.repeats}")
        recipe = recipe.model_copy(update={"repeats": options.repeats})
    conditions = (recipe.instruction.condition,) if options.condition is None else checked_conditions(options.condition)
    deck = open_items(options.items)
    items = chosen(deck.items, recipe.scenario)
    if mute := [item for item in items if not item.reference and (recipe.inferencer == "open" or not item.options)]:
        raise SpecError(
            f"the item {one_line(mute[0].id, 80)!r} (of {len(mute)}) is to be answered in words and has no reference to score by"
        )
    return run_of(asked, recipe, deck, items=items, conditions=conditions, seed=options.seed)
