"""The figures of a training run in the terminal: before and after, with intervals over held-out images, or over seeds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.mm_scale.training.exporting import how_to_serve
from evals.mm_scale.training.recipe import Recipe
from evals.values.intervals import Interval, t_interval

__all__ = ["print_runs"]

_NAMES = {
    "ndcg": "NDCG",
    "tau_b": "Kendall's τ-b",
    "rho": "Spearman's ρ",
    "mae": "mean error of the rating",
    "ece": "ECE of P(unacceptable)",
}


def print_runs(recipe: Recipe, seeds: Sequence[int], results: Sequence[dict[str, Any]]) -> None:
    """A table on stdout, and how to go on."""
    of = "means over seeds, t intervals" if len(results) > 1 else "intervals by bootstrap over images"
    lines = [f"{recipe.loss} on {results[0]['before']['images']} held-out images ({of})", f"{'':26}{'before':>24}{'after':>24}"]
    lines += [f"{told:26}{_cell(results, 'before', name):>24}{_cell(results, 'after', name):>24}" for name, told in _NAMES.items()]
    lines.append(f"{'P(answer is 1 to 5)':26}{_form(results, 'before'):>24}{_form(results, 'after'):>24}")
    last = results[-1]
    serve, ask = how_to_serve(recipe, last["written"], Path(last["folder"]))
    lines += ["", f"written: {', '.join(last['written'].values())}", f"serve:    {serve}", f"evaluate: {ask}"]
    sys.stdout.write("\n".join(lines) + "\n")


def _cell(results: Sequence[dict[str, Any]], when: str, name: str) -> str:
    found = [each[when].get(name) for each in results]
    if any(each is None for each in found):
        return "no order"
    if len(found) == 1:
        return _shown(found[0]["estimate"], found[0]["low"], found[0]["high"])
    over = t_interval([each["estimate"] for each in found])
    assert isinstance(over, Interval), "there are several"
    return _shown(over.estimate, over.low, over.high)


def _shown(estimate: float, low: float | None, high: float | None) -> str:
    return f"{estimate:.3f}" if low is None or high is None else f"{estimate:.3f} [{low:.3f}, {high:.3f}]"


def _form(results: Sequence[dict[str, Any]], when: str) -> str:
    return f"{sum(each[when]['form'] for each in results) / len(results):.3f}"
