"""`python -m evals.judging`: the sub-commands and their options. What they do loads when used."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from agent.experiments.command import EXIT_CODES, add_run_options
from evals.command_line import SubCommand, hand_over, seed, share

__all__ = ["run"]

_EXAMPLE = """\
examples:
  python -m evals.judging judge runs/auto_bench-1a2b3c4d --judges openai/NAME,anthropic/NAME --max-usd 5
  python -m evals.judging pairs runs/auto_bench-1a2b3c4d --judges openai/NAME
  python -m evals.judging gold runs/auto_bench-1a2b3c4d --raters anna,ben --sample 300
  python -m evals.judging score runs --out report/

A judge that says neither true nor false has not judged: its answers are unjudged, and counted.
"""


def _judging(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="+", metavar="RUNS", help="folders of runs, or of sessions, whose answers are judged")
    about = parser.add_argument_group("who judges, and how")
    about.add_argument("--judges", required=True, metavar="M[,M…]", help="PROVIDER/NAME, or PROVIDER/NAME@URL where it is served elsewhere")
    about.add_argument("--model-option", action="append", metavar="KEY=VALUE", help="what the providers take besides; may be repeated")
    about.add_argument("--wordings", type=int, default=1, metavar="N", help="wordings that each judge is asked in, 1 or 2 (default: 1)")
    about.add_argument("--pictures", action="store_true", help="show judges the question's pictures")
    about.add_argument("--seed", type=seed, default=0, metavar="N", help="of the order (default: 0)")
    about.add_argument("--name", metavar="NAME", help="of the experiment's folder (default: from what is asked)")
    about.add_argument("--again", action="store_true", help="ask anew what a judge failed at, refused or gave in no readable form")
    about.add_argument("--out", metavar="DIR", help="where the report goes (default: report/ in the folder of the latest run)")
    about.add_argument("--no-report", action="store_true", help="do not score at the end")
    add_run_options(parser)


def _gold(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="*", metavar="RUNS", help="folders of runs whose answers are judged; needed to draw the sample")
    parser.add_argument("--sample", type=int, metavar="N", help="draw N answers, stratified by respondent; 300 or more are advised")
    parser.add_argument("--raters", metavar="NAME[,NAME…]", help="serve the page to these people, each under a link of their own")
    parser.add_argument("--runs", default="runs", metavar="DIR", help="where runs are (default: runs)")
    parser.add_argument("--answers", metavar="DIR", help="where sample and answers are kept (default: judging-gold in --runs)")
    parser.add_argument(
        "--no-pictures",
        dest="pictures",
        action="store_false",
        help="of the draw: do not show people the questions' pictures (default: they see what there is)",
    )
    parser.add_argument("--pictures", action="store_true", help=argparse.SUPPRESS)  # what happens anyway
    parser.set_defaults(pictures=True)
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the draw and of the raters' orders (default: 0)")
    parser.add_argument("--port", type=int, metavar="N", help="port on 127.0.0.1 (default: the one of the links, else a free one)")
    parser.add_argument("--no-open", action="store_true", help="open no browser, which is done where there is one rater")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")


def _scoring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="+", metavar="RUNS", help="folders of runs of judgements, or one that holds them and the gold")
    parser.add_argument("--gold", action="append", metavar="DIR", help="a folder of `gold` that is not among RUNS; may be repeated")
    parser.add_argument("--judges", metavar="M[,M…]", help="only these judges, as a report or --judges called them (default: all)")
    parser.add_argument(
        "--family",
        action="append",
        metavar="NAME=FAMILY",
        help="of which family a judge or respondent is, where its name does not tell; may be repeated",
    )
    parser.add_argument("--out", metavar="DIR", help="write report.html, tables and results.json there")
    parser.add_argument("--level", type=share, default=0.95, metavar="P", help="level of the intervals (default: 0.95)")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the resampling (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")


SUBCOMMANDS = {
    "judge": SubCommand(
        "evals.judging.judge_command", "have judges say of every answer in words whether it is right", _judging, f"{EXIT_CODES}\n"
    ),
    "pairs": SubCommand(
        "evals.judging.judge_command",
        "have judges say which of two respondents' answers is better, in both orders",
        _judging,
        f"{EXIT_CODES}\n",
    ),
    "gold": SubCommand("evals.judging.gold_command", "have people judge a random sample of the answers, on a page in their browser", _gold),
    "score": SubCommand(
        "evals.judging.score_command", "shares, strengths, agreement with people and between judges, audits of the judges", _scoring
    ),
}


def run(arguments: Sequence[str]) -> int:
    """Hand over to a sub-command. Returns the exit code. Raises AxiofeedError."""
    description = "Judges of answers: models and people, how far they agree, and what sways them."
    return hand_over("evals.judging", description, _EXAMPLE, SUBCOMMANDS, arguments)
