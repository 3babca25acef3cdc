"""The options of commands that ask a benchmark's items, and of those that score them. Imports the standard library alone."""

from __future__ import annotations

import argparse

from agent.experiments.command import EXIT_CODES, add_run_options
from evals.command_line import seed, share

__all__ = ["EXIT_CODES", "add_item_options", "add_score_options"]


def add_item_options(parser: argparse.ArgumentParser, sample: str = "sample") -> None:
    """--items, --model, --model-option, --condition, --repeats, --wordings, --limit, --seed, --name, --no-report, and the run's own."""
    about = parser.add_argument_group("what, whom, and how")
    told = f"a folder of items, or {sample!r}: those that come with the package (default: {sample})"
    about.add_argument("--items", default=sample, metavar=f"DIR|{sample}", help=told)
    about.add_argument("--model", required=True, metavar="M[,M…]", help="PROVIDER/NAME, or PROVIDER/NAME@URL where it is served elsewhere")
    about.add_argument("--model-option", action="append", metavar="KEY=VALUE", help="what the providers take besides; may be repeated")
    about.add_argument(
        "--condition", default="shown", metavar="C[,C…]", help="what is done with the pictures: shown, none, wrong (default: shown)"
    )
    about.add_argument("--repeats", type=int, default=1, metavar="N", help="times that each is asked, options in other places (default: 1)")
    about.add_argument("--wordings", type=int, default=1, metavar="N", help="prompt wordings that each is asked in (default: 1)")
    about.add_argument("--limit", type=int, metavar="N", help="only N items, a random sample that a larger N contains")
    about.add_argument("--seed", type=seed, default=0, metavar="N", help="of orders and places of options (default: 0)")
    about.add_argument("--name", metavar="NAME", help="of the experiment's folder (default: from what is asked)")
    about.add_argument("--no-report", action="store_true", help="do not score at the end")
    add_run_options(parser)


def add_score_options(parser: argparse.ArgumentParser) -> None:
    """RUNS, --out, --level, --seed, --json, --verbose."""
    parser.add_argument("source", nargs="+", metavar="RUNS", help="the folder of a run, or session folders")
    parser.add_argument("--out", metavar="DIR", help="write report.html, tables and results.json there")
    parser.add_argument("--level", type=share, default=0.95, metavar="P", help="level of the intervals (default: 0.95)")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the resampling (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")
