"""`python -m evals.auto_bench run`: the questions as sessions of the engine, and the report."""

from __future__ import annotations

import argparse
from pathlib import Path

from environments.decks.questions import Question
from evals.auto_bench.sample import open_items
from evals.benchmark.running import item_run, run_items

__all__ = ["BENCHMARK", "protocol_of", "run"]

BENCHMARK = "auto-bench"


def protocol_of(item: Question) -> str:
    """A closed question is a choice, an open one is answered in words."""
    return "choice" if item.options else "open"


def run(options: argparse.Namespace) -> int:
    """Ask, then score by what needs no judge. Returns the exit code. Raises AxiofeedError."""
    from evals.auto_bench.__main__ import main as command  # noqa: PLC0415 - it has the border for errors

    def score(folder: Path) -> int:
        return command(["score", str(folder), "--out", str(folder / "report")])

    return run_items(item_run(options, BENCHMARK, open_items, protocol_of), options, score, "python -m evals.auto_bench judge --judges M")
