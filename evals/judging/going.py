"""Several runs behind one command, one after the other: begun ones are carried on, and limits hold for all of them together."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from agent.experiments.budget import Spent
from agent.experiments.command import limited
from agent.experiments.plan import Plan
from agent.experiments.standing import SweepLog, read_standings, spent_by_model
from evals.benchmark.asking import ItemRun, plan_of, write_decks
from evals.running import dry_run, run_plan

__all__ = ["CARRY_ON", "Used", "dry", "go", "used_in", "within"]

CARRY_ON = (0, 1)
"""Exit codes after which the next run begins: sessions that failed are no reason to keep the others waiting; a limit, or the user, is."""


@dataclass(frozen=True)
class Used:
    """What runs have used so far, in the units of the limits."""

    usd: Decimal = Decimal(0)
    tokens: int = 0
    requests: int = 0
    minutes: float = 0.0

    def __add__(self, other: Used) -> Used:
        return Used(self.usd + other.usd, self.tokens + other.tokens, self.requests + other.requests, self.minutes + other.minutes)


def go(runs: Sequence[tuple[str, ItemRun]], options: argparse.Namespace, command: str) -> tuple[int, list[dict[str, Any]]]:
    """Ask what is left of each run in `options.runs`. Returns the exit code, the highest of all runs, and how each stands.

    A limit of the options is one of the whole command: what the other runs have used, in this command or before it, is taken off.
    `command`: as `evals.running.run_plan` takes it. Raises AxiofeedError.
    """
    place = Path(options.runs).resolve()
    plans = {name: plan_of(name, run, place / name) for name, run in runs}
    used = {name: used_in(plan, place / name) for name, plan in plans.items()}
    code, about = 0, list[dict[str, Any]]()
    for name, run in runs:
        given = within(plans[name], options, (each for other, each in used.items() if other != name))
        if given is None:
            return 3, about
        result = run_plan(plans[name], given, command, _Decks(run))
        used[name] = used_in(plans[name], result.folder)
        stands = {"folder": str(result.folder), **result.totals(), "remaining": result.remaining, "stopped": dict(result.stopped)}
        about.append(stands | {"failures": sorted(set(result.failures.values()))})
        code = max(code, result.exit_code)
        if result.exit_code not in CARRY_ON:
            break
    return code, about


@dataclass(frozen=True)
class _Decks:
    """Puts the decks of a run into its folder; those that are there stay as they are."""

    run: ItemRun

    def __call__(self, place: Path) -> None:
        if self.run.deck.folder.resolve() != place.resolve():
            write_decks(self.run, place)


def used_in(plan: Plan, folder: Path) -> Used:
    """What the sessions of a plan have used until now. Raises SpecError where another process runs them, StorageFailed."""
    if not folder.is_dir():
        return Used()
    spent = sum(spent_by_model(plan, read_standings(plan, folder)).values(), Spent())
    with contextlib.closing(SweepLog(folder)) as log:
        return Used(spent.usd, spent.tokens, spent.requests, log.minutes())


def within(plan: Plan, options: argparse.Namespace, others: Iterable[Used]) -> argparse.Namespace | None:
    """The options with what the `others` have used taken off the limits; None where that leaves nothing, which is told on stderr.

    Raises SpecError for a limit that makes no sense.
    """
    limits = limited(plan, options).experiment.limits
    gone = sum(others, Used())
    left = dict(vars(options))
    for name in ("usd", "tokens", "requests", "minutes"):
        most = getattr(limits, f"max_{name}")
        if getattr(options, f"max_{name}") is None or most is None:
            continue
        if (rest := most - getattr(gone, name)) <= 0:
            sys.stderr.write(f"max_{name} {most} is reached by the other runs of this command: raise it to carry on\n")
            return None
        left[f"max_{name}"] = str(rest)
    return argparse.Namespace(**left)


def dry(runs: Sequence[tuple[str, ItemRun]], options: argparse.Namespace) -> int:
    """Print what would be asked, run by run; nothing is written. Returns 0."""
    if not runs:
        sys.stdout.write(json.dumps({"sessions": 0, "decisions": 0}) + "\n" if options.json else "nothing is left to ask\n")
    for name, run in runs:
        with tempfile.TemporaryDirectory() as place:
            write_decks(run, Path(place))
            dry_run(plan_of(name, run, Path(place).resolve()), options)
    return 0
