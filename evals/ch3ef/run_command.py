"""`python -m evals.ch3ef run`: from the options to sessions of the engine, and the report."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import get_args

from agent.experiments.command import checked_counts
from environments.request import Condition
from evals.ch3ef.asking import Wanted, plan_of, run_name, write_decks
from evals.ch3ef.deck import open_items
from evals.ch3ef.recipe import Recipe, chosen, read_recipe
from evals.running import dry_run, listed_models, run_plan
from personas.errors import SpecError

__all__ = ["run", "wanted_of"]


def run(options: argparse.Namespace) -> int:
    """Ask, then score. Returns the exit code. Raises AxiofeedError."""
    from agent.logs import configure_logs  # noqa: PLC0415 - structlog loads when used

    configure_logs(20 if options.verbose else 40)
    checked_counts(options)
    wanted = wanted_of(options)
    name = run_name(options.name, wanted)
    folder = Path(options.runs).resolve() / name
    if options.dry_run:
        with tempfile.TemporaryDirectory() as place:
            write_decks(wanted, Path(place))
            return dry_run(plan_of(name, wanted, Path(place).resolve()), options)
    plan = plan_of(name, wanted, folder)
    result = run_plan(plan, options, "python -m evals.ch3ef score", lambda place: write_decks(wanted, place))
    reported = not result.exit_code and not options.no_report and _report(folder, options)
    if options.json:
        about = {"folder": str(folder), **result.totals(), "remaining": result.remaining, "stopped": dict(result.stopped)}
        told = about | {"report": str(folder / "report" / "report.html") if reported else None}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return result.exit_code


def wanted_of(options: argparse.Namespace) -> Wanted:
    """Whom to ask what. Raises SpecError for options and recipes, FeedError for items."""
    asked = listed_models(options.model, options.model_option)
    recipe = read_recipe(Path(options.recipe).expanduser()) if options.recipe else Recipe()
    if options.repeats is not None:
        if not 1 <= options.repeats <= 1000:
            raise SpecError(f"--repeats takes a whole number from 1 to 1000, not {options.repeats}")
        recipe = recipe.model_copy(update={"repeats": options.repeats})
    conditions = [recipe.instruction.condition] if options.condition is None else _conditions(options.condition)
    deck = open_items(options.items)
    return Wanted(asked, recipe, deck, tuple(chosen(deck.items, recipe.scenario)), tuple(conditions), options.seed)


def _conditions(given: str) -> list[str]:
    found = list(dict.fromkeys(part.strip() for part in given.split(",") if part.strip()))
    if wrong := [name for name in found if name not in get_args(Condition)]:
        raise SpecError(f"--condition: there is no {wrong[0][:60]!r}; the choices are {', '.join(get_args(Condition))}")
    if not found:
        raise SpecError("--condition names nothing: give shown, none or wrong")
    return found


def _report(folder: Path, options: argparse.Namespace) -> bool:
    """The report beside the sessions; where there is nothing to score, why not. Never fails the run."""
    from evals.ch3ef.__main__ import main as command  # noqa: PLC0415 - it has the border for errors

    if not options.quiet:
        sys.stderr.write("scoring\n")
    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        return command(["score", str(folder), "--out", str(folder / "report")]) == 0
