"""Adjusted p-values and equivalence against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW

from evals.values.multiplicity import benjamini_hochberg, holm, tost


@pytest.mark.parametrize("m", [1, 2, 10, 57])
def test_adjusted_p_are_those_of_statsmodels(m: int) -> None:
    """Holm and Benjamini–Hochberg agree with statsmodels on random p-values with ties, noughts and ones."""
    dice = np.random.default_rng(m)
    p = np.round(dice.random(m) ** 3, 2)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    for _ in range(20):
        p = np.round(dice.random(m) ** 3, 2)
        assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])


def test_each_row_is_a_family_for_holm_and_the_whole_sweep_for_hochberg() -> None:
    """Holm takes the ten values of one contrast at a time, Benjamini–Hochberg the whole table, and both keep its shape."""
    p = np.random.default_rng(0).random((2, 10)) ** 4
    assert holm(p) == pytest.approx(np.array([multipletests(row, method="holm")[1] for row in p]))
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p.ravel(), method="fdr_bh")[1].reshape(2, 10))
    assert holm([]).shape == (0,)
    assert benjamini_hochberg([]).shape == (0,)


@pytest.mark.parametrize("p", [[0.5, float("nan")], [-0.1], [1.1], 0.5])
def test_what_is_no_p_is_refused(p: object) -> None:
    """A NaN, a figure beyond 0 and 1, or a lone number is a mistake of the caller."""
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match="p-values"):
            adjust(p)  # type: ignore[arg-type]


def test_equivalence_is_that_of_statsmodels() -> None:
    """p of two one-sided t tests is statsmodels' and the decision is that of the 90 % interval."""
    dice = np.random.default_rng(1)
    decided = 0
    for _ in range(50):
        values = dice.normal(0.05, 0.6, 50)
        wanted = DescrStatsW(values).ttost_mean(-0.2, 0.2)[0]
        found = tost(float(values.mean()), float(values.std(ddof=1) / np.sqrt(50)), 0.2, df=49, n=50)
        assert found.p == pytest.approx(wanted)
        low, high = DescrStatsW(values).tconfint_mean(0.1)
        assert (found.interval.low, found.interval.high) == pytest.approx((low, high))
        assert found.equivalent == (low > -0.2 and high < 0.2) == (found.p <= 0.05)
        assert (found.interval.level, found.interval.n) == (0.9, 50)
        decided += found.equivalent
    assert 0 < decided < 50


def test_a_small_effect_measured_badly_is_not_equivalence() -> None:
    """No significance is not no difference: only a narrow interval inside the margin is."""
    assert not tost(0.0, 0.3, 0.2).equivalent
    assert tost(0.05, 0.05, 0.2).equivalent
    assert not tost(0.25, 0.01, 0.2).equivalent
    for figures in ((float("nan"), 1, 1), (0, 0, 1), (0, 1, 0)):
        with pytest.raises(ValueError, match="margin"):
            tost(*figures)
