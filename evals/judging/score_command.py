"""`python -m evals.judging score`: runs of judgements in, what they say and how far it can be believed out."""

from __future__ import annotations

import argparse

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Analyse, write, print. Returns the exit code. Raises AxiofeedError."""
    from evals.benchmark.report import show  # noqa: PLC0415 - Polars, SciPy, Matplotlib load when used
    from evals.judging.analysis import analyse  # noqa: PLC0415
    from evals.judging.chosen import given_judges  # noqa: PLC0415
    from evals.judging.families import given_families  # noqa: PLC0415
    from evals.judging.judgements import BENCHMARK  # noqa: PLC0415

    judges = given_judges(options.judges)
    families = given_families(options.family or ())
    return show(
        options,
        BENCHMARK,
        lambda: analyse(options.source, options.gold or (), families, judges=judges, level=options.level, seed=options.seed),
    )
