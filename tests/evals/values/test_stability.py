"""Identification and stability of profiles on planted respondents, and on noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evals.values.stability import identify, ipsative_stability, rank_order_stability
from personas.errors import UserError


def _halves(dice: np.random.Generator, respondents: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    true = dice.standard_normal((respondents, 10))
    first, second = (true + noise * dice.standard_normal(true.shape) for _ in range(2))
    return first, second


def test_personas_are_found_again() -> None:
    """Distinct profiles are all identified, although one half shifts every profile the same way and every level is off."""
    dice = np.random.default_rng(0)
    learnt, tested = _halves(dice, 12, 0.2)
    found = identify(learnt, tested + 3 * dice.standard_normal(10) + dice.standard_normal((12, 1)))
    assert found is not None
    assert (found.accuracy.estimate, found.accuracy.n, found.accuracy.method) == (1, 12, "Wilson")
    assert found.chance == pytest.approx(1 / 12)
    assert found.nearest == found.personas == tuple(range(12))
    assert found.p == pytest.approx(1 / 2001)


def test_without_profiles_identification_is_chance() -> None:
    """On noise accuracy is 1/P on average and p is at most .05 no more often than that."""
    dice = np.random.default_rng(1)
    found = [identify(dice.standard_normal((8, 10)), dice.standard_normal((8, 10)), permutations=200, seed=seed) for seed in range(300)]
    assert np.mean([each.accuracy.estimate for each in found if each]) == pytest.approx(1 / 8, abs=0.025)
    assert np.mean([each.p <= 0.05 for each in found if each]) < 0.08


def test_models_are_kept_apart() -> None:
    """With models given a persona is looked for among its own model's, so telling models apart earns nothing."""
    dice = np.random.default_rng(2)
    groups = ["a", "b"] * 10
    inside, pooled = [], []
    for seed in range(40):
        models = 5 * dice.standard_normal((2, 10))[[number % 2 for number in range(20)]]
        learnt, tested = (models + dice.standard_normal((20, 10)) for _ in range(2))
        found, other = identify(learnt, tested, groups=groups, permutations=200, seed=seed), identify(learnt, tested, permutations=2)
        assert found is not None
        assert other is not None
        assert found.chance == pytest.approx(1 / 10)
        assert all(groups[row] == groups[taken] for row, taken in zip(found.personas, found.nearest, strict=True))
        inside.append(found.accuracy.estimate)
        pooled.append(other.accuracy.estimate / other.chance)
    assert np.mean(inside) == pytest.approx(1 / 10, abs=0.03)
    assert np.mean(pooled) > 1.6


def test_personas_that_cannot_be_told_apart_are_not_guessed() -> None:
    """Equal profiles identify nobody; rows with gaps and lone models are left out; with nobody left there is no result."""
    same = identify(np.tile(np.arange(10.0), (4, 1)), np.tile(np.arange(10.0), (4, 1)))
    assert same is not None
    assert (same.accuracy.estimate, same.nearest) == (0, (-1, -1, -1, -1))
    learnt, tested = _halves(np.random.default_rng(3), 5, 0.1)
    tested[4, 2] = np.nan
    found = identify(learnt, tested, groups=["a", "a", "a", "b", "a"])
    assert found is not None
    assert found.personas == (0, 1, 2)
    assert identify(learnt, tested, groups=list("abcde")) is None
    assert identify(learnt[:1], tested[:1]) is None
    with pytest.raises(UserError, match="same respondents"):
        identify(learnt, tested[:3])
    with pytest.raises(UserError, match="5 groups, not 1"):
        identify(learnt, tested, groups=["a"])


def test_order_of_respondents_is_spearmans() -> None:
    """Each value's coefficient is SciPy's, their mean has bounds around it, a value that does not vary has none."""
    first, second = _halves(np.random.default_rng(4), 40, 0.7)
    second[:, 3] = 2.0
    found = rank_order_stability(first, second)
    assert found is not None
    assert found.values[3] is None
    wanted = [stats.spearmanr(first[:, v], second[:, v]).statistic for v in range(10) if v != 3]
    assert [each.estimate for each in found.values if each] == pytest.approx(wanted)
    assert found.mean.estimate == pytest.approx(np.mean(wanted))
    assert (found.mean.low or 9) < found.mean.estimate < (found.mean.high or -9)
    assert found.mean.n == 40


def test_models_levels_are_no_stability_of_personas() -> None:
    """Personas that only differ by model look stable when models are pooled and are not within them."""
    dice = np.random.default_rng(5)
    models = 4 * dice.standard_normal((3, 10))[[number % 3 for number in range(60)]]
    first, second = (models + dice.standard_normal((60, 10)) for _ in range(2))
    pooled, inside = rank_order_stability(first, second), rank_order_stability(first, second, groups=["a", "b", "c"] * 20)
    assert pooled is not None
    assert inside is not None
    assert pooled.mean.estimate > 0.6
    assert (inside.mean.low or 0) < 0 < (inside.mean.high or 0)


def test_order_of_values_is_spearmans_within_each_respondent() -> None:
    """Each respondent's coefficient is SciPy's; flat profiles have none; the mean is over the others."""
    first, second = _halves(np.random.default_rng(6), 30, 0.5)
    first[7] = 1.0
    found = ipsative_stability(first, second)
    assert found is not None
    assert found.respondents[7] is None
    wanted = [stats.spearmanr(first[a], second[a]).statistic for a in range(30) if a != 7]
    assert [r for r in found.respondents if r is not None] == pytest.approx(wanted)
    assert (found.mean.estimate, found.mean.n) == (pytest.approx(np.mean(wanted)), 29)
    assert abs(found.mismatched) < 0.1
    assert found.distinctive is not None
    assert found.distinctive.estimate == pytest.approx(found.mean.estimate, abs=0.1)


def test_a_profile_that_all_share_is_not_distinctive() -> None:
    """Respondents with one common hierarchy are stable, so is each with any other, and nothing is left once it is taken out."""
    dice = np.random.default_rng(7)
    common = 2 * dice.standard_normal(10)
    found = ipsative_stability(common + dice.standard_normal((50, 10)), common + dice.standard_normal((50, 10)))
    assert found is not None
    assert found.mean.estimate > 0.6
    assert found.mismatched == pytest.approx(found.mean.estimate, abs=0.1)
    assert found.distinctive is not None
    assert abs(found.distinctive.estimate) < 0.15


def test_too_little_gives_nothing() -> None:
    """Three respondents, two values, flat profiles or nothing but gaps have no stability, and no error."""
    first, second = _halves(np.random.default_rng(8), 3, 0.5)
    assert rank_order_stability(first, second) is None
    assert rank_order_stability(np.ones((9, 10)), np.ones((9, 10))) is None
    assert rank_order_stability(np.full((9, 10), np.nan), np.ones((9, 10))) is None
    assert ipsative_stability(first[:, :2], second[:, :2]) is None
    assert ipsative_stability(np.ones((9, 10)), np.ones((9, 10))) is None
    assert ipsative_stability(np.full((9, 10), np.nan), np.ones((9, 10))) is None
    alone = ipsative_stability(first[:1], second[:1])
    assert alone is not None
    assert (alone.distinctive, alone.mean.low, alone.mismatched) == (None, None, 0)
