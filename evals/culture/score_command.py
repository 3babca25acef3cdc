"""`python -m evals.culture score`: runs in, distances to the people and all that belongs beside them out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from personas.errors import SpecError

__all__ = ["given_sizes", "run"]


def run(options: argparse.Namespace) -> int:
    """Analyse, write, print. Returns the exit code. Raises AxiofeedError."""
    from evals.culture.tables import as_data  # noqa: PLC0415 - Polars and SciPy load when used

    if options.out is not None:
        from evals.culture.writing import check_place  # noqa: PLC0415

        check_place(Path(options.out))
    from evals.culture.analysis import analyse  # noqa: PLC0415

    given = given_sizes(options.size or ())
    found = analyse(options.source, answers=options.answers, given_sizes=given, level=options.level, seed=options.seed)
    if options.out is not None:
        from evals.culture.writing import write  # noqa: PLC0415 - Matplotlib loads when used

        write(found, Path(options.out))
    if options.json:
        sys.stdout.write(json.dumps(as_data(found), ensure_ascii=False, allow_nan=False) + "\n")
        return 0
    from evals.culture.printing import print_found  # noqa: PLC0415 - rich loads when used

    print_found(found, options.out)
    return 0


def given_sizes(given: Sequence[str]) -> dict[str, float]:
    """Billions of parameters by model from MODEL=13B, MODEL=350M or MODEL=13. Raises SpecError."""
    found = {}
    for each in given:
        model, equals, size = each.rpartition("=")
        scale = {"B": 1.0, "M": 1e-3}.get(size[-1:].upper())
        try:
            billions = float(size[:-1] if scale else size) * (scale or 1.0)
        except ValueError:
            billions = 0.0
        if not equals or not model or not 0 < billions < 1e6:
            raise SpecError(f"--size takes MODEL=13B, not {each[:80]!r}")
        found[model] = billions
    return found
