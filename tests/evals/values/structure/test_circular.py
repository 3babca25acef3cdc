"""The circle in a correlation matrix: Hubert and Arabie's test and mean correlations, against published output and known matrices."""

from __future__ import annotations

import numpy as np
import pytest

from evals.values.structure import angles_of, hubert_arabie
from evals.values.structure.circular import by_distance, circular_distance, correspondence, exchange, exchanged_within
from evals.values.structure.profiles import correlation, covariance, read_profiles, resampled_correlations
from personas.schwartz import VALUES, theory

TEN = angles_of(VALUES)
DISTANCE = circular_distance(TEN)

RTHORR = {
    (59, 1, 0.652778, 0.016667): "62 40 62 38 55 52 44 53 53 49 61 55 43 48 74",
    (53, 1, 0.486111, 0.033333): "67 47 61 51 55 45 46 51 52 47 64 53 40 42 73",
    (56, 3, 0.597222, 0.016667): "58 38 65 53 67 65 43 55 55 59 67 59 47 60 76",
}
"""Three matrices of six vocational interests with what the R package RTHORR (Tracey & Morris) prints: agreements, ties, index, p over all
720 relabellings."""


@pytest.mark.parametrize(("printed", "lower"), RTHORR.items())
def test_the_test_agrees_with_published_output(printed: tuple[int, int, float, float], lower: str) -> None:
    """Agreements, ties, correspondence index and the exact p are those of RTHORR."""
    matrix = np.eye(6)
    matrix[np.tril_indices(6, -1)] = [int(r) / 100 for r in lower.split()]
    found = hubert_arabie(matrix + np.tril(matrix, -1).T, circular_distance(np.arange(6) * 60.0))
    assert (found.predictions, found.met, found.tied) == (72, *printed[:2])
    assert (found.index, found.p) == pytest.approx(printed[2:], abs=1e-6)
    assert (found.exact, found.relabelled) == (True, 720)


@pytest.mark.parametrize("order", [None, "refined19_order_theory2012", "refined19_order_pvqrr_key2021"])
def test_a_perfect_circle_keeps_every_order(order: str | None) -> None:
    """Ten values, or nineteen in either published order, on a perfect circle have an index of 1 and the smallest p there is."""
    values = VALUES if order is None else tuple(theory()[order])
    angles = angles_of(values)
    found = hubert_arabie(np.cos(np.deg2rad(angles[:, None] - angles[None, :])).round(9), circular_distance(angles), 300)
    assert (found.index, found.violated, found.tied) == (1.0, 0, 0)
    assert found.predictions == (800 if order is None else 36 * 19 * 19)
    assert found.p == pytest.approx(1 / 301)
    assert not found.exact


def test_the_opposite_of_a_circle_breaks_every_order() -> None:
    """Where values side by side repel and opposite ones attract, the index is −1 and p is 1."""
    found = hubert_arabie(-np.cos(np.deg2rad(TEN[:, None] - TEN[None, :])).round(9), DISTANCE, 200)
    assert (found.index, found.met, found.p) == (-1.0, 0, 1.0)


def test_nine_wedges_put_two_values_in_one() -> None:
    """Conformity and Tradition lie 0° apart in the nine-wedge variant and 36° apart otherwise."""
    nine = circular_distance(angles_of(VALUES, "nine"))
    assert nine[VALUES.index("CO"), VALUES.index("TR")] == 0
    assert set(nine.ravel()) == {0, 40, 80, 120, 160}
    assert DISTANCE[VALUES.index("CO"), VALUES.index("TR")] == 36


def test_on_noise_both_p_are_uniform() -> None:
    """Without a circle p falls below .05 and .5 about as often as it says, by relabelling and by exchange, however far models are apart."""
    dice = np.random.default_rng(1)
    models = [f"m{number % 4}" for number in range(56)]
    relabelled, exchanged = [], []
    for seed in range(200):
        levels = dice.normal(0, 3, (4, 10))[[number % 4 for number in range(56)]]
        profiles = read_profiles(levels + dice.standard_normal((56, 10)) * dice.uniform(0.5, 2, 10), VALUES, models, None, True)
        found = hubert_arabie(correlation(covariance(profiles)), DISTANCE, 200, seed)
        relabelled.append(found.p)
        exchanged.append((1 + (exchanged_within(profiles, DISTANCE, 60, seed) >= found.index - 1e-12).sum()) / 61)
    for shares in (np.array(relabelled), np.array(exchanged)):
        assert 0.005 < (shares <= 0.05).mean() < 0.1
        assert 0.4 < (shares <= 0.5).mean() < 0.6


def test_exchange_keeps_what_a_model_is_and_breaks_what_values_share() -> None:
    """Each model keeps its own scores on every value; the index is about 0 on average, although the panel itself lies on the circle."""
    dice = np.random.default_rng(2)
    wave = np.cos(np.deg2rad(TEN)[None, :] - dice.uniform(0, 2 * np.pi, (80, 1)))
    profiles = read_profiles(wave + 0.3 * dice.standard_normal((80, 10)), VALUES, ["a", "b"] * 40, None, True)
    drawn = exchange(profiles, 3, dice)
    for model in (profiles.group == 0, profiles.group == 1):
        assert np.sort(drawn[:, model], axis=1) == pytest.approx(np.broadcast_to(np.sort(profiles.scores[model], axis=0), (3, 40, 10)))
    assert not np.allclose(drawn[0], drawn[1])
    null = exchanged_within(profiles, DISTANCE, 200, 0)
    assert abs(null.mean()) < 0.05
    assert correspondence(correlation(covariance(profiles))[None], DISTANCE)[0] > null.max()


def test_mean_correlations_hold_the_truth_as_often_as_they_say() -> None:
    """The bounds of the mean correlation at each distance cover the population's about 95 times in 100, with few respondents a model."""
    dice = np.random.default_rng(3)
    true = 0.6 * np.cos(np.deg2rad(TEN[:, None] - TEN[None, :])) + np.eye(10)
    centring = np.eye(10) - 0.1
    population = correlation(centring @ true @ centring)
    wanted = [population[degrees == DISTANCE].mean() for degrees in (36, 72, 108, 144, 180)]
    models, root = [f"m{number % 5}" for number in range(60)], np.linalg.cholesky(true)
    covered = np.zeros(5)
    for seed in range(150):
        levels = dice.normal(0, 3, (5, 10))[[number % 5 for number in range(60)]]
        profiles = read_profiles(levels + dice.standard_normal((60, 10)) @ root.T, VALUES, models, None, True)
        found = by_distance(
            correlation(covariance(profiles)), DISTANCE, resampled_correlations(profiles, 100, seed, None), n=60, groups=5, level=0.95
        )
        assert [(at.degrees, at.pairs) for at in found] == [(36, 10), (72, 10), (108, 10), (144, 10), (180, 5)]
        covered += [(at.r.low or 0) <= truth <= (at.r.high or 0) for at, truth in zip(found, wanted, strict=True)]
    assert (covered / 150 > 0.87).all()
    assert 0.91 < covered.mean() / 150 < 0.98
