"""Agreement of coders against published examples and independent, slow computations."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from evals.values.agreement import gwet_ac, krippendorff_alpha

N = np.nan
FOUR_CODERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
).T
"""Krippendorff's reliability data of four observers and twelve units ("Computing Krippendorff's Alpha-Reliability", 2011, section C)."""


@pytest.mark.parametrize(("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_the_published_one(metric: str, published: float) -> None:
    """α of Krippendorff's own data is his for every metric; the unit rated once does not count."""
    found = krippendorff_alpha(FOUR_CODERS, metric)  # type: ignore[arg-type]
    assert found is not None
    assert round(found.estimate, 3) == published
    assert (found.n, found.method) == (11, "bootstrap by unit")
    assert (found.low or 9) < found.estimate < (found.high or -9)


def test_first_order_agreement_is_the_published_one() -> None:
    """AC1 of the same data is .77544, as Gwet's R package irrCAC prints, and that of his two abstractors .84933."""
    found = gwet_ac(FOUR_CODERS)
    assert found is not None
    assert (round(found.estimate, 5), found.n) == (0.77544, 12)
    table = np.array([[13, 0, 0], [0, 20, 7], [0, 4, 56]])
    first, second = np.nonzero(np.ones_like(table))
    pairs = np.repeat(np.column_stack([first, second]), table.ravel(), axis=0).astype(float)
    abstractors = gwet_ac(pairs)
    assert abstractors is not None
    assert abstractors.estimate == pytest.approx(0.8493305, abs=1e-7)
    # irrCAC's bounds come from a standard error of .0432; the bootstrap's are near them.
    assert (abstractors.low, abstractors.high) == pytest.approx((0.764, 0.935), abs=0.02)


def _slow_alpha(ratings: np.ndarray, metric: str) -> float:
    """α pair by pair, as its definition has it."""
    units = [[r for r in row if not np.isnan(r)] for row in ratings]
    units = [unit for unit in units if len(unit) > 1]
    pooled = [r for unit in units for r in unit]

    def apart(a: float, b: float) -> float:
        if metric == "nominal":
            return float(a != b)
        if metric == "interval":
            return (a - b) ** 2
        low, high = min(a, b), max(a, b)
        return (sum(low <= r <= high for r in pooled) - (pooled.count(a) + pooled.count(b)) / 2) ** 2

    n = len(pooled)
    observed = sum(sum(apart(a, b) for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in units) / n
    return 1 - observed / (sum(apart(a, b) for a, b in permutations(pooled, 2)) / (n * (n - 1)))


def _slow_ac(ratings: np.ndarray, categories: list[float]) -> float:
    """AC2 with quadratic weights, pair by pair."""
    units = [[r for r in row if not np.isnan(r)] for row in ratings]
    units = [unit for unit in units if unit]
    width = categories[-1] - categories[0]
    pa = np.mean([np.mean([1 - (a - b) ** 2 / width**2 for a, b in permutations(unit, 2)]) for unit in units if len(unit) > 1])
    share = [np.mean([unit.count(category) / len(unit) for unit in units]) for category in categories]
    total = sum(1 - (a - b) ** 2 / width**2 for a in categories for b in categories)
    q = len(categories)
    pe = total / (q * (q - 1)) * sum(p * (1 - p) for p in share)
    return float((pa - pe) / (1 - pe))


@pytest.mark.parametrize("seed", range(8))
def test_coefficients_agree_with_their_definitions(seed: int) -> None:
    """On random ratings with gaps α of every metric and AC2 are what a pair-by-pair computation finds."""
    dice = np.random.default_rng(seed)
    scale = [-1.0, 0.0, 1.0, 2.0]
    true = dice.choice(scale, size=(25, 1), p=[0.1, 0.6, 0.2, 0.1])
    ratings = np.where(dice.random((25, 3)) < 0.7, true, dice.choice(scale, size=(25, 3)))
    ratings[dice.random((25, 3)) < 0.2] = N
    for metric in ("nominal", "ordinal", "interval"):
        found = krippendorff_alpha(ratings, metric, draws=10)  # type: ignore[arg-type]
        assert found is not None
        assert found.estimate == pytest.approx(_slow_alpha(ratings, metric))
    second_order = gwet_ac(ratings, scale, "quadratic", draws=10)
    assert second_order is not None
    assert second_order.estimate == pytest.approx(_slow_ac(ratings, scale))


def test_bounds_are_those_of_resampled_tables() -> None:
    """The bounds are the percentiles of the coefficients of tables whose units were drawn with replacement."""
    dice = np.random.default_rng(0)
    true = dice.integers(0, 4, (60, 1))
    ratings = np.where(dice.random((60, 3)) < 0.6, true, dice.integers(0, 4, (60, 3))).astype(float)
    tables = [ratings[dice.integers(0, 60, 60)] for _ in range(1000)]
    for metric in ("nominal", "ordinal", "interval"):
        found = krippendorff_alpha(ratings, metric, draws=4000)  # type: ignore[arg-type]
        drawn = [krippendorff_alpha(table, metric, draws=0) for table in tables]  # type: ignore[arg-type]
        assert found is not None
        assert (found.low, found.high) == pytest.approx(np.quantile([each.estimate for each in drawn if each], [0.025, 0.975]), abs=0.025)


def test_rare_categories_do_not_sink_the_first_order_coefficient() -> None:
    """Coders who agree on 96 of 100 units, nearly all without the value, have an α near 0 and an AC1 above .9."""
    pairs = np.array([[0, 0]] * 96 + [[0, 1]] * 2 + [[1, 0]] * 2, dtype=float)
    alpha, first = krippendorff_alpha(pairs, "nominal"), gwet_ac(pairs, [0, 1])
    assert alpha is not None
    assert first is not None
    assert alpha.estimate < 0
    assert first.estimate > 0.95


def test_categories_nobody_used_count() -> None:
    """The scale is what coders could have said: with more categories the same ratings agree further beyond chance."""
    pairs = np.array([[0, 0], [0, 1], [1, 1], [1, 1], [0, 0]], dtype=float)
    two, four = gwet_ac(pairs, [0, 1]), gwet_ac(pairs, [-1, 0, 1, 2])
    assert two is not None
    assert four is not None
    assert four.estimate > two.estimate
    with pytest.raises(ValueError, match="none of the categories 0, 2"):
        gwet_ac(pairs, [0, 2])


def test_without_anything_to_agree_on_there_is_no_coefficient() -> None:
    """No unit rated twice, or nothing but one category, gives None; perfect agreement gives 1 and no bounds."""
    for ratings in (np.empty((0, 2)), np.array([[1, N], [N, 2]]), np.full((9, 3), N)):
        assert krippendorff_alpha(ratings) is None
        assert gwet_ac(ratings, [1, 2]) is None
    assert krippendorff_alpha(np.ones((9, 2)), "interval") is None
    assert krippendorff_alpha(np.ones((9, 2))) is None
    assert gwet_ac(np.ones((9, 2))) is None
    perfect = np.array([[0, 0], [1, 1], [2, 2], [2, 2]], dtype=float)
    for found in (krippendorff_alpha(perfect), gwet_ac(perfect), gwet_ac(np.ones((9, 2)), [0, 1])):
        assert found is not None
        assert (found.estimate, found.low, found.high) == (1, None, None)
