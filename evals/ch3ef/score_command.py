"""`python -m evals.ch3ef score`: a run in, its scores and all that belongs beside them out."""

from __future__ import annotations

import argparse

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Analyse, write, print. Returns the exit code. Raises AxiofeedError."""
    from evals.benchmark.report import show  # noqa: PLC0415 - Polars, SciPy, Matplotlib load when used
    from evals.ch3ef.analysis import analyse  # noqa: PLC0415
    from evals.ch3ef.asking import NAME  # noqa: PLC0415

    return show(options, NAME, lambda: analyse(options.source, level=options.level, seed=options.seed))
