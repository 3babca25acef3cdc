"""Whole fits: agreement with estimator A on planted personas, and the closed gate."""

import numpy as np
import polars as pl
import pytest

pytest.importorskip("numpyro", reason="the extra `bayes` is not installed")

from evals.values.decisions import read_decisions
from evals.values.estimator_b import fit_bayes
from evals.values.estimator_b.sampling import draw
from evals.values.panel import build_panel
from evals.values.regression import slopes
from personas.errors import UserError
from tests.evals.values.estimator_b.planting import planted


@pytest.fixture(scope="module")
def study():
    return planted(values=("SD", "PO", "SE", "UN"), items=90, twins=10)


@pytest.fixture(scope="module")
def fit(study):
    return fit_bayes(*study, chains=2, warmup=250, draws=2000, target_accept=0.8, seed=1)


def profile(fit, estimand):
    """(respondents, (K, V)) of one estimand."""
    rows = fit.profiles.filter(pl.col("estimand") == estimand)
    return rows["respondent"].unique(maintain_order=True).to_list(), rows["estimate"].to_numpy().reshape(-1, len(fit.values))


def test_the_gate_opens_for_chains_that_agree(fit):
    """Enough warm-up and draws: R-hat, ESS and divergences are within the limits, and the sentence says so."""
    assert fit.usable, fit.sentence
    assert fit.sentence.startswith("The chains agree: largest R-hat 1.0")


def test_steering_agrees_with_estimator_a(study, fit):
    """B's steering, in scale points, lies within .18 (RMS) of A's and correlates at .95 or more, twins among the items.

    Both are largest, and positive, at each persona's target.

    A logit is √3/π residual SDs of the latent answer: here √(.72 + 1/12) · √3/π = .49 points.
    """
    decisions, loadings = study
    panel = build_panel(read_decisions(decisions), loadings)
    theta = slopes(panel.design, panel.mean, panel.count).theta
    names, b = profile(fit, "steering")
    row = {name: theta[number] for number, name in enumerate(panel.respondents)}
    a = np.stack([row[name] - row[f"{name.split()[0]} default"] for name in names])
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] >= 0.95
    assert np.sqrt(np.mean((a - (0.72 + 1 / 12) ** 0.5 * 3**0.5 / np.pi * b) ** 2)) < 0.18
    targets = [name.split()[1] for name in names]
    for profiles in (a, b):
        assert [fit.values[top] for top in profiles.argmax(axis=1)] == targets
        assert (profiles.max(axis=1) > 0).all()


def test_intervals_hold_the_estimates_and_find_the_targets(fit):
    """Every interval holds its estimate; those of the targets' steering lie above zero; tables hold no NaN."""
    rows = fit.profiles
    assert ((rows["low"] < rows["estimate"]) & (rows["estimate"] < rows["high"])).all()
    steered = rows.filter((pl.col("estimand") == "steering") & (pl.col("respondent").str.ends_with(pl.col("value"))))
    assert len(steered) == 6
    assert (steered["low"] > 0).all()
    assert rows.select(pl.col("estimate", "low", "high", "se").is_finite().all()).row(0) == (True,) * 4


def test_rows_have_the_columns_of_estimator_a(fit):
    """The table begins with the columns of estimator A's profiles, in their order, and says unit, method and n."""
    assert fit.profiles.columns[:8] == ["respondent", "value", "estimand", "estimate", "low", "high", "method", "n"]
    assert fit.profiles["method"].unique().to_list() == ["B: hierarchical ordered logit, 95 % credible interval, 2 × 2000 draws"]
    assert fit.profiles["unit"].unique().to_list() == ["logit per unit loading"]
    assert fit.profiles.group_by("estimand").len().sort("estimand").rows() == [("absolute", 32), ("priority", 32), ("steering", 24)]
    assert fit.profiles["n"].unique().to_list() == [90]


def test_priorities_sum_to_zero_over_values(fit):
    """The priority is the slope minus the respondent's mean slope."""
    names, priority = profile(fit, "priority")
    again, absolute = profile(fit, "absolute")
    assert names == again
    np.testing.assert_allclose(priority, absolute - absolute.mean(axis=1, keepdims=True), atol=1e-10)


def test_numbers_of_chains_that_do_not_agree_are_not_shown(capfd):
    """After too few warm-up steps every way to a number raises one line; nothing is printed."""
    decisions, loadings = planted(values=("SD", "PO", "UN"), models=1, targets=(), items=40, channel="like")
    short = fit_bayes(decisions, loadings, channel="like", chains=2, warmup=2, draws=20, seed=3)
    assert not short.usable
    assert "none of its numbers are shown" in short.sentence
    for number in ("profiles", "theta"):
        with pytest.raises(UserError, match="did not converge"):
            getattr(short, number)
    assert capfd.readouterr() == ("", "")


def test_the_seed_decides_what_is_drawn():
    """Equal seeds give equal draws in float64, whatever the threads do; chains differ from each other, and so do seeds."""
    numpyro, dist = pytest.importorskip("numpyro"), pytest.importorskip("numpyro.distributions")

    def model():
        numpyro.sample("theta", dist.Normal(1, 2))

    one, again, other = (draw(model, chains=2, warmup=50, draws=50, seed=seed).sites["theta"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert one.dtype == np.float64 and (one[0] != one[1]).any() and (one != other).any()


def test_too_few_chains_are_refused():
    """One chain cannot be compared with another."""
    with pytest.raises(UserError, match="at least 2 chains"):
        fit_bayes(*planted(items=20), chains=1)
