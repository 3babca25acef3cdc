"""`python -m evals.ch3ef relations`: scores by level, how levels go together over the models of runs, and the published relations."""

from __future__ import annotations

import argparse

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Analyse, write, print. Returns the exit code. Raises AxiofeedError."""
    from evals.benchmark.report import show  # noqa: PLC0415 - Polars and SciPy load when used
    from evals.ch3ef.levels.analysis import NAME, analyse  # noqa: PLC0415

    return show(options, NAME, lambda: analyse(options.source, level=options.level, seed=options.seed))
