"""`python -m evals.benchmark NAME run|score`: the commands of a benchmark that stands in one file. What they do loads when used."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evals.benchmark.options import EXIT_CODES, add_item_options, add_score_options
from evals.command_line import bordered
from personas.command import CommandParser

if TYPE_CHECKING:
    from pathlib import Path

    from evals.benchmark.base import Benchmark

__all__ = ["run"]


def run(arguments: Sequence[str]) -> int:
    """Run or score the benchmark named. Returns the exit code. Raises AxiofeedError."""
    options = _parser().parse_args(arguments)
    from evals.benchmark.registry import find

    found = find(options.benchmark)
    return _run(found, options) if options.command == "run" else _score(found, options)


def _run(benchmark: Benchmark, options: argparse.Namespace) -> int:
    from evals.benchmark.running import item_run, run_items

    def score(folder: Path) -> int:
        return bordered(run, [benchmark.name, "score", str(folder), "--out", str(folder / "report")])

    wanted = item_run(options, benchmark.name, benchmark.open_items, benchmark.protocol_of)
    return run_items(wanted, options, score, f"python -m evals.benchmark {benchmark.name} score")


def _score(benchmark: Benchmark, options: argparse.Namespace) -> int:
    from evals.benchmark.analysis import analyse
    from evals.benchmark.report import show

    return show(options, benchmark.name, lambda: analyse(benchmark, options.source, options.level, options.seed))


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m evals.benchmark",
        description="Run or score a benchmark that stands in one file (docs/benchmarks.md says how to write one).",
        allow_abbrev=False,
    )
    parser.add_argument("benchmark", metavar="NAME", help="as registered in evals/benchmark/registry.py")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=CommandParser)
    asking = commands.add_parser("run", help="ask models its items", epilog=f"{EXIT_CODES}\n", allow_abbrev=False)
    add_item_options(asking)
    add_score_options(commands.add_parser("score", help="score what was asked", allow_abbrev=False))
    return parser
