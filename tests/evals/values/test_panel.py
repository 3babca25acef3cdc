"""Folding, cell and position effects, watch scores."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from evals.values.adjust import ITEM_RIDGE, nuisance_effects
from evals.values.estimator_a import absolute, fit
from evals.values.panel import build_panel
from evals.values.watching import watch_scores
from personas.errors import UserError
from tests.evals.values.simulating import decisions, labels, thinned

LOADINGS = labels(60)


def test_answers_are_folded_by_respondent_and_item() -> None:
    """Sums and counts are those of a group-by; refused and unreadable ones are counted beside them, failed ones are no outcome."""
    rows = decisions(LOADINGS, people=2, cells=2, missing=0.1).with_columns(position=pl.lit(None, pl.Float64), cell=pl.lit(0, pl.Int64))
    rows = rows.with_columns(repeat=pl.int_range(pl.len()) % 2)
    rows = rows.with_columns(state=pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("failed")).otherwise("state"))
    found = build_panel(rows, LOADINGS)
    assert found.failed == 1
    for a, respondent in enumerate(found.respondents):
        for i, item in enumerate(found.items):
            here = rows.filter((pl.col("respondent") == respondent) & (pl.col("item") == item))
            answered = here.filter(pl.col("state") == "answered")
            assert found.count[a, i] == answered.height
            assert found.total[a, i] == pytest.approx(answered["y"].sum())
            assert found.missing[a, i] == here.filter(pl.col("state").is_in(["refused", "unparsable"])).height
    reference = rows.filter((pl.col("persona") == "default") & (pl.col("state") == "answered"))["y"]
    assert found.within_sd == pytest.approx(reference.std(), abs=1e-9)


def test_effects_of_cells_and_positions_are_generalised_least_squares() -> None:
    """In a sparse design they are the GLS of each respondent's answers with random items, by brute force, to 1e-8."""
    rows = thinned(decisions(LOADINGS, people=2, cells=3), 0.5)
    who, what = rows["respondent"].cast(pl.Categorical).to_physical().to_numpy(), rows["item"].str.slice(1).cast(pl.Int64).to_numpy()
    cell, position, y = rows["cell"].to_numpy(), rows["position"].to_numpy(), rows["y"].to_numpy()
    found = nuisance_effects(y, respondent=who, item=what, cell=cell, position=position, answered=np.ones(len(y), bool))
    for a in range(2):
        here = who == a
        columns = np.column_stack([np.ones(here.sum()), cell[here] == 1, cell[here] == 2, position[here]]).astype(float)
        inverse = np.linalg.inv(np.eye(here.sum()) + (what[here][:, None] == what[here]) / ITEM_RIDGE)
        beta = np.linalg.solve(columns.T @ inverse @ columns, columns.T @ inverse @ y[here])
        effect = columns[:, 1:] @ beta[1:]
        assert found[here] == pytest.approx(effect - effect.mean(), abs=1e-8)


def test_cells_of_a_complete_design_are_those_of_joint_least_squares() -> None:
    """Where everybody answers everything in every cell, the effects equal OLS with item dummies (statsmodels) to 1e-8."""
    rows = decisions(labels(25), people=1, cells=3)
    cell, what, y = rows["cell"].to_numpy(), rows["item"].str.slice(1).cast(pl.Int64).to_numpy(), rows["y"].to_numpy()
    none = np.full(len(y), np.nan)
    found = nuisance_effects(y, respondent=np.zeros(len(y), np.int64), item=what, cell=cell, position=none, answered=np.ones(len(y), bool))
    other = sm.OLS(y, np.hstack([np.eye(3)[cell][:, 1:], np.eye(25)[what]])).fit()
    effect = np.array([0, *other.params[:2]])
    assert found == pytest.approx((effect - effect.mean())[cell], abs=1e-8)


@pytest.mark.parametrize("keep", [1.0, 0.6])
def test_no_cell_and_position_effect_moves_a_slope(keep: float) -> None:
    """Whatever cells and positions add to the answers, each respondent's slopes stay where they were, to 1e-9."""
    rows = thinned(decisions(LOADINGS, cells=3), keep).with_columns(channel=pl.lit("mood"))
    pushed = rows.with_columns(
        y=pl.col("y") + 1.5 * (pl.col("cell") == 1) + pl.col("position") / 50 * (pl.col("persona") == "p1") - 0.5 * (pl.col("cell") == 2)
    )
    one, other = build_panel(rows, LOADINGS, "mood"), build_panel(pushed, LOADINGS, "mood")
    before, after = fit(one, absolute(one)).slopes, fit(other, absolute(other)).slopes
    assert after.theta == pytest.approx(before.theta, abs=1e-9)
    assert after.se == pytest.approx(before.se, abs=1e-9)


def test_a_constant_rater_stays_constant() -> None:
    """Effects of other respondents' cells and positions are not laid on somebody who answers everything alike."""
    rows = decisions(LOADINGS, cells=3).with_columns(y=pl.when(pl.col("persona") == "p1").then(3.0).otherwise("y"))
    found = build_panel(rows, LOADINGS)
    assert found.mean[1] == pytest.approx(3.0, abs=1e-12)


def test_what_cannot_be_folded_is_said() -> None:
    """No answers, unlabelled items, silent loadings and unknown durations are one line each."""
    rows = decisions(LOADINGS, people=1, cells=1)
    with pytest.raises(UserError, match="no decisions; there are answers on rating"):
        build_panel(rows, LOADINGS, "like")
    with pytest.raises(UserError, match="all 60 decisions were refused"):
        build_panel(rows.with_columns(state=pl.lit("refused")), LOADINGS)
    with pytest.raises(UserError, match="10 of 60 items have no loadings"):
        build_panel(rows, LOADINGS.of(LOADINGS.items[:50]))
    with pytest.raises(UserError, match="duration_s"):
        build_panel(rows.with_columns(channel=pl.lit("watch"), y=pl.col("y") / 5), LOADINGS, "watch")


def watched(people: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(fraction, duration, who): long clips are left earlier, a fifth are completed."""
    rng = np.random.default_rng(seed)
    duration = np.tile(rng.lognormal(3, 0.7, 400), people)
    seconds = rng.lognormal(2.5, 0.6, len(duration))
    return np.minimum(seconds / duration, 1.0), duration, np.repeat(np.arange(people), 400)


def test_watch_scores_do_not_follow_the_length_of_the_clip() -> None:
    """The watched share goes down with the duration (r below −.5), its scores do not (|r| below .05), with mean 0 and SD near 1."""
    fraction, duration, who = watched(1)
    scores = watch_scores(fraction, duration, who == 0)
    assert np.corrcoef(fraction, np.log(duration))[0, 1] < -0.5
    assert abs(np.corrcoef(scores, np.log(duration))[0, 1]) < 0.05
    assert abs(scores.mean()) < 0.01
    assert 0.8 < scores.std() < 1.05
    assert np.isfinite(scores).all()


def test_completed_clips_are_tied() -> None:
    """Clips of like length that were watched to the end, or nearly, get one score, the highest of their decile."""
    fraction, duration, who = watched(1)
    fraction = np.where(fraction >= 0.98, np.random.default_rng(0).uniform(0.98, 1, len(fraction)), fraction)
    scores = watch_scores(fraction, np.ones(len(duration)), who == 0)
    done = fraction >= 0.98
    assert np.ptp(scores[done]) == 0
    assert scores[done].min() > scores[~done].max()


def test_a_further_persona_changes_nobodys_watch_scores() -> None:
    """Ranks are those of the reference: adding a persona, even one that watches everything, leaves all others' scores as they were."""
    fraction, duration, who = watched(3)
    fraction = np.where(who == 2, 1.0, fraction)
    two = who < 2
    alone = watch_scores(fraction[two], duration[two], who[two] == 0)
    assert np.array_equal(alone, watch_scores(fraction, duration, who == 0)[two])


def test_watch_scores_of_a_panel_are_each_models_own() -> None:
    """In a panel neither a further persona nor a further model, however it watches, changes the scores of the others; refusals get none."""
    rows = decisions(LOADINGS, people=3, cells=1, missing=0.1).with_columns(
        channel=pl.lit("watch"),
        y=pl.col("y") / 5,
        model=pl.when(pl.col("persona") == "p2").then(pl.lit("n")).otherwise(pl.lit("m")),
        duration_s=5.0 + pl.col("item").str.slice(1).cast(pl.Int64) % 37,
        position=pl.lit(None, pl.Float64),
    )
    rows = rows.with_columns(persona=pl.when(pl.col("model") == "n").then(pl.lit("default")).otherwise("persona"))
    both = build_panel(rows, LOADINGS, "watch")
    alone = build_panel(rows.filter(pl.col("respondent") == "m/default"), LOADINGS, "watch")
    shared = [both.items.index(item) for item in alone.items]
    assert np.array_equal(alone.total[0], both.total[0, shared])
    assert (both.total[both.count == 0] == 0).all()
