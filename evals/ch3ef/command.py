"""`python -m evals.ch3ef`: the sub-commands and their options. What they do loads when used."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from agent.experiments.command import EXIT_CODES, add_run_options
from evals.benchmark.options import add_score_options
from evals.ch3ef.levels.registry import FORMATS
from evals.command_line import SubCommand, hand_over, seed

__all__ = ["run"]

_EXAMPLE = """\
examples:
  python -m evals.ch3ef run --items sample --model keyed/right,keyed/uniform
  python -m evals.ch3ef import ch3ef_original/ --out items/
  python -m evals.ch3ef import cifar-10-batches-bin/ --format cifar10 --sample 500 --out perception/
  python -m evals.ch3ef check items/
  python -m evals.ch3ef run --items items/ --model openai/NAME,vllm/NAME@http://127.0.0.1:8000/v1 --recipe recipe.toml --max-usd 5
  python -m evals.ch3ef score runs/ch3ef-items-1a2b3c4d --out report/
  python -m evals.ch3ef relations runs/* --out relations/
"""

_RUN = """\
examples:
  python -m evals.ch3ef run --items sample --model keyed/uniform --repeats 4
  python -m evals.ch3ef run --items sample --model openai/NAME --condition shown,none --repeats 2

a recipe (all of it may be left out):
  inferencer = "direct"            # direct, chain-of-thought, chain, likelihood, open
  normalise = "mean"               # likelihood alone: mean, sum, pmi
  metrics = ["accuracy", "ece"]    # accuracy, positions, ece, paired, correlations; open: bleu, cider, exact, f1, judge
  repeats = 4                      # options stand in other places in each
  [scenario]
  h = ["Honest"]                   # or domains, tasks, items: lists of names; limit = N
  [instruction]
  query = "standard"               # standard: one wording; pool: every wording
  examples = "similar:3"           # none, random:K, similar:K, fixed:K
  condition = "shown"              # shown, none, wrong: what is done with the pictures

"""


def _asking(parser: argparse.ArgumentParser) -> None:
    about = parser.add_argument_group("what, whom, and how")
    about.add_argument(
        "--items", default="sample", metavar="DIR|sample", help="a folder of items, or those that come with the package (default: sample)"
    )
    about.add_argument("--model", required=True, metavar="M[,M…]", help="PROVIDER/NAME, or PROVIDER/NAME@URL where it is served elsewhere")
    about.add_argument("--model-option", action="append", metavar="KEY=VALUE", help="what the providers take besides; may be repeated")
    about.add_argument("--recipe", metavar="FILE.toml", help="scenario, instruction, inferencer, metrics (default: every item, directly)")
    about.add_argument("--condition", metavar="C[,C…]", help="in place of the recipe's: shown, none, wrong, or several side by side")
    about.add_argument("--repeats", type=int, metavar="N", help="in place of the recipe's")
    about.add_argument("--seed", type=seed, default=0, metavar="N", help="of orders and places of options (default: 0)")
    about.add_argument("--name", metavar="NAME", help="of the experiment's folder (default: from what is asked)")
    about.add_argument("--no-report", action="store_true", help="do not score at the end")
    add_run_options(parser)


def _importing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("original", metavar="SOURCE", help="the dataset's original folder or file, as it is downloaded")
    parser.add_argument(
        "--format", choices=tuple(FORMATS), default="ch3ef", help="whose layout it is (default: ch3ef); docs/ch3ef_levels.md"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="an empty or new folder for the items")
    parser.add_argument("--split", metavar="NAME", help="of the dataset, such as test (default: the usual one)")
    parser.add_argument("--sample", type=int, metavar="N", help="that many items, drawn by the seed (default: all)")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the sample, and of options that are drawn (default: 0)")
    parser.add_argument("--skip-faulty", action="store_true", help="leave faulty rows out, and list each in left_out.csv")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")


def _checking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("items", metavar="DIR|sample", help="a folder of items, or those that come with the package")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the places of options (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")


def _relating(parser: argparse.ArgumentParser) -> None:
    add_score_options(parser)


SUBCOMMANDS = {
    "run": SubCommand("evals.ch3ef.run_command", "ask models the questions, by a recipe", _asking, f"{_RUN}{EXIT_CODES}\n"),
    "score": SubCommand(
        "evals.ch3ef.score_command", "score what was asked, by task, domain and h, beside the published leaderboards", add_score_options
    ),
    "import": SubCommand(
        "evals.ch3ef.import_command", "make items of the original files, this benchmark's or those of levels A1 and A2", _importing
    ),
    "relations": SubCommand(
        "evals.ch3ef.levels.relations", "scores by level (perception, reasoning, human values), and how they go together", _relating
    ),
    "check": SubCommand(
        "evals.ch3ef.check_command",
        "check items: what they cover, where the keys stand, what a respondent without eyes would get",
        _checking,
    ),
}


def run(arguments: Sequence[str]) -> int:
    """Hand over to a sub-command. Returns the exit code. Raises AxiofeedError."""
    description = "Ch3Ef (arXiv 2403.17830): is a model helpful, honest, harmless? 12 domains, 46 tasks."
    return hand_over("evals.ch3ef", description, _EXAMPLE, SUBCOMMANDS, arguments)
