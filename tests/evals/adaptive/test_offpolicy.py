"""Off-policy estimates against a truth that is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from evals.adaptive.offpolicy import CLIP, Run, items_left, naive, off_policy

POOL, DRAWS = 400, 80
SOURCE = np.random.default_rng(7)
X = np.where(SOURCE.random((POOL, 10)) < 0.15, SOURCE.choice([-1.0, 0.5, 1.0], (POOL, 10)), 0.0)
CHANCE = np.clip(0.25 + 0.45 * X[:, 2] - 0.2 * X[:, 7] + SOURCE.normal(0, 0.05, POOL), 0.01, 0.95)
TRUTH = float(CHANCE.mean())


def adaptive_run(seed: int, *, sharpness: float = 1.2) -> Run:
    """A recommender that learns one slope from likes, softmax with a floor, without replacement; the answers are draws of CHANCE."""
    dice = np.random.default_rng(seed)
    shown: list[int] = []
    likes: list[float] = []
    chances: list[float] = []
    for step in range(DRAWS):
        left = np.setdiff1d(np.arange(POOL), shown)
        score = X @ (X[shown].T @ (np.array(likes) - np.mean(likes))) if step else np.zeros(POOL)
        weights = np.exp(sharpness * (score[left] - score[left].max()))
        each = 0.85 * weights / weights.sum() + 0.15 / len(left)
        drawn = int(dice.choice(len(left), p=each))
        shown.append(int(left[drawn]))
        chances.append(float(each[drawn]))
        likes.append(float(dice.random() < CHANCE[left[drawn]]))
    place = np.arange(DRAWS)
    return Run(np.array(likes), np.array(chances), POOL - place, place, DRAWS, POOL, np.array(shown), X[shown], X)


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return [adaptive_run(seed) for seed in range(200)]


def test_estimates_are_close_to_the_uniform_policys_true_rate(runs: list[Run]) -> None:
    """Where the mean of what was shown is far off, SNIPS and the doubly robust estimate are nearly unbiased, and their intervals cover."""
    found = [off_policy(run) for run in runs]
    shown = np.mean([run.y.mean() for run in runs]) - TRUTH
    assert shown > 0.08
    for intervals in ([one.snips for one in found], [one.robust for one in found]):
        centres = np.array([one.estimate for one in intervals if one])
        covered = np.mean([one.low <= TRUTH <= one.high for one in intervals if one and one.low is not None and one.high is not None])
        assert len(centres) == 200
        assert abs(centres.mean() - TRUTH) < 0.25 * shown
        assert 0.87 <= covered <= 1.0
    assert np.mean([naive(run.y, 0.95).low > TRUTH for run in runs]) > 0.2, "the naive interval misses"


def test_with_equal_chances_all_estimates_are_the_mean() -> None:
    """A uniform draw needs no correction: SNIPS is the plain mean, nearly, and each answer counts."""
    run = adaptive_run(1, sharpness=0.0)
    found = off_policy(run)
    assert found.snips is not None
    assert found.snips.estimate == pytest.approx(run.y.mean(), abs=0.01)
    assert found.effective == pytest.approx(DRAWS, rel=0.05)
    assert not found.low_ess
    assert found.largest == pytest.approx(1.0)


def test_a_whole_pool_that_was_shown_is_known() -> None:
    """When every clip has been shown the pool's mean is nearly that of the answers, whatever the propensities were."""
    place = np.arange(5)
    run = Run(np.array([1.0, 0, 0, 1, 0]), np.array([0.9, 0.1, 0.8, 0.5, 1.0]), 5 - place, place, 5, 5, place)
    found = off_policy(run)
    share = ((4 - place) + np.array([1 / 0.9, 10, 1 / 0.8, 2, 1.0])) / 25
    assert found.snips is not None
    assert found.snips.estimate == pytest.approx(float(share @ run.y / share.sum()))
    assert found.robust is None
    assert found.low_ess


def test_large_weights_are_clipped_and_counted() -> None:
    """A draw that hardly could have happened weighs no more than the limit, and the result says how many there were."""
    place = np.arange(20)
    chances = np.full(20, 0.01)
    chances[3] = 1e-6
    found = off_policy(Run((place % 2).astype(float), chances, 100 - place, place, 20, 100, place))
    assert found.clipped == 1
    assert found.largest > 1000 > CLIP


def test_few_answers_make_no_interval() -> None:
    """One answer, and answers that do not vary, give no bounds instead of a zero width."""
    one = np.zeros(1, dtype=np.int64)
    assert off_policy(Run(np.ones(1), np.ones(1) / 9, one + 9, one, 1, 9, one)).snips is None
    place = np.arange(30)
    same = off_policy(Run(np.ones(30), np.full(30, 0.01), 100 - place, place, 30, 100, place))
    assert same.snips is not None
    assert (same.snips.estimate, same.snips.low, same.snips.high) == (pytest.approx(1.0), None, None)


def test_clips_left_are_counted_as_the_policies_count_them() -> None:
    """Shown and unplayable clips are out, and the twin of the last one too, unless nothing else is left."""
    names, clusters = ["a", "b", "c", "d"], ["pair", "pair", None, None]
    assert items_left(names, clusters, [], frozenset()) == 4
    assert items_left(names, clusters, ["a"], frozenset({"d"})) == 1
    assert items_left(names, clusters, ["c", "d", "a"], frozenset()) == 1
