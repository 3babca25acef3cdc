"""`python -m evals.labels loadings CORPUS`: set the loadings from the judges' labels, or put back others, such as the design's."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from personas.command import CommandParser

if TYPE_CHECKING:
    from environments.corpus.store import Corpus

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
    from evals.labels.corpus_loadings import settle  # noqa: PLC0415
    from evals.labels.kept_labels import put_back  # noqa: PLC0415
    from personas.errors import UserError  # noqa: PLC0415

    if options.least is not None and options.least < 1:
        raise UserError(f"--least takes a whole number from 1, not {options.least}")
    corpus = open_corpus(options.corpus)
    if options.source != "judges":
        count, whose = put_back(corpus, options.source), "design's loadings" if options.source == "design" else "loadings they came with"
        sys.stdout.write(json.dumps({"videos": count}) + "\n" if options.json else f"{count:,} videos have the {whose} again\n")
        return 0
    if options.least is not None:
        _check_least(corpus, options.least)
    settled = settle(corpus, least=options.least)
    if options.json:
        about = {"videos": settled.frame.height, "without": len(settled.without), "by_judges": settled.by_judges}
        sys.stdout.write(json.dumps(about, ensure_ascii=False) + "\n")
        return 0
    from evals.labels.judge_printing import print_settled  # noqa: PLC0415 - rich loads when used

    print_settled(settled, corpus)
    return 0


def _check_least(corpus: Corpus, least: int) -> None:
    """Raises UserError where no video has labels of so many judges, and all would lose their loadings."""
    from evals.labels.judges import TWO_STEP  # noqa: PLC0415
    from evals.labels.scores import judge_loadings, judge_names  # noqa: PLC0415
    from personas.errors import UserError  # noqa: PLC0415

    codes = corpus.codes()
    raters = codes.filter(codes["kind"] == "judge")["rater"].unique().to_list()
    if not raters or judge_loadings(codes, least).height:
        return
    judges = len({name.removesuffix(TWO_STEP) for name in raters})
    raise UserError(
        f"--least {least} would leave no video with loadings: no video has labels of so many judges, of which there are {judges} in all "
        f"({judge_names(raters)}); give a smaller --least"
    )


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m evals.labels loadings",
        description="Set the corpus's loadings from the raw labels that are there.",
        epilog=_EXAMPLE,
        allow_abbrev=False,
    )
    parser.add_argument("corpus", metavar="CORPUS", help="a corpus: its folder or URL")
    parser.add_argument(
        "--source",
        default="judges",
        metavar="NAME",
        help="whose labels: judges (default), or a source whose labels were kept: design, table, …",
    )
    parser.add_argument(
        "--least", type=int, metavar="N", help="judges that a video's loadings need (default: 2; 1 where there is one judge)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")
    return parser
