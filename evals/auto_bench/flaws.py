"""Flawed items in a score's interval: what people found in a random sample of the items bounds the score on the items that are valid.

Let s be the score over all items and f the share of flawed ones. On a flawed item being called right or wrong means nothing, so the score
on the valid items, v, obeys s = (1 − f) v + f w with an unknown w in [0, 1]: it lies in [(s − f) / (1 − f), s / (1 − f)], cut to [0, 1]
(partial identification; Horowitz and Manski 1995, Econometrica 63: 281). Both s and f are estimates. f is drawn from its posterior
Beta(flawed + ½, checked − flawed + ½) (Jeffreys' prior), s from a Bayesian bootstrap (Rubin 1981, Annals of Statistics 9: 130) over whole
images with half a right and half a wrong one added, which for one question an image is Beta(right + ½, wrong + ½): a score of 0 or 1 is not
taken for certain. The interval runs from the lower quantile of the lower ends to the upper quantile of the upper ends. Samples that nobody
decided are wrong in the lower ends and right in the upper ones. Assumed: what was checked is a random sample of the items; raters are right
about flaws; draws are independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from evals.values.loadings import FloatArray

__all__ = ["DRAWS", "FEWEST", "Bounds", "valid_bounds"]

DRAWS = 4000
FEWEST = 10
"""Checked items of a group below which nothing is claimed for it."""
_MOST_FLAWED = 0.999


@dataclass(frozen=True)
class Bounds:
    """The score on valid items: `low` to `high` at the estimates of s and f, `outer_low` to `outer_high` with their uncertainty."""

    low: float
    high: float
    outer_low: float
    outer_high: float


def valid_bounds(samples: pl.DataFrame, flawed: int, checked: int, *, level: float = 0.95, seed: int = 0) -> Bounds | None:
    """Bounds of the score on valid items; None where `checked` is below `FEWEST` or there are no samples.

    samples  one row an item: `least` and `most`, its share of right answers if what nobody decided were wrong, or right; `cluster`
    Raises ValueError for impossible counts.
    """
    if not 0 <= flawed <= checked:
        raise ValueError(f"needs 0 <= flawed <= checked, not {flawed} and {checked}")
    if checked < FEWEST or samples.is_empty():
        return None
    least, most = samples["least"].to_numpy().astype(np.float64), samples["most"].to_numpy().astype(np.float64)
    dice = np.random.default_rng([seed, 41])
    share = np.minimum(dice.beta(flawed + 0.5, checked - flawed + 0.5, size=DRAWS), _MOST_FLAWED)
    drawn = _bootstrap(samples, dice)
    lower, upper = _ends(drawn[:, 0], drawn[:, 1], share)
    low, high = _ends(least.mean(), most.mean(), min(flawed / checked, _MOST_FLAWED))
    tail = (1 - level) / 2
    return Bounds(float(low), float(high), float(np.quantile(lower, tail)), float(np.quantile(upper, 1 - tail)))


def _ends(least: FloatArray | float, most: FloatArray | float, share: FloatArray | float) -> tuple[FloatArray, FloatArray]:
    low = np.clip((np.asarray(least) - share) / (1 - np.asarray(share)), 0.0, 1.0)
    high = np.clip(np.asarray(most) / (1 - np.asarray(share)), 0.0, 1.0)
    return low, high


def _bootstrap(samples: pl.DataFrame, dice: np.random.Generator) -> FloatArray:
    """(DRAWS, 2): means of `least` and `most` over weighted clusters. Those with the same sums are weighted as one kind: the same law."""
    named = samples.select(pl.col("cluster").fill_null(pl.format("item {}", "item")))["cluster"].to_numpy()
    place = np.unique(named, return_inverse=True)[1]
    clusters = int(place.max()) + 1
    weights = (samples["least"].to_numpy().astype(np.float64), samples["most"].to_numpy().astype(np.float64), np.ones(samples.height))
    sums = np.stack([np.bincount(place, weight, clusters) for weight in weights], axis=1)
    kinds, often = np.unique(sums, axis=0, return_counts=True)
    size = samples.height / clusters
    kinds = np.concatenate([kinds, [[size, size, size], [0.0, 0.0, size]]])
    weights_drawn = dice.standard_gamma(np.append(often, (0.5, 0.5)), size=(DRAWS, len(kinds)))
    drawn = weights_drawn @ kinds
    means: FloatArray = drawn[:, :2] / drawn[:, 2:]
    return means
