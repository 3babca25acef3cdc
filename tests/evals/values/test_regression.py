"""Slopes and their jackknife against statsmodels and brute force."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t as student_t

from evals.values.regression import carried_by_one, make_design, slopes

N, V = 90, 3
RNG = np.random.default_rng(1)
X = RNG.choice([-1, 0, 0.5, 1.0], (N, V), p=[0.1, 0.6, 0.1, 0.2])
W = RNG.normal(size=(N, 2))
Y = 1 + X @ RNG.normal(size=(V, 2)) + RNG.normal(size=(N, 2)) * (1 + np.abs(X[:, :1]))
NAMES = ("SD", "ST", "HE")
STRATUM = np.zeros(N, np.int64)
WEIGHTS = RNG.integers(0, 4, (2, N)).astype(float)
CLUSTER = np.unique(RNG.integers(0, 40, N), return_inverse=True)[1]


def test_slopes_and_hc3_are_those_of_statsmodels() -> None:
    """Weighted slopes with HC3 equal statsmodels' WLS to 1e-10, each outcome with weights of its own, NaN where the weight is 0."""
    y = np.where(WEIGHTS > 0, Y.T, np.nan)
    found = slopes(make_design(NAMES, X, W, cluster=np.arange(N), stratum=STRATUM), y, WEIGHTS)
    for k in range(2):
        used = WEIGHTS[k] > 0
        columns = sm.add_constant(np.hstack([X, W])[used])
        other = sm.WLS(Y[used, k], columns, weights=WEIGHTS[k][used]).fit(cov_type="HC3")
        assert found.theta[k] == pytest.approx(other.params[1 : 1 + V], abs=1e-10)
        assert found.se[k] == pytest.approx(other.bse[1 : 1 + V], abs=1e-10)
        assert found.covariance(k) == pytest.approx(np.asarray(other.cov_params())[1 : 1 + V, 1 : 1 + V], abs=1e-10)
        assert found.df[k] == used.sum() - 1 - V - 2
        assert found.items[k] == used.sum()


def test_the_cluster_jackknife_leaves_out_one_cluster_at_a_time() -> None:
    """The influence of a cluster is the estimate less the one without it, refitted by brute force, to 1e-10."""
    found = slopes(make_design(NAMES, X, W, cluster=CLUSTER, stratum=STRATUM), Y.T, np.ones((2, N)))
    columns = sm.add_constant(np.hstack([X, W]))
    for cluster in range(CLUSTER.max() + 1):
        rest = cluster != CLUSTER
        without = np.linalg.lstsq(columns[rest], Y[rest], rcond=None)[0][1 : 1 + V].T
        assert found.influence[:, cluster] == pytest.approx(found.theta - without, abs=1e-10)


def test_the_gold_correction_is_the_formula_of_the_specification() -> None:
    """With a gold sample the slopes solve Ĝθ = ĝ of MEASUREMENT §8, summed item by item, and the jackknife refits it, to 1e-10."""
    gold = np.where(RNG.random((N, 1)) < 0.5, np.clip(X + RNG.choice([0, 0.5], X.shape), -1, 1), np.nan)
    inclusion = RNG.uniform(0.4, 0.9, N)
    design = make_design(NAMES, X, W, cluster=CLUSTER, stratum=STRATUM, gold=gold, inclusion=inclusion)
    found = slopes(design, Y.T, WEIGHTS)

    def solved(k: int, keep: np.ndarray) -> np.ndarray:
        left, right = np.zeros((1 + V + 2, 1 + V + 2)), np.zeros(1 + V + 2)
        for i in np.flatnonzero(keep):
            judged = np.concatenate([[1], X[i] - X.mean(axis=0), W[i] - W.mean(axis=0)])
            coded = not np.isnan(gold[i]).any()
            true = np.concatenate([[1], gold[i] - X.mean(axis=0), judged[1 + V :]]) if coded else judged
            share = 1 / inclusion[i] if coded else 0.0
            left += WEIGHTS[k, i] * (np.outer(judged, judged) - share * (np.outer(judged, judged) - np.outer(true, true)))
            right += WEIGHTS[k, i] * (judged * Y[i, k] - share * (judged - true) * Y[i, k])
        return np.linalg.solve(left, right)[1 : 1 + V]

    for k in range(2):
        full = solved(k, np.ones(N, bool))
        assert found.theta[k] == pytest.approx(full, abs=1e-10)
        for cluster in (0, 7, 20):
            assert found.influence[k, cluster] == pytest.approx(full - solved(k, cluster != CLUSTER), abs=1e-9)


def test_a_full_gold_sample_replaces_the_judges() -> None:
    """When every item was coded by the gold raters for sure, the slopes are those on their codes."""
    gold = np.clip(X + RNG.choice([0, 0.5], X.shape), -1, 1)
    corrected = make_design(NAMES, X, W, cluster=CLUSTER, stratum=STRATUM, gold=gold, inclusion=np.ones(N))
    plain = make_design(NAMES, gold, W, cluster=CLUSTER, stratum=STRATUM)
    one, other = slopes(corrected, Y.T, WEIGHTS), slopes(plain, Y.T, WEIGHTS)
    assert one.theta == pytest.approx(other.theta, abs=1e-10)
    assert one.se == pytest.approx(other.se, abs=1e-9)


def test_combinations_take_their_covariance_from_the_same_influence() -> None:
    """The difference of two outcomes has the slopes and the standard errors of the regression of the difference."""
    design = make_design(NAMES, X, W, cluster=CLUSTER, stratum=STRATUM)
    both = slopes(design, Y.T, np.ones((2, N)))
    difference = slopes(design, (Y[:, 1] - Y[:, 0])[None], np.ones((1, N)))
    combined = both.over_outcomes(np.array([[-1.0, 1.0]]))
    assert combined.theta == pytest.approx(difference.theta, abs=1e-10)
    assert combined.se == pytest.approx(difference.se, abs=1e-10)
    matrix = np.eye(V) - 1 / V
    assert both.over_values(matrix).covariance(0) == pytest.approx(matrix @ both.covariance(0) @ matrix, abs=1e-10)


def test_a_value_that_one_cluster_carries_has_no_estimate() -> None:
    """A value that only the two items of one cluster promote has no slope, for nothing tells its error; the others are as without it."""
    x = X.copy()
    x[:, 1] = 0
    x[[4, 5], 1] = 1
    cluster = np.arange(N)
    cluster[5] = 4
    cluster = np.unique(cluster, return_inverse=True)[1]
    design = make_design(NAMES, x, W, cluster=cluster, stratum=STRATUM)
    found = slopes(design, Y.T, np.ones((2, N)))
    assert np.isnan(found.theta[:, 1]).all()
    rest = np.setdiff1d(np.arange(N), [4, 5])
    other = slopes(
        make_design(("SD", "HE"), x[rest][:, [0, 2]], W[rest], cluster=np.arange(N - 2), stratum=STRATUM[rest]),
        Y[rest].T,
        np.ones((2, N - 2)),
    )
    assert found.theta[:, [0, 2]] == pytest.approx(other.theta, abs=0.25)
    assert np.isfinite(found.se[:, [0, 2]]).all()
    assert carried_by_one(design, np.ones(N, bool)).tolist() == [False, True, False]


def test_too_few_clusters_have_no_slopes() -> None:
    """As many clusters as columns leave nothing to tell an error from: NaN, no crash."""
    few = np.where(np.arange(N) < 6, 1.0, 0.0)
    found = slopes(make_design(NAMES, X, W, cluster=np.arange(N), stratum=STRATUM), Y.T, np.tile(few, (2, 1)))
    assert np.isnan(found.theta).all()


def test_each_slope_has_degrees_of_freedom_of_its_own() -> None:
    """They are Satterthwaite's over clusters, less one, from the weights with which items enter a slope; rare values have fewer."""
    design = make_design(NAMES, X, W, cluster=CLUSTER, stratum=STRATUM)
    found = slopes(design, Y.T, WEIGHTS)
    columns = sm.add_constant(np.hstack([X, W]))
    for k in range(2):
        c = np.linalg.inv((columns * WEIGHTS[k][:, None]).T @ columns) @ (columns * WEIGHTS[k][:, None]).T
        for v in range(V):
            shares = np.array([(c[1 + v, cluster == CLUSTER] ** 2).sum() for cluster in range(CLUSTER.max() + 1)])
            expected = min(shares.sum() ** 2 / (shares**2).sum() - 1, found.df[k])
            assert found.effective[k, v] == pytest.approx(max(expected, 1.0), rel=1e-9)
    rare = X.copy()
    rare[:, 1] = 0
    rare[[3, 30, 60], 1] = 1
    few = slopes(make_design(NAMES, rare, W, cluster=np.arange(N), stratum=STRATUM), Y.T, np.ones((2, N))).effective
    assert few[0, 1] < 4 < few[0, 0]


def test_few_items_that_carry_a_value_leave_few_degrees_of_freedom() -> None:
    """Intervals of a value that three of 300 items carry hold the truth as often as those of one that 60 carry."""
    rng = np.random.default_rng(3)
    x = np.zeros((300, 2))
    x[:3, 0] = 1.0
    x[rng.permutation(np.arange(3, 300))[:60], 1] = 1.0
    design = make_design(["few", "many"], x, np.zeros((300, 0)), cluster=np.arange(300), stratum=np.zeros(300, np.int64))
    found = slopes(design, rng.normal(size=(400, 300)), np.ones((400, 300)))
    assert found.effective[0, 0] < 3
    assert found.effective[0, 1] > 40
    held = np.abs(found.theta) <= student_t.ppf(0.975, found.effective) * found.se
    assert held.mean(axis=0)[0] > 0.93 and 0.92 < held.mean(axis=0)[1] < 0.98
