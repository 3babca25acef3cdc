"""Agreement of coders or judges on units, corrected for chance: Krippendorff's α and Gwet's AC1 and AC2, with bootstrap intervals by unit.

Ratings are an array of units × coders, NaN where a coder did not rate a unit. α compares observed with expected disagreement of pairable
ratings (Krippendorff 2019, chapter 12); AC1 and AC2 stay meaningful where one category is very rare or very common, where α and κ do not
(Gwet 2008, 2014).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evals.values.intervals import Interval
from evals.values.loadings import FloatArray

__all__ = ["gwet_ac", "krippendorff_alpha"]

BOOTSTRAP = "bootstrap by unit"


def krippendorff_alpha(
    ratings: FloatArray,
    metric: Literal["nominal", "ordinal", "interval"] = "ordinal",
    *,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval | None:
    """α of ratings (units, coders), 1 for perfect agreement, 0 for chance, below 0 for less; `n` counts the units rated at least twice.

    None where no unit was rated twice, or all ratings are the same, so that there is nothing to agree on. No bounds with fewer than three
    units, or where more than 5 % of the resamples have nothing to agree on.
    """
    pairable = ratings[(~np.isnan(ratings)).sum(axis=1) > 1]
    if not len(pairable):
        return None
    alpha = _interval_alpha(pairable) if metric == "interval" else _category_alpha(pairable, metric)
    return _with_bootstrap(alpha, len(pairable), draws, seed, level)


def gwet_ac(
    ratings: FloatArray,
    categories: Sequence[float] | None = None,
    weights: Literal["identity", "linear", "quadratic", "ordinal"] = "identity",
    *,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval | None:
    """AC1 (identity weights) or AC2 of ratings (units, coders), at most 1; `n` counts the units with a rating.

    categories  all categories of the scale, ascending, also those nobody used: they count as chances to disagree. None takes those used
    None where no unit was rated twice or there are fewer than two categories. Raises ValueError for a rating that is no category.
    """
    rated = ratings[(~np.isnan(ratings)).any(axis=1)]
    scale = np.unique(rated[~np.isnan(rated)]) if categories is None else np.asarray(sorted(set(categories)), dtype=np.float64)
    if not np.isin(rated[~np.isnan(rated)], scale).all():
        raise ValueError(f"a rating is none of the categories {', '.join(f'{category:g}' for category in scale)}")
    count = _counts(rated, scale)
    if len(scale) < 2 or not (count.sum(axis=1) > 1).any():
        return None
    return _with_bootstrap(_gwet(count, _weights(scale, weights)), len(rated), draws, seed, level)


_Alpha = Callable[[FloatArray], FloatArray]
"""From how often each unit is drawn (B, units) to the coefficient (B,); NaN where there is none."""


def _with_bootstrap(coefficient: _Alpha, units: int, draws: int, seed: int, level: float) -> Interval | None:
    estimate = float(coefficient(np.ones((1, units)))[0])
    if np.isnan(estimate):
        return None
    low = high = None
    if units > 2 and estimate < 1 and draws:
        counts = np.random.default_rng([seed, 10]).multinomial(units, np.full(units, 1 / units), size=draws).astype(np.float64)
        drawn = coefficient(counts)
        drawn = drawn[~np.isnan(drawn)]
        if len(drawn) >= 0.95 * draws:
            low, high = (float(q) for q in np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2]))
    return Interval(estimate, low, high, units, BOOTSTRAP, level)


def _interval_alpha(ratings: FloatArray) -> _Alpha:
    """Squared differences need no table: within a unit they sum to 2 m s², overall to 2 n times the sum of squares."""
    each = (~np.isnan(ratings)).sum(axis=1).astype(np.float64)
    centred = ratings - np.nanmean(ratings)
    total, square = np.nansum(centred, axis=1), np.nansum(centred**2, axis=1)
    inside = (each * square - total**2) / (each - 1)

    def alpha(counts: FloatArray) -> FloatArray:
        n = counts @ each
        spread = n * (counts @ square) - (counts @ total) ** 2
        return _ratio((n - 1) * (counts @ inside), spread, spread > 1e-12 * n * (counts @ square) + 1e-300)

    return alpha


def _category_alpha(ratings: FloatArray, metric: str) -> _Alpha:
    scale = np.unique(ratings[~np.isnan(ratings)])
    count = _counts(ratings, scale)
    q = len(scale)
    each = count.sum(axis=1)
    pairs = count[:, :, None] * (count[:, None, :] - np.eye(q)) / (each - 1)[:, None, None]

    def alpha(counts: FloatArray) -> FloatArray:
        margin = counts @ count
        coincidence = (counts @ pairs.reshape(len(count), q * q)).reshape(-1, q, q)
        if metric == "nominal":
            apart = np.broadcast_to(1 - np.eye(q), coincidence.shape)
        else:
            # Ranks as Krippendorff's ordinal difference has them: ratings between two categories, half of their own included.
            rank = np.cumsum(margin, axis=1) - margin / 2
            apart = (rank[:, :, None] - rank[:, None, :]) ** 2
        expected = np.einsum("bc,bk,bck->b", margin, margin, apart)
        observed = np.einsum("bck,bck->b", coincidence, apart)
        return _ratio((margin.sum(axis=1) - 1) * observed, expected, expected > 0)

    return alpha


def _gwet(count: FloatArray, weight: FloatArray) -> _Alpha:
    q = len(weight)
    each = count.sum(axis=1)
    several = each > 1
    agreeing = np.zeros(len(count))
    agreeing[several] = (count * (count @ weight - 1)).sum(axis=1)[several] / (each * (each - 1))[several]
    share = count / each[:, None]

    def coefficient(counts: FloatArray) -> FloatArray:
        twice = counts @ several
        pa = np.divide(counts @ agreeing, twice, out=np.full(len(counts), np.nan), where=twice > 0)
        prevalence = counts @ share / counts.sum(axis=1, keepdims=True)
        pe = weight.sum() / (q * (q - 1)) * (prevalence * (1 - prevalence)).sum(axis=1)
        return _ratio(1 - pa, 1 - pe, pe < 1)

    return coefficient


def _weights(scale: FloatArray, kind: str) -> FloatArray:
    """(q, q) partial agreement in [0, 1] of each two categories (Gwet 2014, section 3.5)."""
    q = len(scale)
    apart = np.abs(scale[:, None] - scale[None, :]) / (scale[-1] - scale[0])
    steps = np.abs(np.arange(q)[:, None] - np.arange(q)[None, :])
    kinds = {"identity": np.eye(q), "linear": 1 - apart, "quadratic": 1 - apart**2, "ordinal": 1 - steps * (steps + 1) / (q * (q - 1))}
    return kinds[kind]


def _counts(ratings: FloatArray, scale: FloatArray) -> FloatArray:
    """(units, categories) how many coders chose each category."""
    return np.asarray((ratings[:, :, None] == scale).sum(axis=1), dtype=np.float64)


def _ratio(above: FloatArray, below: FloatArray, defined: NDArray[np.bool_]) -> FloatArray:
    """1 − above / below, NaN where it is not defined."""
    found: FloatArray = 1 - np.divide(above, below, out=np.full(len(above), np.nan), where=defined)
    return found
