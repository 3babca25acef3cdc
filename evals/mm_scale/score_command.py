"""`python -m evals.mm_scale score`: runs in, the respondents beside the people out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evals.benchmark.report import Findings

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Analyse, write, print. Returns the exit code. Raises AxiofeedError."""
    from evals.benchmark.report import show  # noqa: PLC0415 - Polars, SciPy, Matplotlib load when used
    from evals.mm_scale.items import BENCHMARK  # noqa: PLC0415

    def analysed() -> Findings:
        from evals.mm_scale.analysis import analyse  # noqa: PLC0415

        return analyse(options.source, items=options.items, seed=options.seed, level=options.level)

    return show(options, BENCHMARK, analysed)
