"""Reliability of scores: Cronbach's α, the intraclass correlations, split halves; and of codings, taken up from `agreement`.

Intraclass correlations are named after McGraw & Wong (1996), with the names of Shrout & Fleiss (1979) beside them. Intervals come from the
F distribution where there is one, else from resampling units. Where the data say nothing, such as one row or rows that do not differ, the
result is None.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtri, ndtri

from evals.values.agreement import gwet_ac, krippendorff_alpha
from evals.values.intervals import Interval
from evals.values.loadings import FloatArray

__all__ = [
    "ICC",
    "correlation_interval",
    "cronbach_alpha",
    "gwet_ac",
    "icc",
    "krippendorff_alpha",
    "random_halves",
    "spearman_brown",
    "split_half",
]


@dataclass(frozen=True)
class ICC:
    """Intraclass correlations of `n` rows (what is measured) over `k` columns (prompt cells, judges, repeats), each at most 1.

    one               ICC(1), [1,1]      columns differ from row to row; one of them
    one_mean          ICC(k), [1,k]      the mean of k of them
    agreement         ICC(A,1), [2,1]    the same columns for all rows, drawn at random: level differences between columns count as error
    agreement_mean    ICC(A,k), [2,k]
    consistency       ICC(C,1), [3,1]    level differences do not count
    consistency_mean  ICC(C,k), [3,k]    Cronbach's α
    """

    n: int
    k: int
    one: Interval
    one_mean: Interval
    agreement: Interval
    agreement_mean: Interval
    consistency: Interval
    consistency_mean: Interval


def icc(scores: FloatArray, level: float = 0.95) -> ICC | None:
    """The six coefficients of scores (n, k). Rows with a NaN are left out.

    None with fewer than two rows or columns, or where all scores are the same. No bounds where the rows agree perfectly.
    """
    complete = scores[~np.isnan(scores).any(axis=1)]
    n, k = complete.shape
    if n < 2 or k < 2 or np.ptp(complete) == 0:
        return None
    rows, columns, error, within = _mean_squares(complete)
    one = _single(rows, within, k, _f_bounds(rows, within, n - 1, n * (k - 1), level))
    consistency = _single(rows, error, k, _f_bounds(rows, error, n - 1, (n - 1) * (k - 1), level))
    below = rows + (k - 1) * error + k * (columns - error) / n
    rho = (rows - error) / below if below > 0 else 0.0
    agreement: _Single = (rho, *_agreement_bounds((rows, columns, error), rho, n, k, level))

    def interval(found: _Single, times: int) -> Interval:
        estimate, low, high = found
        low, high = (None if r is None else spearman_brown(r, times) for r in (low, high))
        return Interval(spearman_brown(estimate, times), low, high, n, "F (McGraw & Wong 1996)", level)

    return ICC(n, k, *(interval(found, times) for found in (one, agreement, consistency) for times in (1, k)))


def cronbach_alpha(items: FloatArray, level: float = 0.95) -> Interval | None:
    """α of raw items (respondents, items), with Feldt's interval (Feldt, Woodruff & Salih 1987). Respondents with a NaN are left out.

    None with fewer than two respondents or items, or where the respondents' sums do not differ.
    """
    complete = items[~np.isnan(items).any(axis=1)]
    n, k = complete.shape
    if n < 2 or k < 2:
        return None
    total = float(complete.sum(axis=1).var(ddof=1))
    if total <= 1e-12 * max(1.0, float((complete**2).sum())):
        return None
    alpha = k / (k - 1) * (1 - float(complete.var(axis=0, ddof=1).sum()) / total)
    if alpha >= 1 - 1e-12:
        return Interval(1.0, None, None, n, "Feldt", level)
    low, high = (1 - (1 - alpha) * float(fdtri(n - 1, (n - 1) * (k - 1), 0.5 + side * level / 2)) for side in (1, -1))
    return Interval(alpha, low, high, n, "Feldt", level)


def spearman_brown(r: float, times: float = 2) -> float:
    """Reliability of a measure `times` as long as one with reliability `r` (Spearman 1910; Brown 1910). -inf where it is not defined."""
    below = 1 + (times - 1) * r
    return times * r / below if below > 0 else -np.inf


def split_half(first: FloatArray, second: FloatArray, level: float = 0.95) -> Interval | None:
    """Reliability of the whole from two halves' scores (n,) of the same units: their correlation, stepped up by Spearman–Brown.

    A correlation below 0 is not stepped up: there is no reliability to lengthen. None with fewer than four units or a constant half.
    """
    found = correlation_interval(first, second, level)
    if found is None:
        return None
    low, high = (None if r is None else _lengthened(r) for r in (found.low, found.high))
    return Interval(_lengthened(found.estimate), low, high, found.n, "Fisher z, Spearman–Brown", level)


def random_halves(scores: FloatArray, splits: int = 200, *, draws: int = 1000, seed: int = 0, level: float = 0.95) -> Interval | None:
    """Mean split-half reliability of scores (units, parts) over random halvings of the parts, such as videos; NaN where a part is missing.

    A unit's half is the mean of its parts there; the interval resamples units, all halvings of one resample together. None with fewer than
    four units or two parts, or where no half varies.
    """
    units, parts = scores.shape
    if units < 4 or parts < 2:
        return None
    dice = np.random.default_rng([seed, 11])
    order = dice.permuted(np.tile(np.arange(parts), (splits, 1)), axis=1)
    inside = np.zeros((splits, parts))
    np.put_along_axis(inside, order[:, : parts // 2], 1.0, axis=1)
    seen, filled = (~np.isnan(scores)).astype(np.float64), np.nan_to_num(scores)
    with np.errstate(invalid="ignore", divide="ignore"):
        halves = [(filled @ side.T) / (seen @ side.T) for side in (inside, 1 - inside)]
    whole = np.isfinite(halves[0]).all(axis=1) & np.isfinite(halves[1]).all(axis=1)
    first, second = halves[0][whole], halves[1][whole]
    n = len(first)
    if n < 4:
        return None
    estimate = float(_stepped(np.ones((1, n)), first, second)[0])
    if np.isnan(estimate):
        return None
    drawn = _stepped(dice.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64), first, second)
    drawn = drawn[~np.isnan(drawn)]
    low = high = None
    if len(drawn) >= 0.95 * draws and np.ptp(drawn) > 0:
        low, high = (float(q) for q in np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2]))
    return Interval(estimate, low, high, n, f"bootstrap by unit over {splits} halvings, Spearman–Brown", level)


def correlation_interval(first: FloatArray, second: FloatArray, level: float = 0.95, *, ranks: bool = False) -> Interval | None:
    """Pearson's correlation of (n,) and (n,) with Fisher's interval; with `ranks` Spearman's with Bonett and Wright's (2000).

    Pairs with a NaN are left out. None with fewer than four pairs or where one side is constant; no bounds at −1 or 1.
    """
    both = ~(np.isnan(first) | np.isnan(second))
    x, y = first[both], second[both]
    n = len(x)
    if n < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    if ranks:
        from scipy.stats import rankdata  # noqa: PLC0415 - slow to import, and seldom needed

        x, y = rankdata(x), rankdata(y)
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))
    method = "Bonett–Wright" if ranks else "Fisher z"
    if abs(r) > 1 - 1e-12:
        return Interval(float(np.sign(r)), None, None, n, method, level)
    half = float(ndtri(0.5 + level / 2)) * np.sqrt((1 + r * r / 2 if ranks else 1) / (n - 3))
    return Interval(r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)), n, method, level)


def _lengthened(r: float) -> float:
    return spearman_brown(r) if r > 0 else r


def _stepped(counts: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """(B,) mean over halvings of the stepped-up correlation of halves (n, splits), units weighted by `counts` (B, n)."""
    n = counts.sum(axis=1, keepdims=True)
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    a, b = counts @ first / n, counts @ second / n
    spread = (counts @ first**2 / n - a**2) * (counts @ second**2 / n - b**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.where(spread > 1e-24, (counts @ (first * second) / n - a * b) / np.sqrt(np.maximum(spread, 1e-300)), np.nan)
    known = ~np.isnan(r)
    stepped = np.where(known, np.where(r > 0, 2 * r / (1 + np.maximum(r, 0)), r), 0.0)
    found: FloatArray = np.where(known.any(axis=1), stepped.sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.nan)
    return found


def _mean_squares(scores: FloatArray) -> tuple[float, float, float, float]:
    """Rows, columns, error (two-way) and within rows (one-way)."""
    n, k = scores.shape
    centred = scores - scores.mean()
    rows, columns = k * (centred.mean(axis=1) ** 2).sum(), n * (centred.mean(axis=0) ** 2).sum()
    total = (centred**2).sum()
    error = ((centred - centred.mean(axis=1, keepdims=True) - centred.mean(axis=0)) ** 2).sum()
    if error < 1e-24 * total:
        error = 0.0
    return float(rows / (n - 1)), float(columns / (k - 1)), float(error / ((n - 1) * (k - 1))), float((columns + error) / (n * (k - 1)))


_Single = tuple[float, float | None, float | None]


def _single(rows: float, error: float, k: int, bounds: tuple[float, float] | None) -> _Single:
    """Estimate and bounds for one column, from the ratio of mean squares and the bounds of that ratio."""
    below = rows + (k - 1) * error
    estimate = (rows - error) / below if below > 0 else 0.0
    if bounds is None:
        return estimate, None, None
    low, high = ((f - 1) / (f + k - 1) for f in bounds)
    return estimate, low, high


def _f_bounds(rows: float, error: float, df1: float, df2: float, level: float) -> tuple[float, float] | None:
    if error <= 0 or rows <= 0:
        return None
    ratio = rows / error
    return ratio / float(fdtri(df1, df2, 0.5 + level / 2)), ratio * float(fdtri(df2, df1, 0.5 + level / 2))


def _agreement_bounds(squares: tuple[float, float, float], rho: float, n: int, k: int, level: float) -> tuple[float | None, float | None]:
    """McGraw and Wong's table 7, ICC(A,1): Satterthwaite's degrees of freedom for the mix of column and error mean squares."""
    rows, columns, error = squares
    if rho >= 1 or rows <= 0 or error <= 0:
        return None, None
    a, b = k * rho / (n * (1 - rho)), 1 + k * rho * (n - 1) / (n * (1 - rho))
    v = (a * columns + b * error) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    down, up = float(fdtri(n - 1, v, 0.5 + level / 2)), float(fdtri(v, n - 1, 0.5 + level / 2))
    mix = k * columns + (k * n - k - n) * error
    return n * (rows - down * error) / (down * mix + n * rows), n * (up * rows - error) / (mix + n * up * rows)
