"""Effects of pictures and of the name along the size of models: do larger ones gain more?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import rankdata

from evals.culture.effects import pairs_of
from evals.culture.resampling import LEAST as LEAST_QUESTIONS
from evals.culture.scores import size_of
from evals.scoring.ranking import spearman
from evals.values.loadings import FloatArray

__all__ = ["LEAST", "size_effects"]

LEAST = 3
"""Models of different sizes below which nothing is told."""
_EXACT = 8
"""Models up to which every order is counted for p."""
_DRAWS, _SHUFFLES = 2000, 20_000
_DIGITS = 12
"""Beyond these stands rounding, which would order equal effects."""


def size_effects(cells: pl.DataFrame, given: Mapping[str, float], *, level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """A row a contrast: over models of known size, how the effect (difference in divergence, base 2) goes with log2 of the size.

    Only pairs of cells (question × country) that all of the models have count, so that they differ in nothing else.
    models    respondents, each once; sizes: different ones, from the smallest to the largest
    rho       Spearman's, of effect and size; its interval resamples questions, all models with them, and holds for these models
    slope     least squares, change of the effect a doubling of the size; below 0 the effect of larger ones brings them closer
    p         two-sided, of no relation: over every order of the models, or 20,000 random ones; `least_p`: the smallest that so few can give
    """
    sizes = {who: size_of(model, given)[0] for who, model in cells.select("respondent", "model").unique(maintain_order=True).iter_rows()}
    rows = []
    by_contrast: dict[str, dict[str, pl.DataFrame]] = {}
    for who, one, two, _, pairs, _ in pairs_of(cells):
        if sizes[who] is not None:
            by_contrast.setdefault(f"{one} − {two}", {})[who] = pairs
    for contrast, parts in by_contrast.items():
        known = {who: float(sizes[who] or 0.0) for who in parts}
        if len(set(known.values())) >= LEAST:
            row = _row(parts, known, level, seed)
            if row is not None:
                rows.append({"contrast": contrast, **row})
    return pl.DataFrame(rows, schema=_SCHEMA)


def _row(parts: Mapping[str, pl.DataFrame], sizes: Mapping[str, float], level: float, seed: int) -> dict[str, Any] | None:
    changes, questions = _common(parts)
    if not len(questions):
        return None
    size = np.log2([sizes[who] for who in parts])
    names, row = np.unique(questions, return_inverse=True)
    sums = np.stack([np.bincount(row, change) for change in changes])
    counts = np.bincount(row)
    effect = np.round(sums.sum(axis=1) / len(questions), _DIGITS)
    rho, slope = _rho(size, effect), _slope(size, effect)
    told: dict[str, Any] = {"models": len(parts), "sizes": len(set(sizes.values())), "smallest_b": min(sizes.values())}
    told |= {"largest_b": max(sizes.values()), "pairs": len(questions), "questions": len(names), "rho": rho, "slope": slope}
    told |= dict(zip(("p", "least_p"), _p(size, effect, seed), strict=True)) if rho is not None else {}
    if len(names) >= LEAST_QUESTIONS and np.ptp(effect) > 0:
        drawn = np.random.default_rng([seed, 32]).multinomial(len(names), np.full(len(names), 1 / len(names)), size=_DRAWS)
        means = np.round((drawn @ sums.T) / (drawn @ counts)[:, None], _DIGITS)
        for name, figure in (("rho", _rho), ("slope", _slope)):
            found = [value for each in means if (value := figure(size, each)) is not None]
            if found and max(found) > min(found):  # no width of zero is claimed
                told |= dict(zip((f"{name}_low", f"{name}_high"), _bounds(found, level), strict=True))
    return told


def _common(parts: Mapping[str, pl.DataFrame]) -> tuple[list[FloatArray], list[str]]:
    """The changes in divergence of each respondent over the pairs that all have, and the question of each pair."""
    key = ["question", "country"]
    shared = None
    for part in parts.values():
        shared = part.select(key) if shared is None else shared.join(part.select(key), on=key, how="semi", maintain_order="left")
    assert shared is not None
    shared = shared.sort(key)
    rows = [shared.join(part, on=key, how="left", maintain_order="left") for part in parts.values()]
    return [(each["jsd"] - each["jsd_2"]).to_numpy().astype(np.float64) for each in rows], shared["question"].to_list()


def _rho(size: FloatArray, effect: FloatArray) -> float | None:
    return spearman(size, effect) if np.ptp(effect) > 0 else None


def _slope(size: FloatArray, effect: FloatArray) -> float:
    centred = size - size.mean()
    return float(centred @ effect / (centred @ centred))


def _p(size: FloatArray, effect: FloatArray, seed: int) -> tuple[float, float]:
    """p, and the smallest there could be: ρ at least as far from 0 under the orders of the models, the one seen among them."""
    first, second = (ranks - ranks.mean() for ranks in (rankdata(size), rankdata(effect)))
    seen = abs(first @ second) - 1e-9
    if len(size) <= _EXACT:
        found = np.abs(np.array(list(itertools.permutations(second))) @ first)
        return float((found >= seen).mean()), float((found >= found.max() - 1e-9).mean())
    dice = np.random.default_rng([seed, 33])
    found = np.abs(dice.permuted(np.tile(second, (_SHUFFLES, 1)), axis=1) @ first)
    return float(((found >= seen).sum() + 1) / (_SHUFFLES + 1)), 1 / (_SHUFFLES + 1)


def _bounds(values: list[float], level: float) -> tuple[float, float]:
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


_SCHEMA: dict[str, Any] = {
    "contrast": pl.String,
    **dict.fromkeys(("models", "sizes"), pl.Int64),
    **dict.fromkeys(("smallest_b", "largest_b"), pl.Float64),
    **dict.fromkeys(("rho", "rho_low", "rho_high", "slope", "slope_low", "slope_high", "p", "least_p"), pl.Float64),
    **dict.fromkeys(("pairs", "questions"), pl.Int64),
}
