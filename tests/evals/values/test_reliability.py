"""Reliability coefficients against published examples and independent formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from evals.values.intervals import Interval
from evals.values.reliability import correlation_interval, cronbach_alpha, icc, random_halves, spearman_brown, split_half

SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)
"""Six targets rated by four judges, Shrout & Fleiss (1979), table 2."""

PUBLISHED = {
    "one": (0.17, -0.133, 0.72),
    "agreement": (0.29, 0.019, 0.76),
    "consistency": (0.71, 0.342, 0.95),
    "one_mean": (0.44, -0.884, 0.91),
    "agreement_mean": (0.62, 0.071, 0.93),
    "consistency_mean": (0.91, 0.676, 0.99),
}
"""Shrout and Fleiss's table 4, with the bounds that the R package psych (Revelle) prints for their data."""

_ANSWERS = """
11111111111 11111111010 -011-111100 11101101100 11111000100 01-01111000
11110010000 11111000000 01011000010 10010100-00 11100000000 10010000000
"""
BINARY = np.array([[float(answer) if answer != "-" else math.nan for answer in row] for row in _ANSWERS.split()])
"""Twelve respondents and eleven right or wrong answers, three missing: α is .801695 over the complete ones (R package psych, published with
the package pingouin's documentation)."""


@pytest.mark.parametrize(("name", "figures"), PUBLISHED.items())
def test_intraclass_correlations_are_the_published_ones(name: str, figures: tuple[float, float, float]) -> None:
    """Estimates and bounds of all six coefficients are those published for Shrout and Fleiss's data, to all digits printed."""
    found = icc(SHROUT_FLEISS)
    assert found is not None
    interval: Interval = getattr(found, name)
    assert (round(interval.estimate, 2), round(interval.low or 9, 3), round(interval.high or 9, 2)) == figures
    assert (interval.n, found.k, interval.level) == (6, 4, 0.95)


def test_intraclass_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Over simulated rows and columns with known variances the bounds cover each coefficient about 95 times in 100."""
    dice = np.random.default_rng(0)
    truth = {"agreement": 1 / 2.2, "agreement_mean": 1 / (1 + 1.2 / 6), "consistency": 1 / 2, "consistency_mean": 1 / (1 + 1 / 6)}
    covered = dict.fromkeys(truth, 0)
    for _ in range(500):
        scores = dice.standard_normal((20, 1)) + math.sqrt(0.2) * dice.standard_normal((1, 6)) + dice.standard_normal((20, 6))
        found = icc(scores)
        assert found is not None
        for name, value in truth.items():
            interval = getattr(found, name)
            covered[name] += interval.low <= value <= interval.high
    assert all(0.925 < count / 500 < 0.98 for count in covered.values())


def test_rows_that_agree_perfectly_have_no_bounds() -> None:
    """A coefficient of 1 claims no width; columns apart by a constant agree in order, not in level."""
    column = np.arange(5.0)
    found = icc(np.column_stack([column, column + 2]))
    assert found is not None
    assert found.consistency == Interval(1.0, None, None, 5, "F (McGraw & Wong 1996)", 0.95)
    assert found.agreement.estimate == pytest.approx(2.5 / (2.5 + 2))
    same = icc(np.column_stack([column, column]))
    assert same is not None
    assert (same.one.estimate, same.agreement.estimate, same.one.low) == (1, 1, None)


@pytest.mark.parametrize("scores", [np.ones((5, 3)), np.ones((1, 3)), np.arange(5.0)[:, None], np.full((5, 3), np.nan), np.ones((0, 3))])
def test_nothing_to_compare_gives_nothing(scores: np.ndarray) -> None:
    """Constant scores, one row, one column, or no complete row have no reliability, and no error either."""
    assert icc(scores) is None
    assert cronbach_alpha(scores) is None


def test_alpha_is_the_published_one() -> None:
    """α of complete rows is .801695, by the covariance formula too; Feldt's bounds are those of the intraclass correlation it equals."""
    found = cronbach_alpha(BINARY)
    assert found is not None
    assert found.estimate == pytest.approx(0.801695, abs=1e-6)
    assert found.n == 9
    complete = BINARY[~np.isnan(BINARY).any(axis=1)]
    matrix = np.cov(complete.T)
    assert found.estimate == pytest.approx(11 / 10 * (1 - np.trace(matrix) / matrix.sum()))
    same = icc(BINARY)
    assert same is not None
    assert (found.low, found.high) == pytest.approx((same.consistency_mean.low, same.consistency_mean.high))
    ratio = 1 - found.estimate
    wanted = (1 - ratio * stats.f.ppf(0.975, 8, 80), 1 - ratio * stats.f.ppf(0.025, 8, 80))
    assert (found.low, found.high) == pytest.approx(wanted)


def test_spearman_brown_lengthens() -> None:
    """Twice .5 is .667, six times .2 is .6; the coefficient of one is its own."""
    assert spearman_brown(0.5) == pytest.approx(2 / 3)
    assert spearman_brown(0.2, 6) == pytest.approx(0.6)
    assert spearman_brown(0.3, 1) == 0.3


def test_split_halves_are_stepped_up() -> None:
    """Estimate and Fisher bounds are SciPy's correlation and interval, stepped up; a correlation below 0 is left as it is."""
    dice = np.random.default_rng(1)
    first = dice.standard_normal(40)
    second = first + dice.standard_normal(40)
    found, wanted = split_half(first, second), stats.pearsonr(first, second)
    assert found is not None
    bounds = wanted.confidence_interval()
    assert (found.estimate, found.low, found.high) == pytest.approx(tuple(2 * r / (1 + r) for r in (wanted.statistic, *bounds)))
    against = split_half(first, -second)
    assert against is not None
    assert against.estimate == pytest.approx(-wanted.statistic)
    assert split_half(first[:3], second[:3]) is None
    assert split_half(np.ones(9), np.arange(9.0)) is None


def test_random_halves_average_over_many() -> None:
    """Over random halvings of parallel parts the mean is near α, whatever their order; missing parts are borne, and bounds surround it."""
    dice = np.random.default_rng(2)
    scores = dice.standard_normal((80, 1)) + 1.5 * dice.standard_normal((80, 12))
    found, alpha = random_halves(scores), cronbach_alpha(scores)
    assert found is not None
    assert alpha is not None
    assert found.estimate == pytest.approx(alpha.estimate, abs=0.02)
    assert (found.low or 9) < found.estimate < (found.high or -9)
    scores[dice.random(scores.shape) < 0.1] = np.nan
    holed = random_halves(scores)
    assert holed is not None
    assert holed.estimate == pytest.approx(found.estimate, abs=0.1)
    assert random_halves(np.ones((10, 4))) is None
    assert random_halves(scores[:3]) is None
    assert random_halves(np.full((9, 4), np.nan)) is None


def test_rank_correlations_are_scipys() -> None:
    """Spearman's ρ with ties is SciPy's, and its interval covers a known ρ about 95 times in 100."""
    dice = np.random.default_rng(3)
    x, y = dice.integers(0, 6, 30).astype(float), dice.integers(0, 6, 30).astype(float)
    found = correlation_interval(x, y, ranks=True)
    assert found is not None
    assert found.estimate == pytest.approx(stats.spearmanr(x, y).statistic)
    truth, covered = 6 / math.pi * math.asin(0.6 / 2), 0
    for _ in range(600):
        a = dice.standard_normal(30)
        interval = correlation_interval(a, 0.6 * a + 0.8 * dice.standard_normal(30), ranks=True)
        assert interval is not None
        covered += (interval.low or 0) <= truth <= (interval.high or 0)
    assert 0.925 < covered / 600 < 0.98
    perfect = correlation_interval(np.arange(5.0), np.arange(5.0))
    assert perfect == Interval(1.0, None, None, 5, "Fisher z", 0.95)
