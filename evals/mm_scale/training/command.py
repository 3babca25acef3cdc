"""`python -m evals.mm_scale train`: a vision-language model trained on people's graded judgements, and tested on other images."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.command_line import seed
from personas.errors import SpecError

if TYPE_CHECKING:
    from evals.mm_scale.training.recipe import Recipe

__all__ = ["EXAMPLE", "add_options", "run"]

EXAMPLE = """\
examples:
  python -m evals.mm_scale train --items synthetic --model tiny --loss listwise --out trained/      # no download, no GPU, a minute
  python -m evals.mm_scale train --items items/ --model Qwen/Qwen2.5-VL-3B-Instruct --loss listwise --lora-rank 16 --out trained/
  python -m evals.mm_scale train --items synthetic:images=100,noise=1 --model tiny --loss pairwise --seeds 0,1,2,3,4 --out trained/
"""

_TINY = {"lora_rank": 0, "lr": 3e-3, "epochs": 12}
"""What a model that knows nothing yet needs: all of it trained, and faster."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `train`."""
    parser.epilog = EXAMPLE
    what = parser.add_argument_group("what is trained on what")
    what.add_argument(
        "--items",
        required=True,
        metavar="DIR|sample|synthetic",
        help="a folder of rated items, those of the package, or made-up ones (synthetic:images=60,scenarios=6,raters=3,noise=.6,steps=5)",
    )
    what.add_argument("--model", required=True, metavar="ID|DIR|tiny", help="OWNER/MODEL on Hugging Face, a folder, or a tiny random one")
    what.add_argument(
        "--loss",
        required=True,
        choices=("listwise", "pairwise", "binary", "pointwise"),
        help="Plackett-Luce, Bradley-Terry, the same across the middle of the scale, MSE",
    )
    what.add_argument("--out", required=True, metavar="DIR", help="a new folder for all that is written")
    what.add_argument("--held-out", type=float, default=0.25, metavar="P", help="share of the images to test on (default: 0.25)")
    what.add_argument("--wording", type=int, default=0, metavar="0–5", help="prompt cell of protocol rating (default: 0)")
    _how(parser.add_argument_group("how"))
    after = parser.add_argument_group("running")
    after.add_argument("--resume", action="store_true", help="carry on in --out after a kill, with the same options")
    after.add_argument("--merge", action="store_true", help="also write the weights with the adapter merged in")
    after.add_argument("--save-every", type=int, default=50, metavar="STEPS", help="between checkpoints (default: 50)")
    after.add_argument("--quiet", action="store_true", help="no progress")
    after.add_argument("--json", action="store_true", help="print JSON for machines")
    after.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")


def _how(how: Any) -> None:
    how.add_argument("--epochs", type=int, metavar="N", help="passes over the training images (default: 3; tiny: 12)")
    how.add_argument("--max-steps", type=int, default=0, metavar="N", help="at most (default: 0, no bound)")
    how.add_argument("--lr", type=float, metavar="X", help="highest learning rate (default: 2e-4; without an adapter 1e-5; tiny: 3e-3)")
    how.add_argument("--batch-images", type=int, default=8, metavar="N", help="images a step, each with all its scenarios (default: 8)")
    how.add_argument("--lora-rank", type=int, metavar="R", help="of the adapter; 0 trains every weight (default: 16; tiny: 0)")
    how.add_argument(
        "--sharpness", type=float, default=2.0, metavar="X", help="log-odds a point of the scale, in ranking losses (default: 2)"
    )
    how.add_argument(
        "--anchor", type=float, default=0.0, metavar="W", help="weight of MSE beside a ranking loss, for the level (default: 0)"
    )
    how.add_argument("--form", type=float, default=0.1, metavar="W", help="weight of answering with 1 to 5 at all (default: 0.1)")
    how.add_argument("--max-pixels", type=int, default=512 * 512, metavar="N", help="of a picture (default: 262144)")
    how.add_argument("--gradient-checkpointing", action="store_true", help="less memory, more time")
    seeds = how.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=seed, default=0, metavar="N", help="of split, order, first weights, made-up items (default: 0)")
    seeds.add_argument("--seeds", metavar="N,N…", help="several runs, each in its own folder, and their mean")
    how.add_argument("--device", default="auto", metavar="auto|cpu|cuda|mps", help="(default: auto)")


def run(options: argparse.Namespace) -> int:
    """Train, once or by several seeds, and print the figures. Returns 0. Raises AxiofeedError."""
    from evals.mm_scale.training.printing import print_runs  # noqa: PLC0415 - what trains loads when used
    from evals.mm_scale.training.trainer import train  # noqa: PLC0415

    seeds, out = _seeds(options), Path(options.out).expanduser()
    results = []
    for number in seeds:
        folder = out / f"seed-{number}" if options.seeds else out
        recipe = _recipe(options, number)
        known = options.resume and (folder / "config.json").exists()
        resume = known or (options.resume and not options.seeds)
        results.append(train(recipe, folder, resume=resume, merge=options.merge, tell=_teller(options, number)))
    if options.json:
        sys.stdout.write(json.dumps({"runs": [{"seed": s, **r} for s, r in zip(seeds, results, strict=True)]}, ensure_ascii=False) + "\n")
        return 0
    print_runs(_recipe(options, seeds[0]), seeds, results)
    return 0


def _recipe(options: argparse.Namespace, seed: int) -> Recipe:
    from evals.mm_scale.training.recipe import TINY, Recipe  # noqa: PLC0415

    usual: dict[str, Any] = dict(_TINY) if options.model == TINY else {"lora_rank": 16, "epochs": 3}
    chosen = usual | {name: getattr(options, name) for name in ("lora_rank", "lr", "epochs") if getattr(options, name) is not None}
    chosen.setdefault("lr", 2e-4 if chosen["lora_rank"] else 1e-5)
    same = ("items", "model", "loss", "batch_images", "held_out", "wording", "device", "max_pixels", "max_steps", "save_every", "sharpness")
    return Recipe(**chosen, **{name: getattr(options, name) for name in (*same, "anchor", "form", "gradient_checkpointing")}, seed=seed)


def _seeds(options: argparse.Namespace) -> tuple[int, ...]:
    try:
        seeds = tuple(int(part) for part in options.seeds.split(",")) if options.seeds else (options.seed,)
    except ValueError:
        raise SpecError(f"--seeds takes whole numbers with commas between, such as 0,1,2, not {options.seeds[:60]!r}") from None
    if len(set(seeds)) < len(seeds) or min(seeds) < 0:
        raise SpecError("--seeds: give each once, from 0 on")
    return seeds


def _teller(options: argparse.Namespace, seed: int) -> Any:
    before = f"seed {seed}: " if options.seeds else ""
    return (lambda line: None) if options.quiet or options.json else (lambda line: sys.stderr.write(f"{before}{line}\n"))
