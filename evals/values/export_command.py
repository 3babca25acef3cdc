"""`python -m evals.values export`: the decisions of sessions as one table, with loadings, targets and provenance beside it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from personas.command import CommandParser

__all__ = ["main"]

_EXAMPLE = """\
examples:
  python -m evals.values export runs/ decisions.parquet
  python -m evals.values export runs/hedonist-reader-001 runs/default-reader-001 decisions.csv

Beside decisions.parquet come decisions.loadings.csv, decisions.targets.csv and decisions.provenance.json.
docs/decisions.md describes the table. exit codes: 0 done, 1 failed, 2 bad usage
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code. Raises AxiofeedError."""
    options = _parser().parse_args(arguments)
    from evals.values.interchange import export, open_study  # noqa: PLC0415 - Polars loads when used

    study = open_study(options.source, loadings=options.loadings, targets=options.targets)
    written = export(study, options.table)
    rows, respondents = study.decisions.height, study.decisions["respondent"].n_unique()
    if options.json:
        told = {"rows": rows, "respondents": respondents, "files": [str(path) for path in written], "problems": list(study.problems)}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return 0
    sys.stdout.write(f"{rows} rows by {respondents} respondent{'s' * (respondents > 1)}:\n" + "".join(f"  {path}\n" for path in written))
    sys.stdout.writelines(f"note: {problem}\n" for problem in study.problems)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m evals.values export",
        description="Write the decisions of sessions, or of a table, as one documented Parquet or CSV table.",
        epilog=_EXAMPLE,
        allow_abbrev=False,
    )
    parser.add_argument("source", nargs="+", metavar="SOURCE", help="a run folder, session folders, or one table of decisions")
    parser.add_argument("table", metavar="TABLE", help="the .parquet or .csv file to write")
    parser.add_argument("--loadings", metavar="FILE", help="labels of the items instead of those in the traces")
    parser.add_argument("--targets", metavar="FILE", help="targets of personas besides those in the traces")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    return parser
