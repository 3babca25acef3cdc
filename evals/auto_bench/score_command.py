"""`python -m evals.auto_bench score`: runs, verdicts and checks in, scores and all that belongs beside them out."""

from __future__ import annotations

import argparse

from evals.benchmark.report import show

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Analyse, write, print. Returns 0. Raises AxiofeedError."""
    from evals.auto_bench.analysis import analyse  # noqa: PLC0415 - Polars and SciPy load when used
    from evals.auto_bench.run_command import BENCHMARK  # noqa: PLC0415
    from evals.judging.chosen import given_judges  # noqa: PLC0415

    judges = given_judges(options.judges)
    return show(
        options,
        BENCHMARK,
        lambda: analyse(
            options.source, verdicts=options.verdicts, judges=judges, verified=options.verified, level=options.level, seed=options.seed
        ),
    )
