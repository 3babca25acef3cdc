"""`python -m evals.value_spectrum`: the sub-commands and their options. What they do loads when used."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from agent.experiments.command import EXIT_CODES, add_run_options
from evals.command_line import SubCommand, hand_over, seed, share

__all__ = ["run"]

_EXAMPLE = """\
examples:
  python -m evals.value_spectrum run --pool pool.toml --model openai/NAME --max-usd 5
  python -m evals.value_spectrum score runs/spectrum-pool-1a2b3c4d --corpus corpus/
  python -m evals.value_spectrum retrieve --corpus corpus/ --out pool.toml
"""

_RUN = """\
examples:
  python -m evals.value_spectrum run --feed catalogue --model planted/persona,reader
  python -m evals.value_spectrum run --pool draw1.toml --retest draw2.toml --model openai/NAME --max-usd 5
  python -m evals.value_spectrum run --pool pool.toml --model openai/NAME --ablation description
  python -m evals.value_spectrum run --pool pool.toml --model openai/NAME --persona hedonist,traditionalist --strategy isq --induced

"""

_SCORE = """\
examples:
  python -m evals.value_spectrum score runs/spectrum-pool-1a2b3c4d
  python -m evals.value_spectrum score runs/vlm --corpus corpus/ --out report/

exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted
"""


def _asking(parser: argparse.ArgumentParser) -> None:
    about = parser.add_argument_group("about what")
    one = about.add_mutually_exclusive_group()
    one.add_argument("--corpus", metavar="CORPUS", help="every video of a corpus")
    one.add_argument("--pool", metavar="POOL.toml", help="the videos of a pool, drawn or retrieved")
    one.add_argument("--feed", metavar="FEED", help="catalogue, or a folder of videos (default: catalogue)")
    about.add_argument("--retest", metavar="POOL2.toml", help="with --pool: an independent second draw, asked about in the same way")
    about.add_argument("--frames", type=int, default=1, metavar="N", help="pictures of each video (default: 1)")
    whom = parser.add_argument_group("whom, and how")
    whom.add_argument("--model", required=True, metavar="M[,M…]", help="PROVIDER/NAME, or PROVIDER/NAME@URL where it is served elsewhere")
    whom.add_argument("--model-option", action="append", metavar="KEY=VALUE", help="what the providers take besides; may be repeated")
    whom.add_argument("--persona", metavar="P[,P…]", help="who is played: names or files (default: nobody)")
    whom.add_argument(
        "--strategy", choices=("none", "narrative", "simple", "isq"), help="how a persona is told (default: simple; none: nothing is told)"
    )
    whom.add_argument("--cells", choices=("rotate", "all"), default="rotate", help="one prompt cell an image, or all six (default: rotate)")
    whom.add_argument("--seed", type=seed, default=0, metavar="N", help="of orders and prompt cells (default: 0)")
    whom.add_argument("--batch", type=int, default=50, metavar="N", help="with --pool or --corpus: images a session (default: 50)")
    more = parser.add_argument_group("besides")
    more.add_argument("--ablation", choices=("description",), help="then each image is replaced by the model's own description of it")
    more.add_argument("--induced", action="store_true", help="what browsing as a persona on the adaptive feed does, against control twins")
    more.add_argument("--train", type=int, metavar="N", help="with --induced: videos browsed (default: 60)")
    more.add_argument("--evaluate", type=int, metavar="N", help="with --induced: held-out videos of each evaluation (default: 20)")
    more.add_argument(
        "--pairs", type=int, metavar="N", help="with --induced: sessions with a twin, each with a seed of its own (default: 6)"
    )
    more.add_argument("--name", metavar="NAME", help="of the experiment's folder (default: from what is asked)")
    more.add_argument("--no-report", action="store_true", help="do not score at the end")
    add_run_options(parser)


def _scoring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="+", metavar="RUNS", help="the folder of a run, or session folders")
    parser.add_argument("--corpus", metavar="CORPUS", help="where the months come from in which videos were posted")
    parser.add_argument(
        "--values", choices=("labels", "pool"), help="which value an image stands for: its labels, or the stratum it was retrieved for"
    )
    parser.add_argument("--out", metavar="DIR", help="write report.html, tables and results.json there")
    parser.add_argument("--level", type=share, default=0.95, metavar="P", help="level of the intervals (default: 0.95)")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the resampling (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")


SUBCOMMANDS = {
    "run": SubCommand(
        "evals.value_spectrum.run_command",
        "ask models about every image: do you like it, why, what does it show",
        _asking,
        f"{_RUN}{EXIT_CODES}\n",
    ),
    "score": SubCommand(
        "evals.value_spectrum.score_command", "score what was asked, beside the published tables, with intervals", _scoring, _SCORE
    ),
    "retrieve": SubCommand("evals.value_spectrum.retrieval_command", "the images nearest to a value's keywords, as a pool"),
}


def run(arguments: Sequence[str]) -> int:
    """Hand over to a sub-command. Returns the exit code. Raises AxiofeedError."""
    description = "Value-Spectrum (arXiv 2411.11479): what a model says it likes, by value, with the uncertainty of saying so."
    return hand_over("evals.value_spectrum", description, _EXAMPLE, SUBCOMMANDS, arguments)
