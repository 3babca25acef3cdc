"""Intervals against an independent implementation."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats

from evals.values.intervals import t_interval, wilson_interval


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
@pytest.mark.parametrize("n", [1, 2, 7, 40, 1000])
def test_wilson_agrees_with_scipy(n: int, level: float) -> None:
    """For every count the bounds are those of SciPy's score interval without continuity correction."""
    for successes in sorted({0, 1, n // 3, n // 2, n - 1, n} & set(range(n + 1))):
        found = wilson_interval(successes, n, level)
        wanted = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
        assert found is not None
        assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-9)
        assert (found.estimate, found.n, found.method, found.level) == (successes / n, n, "Wilson", level)


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("n", [2, 3, 10, 200])
def test_student_agrees_with_scipy(n: int, level: float) -> None:
    """Mean and bounds are those of SciPy's t interval."""
    source = random.Random(n)
    values = [source.gauss(2, 3) for _ in range(n)]
    found = t_interval(values, level)
    wanted = stats.ttest_1samp(values, 0).confidence_interval(level)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), rel=1e-9)
    assert (found.n, found.method, found.level) == (n, "t", level)
    assert found.estimate == pytest.approx(sum(values) / n)


def test_no_observation_gives_no_interval() -> None:
    """Nothing is estimated from nothing."""
    assert wilson_interval(0, 0) is None
    assert t_interval([]) is None


@pytest.mark.parametrize("values", [[3], [2, 2, 2], [0.1] * 7])
def test_no_spread_claims_no_width(values: list[float]) -> None:
    """One value, or equal ones, give the mean and no bounds: a width of zero would be a lie."""
    found = t_interval(values)
    assert found is not None
    assert (found.estimate, found.low, found.high, found.n) == (values[0], None, None, len(values))


def test_the_bounds_of_a_rate_stay_within_0_and_1() -> None:
    """None and all are exact at their end and open at the other."""
    none, every = wilson_interval(0, 5), wilson_interval(5, 5)
    assert none is not None
    assert every is not None
    assert (none.low, every.high) == (0.0, 1.0)
    assert none.high == pytest.approx(1 - every.low)
    assert 0.4 < none.high < 0.5


@pytest.mark.parametrize(
    ("successes", "n", "level"), [(-1, 5, 0.95), (6, 5, 0.95), (1, -1, 0.95), (1, 5, 0.0), (1, 5, 1.0), (1, 5, math.nan)]
)
def test_impossible_counts_and_levels_are_refused(successes: int, n: int, level: float) -> None:
    """A rate above one or a level that is none is a mistake of the caller."""
    with pytest.raises(ValueError, match="needs"):
        wilson_interval(successes, n, level)
    if not 0 < level < 1:
        with pytest.raises(ValueError, match="level"):
            t_interval([1.0, 2.0], level)
