"""The data-generating process is what it says it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evals.values.calibration.arms import ARMS, PLANTINGS, SPREAD, arm_named
from evals.values.calibration.estimates import make_panel
from evals.values.calibration.metrics import targets
from evals.values.calibration.pool import FEW, Pool, catalogue_pool, designed_pool, few_pool
from evals.values.calibration.process import CELLS, EFFECT, ODDS, Draw, Planted, draw, plant
from evals.values.calibration.table import decisions, loadings
from evals.values.panel import build_panel
from evals.values.power import COMPONENTS
from personas.schwartz import VALUES


def _drawn(name: str, planting: str = "dense", seed: int = 0) -> Draw:
    rng = np.random.default_rng(seed)
    return draw(arm_named(name), plant(planting, rng), rng)


def test_the_pool_meets_the_design() -> None:
    """600 videos; each value promoted by 60 and opposed by 20, ten twin pairs each, some videos with two values, controls without any."""
    pool = designed_pool()
    assert pool.x.shape == (600, 10)
    assert ((pool.x > 0).sum(axis=0) == 60).all()
    assert ((pool.x < 0).sum(axis=0) == 20).all()
    assert (np.bincount(np.abs(pool.x[pool.carries]).argmax(axis=1)) == 10).all()
    values = (pool.x != 0).sum(axis=1)
    assert (values == 2).sum() > 100
    assert (values == 0).sum() - len(pool.plain) >= 40


def test_few_videos_carry_a_value_in_the_pool_of_few() -> None:
    """Of 120 videos three to ten promote each value, none opposes one, and none is a twin."""
    pool = few_pool()
    assert pool.x.shape == (120, 10)
    assert tuple((pool.x > 0).sum(axis=0)) == FEW
    assert (min(FEW), max(FEW)) == (3, 10)
    assert not (pool.x < 0).any()
    assert not len(pool.carries)


@pytest.mark.parametrize("pool", [designed_pool(), catalogue_pool()], ids=["designed", "catalogue"])
def test_twins_are_one_cluster_in_one_stratum(pool: Pool) -> None:
    """A pair shares a cluster and a stratum, and every other video is its own cluster."""
    assert (pool.cluster[pool.carries] == pool.cluster[pool.plain]).all()
    assert (pool.stratum[pool.carries] == pool.stratum[pool.plain]).all()
    assert pool.cluster.max() + 1 == len(pool.x) - len(pool.carries)


def test_the_variances_are_those_of_the_specification() -> None:
    """Item .36, respondent × item .32 and residual .72 come back from ratings by the method of moments, within what clipping takes off."""
    nothing = Planted(np.zeros((8, len(VALUES))))
    one = draw(replace(arm_named("exact"), appeal=1.0), nothing, np.random.default_rng(3))
    rating = one.rating - one.rating.mean(axis=2, keepdims=True)
    residual = rating.var(axis=0, ddof=1).mean()
    mean = rating.mean(axis=0)
    covariance = np.cov(mean)
    item = covariance[np.triu_indices(8, 1)].mean()
    respondent = np.diag(covariance).mean() - item - residual / CELLS
    assert residual == pytest.approx(COMPONENTS.residual, rel=0.08)
    assert respondent == pytest.approx(COMPONENTS.respondent_item, rel=0.15)
    explained = np.linalg.lstsq(np.column_stack([np.ones(600), one.exact]), mean.T, rcond=None)[0]
    left = np.cov(mean - (np.column_stack([np.ones(600), one.exact]) @ explained).T)[np.triu_indices(8, 1)].mean()
    assert left < item
    assert left == pytest.approx(COMPONENTS.item, rel=0.2)


def test_ratings_are_whole_numbers_on_the_scale() -> None:
    """0 to 5, all of them used."""
    assert set(np.unique(_drawn("exact").rating)) == set(range(6))


def test_sparse_and_dense_planting() -> None:
    """A sparse persona adds one value, the unmoved one nothing; a dense profile has the stated spread; sometimes nothing is planted."""
    rng = np.random.default_rng(0)
    planted = [plant("sparse", rng).theta.reshape(2, 4, -1) for _ in range(40)]
    empty = [one for one in planted if not one.any()]
    assert 0 < len(empty) < 25
    for one in planted:
        shift = one - one[:, :1]
        assert not shift[:, 3].any()
        if one.any():
            assert np.abs(shift[:, 1]).sum() == pytest.approx(2 * EFFECT)
    dense = plant("dense", rng).theta.reshape(2, 4, -1)
    assert (dense[:, 1] - dense[:, 0]).std(axis=1) == pytest.approx(SPREAD)


def test_refusals_and_missing_answers_have_their_rates() -> None:
    """5 % of the videos are refused, more where Power is; a tenth of the answers is missing; answers are the same with and without."""
    refused = _drawn("refusals").refused[0]
    assert refused.mean() == pytest.approx(0.05, abs=0.012)
    power = designed_pool().x[:, VALUES.index("PO")] != 0
    assert refused[:, power].mean() > 1.5 * refused[:, ~power].mean()
    assert 1 - _drawn("missing").answered.mean() == pytest.approx(0.0975, abs=0.012)


def test_a_paraphrase_of_the_default_can_be_lost() -> None:
    """Both option orders of the last one, of the default respondents and of nobody else."""
    answered = _drawn("paraphrase-uneven").answered
    default = np.arange(8) % 4 == 0
    assert not answered[4:, default].any()
    assert answered[:4].all()
    assert answered[:, ~default].all()


def test_appeal_goes_with_stimulation_and_hedonism() -> None:
    """Left out, it biases their slopes by about .45 points and no others; as it is measured, it correlates with itself as the arm says."""
    one = _drawn("appeal-half", "sparse")
    x, appeal = np.column_stack([np.ones(600), one.pool.x]), one.exact[:, 0]
    slope = np.linalg.lstsq(x, appeal, rcond=None)[0][1:]
    assert set(np.argsort(slope)[-2:]) == {VALUES.index("ST"), VALUES.index("HE")}
    assert np.corrcoef(appeal, one.covariates["appeal"])[0, 1] ** 2 == pytest.approx(0.5, abs=0.08)
    assert "appeal" not in _drawn("appeal-none").covariates


def test_judges_err_as_often_as_stated() -> None:
    """Sensitivity .8, specificity .95; gold rows are exact, and as many as their inclusion probabilities say."""
    one = _drawn("gold")
    present = one.pool.x != 0
    assert (one.x != 0)[present].mean() == pytest.approx(0.8, abs=0.05)
    assert (one.x == 0)[~present].mean() == pytest.approx(0.95, abs=0.02)
    assert one.gold is not None
    assert one.inclusion is not None
    coded = ~np.isnan(one.gold).any(axis=1)
    assert (one.gold[coded] == one.pool.x[coded]).all()
    assert coded.sum() == pytest.approx(one.inclusion.sum(), abs=45)


@pytest.mark.parametrize(("name", "rate", "margin"), [("likes", 0.3, 0.04), ("likes-rare", 0.05, 0.15)])
def test_likes_have_the_planted_log_odds(name: str, rate: float, margin: float) -> None:
    """The log-odds of their mean are linear in the content, with the planted slopes; as many are liked as that mean says, high and low."""
    one = _drawn(name)
    columns = np.column_stack([np.ones(600), one.pool.x, one.exact])
    slope = np.linalg.lstsq(columns, np.log(one.expected / (1 - one.expected)).T, rcond=None)[0]
    np.testing.assert_allclose(slope[1:11].T, ODDS * one.planted.theta, atol=1e-9)
    np.testing.assert_allclose(one.truth, ODDS * one.planted.theta)
    assert set(np.unique(one.rating)) == {0.0, 1.0}
    assert one.expected.mean() == pytest.approx(rate)
    many = [_drawn(name, seed=seed) for seed in range(40)]
    wanted = np.concatenate([each.expected.reshape(-1) for each in many])
    liked = np.concatenate([each.rating.mean(axis=0).reshape(-1) for each in many])
    high = wanted > np.quantile(wanted, 0.8)
    assert liked[high].mean() == pytest.approx(wanted[high].mean(), rel=margin)
    assert liked[~high].mean() == pytest.approx(wanted[~high].mean(), rel=margin)


def test_targets_name_what_personas_move() -> None:
    """The one value that a sparse persona moves, with its sign; the two that a dense one moves most; one at random for the unmoved."""
    rng = np.random.default_rng(2)
    one = _drawn("personas", "sparse", seed=2)
    shift = (one.planted.theta[1] - one.planted.theta[0], one.planted.theta[2] - one.planted.theta[0])
    aims = targets(one, rng)
    assert set(aims) == {"first", "second", "unmoved"}
    assert aims["first"] == {VALUES[int(np.abs(shift[0]).argmax())]: 1.0}
    assert aims["second"] == {VALUES[int(np.abs(shift[1]).argmax())]: -1.0}
    assert list(aims["unmoved"].values()) == [1.0]
    assert [len(aim) for aim in targets(_drawn("personas"), rng).values()] == [2, 2, 1]


@pytest.mark.parametrize("name", ["exact", "together", "gold", "catalogue", "likes", "few-items"])
def test_the_fast_path_is_the_users_path(name: str) -> None:
    """The panel made from arrays is the one that `build_panel` makes of the decisions table."""
    one = _drawn(name, "sparse")
    fast, slow = make_panel(one), build_panel(decisions(one), loadings(one), one.channel)
    assert (fast.respondents, fast.items, fast.cells) == (slow.respondents, slow.items, slow.cells)
    for field in ("total", "count", "total_by_cell", "count_by_cell", "missing", "missing_shift"):
        np.testing.assert_allclose(getattr(fast, field), getattr(slow, field), atol=1e-9)
    for field in ("seen", "score", "moments", "cluster", "stratum"):
        np.testing.assert_allclose(getattr(fast.design, field), getattr(slow.design, field), atol=1e-9)


def test_a_replication_depends_on_its_key_alone() -> None:
    """The same generator gives the same ratings; another gives others."""
    assert (_drawn("together").rating == _drawn("together").rating).all()
    assert (_drawn("together").rating != _drawn("together", seed=1).rating).any()


def test_every_arm_can_be_drawn() -> None:
    """Each arm and planting gives a panel of eight respondents."""
    for arm in ARMS:
        for planting in PLANTINGS:
            rng = np.random.default_rng(5)
            assert len(make_panel(draw(arm, plant(planting, rng), rng)).respondents) == 8
