"""`python -m evals.value_spectrum score`: a run in, its scores and all that belongs beside them out."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Analyse, write, print. Returns the exit code. Raises AxiofeedError."""
    from evals.value_spectrum.tables import as_data  # noqa: PLC0415 - Polars and SciPy load when used

    if options.out is not None:
        from evals.value_spectrum.writing import check_place  # noqa: PLC0415

        check_place(Path(options.out))
    from evals.value_spectrum.analysis import analyse  # noqa: PLC0415

    found = analyse(options.source, corpus=options.corpus, values=options.values, level=options.level, seed=options.seed)
    if options.out is not None:
        from evals.value_spectrum.writing import write  # noqa: PLC0415 - Matplotlib loads when used

        write(found, Path(options.out))
    if options.json:
        sys.stdout.write(json.dumps(as_data(found), ensure_ascii=False, allow_nan=False) + "\n")
        return 0
    from evals.value_spectrum.printing import print_found  # noqa: PLC0415 - rich loads when used

    print_found(found, options.out)
    return 0
