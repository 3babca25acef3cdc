"""`python -m evals.mm_scale run`: from the options to sessions of the engine, and the report."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from environments.canonical import rng
from environments.decks.questions import Question
from evals.benchmark.running import item_run, run_items
from evals.mm_scale.items import BENCHMARK, open_items
from personas.errors import SpecError

__all__ = ["limited", "run"]


def run(options: argparse.Namespace) -> int:
    """Ask, then score. Returns the exit code. Raises AxiofeedError."""
    limit = options.limit
    if limit is not None and not 1 <= limit <= 10**9:
        raise SpecError(f"--limit takes a whole number from 1, not {limit}")
    everything = argparse.Namespace(**{**vars(options), "limit": None})
    wanted = item_run(everything, BENCHMARK, open_items, lambda item: "rating")
    return run_items(replace(wanted, items=limited(wanted.items, limit, options.seed)), options, _score, "python -m evals.mm_scale score")


def limited(items: Sequence[Question], limit: int | None, seed: int) -> tuple[Question, ...]:
    """Whole pictures, drawn at random, until there are `limit` scenarios: those of one picture are ranked together.

    A larger limit contains a smaller one.
    """
    if limit is None or limit >= len(items):
        return tuple(items)
    scenarios = Counter(item.about["image"] for item in items)
    kept: set[str] = set()
    left = limit
    for image in sorted(scenarios, key=lambda name: (rng("picture sample", seed, name).random(), name)):
        if left <= 0:
            break
        kept.add(image)
        left -= scenarios[image]
    return tuple(item for item in items if item.about["image"] in kept)


def _score(folder: Path) -> int:
    from evals.mm_scale.__main__ import main as command  # noqa: PLC0415 - it has the border for errors

    return command(["score", str(folder), "--out", str(folder / "report")])
