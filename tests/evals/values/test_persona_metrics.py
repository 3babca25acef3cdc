"""Persona metrics on planted shifts: what they find, how often their intervals are right, and what they find where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest

from evals.values.persona_metrics import circular_transfer, ipsatised, leakage, steering_gain
from evals.values.structure import angles_of
from personas.schwartz import VALUES

TEN = angles_of(VALUES)
BENEVOLENCE = np.eye(10)[VALUES.index("BE")]
DIRECTION = (BENEVOLENCE - 0.1) / np.linalg.norm(BENEVOLENCE - 0.1)
_ROOT = 0.02 * np.random.default_rng(0).standard_normal((10, 10))
COVARIANCE = _ROOT @ _ROOT.T + 0.0045 * np.eye(10)
ERROR = np.linalg.cholesky(COVARIANCE)


def _off_target(seed: int) -> np.ndarray:
    """A direction of length 1 that is centred and orthogonal to the target."""
    way = np.random.default_rng(seed).standard_normal(10)
    way -= way.mean()
    way -= DIRECTION * (DIRECTION @ way)
    return way / np.linalg.norm(way)


def test_steering_is_the_shift_along_the_centred_target() -> None:
    """A shift of .8 on the target value alone steers by .8 √.9, whatever else all values do, and the interval is the normal one."""
    found = steering_gain(0.8 * BENEVOLENCE + 5, COVARIANCE, BENEVOLENCE, n=600)
    assert found is not None
    assert found.estimate == pytest.approx(0.8 * np.sqrt(0.9))
    half = 1.959964 * np.sqrt(DIRECTION @ COVARIANCE @ DIRECTION)
    assert (found.low, found.high) == pytest.approx((found.estimate - half, found.estimate + half))
    assert (found.n, found.method) == (600, "normal")
    wider = steering_gain(0.8 * BENEVOLENCE, COVARIANCE, BENEVOLENCE, df=5)
    assert wider is not None
    assert (wider.low or 9) < (found.low or 0)
    against = steering_gain(0.8 * BENEVOLENCE, COVARIANCE, -BENEVOLENCE)
    assert against is not None
    assert against.estimate == pytest.approx(-found.estimate)


def test_a_target_without_preference_has_no_metrics() -> None:
    """No value above another, such as an empty or a flat target, leaves nothing to steer to, leak from or transfer from."""
    for target in (np.zeros(10), np.full(10, 0.7)):
        assert steering_gain(BENEVOLENCE, COVARIANCE, target) is None
        assert leakage(BENEVOLENCE, COVARIANCE, target) is None
        assert circular_transfer(BENEVOLENCE, COVARIANCE, target, TEN) is None


def test_leakage_is_debiased_and_its_null_holds() -> None:
    """Where nothing leaks the naive norm is far from 0, p is right, and a shift of the target and of all values alike adds nothing."""
    dice = np.random.default_rng(1)
    found = []
    for seed in range(400):
        shift = 0.8 * BENEVOLENCE + 0.5 + ERROR @ dice.standard_normal(10)
        each = leakage(shift, COVARIANCE, BENEVOLENCE, permutations=200, seed=seed)
        assert each is not None
        found.append(each)
    naive = np.mean([each.naive for each in found])
    assert naive > 0.2
    assert np.mean([each.null_mean for each in found]) == pytest.approx(naive, rel=0.03)
    assert np.median([each.size.estimate for each in found]) < 0.05
    assert 0.02 < np.mean([each.p <= 0.05 for each in found]) < 0.085
    assert np.mean([each.size.low == 0 for each in found]) > 0.95


@pytest.mark.parametrize("size", [0.1, 0.3, 0.6])
def test_leakage_intervals_hold_the_truth_as_often_as_they_say(size: float) -> None:
    """The interval covers the true size about 95 times in 100, small or large."""
    dice = np.random.default_rng(2)
    true, covered = 0.8 * DIRECTION + size * _off_target(3), 0
    for seed in range(300):
        found = leakage(true + ERROR @ dice.standard_normal(10), COVARIANCE, BENEVOLENCE, permutations=300, seed=seed)
        assert found is not None
        covered += (found.size.low or 0) <= size <= (found.size.high or 0)
    assert 0.91 < covered / 300 < 0.985


def test_influence_of_clusters_gives_a_null_without_normality() -> None:
    """With the influence of each cluster the null exchanges persona and default; its mean is that of the normal one, and p is right."""
    dice = np.random.default_rng(4)
    shares = []
    for seed in range(300):
        influence = ERROR @ (dice.exponential(1, (10, 120)) - 1) / np.sqrt(120)
        found = leakage(influence.sum(axis=1), influence @ influence.T, BENEVOLENCE, influence=influence.T, permutations=200, seed=seed)
        normal = leakage(influence.sum(axis=1), influence @ influence.T, BENEVOLENCE, permutations=200, seed=seed)
        assert found is not None
        assert normal is not None
        assert found.null_mean == pytest.approx(normal.null_mean, rel=0.15)
        assert found.size.estimate == normal.size.estimate
        assert "sign-flip" in found.size.method
        shares.append(found.p)
    assert 0.02 < np.mean(np.array(shares) <= 0.05) < 0.085


def test_transfer_leaves_the_targets_out() -> None:
    """Neighbours that follow along the cosine give its slope and the target value's own shift does not count."""
    followed = 0.3 * np.cos(np.deg2rad(TEN - 288)) + 1
    for own in (0.0, 4.0):
        found = circular_transfer(followed + own * BENEVOLENCE, COVARIANCE, BENEVOLENCE, TEN, n=600)
        assert found is not None
        assert found.slope.estimate == pytest.approx(0.3)
        assert found.used == (0, 1, 2, 3, 4, 5, 6, 7, 9)
    alone = circular_transfer(4 * BENEVOLENCE, COVARIANCE, BENEVOLENCE, TEN)
    assert alone is not None
    assert (alone.slope.estimate, alone.p) == (0, 1)


def test_a_target_of_several_values_has_one_direction() -> None:
    """Benevolence and Universalism together point between them; values that they oppose count as named too."""
    target = BENEVOLENCE + np.eye(10)[9]
    found = circular_transfer(np.cos(np.deg2rad(TEN - 306)), COVARIANCE, target, TEN)
    assert found is not None
    assert found.slope.estimate == pytest.approx(1)
    assert found.used == tuple(range(8))
    opposed = circular_transfer(np.cos(np.deg2rad(TEN - 306)), COVARIANCE, target - np.eye(10)[3] - np.eye(10)[4], TEN)
    assert opposed is not None
    assert opposed.used == (0, 1, 2, 5, 6, 7)
    assert opposed.slope.estimate == pytest.approx(1)


def test_transfer_is_right_as_often_as_it_says() -> None:
    """p is uniform where nothing transfers and the interval covers a planted slope about 95 times in 100."""
    dice = np.random.default_rng(5)
    covered, shares = 0, []
    for _ in range(600):
        error = ERROR @ dice.standard_normal(10)
        found = circular_transfer(0.2 * np.cos(np.deg2rad(TEN - 288)) + error, COVARIANCE, BENEVOLENCE, TEN)
        null = circular_transfer(error, COVARIANCE, BENEVOLENCE, TEN)
        assert found is not None
        assert null is not None
        covered += (found.slope.low or 0) <= 0.2 <= (found.slope.high or 0)
        shares.append(null.p)
    assert 0.93 < covered / 600 < 0.97
    assert 0.03 < np.mean(np.array(shares) <= 0.05) < 0.075


def test_too_few_values_left_or_no_direction_gives_nothing() -> None:
    """A full profile names every value, opposite values point nowhere: there is no transfer to speak of."""
    full = np.linspace(-1, 1, 10)
    assert circular_transfer(BENEVOLENCE, COVARIANCE, full, TEN) is None
    assert circular_transfer(BENEVOLENCE, COVARIANCE, np.eye(10)[0] + np.eye(10)[5], TEN) is None


def test_ipsatised_takes_the_mean_out_of_shift_and_error() -> None:
    """After it neither the shift nor its error has a part that all values share."""
    shift, covariance = ipsatised(np.arange(10.0), COVARIANCE)
    assert shift.sum() == pytest.approx(0)
    assert np.ones(10) @ covariance @ np.ones(10) == pytest.approx(0)
