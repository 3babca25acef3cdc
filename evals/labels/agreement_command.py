"""`python -m evals.labels agreement CORPUS`: how far judges, their orders and people agree, value by value."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from evals.command_line import seed
from personas.command import CommandParser

__all__ = ["main"]

_EXAMPLE = """\
examples:
  python -m evals.labels agreement corpus/
  python -m evals.labels agreement corpus/ --out agreement.csv

Agreement on what videos promote is modest among people too. Where judges and people differ, `python -m evals.values RUNS --loadings CORPUS`
corrects the slopes to the people's mean, as far as a gold sample has been labelled.
exit codes: 0 done, 1 failed, 2 bad usage
"""


def main(arguments: Sequence[str]) -> int:
    """Compare, print, write. Returns the exit code. Raises AxiofeedError."""
    options = _parser().parse_args(arguments)
    import polars as pl  # noqa: PLC0415 - loads when used

    from environments.corpus.feed import open_corpus  # noqa: PLC0415
    from evals.labels.agreeing import compare  # noqa: PLC0415
    from evals.labels.agreement_printing import evidence_counts, print_agreement, rows_of  # noqa: PLC0415
    from personas.errors import StorageFailed, UserError  # noqa: PLC0415
    from personas.one_line import one_line  # noqa: PLC0415

    corpus = open_corpus(options.corpus)
    codes = corpus.codes()
    found = compare(codes, corpus.gold_sample(), options.seed)
    if not found:
        raise UserError("there is nothing to compare yet: it takes two judges, two orders, two people, or judges and people")
    rows, evidence = rows_of(found), evidence_counts(codes)
    if options.out is not None:
        try:
            Path(options.out).parent.mkdir(parents=True, exist_ok=True)
            pl.DataFrame(rows, infer_schema_length=None).write_csv(options.out)
        except OSError as error:
            raise StorageFailed(f"cannot write {options.out}: {error.strerror or one_line(str(error))}; choose another --out") from error
    if options.json:
        sys.stdout.write(json.dumps({"agreement": rows, "evidence": evidence}, ensure_ascii=False, allow_nan=False) + "\n")
        return 0
    print_agreement(found, evidence, each=options.each)
    if options.out is not None:
        sys.stdout.write(f"\nwritten: {options.out}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m evals.labels agreement",
        description="Agreement of judges, of their orders and of people, with intervals; and judges' errors against people's labels.",
        epilog=_EXAMPLE,
        allow_abbrev=False,
    )
    parser.add_argument("corpus", metavar="CORPUS", help="a corpus: its folder or URL")
    parser.add_argument("--out", metavar="FILE.csv", help="write all coefficients there")
    parser.add_argument("--each", action="store_true", help="print single judges in full too")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the bootstrap (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")
    return parser
