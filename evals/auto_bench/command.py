"""`python -m evals.auto_bench`: the sub-commands and their options. What they do loads when used."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from agent.experiments.command import EXIT_CODES, add_run_options
from evals.benchmark.options import add_item_options, add_score_options
from evals.command_line import SubCommand, hand_over, seed

__all__ = ["run"]

_EXAMPLE = """\
examples:
  python -m evals.auto_bench run --items sample --model keyed/right,keyed/uniform --condition shown,none
  python -m evals.auto_bench curate --images catalogue --limit 50 --curator scripted-curator --out items/
  python -m evals.auto_bench curate --images photos/ --symbols instances.json --captions captions.json --skills all --curator openai/NAME
      --max-usd 5 --out items/
  python -m evals.auto_bench verify items/ --raters anna,ben
  python -m evals.auto_bench judge runs/auto-bench-items-1a2b3c4d --judges openai/NAME,anthropic/NAME
  python -m evals.auto_bench score runs/auto-bench-items-1a2b3c4d --verified items/ --out report/
  python -m evals.auto_bench export-sft items/ --out sft.jsonl
"""


def _curating(parser: argparse.ArgumentParser) -> None:
    about = parser.add_argument_group("what, and by whom")
    about.add_argument(
        "--images", required=True, metavar="DIR|catalogue|sample", help="a folder of pictures, the embedded clips, or twenty of them"
    )
    about.add_argument("--symbols", metavar="FILE|vlm|catalogue", help="a COCO-style JSON file, or what --vlm lists; clips have their own")
    about.add_argument("--captions", metavar="FILE", help="a COCO-style JSON file of captions beside it")
    about.add_argument("--vlm", metavar="M", help="with --symbols vlm: who looks (default: the curator)")
    about.add_argument("--skills", default="all", metavar="all|NAMES", help="names of skills or capacities, with commas (default: all)")
    about.add_argument("--curator", required=True, metavar="M", help="PROVIDER/NAME or PROVIDER/NAME@URL, or scripted-curator")
    about.add_argument("--model-option", action="append", metavar="KEY=VALUE", help="what the provider takes besides; may be repeated")
    about.add_argument("--per-image", type=int, default=2, metavar="N", help="triplets of a skill and image at most (default: 2)")
    about.add_argument("--limit", type=int, metavar="N", help="only N images, a random sample that a larger N contains")
    about.add_argument("--seed", type=seed, default=0, metavar="N", help="of samples and orders (default: 0)")
    about.add_argument("--out", required=True, metavar="DIR", help="the folder of the items")
    about.add_argument("--name", metavar="NAME", help="of the experiment's folder (default: from what is asked)")
    add_run_options(parser)


def _verifying(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("items", metavar="DIR", help="curated items, or sample")
    parser.add_argument("--raters", metavar="NAMES", help="who checks, with commas between; a link each")
    parser.add_argument("--sample", type=int, metavar="N", help="only N items, a random sample that a larger N contains (default: all)")
    parser.add_argument("--answers", metavar="DIR", help="where answers are kept (default: ITEMS/verification)")
    parser.add_argument("--summary", action="store_true", help="serve no page; say what was answered so far")
    parser.add_argument("--port", type=int, metavar="PORT", help="of the page (default: the one in the links, else a free one)")
    parser.add_argument("--no-open", action="store_true", help="open no browser")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the sample and of each rater's order (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")


def _judging(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="+", metavar="RUNS", help="the folder of a run of this benchmark")
    about = parser.add_argument_group("by whom")
    about.add_argument("--judges", required=True, metavar="M[,M…]", help="PROVIDER/NAME, or PROVIDER/NAME@URL where it is served elsewhere")
    about.add_argument("--model-option", action="append", metavar="KEY=VALUE", help="what the providers take besides; may be repeated")
    about.add_argument("--wordings", type=int, default=1, metavar="N", help="prompt wordings of each judge (default: 1)")
    about.add_argument("--pictures", action="store_true", help="show judges the questions' pictures")
    about.add_argument("--seed", type=seed, default=0, metavar="N", help="of orders (default: 0)")
    about.add_argument("--name", metavar="NAME", help="of the experiment's folder (default: from what is asked)")
    about.add_argument("--again", action="store_true", help="ask anew what a judge failed at, refused or gave in no readable form")
    about.add_argument("--no-report", action="store_true", help="do not score at the end")
    add_run_options(parser, runs=None)


def _scoring(parser: argparse.ArgumentParser) -> None:
    add_score_options(parser)
    parser.add_argument(
        "--verdicts", action="append", metavar="DIR", help="judges' sessions (default: those beside the run that judged it)"
    )
    parser.add_argument("--judges", metavar="M[,M…]", help="only these judges, as a report or --judges called them (default: all)")
    parser.add_argument("--verified", metavar="DIR", help="items that people checked: flawed ones enter the intervals")


def _exporting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("items", metavar="DIR|sample", help="curated items, or those that come with the package")
    parser.add_argument("--out", required=True, metavar="FILE.jsonl", help="to train on; FILE.test.jsonl and the pictures go beside it")
    parser.add_argument(
        "--all", action="store_true", help="also what nobody checked (default: only what people found good, where some did)"
    )
    parser.add_argument("--answers", metavar="DIR", help="where people's answers are kept (default: ITEMS/verification)")
    parser.add_argument("--test", type=float, default=0.2, metavar="P", help="share of images that are held out (default: 0.2)")
    parser.add_argument("--reasoning", action="store_true", help="write the reasoning before the answer")
    parser.add_argument("--value", action="store_true", help="also questions of Value, answered by declining")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the split and the places of options (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")


SUBCOMMANDS = {
    "curate": SubCommand(
        "evals.auto_bench.curate_command",
        "have a language model write questions about images from their symbols",
        _curating,
        f"{EXIT_CODES}\n",
    ),
    "verify": SubCommand(
        "evals.auto_bench.verify_command", "let people check questions, answers and reasoning on the local page", _verifying
    ),
    "run": SubCommand("evals.auto_bench.run_command", "ask models the questions", add_item_options, f"{EXIT_CODES}\n"),
    "judge": SubCommand("evals.auto_bench.judge_command", "have judges decide which open answers are right", _judging, f"{EXIT_CODES}\n"),
    "score": SubCommand(
        "evals.auto_bench.score_command", "score what was asked and judged, by skill and capacity, beside the published tables", _scoring
    ),
    "export-sft": SubCommand(
        "evals.auto_bench.export_command", "write questions and answers as chat JSONL for supervised fine-tuning", _exporting
    ),
}


def run(arguments: Sequence[str]) -> int:
    """Hand over to a sub-command. Returns the exit code. Raises AxiofeedError."""
    description = "Auto-Bench (arXiv 2311.14580): a language model as curator and judge. 4 capacities, 16 skills."
    return hand_over("evals.auto_bench", description, _EXAMPLE, SUBCOMMANDS, arguments)
