"""`python -m evals.culture`: the sub-commands and their options. What they do loads when used."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from agent.experiments.command import EXIT_CODES, add_run_options
from evals.command_line import SubCommand, hand_over, seed, share

__all__ = ["run"]

_EXAMPLE = """\
examples:
  python -m evals.culture run --questions sample --images sample --model polled/truth,polled/uniform
  python -m evals.culture score runs/culture-1a2b3c4d --out report/
  python -m evals.culture import-wvs WVS_Wave_7.csv --codebook codebook.csv --out questions.jsonl
"""

_EPILOGS = {
    "run": f"""\
examples:
  python -m evals.culture run --questions sample --images sample --model polled/truth,polled/sees
  python -m evals.culture run --questions questions.jsonl --images dollar_street.csv --countries "Kenya,Japan" \\
      --model vllm/NAME@http://127.0.0.1:8000/v1 --max-requests 5000
  python -m evals.culture run --questions questions.jsonl --conditions text,none --model openai/NAME --repeats 20 --dry-run

{EXIT_CODES}
""",
    "score": """\
examples:
  python -m evals.culture score runs/culture-1a2b3c4d --out report/
  python -m evals.culture score runs/small runs/large --size openai/NAME=70B

exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted
""",
    "import-wvs": """\
examples:
  python -m evals.culture import-wvs WVS_Wave_7.csv --codebook codebook.csv --out questions.jsonl

The data are downloaded by you, under the survey's own terms. docs/culture.md says what the codebook holds.

exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted
""",
}


def _asking(parser: argparse.ArgumentParser) -> None:
    about = parser.add_argument_group("about what")
    about.add_argument("--questions", required=True, metavar="FILE", help="a .jsonl, .json or .csv file of questions, or: sample")
    about.add_argument("--images", metavar="MANIFEST", help="a .jsonl, .json or .csv file that lists pictures of countries, or: sample")
    about.add_argument("--countries", metavar="A[,B…]", help="of the survey's countries, these (default: all)")
    about.add_argument(
        "--conditions", default=None, metavar="C[,C…]", help="of text, image, both, none, wrong (default: all; without --images text,none)"
    )
    about.add_argument("--pictures", type=int, default=3, metavar="N", help="with a question, where pictures are shown (default: 3)")
    about.add_argument(
        "--dont-know",
        choices=("drop", "keep", "separate"),
        default="drop",
        help="options such as “don't know”: not shown (default); shown and counted; shown, and told apart from the distances",
    )
    whom = parser.add_argument_group("whom, and how")
    whom.add_argument("--model", required=True, metavar="M[,M…]", help="PROVIDER/NAME, or PROVIDER/NAME@URL where it is served elsewhere")
    whom.add_argument("--model-option", action="append", metavar="KEY=VALUE", help="what the providers take besides; may be repeated")
    whom.add_argument(
        "--repeats", type=int, default=2, metavar="N", help="an even number: half of them in each order of a scale (default: 2)"
    )
    whom.add_argument("--cells", choices=("one", "all"), default="one", help="one wording of the request, or all three (default: one)")
    whom.add_argument("--seed", type=seed, default=0, metavar="N", help="of orders and pictures (default: 0)")
    whom.add_argument("--name", metavar="NAME", help="of the run's folder (default: from what is asked)")
    whom.add_argument("--no-report", action="store_true", help="do not score at the end")
    add_run_options(parser)


def _scoring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="+", metavar="RUNS", help="folders of runs about one survey")
    parser.add_argument("--out", metavar="DIR", help="write report.html, tables and results.json there")
    parser.add_argument("--size", action="append", metavar="M=N", help="parameters of a model, such as openai/NAME=70B; may be repeated")
    parser.add_argument(
        "--answers", choices=("auto", "logprobs", "counts"), default="auto", help="where distributions come from (default: auto)"
    )
    parser.add_argument("--level", type=share, default=0.95, metavar="P", help="level of the intervals (default: 0.95)")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the resampling (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")


def _importing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="WVS.csv", help="the survey's CSV: one person a row")
    parser.add_argument("--codebook", required=True, metavar="FILE", help="columns, questions and labels of codes, as .csv or .json")
    parser.add_argument("--out", required=True, metavar="QUESTIONS.jsonl", help="the question file to write")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")


SUBCOMMANDS = {
    "run": SubCommand(
        "evals.culture.run_command",
        "ask models a survey's questions as people of countries that are named, shown, both or neither",
        _asking,
        _EPILOGS["run"],
    ),
    "score": SubCommand(
        "evals.culture.score_command",
        "how far the answers are from the people's, beside baselines, and what the pictures did",
        _scoring,
        _EPILOGS["score"],
    ),
    "import-wvs": SubCommand(
        "evals.culture.import_command",
        "turn a World Values Survey file and a codebook into a question file",
        _importing,
        _EPILOGS["import-wvs"],
    ),
}


def run(arguments: Sequence[str]) -> int:
    """Hand over to a sub-command. Returns the exit code. Raises AxiofeedError."""
    description = "Cultural value sensitivity (arXiv 2502.14906): do a model's answers follow those of a country's people?"
    return hand_over("evals.culture", description, _EXAMPLE, SUBCOMMANDS, arguments)
