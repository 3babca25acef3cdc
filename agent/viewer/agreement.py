"""How far two sessions agree: share with its interval, kappa, correlation of ratings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import sqrt
from statistics import StatisticsError, correlation

__all__ = ["kappa", "rating_r", "wilson"]

_Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


def wilson(successes: int, n: int) -> tuple[float, float] | None:
    """Wilson's score interval at 95 % (Wilson 1927, J. Am. Stat. Assoc. 22, 209–212); None without observations."""
    if n == 0:
        return None
    share, square = successes / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two raters (Cohen 1960, Educ. Psychol. Meas. 20, 37–46); None where chance alone would always agree."""
    n = len(pairs)
    if n == 0:
        return None
    first, second = Counter(one for one, _ in pairs), Counter(two for _, two in pairs)
    observed = sum(one == two for one, two in pairs) / n
    expected = sum(first[kind] * second[kind] for kind in first) / (n * n)
    return None if expected >= 1 else (observed - expected) / (1 - expected)


def rating_r(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's correlation of the ratings; None for fewer than three clips or a rater who always gives the same."""
    if len(pairs) < 3:
        return None
    try:
        return correlation([one for one, _ in pairs], [two for _, two in pairs])
    except StatisticsError:
        return None
