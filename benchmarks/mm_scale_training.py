"""`python -m benchmarks.mm_scale_training`: does a loss over the whole order rank held-out images better than one over pairs?

The losses on the tiny model and made-up judgements with a known order (`evals.mm_scale.training.synthetic`), under equal compute: for a
seed all see the same items, split, first weights, order of images, learning rate and number of steps. Figures are of images never
trained on, against the true grades and against the ratings; intervals are over seeds, of differences over seeds in pairs. How sharp a
preference the ranking losses take a point of the scale for was chosen on other seeds (100, 101), the same for both.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

from evals.mm_scale.training.recipe import LOSS_NAMES, TINY, Recipe
from evals.mm_scale.training.trainer import train
from evals.values.intervals import Interval, t_interval

PAIRS = (("listwise", "pairwise"), ("listwise", "binary"), ("listwise", "pointwise"), ("pairwise", "binary"))
RATINGS: Mapping[str, str] = {
    "three raters": "raters=3,noise=.6,steps=5",
    "one coarse rater": "raters=1,noise=1,steps=3",
}
"""How the judgements are made: three raters on five points, or one with more noise on three points, which makes many ties."""
FIGURES = ("true ndcg", "true tau_b", "ndcg", "tau_b", "rho", "mae", "ece")

Figures = dict[str, float]
"""One run's figures by name; those with "true" are against the grades that the items were made with."""


def measured(ratings: str, loss: str, seed: int, *, images: int, epochs: int, threads: int) -> Figures:
    """One training run, in a folder that is thrown away."""
    import torch  # noqa: PLC0415 - an extra

    torch.set_num_threads(threads)
    recipe = Recipe(
        f"synthetic:images={images},{RATINGS[ratings]}", TINY, loss, epochs=epochs, lr=3e-3, lora_rank=0, seed=seed, save_every=10**6
    )
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        after = train(recipe, Path(folder) / "out", tell=lambda line: None)["after"]
        seconds = time.process_time() - begun
    found = {name: float(after[name]["estimate"]) for name in FIGURES if not name.startswith("true ")}
    found |= {f"true {name}": float(after["truth"][name]["estimate"]) for name in ("ndcg", "tau_b", "rho")}
    return found | {"form": float(after["form"]), "seconds": seconds}


def summary(runs: Mapping[str, Mapping[str, Figures]]) -> dict[str, Any]:
    """By loss the mean of each figure over seeds, and by pair of losses the mean difference, with t intervals."""
    means = {loss: {name: _interval([run[name] for run in runs[loss].values()]) for name in FIGURES} for loss in LOSS_NAMES}
    differences = {
        f"{first} - {second}": {
            name: _interval([runs[first][seed][name] - runs[second][seed][name] for seed in runs[first]]) for name in FIGURES
        }
        for first, second in PAIRS
    }
    return {"means": means, "differences": differences}


def begun(path: str | None, settings: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Figures]]]:
    """What was measured before with the same settings: by way of rating, loss and seed."""
    told = json.loads(Path(path).read_text(encoding="utf-8")) if path and Path(path).is_file() else {}
    same = all(told.get(name) == value for name, value in settings.items())
    return {name: {loss: dict(told["runs"][name].get(loss, {})) if same else {} for loss in LOSS_NAMES} for name in RATINGS}


def write(path: str | None, told: Mapping[str, Any]) -> None:
    """As JSON, if it is wanted."""
    if path:
        Path(path).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _interval(values: Sequence[float]) -> dict[str, Any]:
    found = t_interval(values)
    assert isinstance(found, Interval), "there are seeds"
    return asdict(found)


def table(name: str, found: Mapping[str, Any], seeds: int) -> str:
    """One way of rating as lines: losses, then differences."""
    lines = [f"{name} ({RATINGS[name]}), {seeds} seeds", f"{'':24}" + "".join(f"{figure:>26}" for figure in FIGURES)]
    for part in ("means", "differences"):
        for row, figures in found[part].items():
            lines.append(f"{row:24}" + "".join(f"{_shown(figures[figure]):>26}" for figure in FIGURES))
    return "\n".join(lines)


def _shown(found: Mapping[str, Any]) -> str:
    if found["low"] is None:
        return f"{found['estimate']:.3f}"
    return f"{found['estimate']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. Returns 0. The JSON is rewritten after every run: what it holds already is not measured again."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mm_scale_training", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="0 to N - 1 (default: 5)")
    parser.add_argument("--images", type=int, default=60, metavar="N", help="a quarter is held out (default: 60)")
    parser.add_argument("--epochs", type=int, default=8, metavar="N", help="(default: 8)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="of PyTorch (default: 1)")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    options = parser.parse_args(arguments)
    settings = {"images": options.images, "epochs": options.epochs, "ratings": dict(RATINGS)}
    runs = begun(options.json, settings)
    for seed, name, loss in product(range(options.seeds), RATINGS, LOSS_NAMES):
        if str(seed) not in runs[name][loss]:
            figures = measured(name, loss, seed, images=options.images, epochs=options.epochs, threads=options.threads)
            runs[name][loss][str(seed)] = figures
            write(options.json, {**settings, "runs": runs})
    found = {name: summary(by_loss) for name, by_loss in runs.items()}
    write(options.json, {**settings, "runs": runs, "summary": found})
    for name, each in found.items():
        print(table(name, each, len(runs[name][LOSS_NAMES[0]])), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
