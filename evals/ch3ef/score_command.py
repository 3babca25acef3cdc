"""`python -m evals.ch3ef score`: a run in, its scores and all that belongs beside them out."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Analyse, write, print. Returns the exit code. Raises AxiofeedError."""
    from evals.ch3ef.writing import as_data, check_place, write  # noqa: PLC0415 - Polars, SciPy, Matplotlib load when used
    from evals.values.results import plain  # noqa: PLC0415

    if options.out is not None:
        check_place(Path(options.out))
    from evals.ch3ef.analysis import analyse  # noqa: PLC0415

    found = analyse(options.source, level=options.level, seed=options.seed)
    if options.out is not None:
        write(found, Path(options.out))
    if options.json:
        sys.stdout.write(json.dumps(plain(as_data(found)), ensure_ascii=False, allow_nan=False) + "\n")
        return 0
    from evals.ch3ef.printing import print_found  # noqa: PLC0415 - rich loads when used

    print_found(found, options.out)
    return 0
