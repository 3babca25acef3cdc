"""Ordinal scaling, Procrustes and waves against scikit-learn, SciPy and closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import procrustes as scipy_procrustes
from sklearn.manifold import smacof

from evals.values.structure import angles_of, congruence, fit_waves, ordinal_mds, wave_null
from evals.values.structure.circular import circular_distance
from evals.values.structure.procrustes import align, ideal_circle, procrustes_test
from evals.values.structure.scaling import around
from personas.schwartz import VALUES

TEN = angles_of(VALUES)
CIRCLE = ideal_circle(TEN)


def _dissimilarity(seed: int, v: int, noise: float) -> np.ndarray:
    dice = np.random.default_rng(seed)
    angles = np.arange(v) * 2 * np.pi / v
    matrix = 1 - np.cos(angles[:, None] - angles[None, :]) + noise * np.abs(dice.standard_normal((v, v)))
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 0)
    return matrix


def _sklearn_stress(matrix: np.ndarray, seed: int, **start: Any) -> float:
    """scikit-learn keeps the size of the disparities fixed, where Stress-1 takes the best one: its s is Stress-1 / √(1 − Stress-1²)."""
    found = smacof(matrix, metric=False, random_state=seed, normalized_stress=True, eps=1e-7, **start)[1]
    return float(found / np.sqrt(1 + found**2))


@pytest.mark.parametrize(("seed", "v", "noise"), [(0, 10, 0.3), (1, 10, 1.0), (3, 8, 1.0)])
def test_stress_is_that_of_scikit_learn(seed: int, v: int, noise: float) -> None:
    """Where a circle is to be seen the best Stress-1 is that of scikit-learn's non-metric SMACOF to .0002."""
    matrix = _dissimilarity(seed, v, noise)
    found = ordinal_mds(matrix, starts=50, seed=seed)
    assert found.stress == pytest.approx(_sklearn_stress(matrix, seed, n_init=4), abs=2e-4)
    assert 1 <= found.agreeing <= found.starts == 50


@pytest.mark.parametrize(("seed", "v", "noise"), [(2, 10, 3.0), (4, 12, 2.0)])
def test_many_starts_find_a_minimum_at_least_as_low(seed: int, v: int, noise: float) -> None:
    """In noise, with many local minima, Stress-1 is no higher than scikit-learn's, which stays where it starts from the points found."""
    matrix = _dissimilarity(seed, v, noise)
    found = ordinal_mds(matrix, starts=50, seed=seed)
    assert found.stress < _sklearn_stress(matrix, seed, n_init=3) + 1e-4
    assert found.stress == pytest.approx(_sklearn_stress(matrix, seed, n_init=1, init=found.points), abs=2e-4)


def test_stress_is_kruskals_formula() -> None:
    """Stress-1 recomputed from the points with scikit-learn's isotonic regression is what was reported."""
    from sklearn.isotonic import IsotonicRegression

    matrix = _dissimilarity(5, 10, 1.0)
    found = ordinal_mds(matrix, starts=10)
    rows, columns = np.triu_indices(10, 1)
    apart = np.linalg.norm(found.points[rows] - found.points[columns], axis=1)
    fitted = IsotonicRegression().fit_transform(matrix[rows, columns], apart)
    assert np.sqrt(((apart - fitted) ** 2).sum() / (apart**2).sum()) == pytest.approx(found.stress, abs=1e-6)
    assert np.abs(found.points.mean(axis=0)).max() < 1e-9
    assert (found.points**2).sum() == pytest.approx(10)


@pytest.mark.parametrize("v", [10, 19])
def test_a_circle_is_found_again(v: int) -> None:
    """Distances that only keep the order of a circle's give the circle back: no stress, its order, congruence 1."""
    angles = np.arange(v) * 360 / v
    matrix = (1 - np.cos(np.deg2rad(angles[:, None] - angles[None, :]))).round(9) ** 3
    found = ordinal_mds(matrix, starts=20)
    assert found.stress < 1e-3
    assert congruence(found.points, ideal_circle(angles)) > 0.999
    names = [f"v{number}" for number in range(v)]
    order, neighbours = around(align(found.points, ideal_circle(angles)), names, circular_distance(angles))
    assert (list(order), neighbours) == (names, v)


def test_neighbours_are_counted_around_the_circle() -> None:
    """Two neighbours changed over leave the steps that are still between theoretical neighbours; in one wedge they may change places."""
    points = CIRCLE.copy()
    points[[6, 7]] = points[[7, 6]]
    order, neighbours = around(points, VALUES, circular_distance(TEN))
    assert order == ("SD", "ST", "HE", "AC", "PO", "SE", "TR", "CO", "BE", "UN")
    assert neighbours == 8
    assert around(points, VALUES, circular_distance(angles_of(VALUES, "nine")))[1] == 10


def test_congruence_is_that_of_scipy() -> None:
    """The square of the congruence is 1 less SciPy's Procrustes disparity, for any turn, mirror image, size and place."""
    dice = np.random.default_rng(0)
    for _ in range(50):
        points = dice.standard_normal((10, 2))
        assert congruence(points, CIRCLE) ** 2 == pytest.approx(1 - scipy_procrustes(CIRCLE, points)[2])
    turn = np.array([[0.6, -0.8], [-0.8, -0.6]])
    moved = 3 * CIRCLE @ turn + 5
    assert congruence(moved, CIRCLE) == pytest.approx(1)
    assert align(moved, CIRCLE) == pytest.approx(CIRCLE)


def test_congruence_has_a_null_that_is_not_zero() -> None:
    """Random points are congruent with a circle to .4 by chance and p is uniform; the circle itself has the smallest p there is."""
    dice = np.random.default_rng(1)
    found = [procrustes_test(dice.standard_normal((10, 2)), CIRCLE, 200, seed) for seed in range(200)]
    assert 0.3 < np.mean([test.null_mean for test in found]) < 0.5
    shares = np.array([test.p for test in found])
    assert 0.01 < (shares <= 0.05).mean() < 0.1
    assert 0.4 < (shares <= 0.5).mean() < 0.6
    assert procrustes_test(CIRCLE, CIRCLE, 199).p == pytest.approx(1 / 200)


def test_noise_is_fitted_by_waves_too() -> None:
    """The R² of a wave through ten values of noise has a mean of .22 and a 95th percentile of .58, and is Beta(1, 3.5) as theory has it."""
    mean, high = wave_null(TEN, draws=100_000)
    assert (round(mean, 2), high) == (0.22, pytest.approx(0.58, abs=0.01))
    assert (mean, high) == (pytest.approx(stats.beta(1, 3.5).mean(), abs=0.003), pytest.approx(stats.beta(1, 3.5).ppf(0.95), abs=0.01))
    assert wave_null(angles_of(tuple("abcdefghijklmnopqrs")))[0] == pytest.approx(2 / 18, abs=0.003)


def test_a_wave_is_found_with_its_peak() -> None:
    """Elevation, amplitude and peak are those put in, R² is 1 and p small; noise around it lowers R² as least squares says."""
    profile = 2 + 1.5 * np.cos(np.deg2rad(TEN - 250))
    noise = np.random.default_rng(2).standard_normal(10)
    found = fit_waves(np.array([profile, profile + noise, np.full(10, 3.0)]), TEN, 500)
    assert found is not None
    assert list(found.kept) == [0, 1]
    assert (found.elevation[0], found.amplitude[0], found.peak[0], found.r2[0]) == pytest.approx((2, 1.5, 250, 1))
    design = np.column_stack([np.ones(10), np.cos(np.deg2rad(TEN)), np.sin(np.deg2rad(TEN))])
    rest = np.linalg.lstsq(design, profile + noise, rcond=None)[1][0]
    assert found.r2[1] == pytest.approx(1 - rest / ((profile + noise - (profile + noise).mean()) ** 2).sum())
    assert found.p[0] == pytest.approx(1 / 501)
    assert fit_waves(np.ones((3, 10)), TEN) is None


def test_the_mean_wave_is_judged_with_what_respondents_share() -> None:
    """Respondents that all share one random profile do not make the mean R² look significant more often than it says."""
    dice = np.random.default_rng(3)
    shares = []
    for seed in range(200):
        found = fit_waves(dice.standard_normal(10) + 0.3 * dice.standard_normal((30, 10)), TEN, 200, seed)
        assert found is not None
        shares.append(found.p_mean)
    assert (np.array(shares) <= 0.05).mean() < 0.1
    assert 0.4 < (np.array(shares) <= 0.5).mean() < 0.6
