"""Intervals that say what they are: Wilson's for rates, Student's t for means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

__all__ = ["Interval", "newcombe_paired", "t_interval", "wilson_interval"]


@dataclass(frozen=True)
class Interval:
    """An estimate with its bounds. `n` is the number of observations, `level` the nominal coverage, such as .95.

    The bounds are None where the data cannot give them.
    """

    estimate: float
    low: float | None
    high: float | None
    n: int
    method: str
    level: float = 0.95


def wilson_interval(successes: float, n: int, level: float = 0.95) -> Interval | None:
    """Wilson's score interval of a proportion (Wilson 1927), None for n = 0. Raises ValueError unless 0 ≤ successes ≤ n, 0 < level < 1."""
    if not 0 <= successes <= n or not 0 < level < 1:
        raise ValueError(f"needs 0 <= successes <= n and 0 < level < 1, not {successes}, {n}, {level}")
    if n == 0:
        return None
    z = NormalDist().inv_cdf(0.5 + level / 2)
    rate = successes / n
    scale = 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / scale
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / scale
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(rate, low, high, n, "Wilson", level)


def t_interval(values: Sequence[float], level: float = 0.95) -> Interval | None:
    """Student's t interval of a mean, None without values; no bounds for one value or for equal ones (a zero width is not claimed).

    Raises ValueError unless 0 < level < 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"needs 0 < level < 1, not {level}")
    if not values:
        return None
    mean, n = fmean(values), len(values)
    spread = stdev(values) if n > 1 else 0.0
    if spread == 0.0:
        return Interval(mean, None, None, n, "t", level)
    from scipy.special import stdtrit  # noqa: PLC0415 - loads when an interval is wanted

    half = float(stdtrit(n - 1, 0.5 + level / 2)) * spread / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n, "t", level)


def newcombe_paired(both: int, first_only: int, second_only: int, neither: int, level: float = 0.95) -> Interval | None:
    """Difference of two paired proportions, first − second, in [-1, 1], with Newcombe's score interval (Newcombe 1998, method 10).

    The arguments are the counts of pairs in which both, only the first, only the second, or neither has the property. None for no pairs.
    """
    n = both + first_only + second_only + neither
    first, second = wilson_interval(both + first_only, n, level), wilson_interval(both + second_only, n, level)
    if first is None or second is None:
        return None
    difference = (first_only - second_only) / n
    phi = _phi(both, first_only, second_only, neither)
    below_1, above_1 = first.estimate - _bound(first.low), _bound(first.high) - first.estimate
    below_2, above_2 = second.estimate - _bound(second.low), _bound(second.high) - second.estimate
    down = math.sqrt(max(0.0, below_1**2 - 2 * phi * below_1 * above_2 + above_2**2))
    up = math.sqrt(max(0.0, below_2**2 - 2 * phi * below_2 * above_1 + above_1**2))
    return Interval(difference, max(-1.0, difference - down), min(1.0, difference + up), n, "Newcombe paired", level)


def _phi(both: int, first_only: int, second_only: int, neither: int) -> float:
    """The correlation of the pairs, corrected for continuity as Newcombe does."""
    scale = (both + first_only) * (second_only + neither) * (both + second_only) * (first_only + neither)
    if scale == 0:
        return 0.0
    n = both + first_only + second_only + neither
    product: float = both * neither - first_only * second_only
    return (max(product - n / 2, 0.0) if product > 0 else product) / math.sqrt(scale)


def _bound(bound: float | None) -> float:
    assert bound is not None, "Wilson's interval has both bounds"
    return bound
