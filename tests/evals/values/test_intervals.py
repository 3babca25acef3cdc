"""Intervals against an independent implementation."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy import stats

from evals.values.intervals import newcombe_paired, t_interval, wilson_interval


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
    assert newcombe_paired(0, 0, 0, 0) is None


def test_a_paired_difference_agrees_with_the_published_one() -> None:
    """The response before and after a therapy of Cavo et al. (2012), to all digits that the R package `contingencytables` of Fagerland,
    Lydersen & Laake (Statistical Analysis of Contingency Tables, chapter 8) prints for Newcombe's interval."""
    found = newcombe_paired(59, 6, 16, 80)
    assert found is not None
    assert (round(found.estimate, 4), round(found.low or 0, 4), round(found.high or 0, 4)) == (-0.0621, -0.1186, -0.0046)
    assert (found.n, found.method, found.level) == (161, "Newcombe paired", 0.95)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_paired_differences_agree_with_an_independent_computation(level: float) -> None:
    """Over hundreds of tables the bounds are those of SciPy's Wilson bounds joined with NumPy's correlation of the pairs themselves, which
    is corrected for continuity towards zero where it is positive."""
    source = random.Random(11)
    tables = [tuple(source.choice([0, 0, 1, 2, 5, 30]) for _ in range(4)) for _ in range(300)]
    corrected = 0
    for both, one, other, neither in tables:
        n = both + one + other + neither
        found = newcombe_paired(both, one, other, neither, level)
        if n == 0:
            assert found is None
            continue
        first = np.repeat([1, 1, 0, 0], [both, one, other, neither])
        second = np.repeat([1, 0, 1, 0], [both, one, other, neither])
        flat = len(set(first)) == 1 or len(set(second)) == 1
        phi = 0.0 if flat else float(np.corrcoef(first, second)[0, 1])
        excess = both * neither - one * other
        if phi > 0:
            phi *= max(0.0, excess - n / 2) / excess
            corrected += 1
        bounds = [stats.binomtest(int(x.sum()), n).proportion_ci(level, method="wilson") for x in (first, second)]
        down, up = (
            np.array([first.mean() - bounds[0].low, bounds[1].high - second.mean()]),
            np.array([bounds[0].high - first.mean(), second.mean() - bounds[1].low]),
        )
        joint = np.array([[1, -phi], [-phi, 1]])
        wanted = first.mean() - second.mean() + np.array([-np.sqrt(down @ joint @ down), np.sqrt(up @ joint @ up)])
        assert found is not None
        assert found.estimate == pytest.approx(first.mean() - second.mean())
        assert (found.low, found.high) == pytest.approx(tuple(np.clip(wanted, -1, 1)), abs=1e-7)
        assert found.level == level
    assert corrected > 50


def test_a_paired_difference_turns_round_with_its_sides() -> None:
    """Second minus first is the same interval mirrored; whether a pair has the property or lacks it makes no difference but the sign."""
    found, turned, lacking = newcombe_paired(7, 5, 2, 9), newcombe_paired(7, 2, 5, 9), newcombe_paired(9, 2, 5, 7)
    assert found is not None
    for other in (turned, lacking):
        assert other is not None
        assert (-other.estimate, -(other.high or 0), -(other.low or 0)) == pytest.approx((found.estimate, found.low, found.high))


def test_pairs_without_spread_still_leave_doubt() -> None:
    """Where all pairs agree, or all differ the same way, the interval has width, and stays within -1 and 1."""
    for counts, estimate in (((5, 0, 0, 5), 0.0), ((0, 0, 0, 3), 0.0), ((0, 4, 0, 0), 1.0), ((0, 0, 4, 0), -1.0)):
        found = newcombe_paired(*counts)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        assert found.estimate == estimate
        assert -1 <= found.low <= estimate <= found.high <= 1
        assert found.high - found.low > 0.2


def test_paired_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Over simulated pairs with a known difference the 95 % interval covers it about 95 times in 100."""
    dice = np.random.default_rng(5)
    chances = np.array([0.25, 0.3, 0.15, 0.3])
    tables = dice.multinomial(30, chances, size=2000)
    covered = 0
    for table in tables:
        found = newcombe_paired(*map(int, table))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= chances[1] - chances[2] <= found.high
    assert 0.935 < covered / len(tables) < 0.975


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
