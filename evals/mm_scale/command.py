"""`python -m evals.mm_scale`: the sub-commands and their options. What they do loads when used."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from evals.benchmark.options import EXIT_CODES, add_item_options, add_score_options
from evals.command_line import SubCommand, hand_over, seed

__all__ = ["SUBCOMMANDS", "run"]

_EXAMPLE = """\
examples:
  python -m evals.mm_scale run --items sample --model rated/truth,rated/noisy,rated/constant --condition shown,none
  python -m evals.mm_scale annotate --items sample --raters anna,ben --export records.jsonl
  python -m evals.mm_scale import records.jsonl --images pictures/ --out items/
  python -m evals.mm_scale run --items items/ --model openai/NAME --repeats 5 --max-usd 5
  python -m evals.mm_scale score runs/mm-scale-items-1a2b3c4d --out report/
"""

_EPILOGS = {
    "run": f"""\
examples:
  python -m evals.mm_scale run --items sample --model rated/sees --condition shown,none,wrong
  python -m evals.mm_scale run --items items/ --model vllm/NAME@http://127.0.0.1:8000/v1 --model-option logprobs=true --wordings 6

--limit N takes whole pictures until there are N scenarios, since those of one picture are ranked together.

{EXIT_CODES}
""",
    "annotate": """\
examples:
  python -m evals.mm_scale annotate --items items/ --raters anna,ben
  python -m evals.mm_scale annotate --items items/ --export records.jsonl

Ctrl-C ends it; the same command goes on with the same links. docs/annotating.md says what a rater sees.

exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted
""",
    "import": """\
examples:
  python -m evals.mm_scale import records.jsonl --images pictures/ --out items/
  python -m evals.mm_scale import records.json --images pictures/ --out items/ --skip-faulty

a record, one a line or in a JSON list:
  {"image": "bus.png", "scenario_id": "bus-1", "text": "…", "ratings": [{"rater": "anna", "score": 2, "grounding": "both"}], "reason": "…"}

exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted
""",
    "score": """\
examples:
  python -m evals.mm_scale score runs/mm-scale-sample-1a2b3c4d --out report/
  python -m evals.mm_scale score runs/mm-scale-items-1a2b3c4d --items items/     # with ratings that came in later

exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted
""",
}


def _annotating(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--items", default="sample", metavar="DIR|sample", help="a folder of items, or: sample (default: sample)")
    parser.add_argument("--raters", metavar="A[,B…]", help="who rates: names or codes; serves the page to each")
    parser.add_argument("--answers", metavar="DIR", help="where answers are kept (default: ITEMS/annotations; sample: annotations)")
    parser.add_argument("--export", metavar="RECORDS.jsonl", help="write what was said as records; after serving, or without it")
    parser.add_argument("--limit", type=int, metavar="N", help="only whole pictures, until there are N scenarios")
    parser.add_argument("--port", type=int, metavar="N", help="of the page (default: the one used before, else a free one)")
    parser.add_argument("--no-open", action="store_true", help="open no browser")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the raters' orders (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines at the end")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")


def _importing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("records", metavar="RECORDS", help="a .jsonl file of records, or a .json list of them")
    parser.add_argument("--images", required=True, metavar="DIR", help="the folder to which the records' image paths are relative")
    parser.add_argument("--out", required=True, metavar="DIR", help="an empty or a new folder for the items")
    parser.add_argument("--skip-faulty", action="store_true", help="leave faulty records out, and list them in left_out.csv")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")


def _scoring(parser: argparse.ArgumentParser) -> None:
    add_score_options(parser)
    parser.add_argument("--items", metavar="DIR|sample", help="take the people's ratings from there (default: as they were when it ran)")


SUBCOMMANDS = {
    "run": SubCommand(
        "evals.mm_scale.run_command", "ask models to rate scenarios with their pictures, from 1 to 5", add_item_options, _EPILOGS["run"]
    ),
    "annotate": SubCommand(
        "evals.mm_scale.annotate_command",
        "have people rate them on a local page, and export what they said",
        _annotating,
        _EPILOGS["annotate"],
    ),
    "import": SubCommand(
        "evals.mm_scale.import_command", "make items of records {image, scenario_id, text, ratings}", _importing, _EPILOGS["import"]
    ),
    "score": SubCommand("evals.mm_scale.score_command", "hold what was asked against the people's ratings", _scoring, _EPILOGS["score"]),
    "train": SubCommand("evals.mm_scale.training.command", "train a small vision-language model on the people's ratings"),
}


def run(arguments: Sequence[str]) -> int:
    """Hand over to a sub-command. Returns the exit code. Raises AxiofeedError."""
    description = "MM-SCALE (arXiv 2602.03665): graded moral judgement of scenarios with pictures, beside what people say."
    return hand_over("evals.mm_scale", description, _EXAMPLE, SUBCOMMANDS, arguments)
