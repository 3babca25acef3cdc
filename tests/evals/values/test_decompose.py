"""`decompose`: the profiles table, its intervals and adjustments, and its null."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.special import expit
from scipy.stats import t as student_t
from statsmodels.stats.multitest import multipletests

from evals.values import decompose as public
from evals.values.decompose import PROFILE_COLUMNS, Decomposition, decompose
from evals.values.estimator_a import IDENTIFIED_BY
from evals.values.sensitivity import robustness_value
from personas.errors import UserError
from personas.schwartz import VALUES
from tests.evals.values.simulating import decisions, labels, wide

LOADINGS = labels(150)
ROWS = decisions(LOADINGS, people=4, cells=2, missing=0.03)


@pytest.fixture(scope="module")
def found() -> Decomposition:
    """Four respondents on 150 videos."""
    return decompose(ROWS, LOADINGS)


def test_the_table_is_complete(found: Decomposition) -> None:
    """Every estimand of every respondent and value is there, with what identifies it; no number is missing or infinite."""
    counts = dict(found.profiles.group_by("estimand").len().iter_rows())
    assert counts == {"common": 10, "absolute": 40, "priority": 40, "relative": 40, "steering": 30}
    assert found.profiles.columns[:8] == list(PROFILE_COLUMNS)
    numbers = found.profiles.select("estimate", "low", "high", "se", "p", "p_adjusted", "q").to_numpy()
    assert np.isfinite(numbers).all()
    assert all(row["identified_by"] == IDENTIFIED_BY[row["estimand"]] for row in found.profiles.iter_rows(named=True))
    assert found.steered == ("m/p1", "m/p2", "m/p3")
    assert public is decompose


def test_personas_move_their_targets(found: Decomposition) -> None:
    """The planted target of each persona is its largest steering effect, .8 within the interval, significant after Holm."""
    for k, persona in enumerate(("p1", "p2", "p3")):
        own = found.profiles.filter((pl.col("respondent") == f"m/{persona}") & (pl.col("estimand") == "steering")).sort("estimate")
        top = own.row(-1, named=True)
        assert top["value"] == VALUES[k]
        assert top["low"] < 0.8 < top["high"]
        assert top["p_adjusted"] < 0.05


def test_intervals_are_students_t_at_the_level_asked_for() -> None:
    """Low and high are estimate ± t × se with each slope's own degrees of freedom, p its tails, n the items; the method says which."""
    at_80 = decompose(ROWS, LOADINGS, level=0.8)
    rows, fit = at_80.profiles.filter(pl.col("estimand") == "steering"), at_80.fits["steering"]
    half = student_t.ppf(0.9, fit.effective) * fit.se
    assert rows["high"].to_numpy().reshape(3, 10) == pytest.approx(fit.theta + half)
    assert rows["low"].to_numpy().reshape(3, 10) == pytest.approx(fit.theta - half)
    assert rows["p"].to_numpy().reshape(3, 10) == pytest.approx(2 * student_t.sf(np.abs(fit.theta) / fit.se, fit.effective))
    assert rows["n"].to_list() == np.repeat(fit.items, 10).tolist()
    assert rows["method"][0] == "WLS over items, HC3, t, 80%"


def test_adjustments_are_those_of_statsmodels(found: Decomposition) -> None:
    """p_adjusted is Holm over the values of one respondent and estimand, q Benjamini–Hochberg over the whole estimand."""
    for _, group in found.profiles.group_by("respondent", "estimand"):
        assert group["p_adjusted"].to_numpy() == pytest.approx(multipletests(group["p"].to_numpy(), method="holm")[1])
    for _, group in found.profiles.group_by("estimand"):
        assert group["q"].to_numpy() == pytest.approx(multipletests(group["p"].to_numpy(), method="fdr_bh")[1])


def test_priorities_are_relative_to_the_mean_of_the_values(found: Decomposition) -> None:
    """θ* = θ − mean θ, with the covariance that belongs to it."""
    absolute, priority = found.fits["absolute"], found.fits["priority"]
    assert priority.theta == pytest.approx(absolute.theta - absolute.theta.mean(axis=1, keepdims=True))
    centring = np.eye(10) - 0.1
    assert priority.covariance(1) == pytest.approx(centring @ absolute.covariance(1) @ centring)


def test_bounds_and_robustness_stand_where_they_mean_something(found: Decomposition) -> None:
    """Bounds hold the estimate and are there but for priorities; robustness is that of the common preference, and of no other."""
    bounded = found.profiles.drop_nulls("bound_low")
    assert set(bounded["estimand"]) == {"common", "absolute", "relative", "steering"}
    assert (bounded["bound_low"] <= bounded["estimate"]).all()
    assert (bounded["estimate"] <= bounded["bound_high"]).all()
    common = found.profiles.filter(pl.col("estimand") == "common")
    fit = found.fits["common"]
    expected = [robustness_value(t, fit.df[0]) for t in (fit.theta / fit.se)[0]]
    assert common["robustness"].to_list() == pytest.approx(expected)
    assert found.profiles.filter(pl.col("estimand") != "common")["robustness"].null_count() == 150


def test_bootstrap_intervals_are_near_the_jackknifes(found: Decomposition) -> None:
    """With 150 items both methods give like widths (median ratio .9 to 1.1); estimates are the same, and so are two runs."""
    drawn, again = (decompose(ROWS, LOADINGS, interval="bootstrap-t", draws=499, seed=1) for _ in range(2))
    assert drawn.profiles.equals(again.profiles)
    key = ["respondent", "value", "estimand"]
    both = found.profiles.filter(pl.col("estimand") != "priority").join(drawn.profiles, on=key)
    assert both["estimate"].to_list() == pytest.approx(both["estimate_right"].to_list(), abs=1e-12)
    ratio = (both["high_right"] - both["low_right"]) / (both["high"] - both["low"])
    assert 0.9 < ratio.median() < 1.1
    methods = set(both.filter(pl.col("estimand") == "steering")["method_right"])
    assert methods == {"WLS over items, bootstrap-t over clusters (B = 499), 95%"}


def test_adding_a_respondent_changes_no_other_row() -> None:
    """Steering, common and absolute rows of the table are the same to 1e-9 when a fifth respondent comes, who plays another persona."""
    more = decisions(LOADINGS, people=5, cells=2)
    fewer = more.filter(pl.col("persona") != "p4")
    numbers = []
    for rows in (fewer, more):
        profiles = decompose(rows, LOADINGS).profiles.filter(
            pl.col("estimand").is_in(["steering", "common", "absolute"]) & (pl.col("respondent") != "m/p4")
        )
        numbers.append(profiles.select("estimate", "low", "high", "se", "p", "p_adjusted").to_numpy())
    assert numbers[0] == pytest.approx(numbers[1], abs=1e-9)


def test_the_wording_widens_intervals() -> None:
    """Three wordings that move the slopes widen the intervals by what they add, which the result states."""
    rows = decisions(LOADINGS, people=2, cells=6)
    lean = dict(zip(LOADINGS.items, LOADINGS.x @ np.linspace(-0.8, 0.8, 10), strict=True))
    push = pl.Series([lean[item] for item in rows["item"]]) * ((rows["cell"] // 2) - 1)
    moved = decompose(rows.with_columns(y=pl.col("y") + push, channel=pl.lit("mood")), LOADINGS, channel="mood")
    rows_of = moved.profiles.filter(pl.col("estimand") == "absolute")
    assert moved.prompts["absolute"] > 0.02
    assert rows_of["se"].to_numpy().reshape(2, 10) == pytest.approx(np.sqrt(moved.fits["absolute"].se ** 2 + moved.prompts["absolute"]))


def test_the_wording_widens_log_odds_too() -> None:
    """Likes in three wordings that move the slopes: the error holds what they add, twins hold it as a share, and no note says otherwise."""
    x = LOADINGS.x.copy()
    x[:20], x[:20:2, 4] = 0, 1
    loadings, rng = replace(LOADINGS, x=x), np.random.default_rng(0)
    number = pl.col("item").str.slice(1).cast(pl.Int64)
    rows = decisions(loadings, people=2, cells=6).with_columns(
        cluster=pl.when(number < 20).then(pl.format("twin{}", number // 2)).otherwise(None), channel=pl.lit("like")
    )
    lean = dict(zip(loadings.items, x @ np.linspace(-1.5, 1.5, 10), strict=True))
    push = np.array([lean[item] for item in rows["item"]]) * (rows["cell"].to_numpy() // 2 - 1)
    likes = rows.with_columns(y=pl.Series((rng.random(rows.height) < expit(push - 0.5)).astype(float)))
    found = decompose(likes, loadings, channel="like")
    own = found.profiles.filter(pl.col("estimand") == "absolute")["se"].to_numpy().reshape(2, 10)
    assert found.prompts["absolute"] > 0.1
    assert own == pytest.approx(np.sqrt(found.fits["absolute"].se ** 2 + found.prompts["absolute"]))
    assert not any("other wordings" in note for note in found.notes)
    assert found.cells == {}
    two = decompose(likes.filter(pl.col("cell") < 4), loadings, channel="like")
    assert two.prompts["absolute"] == 0
    assert any("other wordings" in note for note in two.notes)
    shares = found.panel.total[0].sum() / found.panel.count[0].sum()
    twin, alone = (each.profiles.filter(pl.col("estimand") == "twin")["se"][0] for each in (found, two))
    assert twin == pytest.approx(np.sqrt(found.prompts["common"]) * shares * (1 - shares), rel=0.5)
    assert twin > 1.2 * alone


def test_estimates_are_in_sd_too(found: Decomposition) -> None:
    """They are divided by the SD of the reference's answers around their mean, the same for everybody; of likes there is none."""
    own = ROWS.filter((pl.col("persona") == "default") & (pl.col("state") == "answered"))["y"]
    for name in ("estimate", "low", "high"):
        assert found.profiles[f"{name}_sd"].to_list() == pytest.approx((found.profiles[name] / own.std()).to_list())
    likes = decompose(ROWS.with_columns(channel=pl.lit("like"), y=(pl.col("y") >= 4).cast(pl.Float64)), LOADINGS, channel="like")
    assert likes.profiles["estimate_sd"].null_count() == likes.profiles.height


def test_personas_of_several_models_are_pooled() -> None:
    """Two models that play the same personas add rows of the estimand persona, the mean of the models' steering, with its wording."""
    other = decisions(LOADINGS, people=3, cells=6, seed=5).with_columns(model=pl.lit("n"), respondent=pl.format("n/{}", pl.col("persona")))
    rows = pl.concat([decisions(LOADINGS, people=3, cells=6), other])
    found = decompose(rows, LOADINGS)
    pooled = found.profiles.filter(pl.col("estimand") == "persona")
    assert pooled["respondent"].unique(maintain_order=True).to_list() == ["p1, all models", "p2, all models"]
    steering = found.fits["steering"].theta.reshape(2, 2, 10).mean(axis=0)
    assert pooled["estimate"].to_numpy().reshape(2, 10) == pytest.approx(steering)
    assert pooled["se"].to_numpy().reshape(2, 10) == pytest.approx(np.sqrt(found.fits["persona"].se ** 2 + found.prompts["persona"]))
    assert "no sample of others" in pooled["identified_by"][0]
    drawn = decompose(rows, LOADINGS, interval="bootstrap-t", draws=199)
    assert "Averages of slopes take jackknife (HC3) intervals: persona." in drawn.notes
    likes = decompose(rows.with_columns(channel=pl.lit("like"), y=(pl.col("y") >= 3).cast(pl.Float64)), LOADINGS, channel="like")
    assert likes.profiles.filter(pl.col("estimand") == "persona").height == 20


@pytest.mark.parametrize("interval", ["hc3", "bootstrap-t"])
def test_with_loadings_shuffled_the_profile_is_null(interval: str) -> None:
    """Over 60 deals of the loadings over the videos, 2 to 8 % of the 95 % intervals of steering and priority leave zero out."""
    rng, outside = np.random.default_rng(7), []
    small = labels(100, values=("SD", "ST", "HE", "AC", "PO"))
    rows = decisions(small, people=2, cells=1)
    for seed in range(60):
        dealt = replace(small, x=small.x[rng.permutation(100)])
        profiles = decompose(rows, dealt, interval=interval, draws=199, seed=seed).profiles
        profiles = profiles.filter(pl.col("estimand").is_in(["steering", "priority"]))
        outside.append(((profiles["low"] > 0) | (profiles["high"] < 0)).mean())
    assert 0.02 <= np.mean(outside) <= 0.08


def test_a_gold_sample_takes_the_jackknife_and_says_so() -> None:
    """Corrected loadings have no bootstrap-t and no bounds: a note, and HC3 intervals."""
    gold = np.where(np.random.default_rng(0).random((150, 1)) < 0.6, LOADINGS.x, np.nan)
    found = decompose(ROWS, replace(LOADINGS, gold=gold, inclusion=np.full(150, 0.6)), interval="bootstrap-t", draws=199)
    assert found.profiles["method"][0] == "WLS over items, gold-corrected, HC3, t, 95%"
    assert found.profiles["bound_low"].null_count() == found.profiles.height
    assert any("there is no bootstrap-t for them" in note for note in found.notes)


def test_likes_are_log_odds() -> None:
    """Likes give log-odds by Firth's regression, with their unit, also where intervals by bootstrap were asked for."""
    likes = ROWS.with_columns(channel=pl.lit("like"), y=(pl.col("y") >= 4).cast(pl.Float64))
    found = decompose(likes, wide(LOADINGS), channel="like", interval="bootstrap-t")
    assert found.unit == "log-odds per unit loading"
    assert found.profiles["method"][0] == "binomial regression over items (Firth), HC3, t, 95%"
    steering = found.profiles.filter((pl.col("estimand") == "steering") & (pl.col("respondent") == "m/p1")).sort("estimate")
    assert steering["value"][-1] == VALUES[0]


def test_twins_stand_beside_the_common_preference() -> None:
    """Pairs of items that differ in one value give rows of the estimand twin, identified by design."""
    x = LOADINGS.x.copy()
    x[:20] = 0
    x[:20:2, 4] = 1
    number = pl.col("item").str.slice(1).cast(pl.Int64)
    rows = ROWS.with_columns(cluster=pl.when(number < 20).then(pl.format("twin{}", number // 2)).otherwise(None))
    twins = decompose(rows, replace(LOADINGS, x=x)).profiles.filter(pl.col("estimand") == "twin")
    assert twins["value"].to_list() == ["PO"]
    assert twins["n"].to_list() == [10]
    assert twins["identified_by"][0].startswith("by design")


def test_too_few_draws_are_refused() -> None:
    """A bootstrap-t of 50 draws has no tails."""
    with pytest.raises(UserError, match="199 or more"):
        decompose(ROWS, LOADINGS, interval="bootstrap-t", draws=50)
