"""`python -m evals.adaptive`: what a recommender made of a persona, from sessions with phases and other sessions of adaptive feeds."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from evals.command_line import seed, share
from personas.command import CommandParser

__all__ = ["run"]

_EXAMPLE = """\
examples:
  python -m evals.adaptive runs/
  python -m evals.adaptive runs/ --out report/ --control default
  python -m evals.adaptive runs/ --json

exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted
"""


def run(arguments: Sequence[str]) -> int:
    """Analyse, write, print. Returns the exit code. Raises AxiofeedError."""
    options = _parser().parse_args(arguments)
    if options.out is not None:
        from evals.adaptive.writing import check_place  # noqa: PLC0415 - loads when used

        check_place(Path(options.out))
    from evals.adaptive.analysis import analyse  # noqa: PLC0415 - SciPy loads when used
    from evals.adaptive.tables import as_data  # noqa: PLC0415

    found = analyse(options.source, control=options.control, level=options.level, seed=options.seed)
    if options.out is not None:
        from evals.adaptive.writing import write  # noqa: PLC0415 - Matplotlib loads when used

        write(found, Path(options.out))
    if options.json:
        sys.stdout.write(json.dumps(as_data(found), ensure_ascii=False, allow_nan=False) + "\n")
        return 0
    from evals.adaptive.printing import print_adaptive  # noqa: PLC0415 - rich loads when used

    print_adaptive(found, out=options.out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m evals.adaptive",
        description="Adaptive feeds: drift, probes against control twins, stain and scrub, off-policy estimates.",
        epilog=_EXAMPLE,
        allow_abbrev=False,
    )
    parser.add_argument("source", nargs="+", metavar="RUNS", help="a run folder, or session folders")
    parser.add_argument("--out", metavar="DIR", help="write adaptive.html, tables and results.json there")
    parser.add_argument("--control", metavar="PERSONA", default="default", help="who plays the control twins (default: default)")
    parser.add_argument("--level", type=share, default=0.95, metavar="P", help="level of the intervals (default: 0.95)")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of all random draws (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")
    return parser
