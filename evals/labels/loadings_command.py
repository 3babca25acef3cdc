"""`python -m evals.labels loadings CORPUS`: set the loadings from the judges' labels that are there, or put the design's back."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from personas.command import CommandParser

__all__ = ["main"]

_EXAMPLE = """\
examples:
  python -m evals.labels loadings corpus/ --least 3
  python -m evals.labels loadings corpus/ --source design

exit codes: 0 done, 1 failed, 2 bad usage
"""


def main(arguments: Sequence[str]) -> int:
    """Set the loadings. Returns the exit code. Raises AxiofeedError."""
    options = _parser().parse_args(arguments)
    from environments.corpus.feed import open_corpus  # noqa: PLC0415 - LanceDB loads when used
    from evals.labels.corpus_loadings import put_back_design, settle  # noqa: PLC0415
    from personas.errors import UserError  # noqa: PLC0415

    if options.least is not None and options.least < 1:
        raise UserError(f"--least takes a whole number from 1, not {options.least}")
    corpus = open_corpus(options.corpus)
    if options.source == "design":
        count = put_back_design(corpus)
        sys.stdout.write(json.dumps({"videos": count}) + "\n" if options.json else f"{count:,} videos have the design's loadings again\n")
        return 0
    settled = settle(corpus, least=options.least)
    if options.json:
        about = {"videos": settled.frame.height, "without": len(settled.without), "by_judges": settled.by_judges}
        sys.stdout.write(json.dumps(about, ensure_ascii=False) + "\n")
        return 0
    from evals.labels.judge_printing import print_settled  # noqa: PLC0415 - rich loads when used

    print_settled(settled, corpus)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m evals.labels loadings",
        description="Set the corpus's loadings from the raw labels that are there.",
        epilog=_EXAMPLE,
        allow_abbrev=False,
    )
    parser.add_argument("corpus", metavar="CORPUS", help="a corpus: its folder or URL")
    parser.add_argument("--source", choices=("judges", "design"), default="judges", help="whose labels (default: judges)")
    parser.add_argument(
        "--least", type=int, metavar="N", help="judges that a video's loadings need (default: 2; 1 where there is one judge)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")
    return parser
