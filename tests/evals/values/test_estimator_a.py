"""Estimands of estimator A against least squares with dummies and a mixed model."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy.stats import t as student_t

from evals.values.decisions import read_decisions
from evals.values.decompose import decompose
from evals.values.estimator_a import absolute, common, fit, persona, references, relative, steering
from evals.values.panel import Panel, build_panel
from evals.values.topics import topic_effect
from tests.evals.values.simulating import decisions, labels, panel, thinned

LOADINGS = labels(80, values=("SD", "ST", "HE"))


def sparse(keep: float, people: int = 4, seed: int = 0) -> Panel:
    """A panel in which everybody answered a random share of the items."""
    return build_panel(thinned(decisions(LOADINGS, people=people, cells=2, seed=seed), keep, seed), LOADINGS)


def two_way(found: Panel, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
    """d (A, V) of least squares with a dummy for each item and each respondent and each respondent's own slopes, Σ_a d_a = 0."""
    used = np.zeros_like(found.count)
    used[:, rows] = found.count[:, rows]
    a, i = np.nonzero(used)
    x, people = found.loadings.x, len(found.respondents)
    items, respondents = np.eye(len(found.items))[i], np.eye(people)[a]
    own = (respondents[:, :, None] * x[i][:, None]).reshape(len(a), -1)
    with warnings.catch_warnings(action="ignore"):  # the minimum norm of many solutions, of which d is the same
        model = sm.WLS(found.mean[a, i], np.hstack([items, respondents, own]), weights=found.count[a, i]).fit()
    d = model.params[-people * x.shape[1] :].reshape(people, -1)
    return d - d.mean(axis=0)


@pytest.mark.parametrize("keep", [1.0, 0.7, 0.3])
def test_relative_preferences_are_two_way_least_squares(keep: float) -> None:
    """d equals WLS with item and respondent dummies and respondent × loading interactions (statsmodels) to 1e-7, however sparse."""
    found = sparse(keep)
    outcome = relative(found)
    assert outcome is not None
    d = fit(found, outcome).slopes
    assert d.theta == pytest.approx(two_way(found), abs=1e-7)
    assert d.theta.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)


def test_the_error_of_relative_preferences_is_that_of_leaving_out_items() -> None:
    """With a fifth missing, the standard errors of d are within 10 % of a brute-force jackknife of the whole two-way fit."""
    found = sparse(0.8)
    outcome = relative(found)
    assert outcome is not None
    full, moved = two_way(found), []
    for left_out in range(len(found.items)):
        rows = np.delete(np.arange(len(found.items)), left_out)
        moved.append(full - two_way(found, rows))
    se = np.sqrt((np.array(moved) ** 2).sum(axis=0))
    assert fit(found, outcome).slopes.se == pytest.approx(se, rel=0.1)


def test_only_respondents_with_common_items_are_compared() -> None:
    """Somebody who shares no item with the others has no relative preference, and does not touch theirs."""
    rows = decisions(LOADINGS, people=4)
    even = pl.col("item").str.slice(1).cast(pl.Int64) % 2 == 0
    apart = rows.filter(even == (pl.col("persona") == "default"))
    found, without = build_panel(apart, LOADINGS), build_panel(apart.filter(pl.col("persona") != "default"), LOADINGS)
    one, other = relative(found), relative(without)
    assert one is not None
    assert other is not None
    theta = fit(found, one).slopes.theta
    assert np.isnan(theta[0]).all()
    assert theta[1:] == pytest.approx(fit(without, other).slopes.theta, abs=1e-9)


def test_steering_is_paired_on_the_same_items() -> None:
    """It is the regression of the item-wise differences, weighted n·m / (n + m), on the items that both answered (statsmodels, 1e-10)."""
    found = sparse(0.5)
    outcome = steering(found)
    assert outcome is not None
    slopes = fit(found, outcome).slopes
    assert outcome.names == found.respondents[1:]
    for k in range(3):
        n, m = found.count[k + 1], found.count[0]
        both = (n > 0) & (m > 0)
        weight = (n * m)[both] / (n + m)[both]
        model = sm.WLS((found.mean[k + 1] - found.mean[0])[both], sm.add_constant(found.loadings.x[both]), weights=weight).fit(
            cov_type="HC3"
        )
        assert slopes.theta[k] == pytest.approx(model.params[1:], abs=1e-10)
        assert slopes.se[k] == pytest.approx(model.bse[1:], abs=1e-10)
        assert slopes.items[k] == both.sum()


@pytest.mark.parametrize("keep", [1.0, 0.6])
@pytest.mark.parametrize("topics", [False, True])
def test_adding_a_respondent_changes_no_other_result(keep: float, topics: bool) -> None:
    """Steering, common and absolute slopes and their errors are the same to 1e-9 with and without a further persona."""
    topic = tuple(f"t{number % 12}" for number in range(80)) if topics else None
    loadings = labels(80, values=("SD", "ST", "HE"), topic=topic)
    rows = decisions(loadings, people=5, cells=3)
    push = pl.col("item").str.slice(1).cast(pl.Int64) % 12 / 6
    rows = thinned(rows.with_columns(y=pl.col("y") + push + pl.col("position") / 100, channel=pl.lit("mood")), keep)
    fewer, more = build_panel(rows.filter(pl.col("persona") != "p4"), loadings, "mood"), build_panel(rows, loadings, "mood")
    for build in (steering, common, absolute):
        one, other = build(fewer), build(more)
        assert one is not None
        assert other is not None
        before, after = fit(fewer, one).slopes, fit(more, other).slopes
        assert after.theta[: len(before.theta)] == pytest.approx(before.theta, abs=1e-9)
        assert after.se[: len(before.theta)] == pytest.approx(before.se, abs=1e-9)


def test_models_weigh_equally_in_the_common_preference() -> None:
    """With three respondents of one model and one of another, complete, it is the mean of the two models' means."""
    rows = decisions(LOADINGS, people=4).with_columns(model=pl.when(pl.col("persona") == "p3").then(pl.lit("n")).otherwise(pl.lit("m")))
    found = build_panel(rows.with_columns(persona=pl.lit("default")), LOADINGS)
    outcome = common(found)
    assert outcome is not None
    theta = fit(found, absolute(found)).slopes.theta
    expected = (theta[:3].mean(axis=0) + theta[3]) / 2
    assert fit(found, outcome).slopes.theta[0] == pytest.approx(expected, abs=1e-10)


def test_who_answered_does_not_move_the_common_preference() -> None:
    """A model that rates everything higher and answers other items than the rest leaves the common slopes where they are."""
    rows = decisions(LOADINGS, people=2).with_columns(model=pl.col("respondent"), persona=pl.lit("default"), channel=pl.lit("mood"))
    promotes = pl.col("item").is_in([item for item, x in zip(LOADINGS.items, LOADINGS.x, strict=True) if x[0] > 0])
    rows = rows.filter((pl.col("model") == "m/default") | ~promotes)
    raised = rows.with_columns(y=pl.col("y") + 20 * (pl.col("model") == "m/p1"))
    theta = []
    for one in (rows, raised):
        found = build_panel(one, LOADINGS, "mood")
        outcome = common(found)
        assert outcome is not None
        theta.append(fit(found, outcome).slopes.theta)
    assert theta[0] == pytest.approx(theta[1], abs=1e-9)


def several(seed: int = 0, noise: float = 1.0, missing: float = 0.0) -> tuple[pl.DataFrame, np.ndarray]:
    """Ratings of two models without ends: model m plays a persona in two wordings, model n in one; and the truth (respondents, 3)."""
    rng = np.random.default_rng(seed)
    theta = np.array([[0.2, 0, 0], [1.2, 0, 0], [0.8, 0, 0.4], [0, 0.5, 0], [0, 1.5, 0]])
    y = theta @ LOADINGS.x.T + rng.normal(0, 1, 80) + rng.normal(0, noise, (5, 80))
    a, i = np.indices(y.shape).reshape(2, -1)
    names = np.array(["m/default", "m/p 1", "m/p 2", "n/default", "n/p"])
    rows = pl.DataFrame({"respondent": names[a], "item": np.array(LOADINGS.items)[i], "y": y.reshape(-1)})
    rows = rows.with_columns(
        model=pl.col("respondent").str.head(1), persona=pl.when(pl.col("respondent").str.contains("def")).then(pl.lit("default"))
        .otherwise(pl.lit("p")), channel=pl.lit("mood"),
    )  # fmt: skip
    steered = (theta[1:3].mean(axis=0) - theta[0] + theta[4] - theta[3]) / 2
    return read_decisions(thinned(rows, 1 - missing, seed)), steered


@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_a_persona_is_pooled_over_models_and_wordings(missing: float) -> None:
    """It is the mean over models of the mean over wordings of the steering effects, with the error of that mean; 1e-9."""
    found = build_panel(several(missing=missing)[0], LOADINGS, "mood")
    pooled, steered = persona(found), steering(found)
    assert pooled is not None
    assert steered is not None
    assert pooled.names == ("p, all models",)
    one, each = fit(found, pooled).slopes, fit(found, steered).slopes
    share = np.array([0.25, 0.25, 0.5])
    assert one.theta[0] == pytest.approx(share @ each.theta, abs=1e-9)
    if not missing:
        mean = found.mean
        model = sm.OLS((mean[1] + mean[2]) / 4 - mean[0] / 2 + (mean[4] - mean[3]) / 2, sm.add_constant(LOADINGS.x)).fit(cov_type="HC3")
        assert one.theta[0] == pytest.approx(model.params[1:], abs=1e-9)
        assert one.se[0] == pytest.approx(model.bse[1:], abs=1e-9)


def test_pooled_intervals_cover() -> None:
    """Over 200 draws with a tenth missing, 95 % intervals of the pooled effect hold its truth in 93 to 98 % of the cases."""
    held = []
    for seed in range(200):
        rows, truth = several(seed, missing=0.1)
        found = build_panel(rows, LOADINGS, "mood")
        outcome = persona(found)
        assert outcome is not None
        slopes = fit(found, outcome).slopes
        held.append(np.abs(slopes.theta[0] - truth) < student_t.ppf(0.975, slopes.effective[0]) * slopes.se[0])
    assert 0.93 <= np.mean(held) <= 0.98


def test_a_persona_played_once_is_not_pooled() -> None:
    """One respondent a persona gives no pooled effect; two of one model are named by it."""
    assert persona(panel(60, people=3)) is None
    alone = several()[0].filter(pl.col("model") == "m")
    outcome = persona(build_panel(alone, LOADINGS, "mood"))
    assert outcome is not None
    assert outcome.names == ("p, all of m",)


def test_a_reference_that_broke_off_takes_no_items_from_anybody() -> None:
    """A second wording of the default with half of the items leaves steering and common as they are; with all of them it counts."""
    rows = several()[0]
    second = rows.filter(pl.col("respondent") == "m/default").with_columns(respondent=pl.lit("m/default 2"), y=-pl.col("y"))
    before, after, whole = (
        build_panel(each, LOADINGS, "mood") for each in (rows, pl.concat([rows, second.head(40)]), pl.concat([rows, second]))
    )
    for build in (steering, common):
        theta = []
        for each in (before, after, whole):
            outcome = build(each)
            assert outcome is not None
            theta.append(fit(each, outcome).slopes.theta)
        assert theta[1] == pytest.approx(theta[0], abs=1e-9)
        assert not np.allclose(theta[2], theta[0])
    assert [len(each) for each in references(after).values()] == [1, 1]
    assert "m/default 2 was left out of the reference" in " ".join(
        decompose(pl.concat([rows, second.head(40)]), LOADINGS, channel="mood").notes
    )


def test_nobody_to_compare_with_is_none() -> None:
    """A single respondent has no relative preference; without a reference there is no common preference and no steering."""
    alone = panel(60, people=1)
    assert relative(alone) is None
    assert steering(alone) is None
    assert common(alone, "nobody") is None


def test_topics_are_a_random_effect() -> None:
    """Slopes agree with statsmodels' mixed model within .02, the variance ratio within 15 %, errors with HC3 at its ratio within 2 %."""
    rng = np.random.default_rng(4)
    topic = tuple(f"t{number % 20}" for number in range(300))
    loadings = labels(300, values=("SD", "ST", "HE"), topic=topic)
    rows = decisions(loadings, people=1, cells=2)
    push = dict(zip(sorted(set(topic)), rng.normal(0, 1, 20), strict=True))
    rows = rows.with_columns(y=pl.col("y") + pl.Series([push[topic[int(item[1:])]] for item in rows["item"]]), channel=pl.lit("mood"))
    found = build_panel(rows, loadings, "mood")
    slopes = fit(found, absolute(found)).slopes
    model = sm.MixedLM(found.mean[0], sm.add_constant(loadings.x), groups=np.array(topic)).fit()
    assert slopes.theta[0] == pytest.approx(model.params[1:4], abs=0.02)
    share = 1 - np.sqrt(model.scale / (model.scale + 15 * model.cov_re[0, 0]))
    average = np.kron(np.ones((15, 15)), np.eye(20)) / 15  # every 20th item is of the same topic
    demeaned = np.eye(300) - share * average
    other = sm.OLS(demeaned @ found.mean[0], demeaned @ sm.add_constant(loadings.x)).fit(cov_type="HC3")
    assert slopes.se[0] == pytest.approx(other.bse[1:], rel=0.02)
    effect = topic_effect(found.design, found.mean[0], found.count[0], found.topics)
    assert effect is not None
    ratio = 1 / (1 - effect.share[0]) ** 2 - 1  # n τ² / σ²
    assert ratio == pytest.approx(15 * model.cov_re[0, 0] / model.scale, rel=0.15)
    plain = build_panel(rows, labels(300, values=("SD", "ST", "HE")), "mood")
    assert (slopes.se < fit(plain, absolute(plain)).slopes.se).all()


def test_topics_without_variance_change_nothing() -> None:
    """Where topics add nothing, or there are too few, the slopes are those without them."""
    few = labels(80, values=("SD", "ST", "HE"), topic=tuple(f"t{number % 3}" for number in range(80)))
    rows = decisions(few, people=1)
    one, other = build_panel(rows, few), build_panel(rows, LOADINGS)
    assert np.array_equal(fit(one, absolute(one)).slopes.theta, fit(other, absolute(other)).slopes.theta)
