"""From options to a run of items: checked, planned, run, scored."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from agent.experiments.command import checked_counts
from agent.protocols.registry import make_protocol
from environments.canonical import rng
from environments.decks.questions import Question, QuestionDeck
from environments.request import Condition
from evals.benchmark.asking import ItemRun, plan_of, run_name, write_decks
from evals.benchmark.options import add_item_options
from evals.running import dry_run, listed_models, run_plan
from personas.errors import SpecError

if TYPE_CHECKING:
    from agent.experiments.plan import Plan

__all__ = ["add_item_options", "checked_conditions", "item_run", "run_decks", "run_items"]


def item_run(
    options: argparse.Namespace,
    benchmark: str,
    open_items: Callable[[str], QuestionDeck],
    protocol_of: Callable[[Question], str],
    facts: Mapping[str, Any] | None = None,
) -> ItemRun:
    """What the options of `add_item_options` ask for. Raises SpecError for options, FeedError for items."""
    asked = listed_models(options.model, options.model_option)
    for name, most in (("repeats", 1000), ("limit", 10**9)):
        given = getattr(options, name)
        if given is not None and not 1 <= given <= most:
            raise SpecError(f"--{name} takes a whole number from 1 to {most}, not {given}")
    conditions = checked_conditions(options.condition)
    deck = open_items(options.items)
    items = _limited(deck.items, options.limit, options.seed)
    cells = min(make_protocol(protocol_of(item)).cells for item in items)
    if not 1 <= options.wordings <= cells:
        raise SpecError(f"--wordings takes a whole number from 1 to {cells}, not {options.wordings}")
    return ItemRun(
        benchmark,
        deck,
        items,
        asked,
        protocol_of,
        conditions,
        options.repeats,
        tuple(range(options.wordings)),
        seed=options.seed,
        facts=facts or {},
    )


def checked_conditions(given: str) -> tuple[str, ...]:
    """The conditions in "shown,none", each once. Raises SpecError for an unknown one."""
    found = tuple(dict.fromkeys(part.strip() for part in given.split(",") if part.strip()))
    if wrong := [name for name in found if name not in get_args(Condition)]:
        raise SpecError(f"--condition: there is no {wrong[0][:60]!r}; the choices are {', '.join(get_args(Condition))}")
    if not found:
        raise SpecError("--condition names nothing: give shown, none or wrong")
    return found


def _limited(items: Sequence[Question], limit: int | None, seed: int) -> tuple[Question, ...]:
    """A random sample of the items, in their order; a larger one contains a smaller one."""
    if limit is None or limit >= len(items):
        return tuple(items)
    kept = set(sorted(range(len(items)), key=lambda place: rng("item sample", seed, items[place].id).random())[:limit])
    return tuple(item for place, item in enumerate(items) if place in kept)


def run_items(run: ItemRun, options: argparse.Namespace, score: Callable[[Path], int], command: str) -> int:
    """`run_decks` of a run of items."""
    name = run_name(options.name, run)
    return run_decks(
        name, lambda folder: plan_of(name, run, folder), lambda folder: write_decks(run, folder), options, score=score, command=command
    )


def run_decks(
    name: str,
    plan: Callable[[Path], Plan],
    write: Callable[[Path], None],
    options: argparse.Namespace,
    *,
    score: Callable[[Path], int],
    command: str,
) -> int:
    """Ask what is left, under the options' limits, then `score` the run's folder. Returns the exit code.

    plan     the experiment, whose decks `write` puts into its folder
    command  what scores, told at the end with the folder behind it. `score` never fails the run

    Raises AxiofeedError.
    """
    from agent.logs import configure_logs  # noqa: PLC0415 - structlog loads when used

    configure_logs(20 if options.verbose else 40)
    checked_counts(options)
    folder = Path(options.runs).resolve() / name
    if options.dry_run:
        with tempfile.TemporaryDirectory() as place:
            write(Path(place))
            return dry_run(plan(Path(place).resolve()), options)
    result = run_plan(plan(folder), options, command, write)
    reported = not result.exit_code and not options.no_report and _scored(folder, options, score)
    if options.json:
        about = {"folder": str(folder), **result.totals(), "remaining": result.remaining, "stopped": dict(result.stopped)}
        told = about | {"report": str(folder / "report" / "report.html") if reported else None}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return result.exit_code


def _scored(folder: Path, options: argparse.Namespace, score: Callable[[Path], int]) -> bool:
    """Whether there is a report now; where there is nothing to score, the command has said why."""
    if not options.quiet:
        sys.stderr.write("scoring\n")
    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        return score(folder) == 0
