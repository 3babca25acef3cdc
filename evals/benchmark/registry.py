"""Benchmarks by name. One in a file of its own is that file and one line here; those with commands of their own are named for the help."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING

from personas.errors import UserError

if TYPE_CHECKING:
    from evals.benchmark.base import Benchmark

__all__ = ["BENCHMARKS", "COMMANDS", "find"]

BENCHMARKS: dict[str, str] = {}
"""By name, the module whose `BENCHMARK` it is."""

COMMANDS = ("auto_bench", "ch3ef", "culture", "mm_scale", "value_spectrum")
"""Those that have more than a run and a score: `python -m evals.NAME`."""


def find(name: str) -> Benchmark:
    """The benchmark of that name. Raises UserError that lists the choices."""
    if name in COMMANDS:
        raise UserError(f"{name} has commands of its own: python -m evals.{name} --help")
    if name not in BENCHMARKS:
        choices = ", ".join(sorted(BENCHMARKS)) or "none is registered in evals/benchmark/registry.py"
        more = ", ".join(f"python -m evals.{each}" for each in COMMANDS)
        raise UserError(f"there is no benchmark {name[:60]!r}; the choices are: {choices}. With commands of their own: {more}")
    found: Benchmark = import_module(BENCHMARKS[name]).BENCHMARK
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,29}", found.name) or found.name != name:
        raise UserError(f"the benchmark in {BENCHMARKS[name]} is called {found.name[:40]!r} and registered as {name!r}: give it one name")
    return found
