"""Accuracy, paired tests, calibration, ranking and distributions: against other implementations, worked examples and known truths."""

from __future__ import annotations

import math
import time

import numpy as np
import polars as pl
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import ndcg_score
from statsmodels.stats.contingency_tables import mcnemar

from evals.scoring.accuracy import accuracy, positions
from evals.scoring.calibration import calibration
from evals.scoring.distributions import checked_distribution, js_distance, js_divergence, wasserstein_1
from evals.scoring.paired import mcnemar_exact, paired, paired_difference, sign_flip_p
from evals.scoring.ranking import kendall_tau_b, ndcg, rank_groups, spearman


def answers(rows: list[tuple[str, str, str, bool | None]], clusters: list[str] | None = None) -> pl.DataFrame:
    """(respondent, item, state, right) as a table of answers; the key stands at place 0."""
    return pl.DataFrame(
        {
            "respondent": [row[0] for row in rows],
            "item": [row[1] for row in rows],
            "cluster": clusters or [None] * len(rows),
            "state": [row[2] for row in rows],
            "right": [row[3] for row in rows],
            "place": [None if row[3] is None else 0 if row[3] else 1 for row in rows],
            "key_place": [0] * len(rows),
            "options": [4] * len(rows),
        },
        schema_overrides={"cluster": pl.String, "right": pl.Boolean, "place": pl.Int64},
    )


def test_the_four_states_are_counted_apart() -> None:
    """A refusal is no wrong answer, an outage is in no share; the share of all that was shown has the refusal in it."""
    rows = [("m", "a", "answered", True), ("m", "b", "answered", False), ("m", "c", "refused", None), ("m", "d", "failed", None)]
    found = accuracy(answers(rows)).row(0, named=True)
    assert (found["answered"], found["refused"], found["failed"], found["right"]) == (2, 1, 1, 1)
    assert found["accuracy"] == 0.5
    assert found["of_shown"] == pytest.approx(1 / 3)
    assert (found["accuracy_n"], found["of_shown_n"]) == (2, 3)


def test_the_interval_is_wilsons_and_widens_with_clusters() -> None:
    """Independent items give Wilson's interval; the same answers in pairs that agree count half as often."""
    rows = [("m", f"i{n}", "answered", n < 30) for n in range(40)]
    alone = accuracy(answers(rows)).row(0, named=True)
    other = stats.binomtest(30, 40).proportion_ci(method="wilson")
    assert (alone["accuracy_low"], alone["accuracy_high"]) == pytest.approx((other.low, other.high))
    twins = accuracy(answers(rows, [f"c{n // 2}" for n in range(40)])).row(0, named=True)
    half = stats.binomtest(15, 20).proportion_ci(method="wilson")
    assert twins["accuracy_low"] == pytest.approx(half.low, abs=0.02)
    assert "clusters" in twins["accuracy_method"]


def test_clusters_without_spread_count_once() -> None:
    """All right in 5 clusters of 20 says no more than 5 of 5; one cluster alone says nothing about others."""
    rows = [("m", f"i{n}", "answered", True) for n in range(100)]
    five = accuracy(answers(rows, [f"c{n % 5}" for n in range(100)])).row(0, named=True)
    assert five["accuracy_low"] == pytest.approx(stats.binomtest(5, 5).proportion_ci(method="wilson").low)
    one = accuracy(answers([("m", f"i{n}", "answered", n < 50) for n in range(100)], ["c"] * 100)).row(0, named=True)
    assert (one["accuracy"], one["accuracy_low"]) == (0.5, None)


def test_repeats_of_an_item_are_one_observation() -> None:
    """Asking again adds no items."""
    rows = [("m", f"i{n % 10}", "answered", n % 10 < 5) for n in range(50)]
    found = accuracy(answers(rows)).row(0, named=True)
    assert (found["items"], found["shown"], found["accuracy_n"]) == (10, 50, 10)


def test_a_preference_for_a_place_is_seen() -> None:
    """One who always says A is found by the places chosen, not by accuracy."""
    rows = [("m", f"i{n}", "answered", True) for n in range(40)]
    found = positions(answers(rows)).row(0, named=True)
    assert found["chosen"] == [40, 0, 0, 0]
    assert found["p"] < 1e-6


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (10, 2), (7, 7), (25, 40)])
def test_mcnemar_is_that_of_statsmodels(b: int, c: int) -> None:
    """The exact two-sided p."""
    assert mcnemar_exact(b, c) == pytest.approx(mcnemar([[5, b], [c, 5]], exact=True).pvalue if b + c else 1.0)


def test_pairs_are_the_items_that_both_answered() -> None:
    """What one refused is in no pair."""
    yes, no, refused = ("answered", True), ("answered", False), ("refused", None)
    first = answers([("a", "x", *yes), ("a", "y", *yes), ("a", "z", *refused), ("a", "w", *yes)])
    second = answers([("b", "x", *no), ("b", "y", *yes), ("b", "z", *yes), ("b", "w", *no)])
    found = paired(first, second)
    assert found is not None
    assert (found.items, found.only_first, found.only_second) == (3, 2, 0)
    assert found.difference.estimate == pytest.approx(2 / 3)
    assert paired(first.head(1), second.tail(1)) is None


def test_the_test_of_pairs_holds_its_level_with_clusters() -> None:
    """10 clusters of 10 items that agree within: under no difference p < .05 in about 5 of 100 studies (gate .09 of 400)."""
    dice = np.random.default_rng(6)
    clusters = np.repeat(np.arange(10), 10)
    hits = sum(sign_flip_p(np.repeat(dice.choice((-1.0, 0.0, 1.0), 10), 10), clusters, seed=study) < 0.05 for study in range(400))
    assert hits / 400 < 0.09
    assert sign_flip_p(np.ones(12), np.arange(12)) == pytest.approx(2 / 2**12)


def test_the_paired_interval_covers() -> None:
    """A true difference of .1 on clustered items is covered in about 95 of 100 studies (gate .90 to .99 of 300)."""
    dice = np.random.default_rng(4)
    hits = 0
    for study in range(300):
        clusters = np.repeat(np.arange(60), 2)
        hard = np.repeat(dice.normal(0, 0.2, 60), 2)
        one, two = dice.random(120) < np.clip(0.6 + hard, 0, 1), dice.random(120) < np.clip(0.5 + hard, 0, 1)
        found = paired_difference(one, two, clusters, draws=300, seed=study)
        assert found.low is not None and found.high is not None
        hits += found.low <= 0.1 <= found.high
    assert 0.90 <= hits / 300 <= 0.99


def test_calibration_by_hand() -> None:
    """Two bins: |.5 − .9| and |.5 − .3|, half the answers each; equal confidences are never divided."""
    found = calibration([0.9] * 4 + [0.3] * 4, [1, 1, 0, 0, 1, 1, 0, 0], bins=2)
    assert found is not None
    assert found.ece.estimate == pytest.approx(0.3)
    assert [(each.n, each.confidence) for each in found.bins] == [(4, pytest.approx(0.3)), (4, pytest.approx(0.9))]
    assert calibration([], []) is None


def test_a_calibrated_respondent_is_no_better_than_chance() -> None:
    """Its ECE is above 0, about `by_chance`, and the interval begins near 0; an overconfident one's does not."""
    dice = np.random.default_rng(2)
    p = dice.uniform(0.2, 0.95, 800)
    good = calibration(p, dice.random(800) < p, draws=200)
    bad = calibration(np.minimum(p + 0.25, 1), dice.random(800) < p, draws=200)
    assert good is not None and bad is not None
    assert good.ece.estimate == pytest.approx(good.by_chance, abs=0.02)
    assert good.ece.low is not None and good.ece.low < 0.03
    assert bad.ece.low is not None and bad.ece.low > 0.12


def test_ranking_is_that_of_other_libraries() -> None:
    """NDCG with ties and exponential gain as scikit-learn's, τ-b and ρ as SciPy's."""
    dice = np.random.default_rng(3)
    for _ in range(50):
        grades, scores = dice.integers(1, 6, 7), dice.integers(1, 5, 7).astype(float)
        assert ndcg(scores, grades) == pytest.approx(ndcg_score([2.0**grades - 1], [scores]))
        if np.ptp(grades) and np.ptp(scores):
            assert kendall_tau_b(scores, grades) == pytest.approx(stats.kendalltau(scores, grades).statistic)
            assert spearman(scores, grades) == pytest.approx(stats.spearmanr(scores, grades).statistic)


def test_groups_without_an_order_are_counted_and_left_out() -> None:
    """Equal grades order nothing; equal scores are an order of 0, not a gap."""
    found = rank_groups([([3, 2, 1], [5, 3, 1]), ([1, 2], [4, 4]), ([1], [2]), ([2, 2, 2], [1, 2, 3])])
    assert found is not None
    assert (found.groups, found.without_order, found.too_small) == (2, 1, 1)
    assert found.tau_b.estimate == pytest.approx(0.5)


def test_divergences() -> None:
    """Base 2 reaches 1, base e ln 2, for distributions that share nothing; the root is SciPy's; Wasserstein a share of the scale."""
    assert js_divergence([1, 0], [0, 1]) == pytest.approx(1)
    assert js_divergence([1, 0], [0, 1], base=math.e) == pytest.approx(math.log(2))
    p, q = [0.1, 0.4, 0.5], [0.3, 0.3, 0.4]
    assert js_distance(p, q) == pytest.approx(jensenshannon(p, q, base=2))
    assert wasserstein_1([1, 0, 0], [0, 0, 1]) == pytest.approx(1)
    assert wasserstein_1(p, q) == pytest.approx(stats.wasserstein_distance([0, 1, 2], [0, 1, 2], p, q) / 2)


@pytest.mark.parametrize("values", [[0, 0], [-1, 2], [1], [math.nan, 1]])
def test_what_is_no_distribution_is_refused(values: list[float]) -> None:
    """All zero is nobody's answer; nothing is made up."""
    with pytest.raises(ValueError, match="distribution"):
        checked_distribution(values)


def test_mcnemar_of_many_pairs_is_exact_and_quick() -> None:
    """Fifteen thousand items on which two respondents differ take no seconds, and are counted exactly."""
    began = time.process_time()
    assert mcnemar_exact(7400, 7600) == pytest.approx(stats.binomtest(7400, 15_000).pvalue, rel=1e-9)
    assert time.process_time() - began < 2


def test_the_interval_of_many_items_is_that_of_few() -> None:
    """Items that are equal are drawn together where there are many; the bounds are those of drawing each by itself."""
    dice = np.random.default_rng(5)
    first, second = (dice.random(6000) < share for share in (0.6, 0.5))
    found = paired_difference(first.astype(float), second.astype(float), draws=4000)
    error = float(np.std(first.astype(float) - second.astype(float))) / math.sqrt(6000)
    assert found.low is not None
    assert found.high is not None
    assert found.low == pytest.approx(found.estimate - 1.96 * error, abs=0.05 * error * 2)
    assert found.high == pytest.approx(found.estimate + 1.96 * error, abs=0.05 * error * 2)


def test_resampled_calibration_is_that_of_resampled_answers() -> None:
    """The bounds are the quantiles of the error of drawn answers, each draw with bins of its own, ties together."""
    dice = np.random.default_rng(7)
    confidence = dice.integers(1, 9, 60) / 10
    right = (dice.random(60) < 0.6).astype(float)
    found = calibration(confidence, right, bins=4, draws=50, seed=3)
    source = np.random.default_rng([3, 30])
    source.random((200, 60))
    again = []
    for rows in source.integers(0, 60, size=(50, 60)):
        one = calibration(confidence[rows], right[rows], bins=4, draws=1, seed=0)
        assert one is not None
        again.append(one.ece.estimate)
    assert found is not None
    shift = np.mean(again) - found.ece.estimate
    assert found.ece.high == pytest.approx(max(0.0, np.quantile(again, 0.975) - shift), abs=1e-12)
    assert found.ece.low == pytest.approx(max(0.0, np.quantile(again, 0.025) - shift), abs=1e-12)


def test_signs_of_many_clusters_are_flipped_one_by_one() -> None:
    """Where there are thousands of equal sums, p is that of the binomial test of their signs, within the error of the draws."""
    signs = np.where(np.arange(2500) < 1300, 1.0, -1.0)
    p = sign_flip_p(signs, np.arange(2500))
    assert p == pytest.approx(stats.binomtest(1300, 2500).pvalue, abs=4 * math.sqrt(0.05 * 0.95 / 20_000))


def test_items_about_one_picture_are_not_tested_as_if_apart() -> None:
    """Ten items on which two respondents differ are ten for McNemar; in two clusters they are two, and tell nothing."""
    rows = [(f"i{n}", n < 10) for n in range(12)]
    clusters = [f"c{n // 5}" for n in range(12)]
    one = answers([("a", item, "answered", True) for item, _ in rows], clusters)
    two = answers([("b", item, "answered", not apart) for item, apart in rows], clusters)
    found = paired(one, two, draws=50)
    apart = paired(one.with_columns(cluster=pl.lit(None, pl.String)), two.with_columns(cluster=pl.lit(None, pl.String)), draws=50)
    assert found is not None
    assert apart is not None
    assert (apart.test, apart.p) == ("exact McNemar", pytest.approx(2 / 2**10))
    assert (found.test, found.p) == ("sign flips by cluster", pytest.approx(2 / 2**2))
