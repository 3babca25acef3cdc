"""Robustness values and twin effects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from evals.values.loadings import Loadings
from evals.values.panel import Panel
from evals.values.sensitivity import robustness_value, twin_effects
from tests.evals.values.simulating import panel


def test_the_robustness_value_is_that_of_the_published_example() -> None:
    """Darfur (Cinelli & Hazlett 2020, table 1): estimate .097, standard error .023, 783 degrees of freedom give 13.9 %."""
    assert robustness_value(0.09731582 / 0.02325654, 783) == pytest.approx(0.1387764, abs=1e-6)
    assert robustness_value(0.0, 783) == 0
    assert 0.99 < robustness_value(1e4, 10) <= 1


def test_the_robustness_value_erases_the_estimate() -> None:
    """A confounder with this partial R² with both takes the whole slope: bias = se · √df · √(R² R² / (1 − R²)) (ibid., eq. 7)."""
    t, df = 3.7, 140
    r2 = robustness_value(t, df)
    assert np.sqrt(df) * np.sqrt(r2 * r2 / (1 - r2)) == pytest.approx(t, abs=1e-9)


def twins(rows: list[tuple[list[float], list[float]]]) -> Panel:
    """A panel whose first items are twins with these loadings on two values; the rest stand alone."""
    base = panel(60, people=1)
    x = np.zeros((60, 2))
    cluster = np.arange(60)
    for pair, (one, other) in enumerate(rows):
        x[2 * pair], x[2 * pair + 1] = one, other
        cluster[2 * pair + 1] = 2 * pair
    cluster = np.unique(cluster, return_inverse=True)[1]
    design = replace(base.design, values=("SD", "ST"), cluster=cluster)
    return replace(base, loadings=Loadings(base.items, ("SD", "ST"), x), design=design)


def test_a_twin_effect_is_the_mean_over_pairs_per_unit_loading() -> None:
    """Estimate, interval and p are SciPy's one-sample t over the pairs' differences, divided by the difference of their loadings."""
    rows = [([1, 0], [0, 0])] * 4 + [([0.5, 0], [0, 0])] * 3 + [([0, 0], [1, 0])] * 2 + [([0, 1], [0, 0])] * 3
    means = np.random.default_rng(0).normal(size=60)
    size = np.repeat([1, 0.5, -1], [4, 3, 2])
    found = twin_effects(twins([(list(map(float, a)), list(map(float, b))) for a, b in rows]), means)
    contrasts = (means[0:18:2] - means[1:18:2]) / size
    other = ttest_1samp(contrasts, 0)
    bounds = other.confidence_interval(0.95)
    assert [effect.value for effect in found] == ["SD", "ST"]
    assert found[0].effect.n == 9
    assert (found[0].effect.estimate, found[0].effect.low, found[0].effect.high) == pytest.approx(
        (contrasts.mean(), bounds.low, bounds.high)
    )
    assert found[0].p == pytest.approx(other.pvalue)


def test_only_clean_pairs_count() -> None:
    """Pairs that differ in two values, also in one that screening took out, pairs without an answer, and equal twins give nothing."""
    clean, both, none = ([1.0, 0.0], [0.0, 0.0]), ([1.0, 1.0], [0.0, 0.0]), ([1.0, 0.0], [1.0, 0.0])
    means = np.random.default_rng(0).normal(size=60)
    means[1] = np.nan
    found = twins([clean] * 4 + [both] * 4 + [none] * 4)
    assert [effect.effect.n for effect in twin_effects(found, means)] == [3]
    one = replace(found.loadings, values=("SD",), x=found.loadings.x[:, :1])
    screened = replace(found, loadings=one, labelled=found.loadings, design=replace(found.design, values=("SD",)))
    assert [effect.effect.n for effect in twin_effects(screened, means)] == [3]
    assert twin_effects(twins([clean] * 2), means) == []


def test_pairs_that_never_differ_have_no_interval() -> None:
    """Differences that are all the same give no effect rather than an interval of width zero."""
    assert twin_effects(twins([([1.0, 0.0], [0.0, 0.0])] * 5), np.tile([1.0, 0.0], 30)) == []


def test_with_a_gold_sample_its_pairs_count() -> None:
    """Only pairs that the gold raters coded, by their codes: judges' errors make values differ that do not."""
    found = twins([([1.0, 0.0], [0.0, 0.0])] * 8)
    gold = np.where(np.arange(60)[:, None] < 10, found.loadings.x, np.nan)
    coded = replace(found, loadings=replace(found.loadings, gold=gold, inclusion=np.ones(60)))
    assert [effect.effect.n for effect in twin_effects(coded, np.random.default_rng(0).normal(size=60))] == [5]


def test_wording_widens_a_twin_effect() -> None:
    """The variance that the choice of wordings adds goes into its standard error."""
    found, means = twins([([1.0, 0.0], [0.0, 0.0])] * 8), np.random.default_rng(0).normal(size=60)
    plain, widened = twin_effects(found, means)[0], twin_effects(found, means, wording=0.04)[0]
    assert widened.se == pytest.approx(np.sqrt(plain.se**2 + 0.04))
    assert widened.p > plain.p
