"""Controls: each finds what was planted for it, and says why where it has nothing to say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import ttest_1samp

from evals.values.controls import CONTROLS, Context, all_controls
from evals.values.controls.asking import order_effect, prompt_reliability, wording_effect
from evals.values.controls.channels import channel_agreement
from evals.values.controls.deals import deal, jackknifed, members
from evals.values.controls.halves import identification, split_half
from evals.values.controls.nulls import permuted_personas, shuffled_labels, value_free
from evals.values.controls.refusals import refusals_by_value
from evals.values.decompose import decompose
from evals.values.loadings import Loadings
from evals.values.regression import slopes
from personas.schwartz import VALUES
from tests.evals.values.simulating import decisions, labels

LOADINGS = labels(120)
ROWS = decisions(LOADINGS, people=7, cells=2)
TARGETS = {f"p{number}": {VALUES[number - 1]: 1.0} for number in range(1, 7)}


def context(rows: pl.DataFrame = ROWS, loadings: Loadings = LOADINGS, channels: tuple[str, ...] = ("rating",), **more: Any) -> Context:
    """What the controls look at, for these decisions."""
    found = {channel: decompose(rows, loadings, channel=channel) for channel in channels}
    return Context(rows, found, TARGETS, **{"shuffles": 60, **more})


@pytest.fixture(scope="module")
def usual() -> Context:
    """Seven respondents of one model who play six targets."""
    return context()


def test_shuffled_labels_are_null_and_true_ones_are_not(usual: Context) -> None:
    """Deals of the loadings leave about 5 % of the intervals without zero; the true loadings nearly twice as many or more."""
    found = shuffled_labels(usual)
    assert found.passed
    assert 0.02 < found.figures["share_outside"] < 0.08
    steering = usual.primary.profiles.filter(pl.col("estimand") == "steering")
    assert ((steering["low"] > 0) | (steering["high"] < 0)).to_numpy().mean() > 0.09


def test_personas_move_their_own_values(usual: Context) -> None:
    """The gain along the own target is near what was planted; along targets dealt out at random near a sixth of it or less."""
    found = permuted_personas(usual)
    assert found.passed
    assert found.figures["own"] == pytest.approx(0.75, abs=0.15)
    assert abs(found.figures["permuted"]) < 0.2
    wrong = {persona: {VALUES[(int(persona[1]) + 4) % 10]: 1.0} for persona in TARGETS}
    other = permuted_personas(replace(usual, targets=wrong))
    assert not other.passed


def test_a_general_manner_shows_on_value_free_items() -> None:
    """Personas that rate everything one point higher do so on items without a value, and their slopes stay."""
    x = LOADINGS.x.copy()
    x[:20] = 0
    loadings = replace(LOADINGS, x=x)
    raised = ROWS.with_columns(y=pl.col("y") + (pl.col("persona") != "default"), channel=pl.lit("mood"))
    base, moved = (context(rows.with_columns(channel=pl.lit("mood")), loadings, ("mood",)) for rows in (ROWS, raised))
    before, after = value_free(base), value_free(moved)
    assert after.figures["items"] == int((~x.any(axis=1)).sum())
    assert after.figures["median_free"] - before.figures["median_free"] == pytest.approx(1.0, abs=1e-9)
    assert moved.primary.fits["steering"].theta == pytest.approx(base.primary.fits["steering"].theta, abs=1e-9)


def test_items_of_a_value_left_out_are_not_value_free() -> None:
    """Items that carry only a value that screening took out do not count as free of values."""
    x = LOADINGS.x.copy()
    x[:20] = 0
    tangled = replace(LOADINGS, x=np.hstack([x[:, [0]], x[:, [0]], x[:, 2:]]))
    found = value_free(context(loadings=tangled))
    assert found.figures["items"] == int((~tangled.x.any(axis=1)).sum())


def test_refusals_that_follow_a_value_are_found() -> None:
    """Refusing half of what promotes Power is named; refusing one in twenty of everything is not."""
    power = pl.col("item").is_in([item for item, x in zip(LOADINGS.items, LOADINGS.x, strict=True) if x[4] > 0])
    number = pl.int_range(pl.len()) * 7919 % 97 / 97
    for lost, unequal in ((power & (number < 0.5), True), (number < 0.05, False)):
        rows = ROWS.with_columns(
            y=pl.when(lost).then(pl.lit(None, pl.Float64)).otherwise("y"),
            state=pl.when(lost).then(pl.lit("refused")).otherwise("state"),
        )
        found = refusals_by_value(context(rows))
        assert found.passed is not unequal
        assert ("PO" in found.finding) is unequal
        assert found.figures["lost"] == rows.filter(pl.col("state") == "refused").height
    assert refusals_by_value(context()).figures["lost"] == 0


def test_the_order_of_the_options_is_a_paired_t_over_items(usual: Context) -> None:
    """Half a point on reversed options comes out, with SciPy's interval over the items' differences; not asked twice, not told."""
    rows = ROWS.with_columns(order=pl.col("cell"), y=pl.col("y") + 0.5 * pl.col("cell"), channel=pl.lit("mood"))
    found = order_effect(context(rows, channels=("mood",)))
    assert found.passed is False
    assert found.figures["difference"] == pytest.approx(0.5, abs=0.1)
    pivot = rows.group_by("item", "cell").agg(pl.col("y").mean()).pivot(on="cell", index="item", values="y")
    bounds = ttest_1samp((pivot["1"] - pivot["0"]).to_numpy(), 0).confidence_interval(0.95)
    assert (found.figures["low"], found.figures["high"]) == pytest.approx((bounds.low, bounds.high))
    assert order_effect(usual).finding.startswith("Not computed: needs answers in both orders")


def test_cells_that_agree_have_a_high_icc(usual: Context) -> None:
    """The mean of the cells is more reliable than one, and both lie in (0, 1)."""
    found = prompt_reliability(usual)
    assert 0 < found.figures["icc_one"] < found.figures["icc_mean"] < 1


def test_halves_of_the_items_agree_on_what_was_planted(usual: Context) -> None:
    """Split half is positive and stepped up by Spearman–Brown; strong personas are told apart on other videos, pure noise is not."""
    found = split_half(usual)
    half, full = found.figures["half"], found.figures["full"]
    assert half > 0.2
    assert full == pytest.approx(2 * half / (1 + half))
    strong = identification(context(decisions(LOADINGS, people=7, cells=4, effect=2.0)))
    assert strong.passed
    noise = identification(context(decisions(LOADINGS, people=7, cells=1, effect=0.0, seed=3)))
    assert not noise.passed


def test_channels_agree_where_they_carry_the_same() -> None:
    """Likes made from the ratings give steering effects that correlate with those of the ratings."""
    likes = ROWS.with_columns(channel=pl.lit("like"), y=(pl.col("y") >= 3).cast(pl.Float64))
    found = channel_agreement(context(pl.concat([ROWS, likes]), channels=("rating", "like")))
    assert found.figures["like"] > 0.6


def test_wordings_are_compared_with_an_interval_that_holds_for_the_largest_difference() -> None:
    """Half a point on the third of three wordings, each of two orders, comes out with low < .5 < high; equal wordings are alike."""
    rows = decisions(LOADINGS, people=3, cells=6).with_columns(position=pl.lit(None, pl.Float64), channel=pl.lit("mood"))
    moved = wording_effect(context(rows.with_columns(y=pl.col("y") + 0.5 * (pl.col("cell") >= 4)), channels=("mood",)))
    assert moved.passed is False
    assert moved.figures["wordings"] == 3
    assert 0.3 < moved.figures["low"] < 0.5 < moved.figures["high"] < 0.7
    means = rows.group_by("item", wording=pl.col("cell") // 2).agg(pl.col("y").mean()).pivot(on="wording", index="item", values="y")
    bounds = ttest_1samp((means["1"] - means["0"]).to_numpy(), 0).confidence_interval(1 - 0.05 / 3)
    assert moved.table is not None
    assert moved.table.select("low", "high").row(0) == pytest.approx((bounds.low, bounds.high))
    mirrored = wording_effect(context(rows.with_columns(y=5 - pl.col("y") - 0.5 * (pl.col("cell") >= 4)), channels=("mood",)))
    assert mirrored.figures == pytest.approx(moved.figures)
    alike = wording_effect(context(rows, channels=("mood",)))
    assert alike.passed
    assert alike.figures["low"] == 0
    constant = wording_effect(context(rows.with_columns(y=pl.col("y").first().over("respondent", "item")), channels=("mood",)))
    assert constant.passed
    assert constant.figures["difference"] == 0
    one = wording_effect(context(rows.filter(pl.col("cell") < 2), channels=("mood",)))
    assert one.finding == "Not computed: needs 2 wordings of the prompt; here 1."


def test_the_fast_jackknife_is_the_slow_one() -> None:
    """Slopes, errors and degrees of freedom are those of `regression.slopes`, with clusters of several sizes and gaps."""
    rng = np.random.default_rng(0)
    panel = context(ROWS.with_columns(cluster=pl.when(pl.col("item") < "i050").then(pl.col("item").str.slice(0, 3)))).primary.panel
    weights = rng.integers(0, 3, panel.count.shape).astype(float)
    weights[0] = 1
    weights[1, 15:] = 0
    slow = slopes(panel.design, panel.mean, weights)
    theta, se, df = jackknifed(panel.design, panel.mean, weights)
    assert sorted(one.shape for one in members(panel.design.cluster)) == [(5, 10), (70, 1)]
    assert np.isnan(theta[1]).all()
    assert theta == pytest.approx(slow.theta, nan_ok=True)
    assert se == pytest.approx(slow.se, nan_ok=True)
    assert df == pytest.approx(slow.effective)


def test_deals_keep_clusters_and_topics_together() -> None:
    """A deal is a permutation; twins stay twins; with topics of one size each goes to one other as a whole."""
    rng = np.random.default_rng(0)
    cluster = np.array([0, 0, 1, 1, 2, 3, 4, 5])
    found = deal(members(cluster), None, rng)
    assert sorted(found) == list(range(8))
    assert {cluster[found[0]], cluster[found[2]]} == {0, 1}
    assert cluster[found[0]] == cluster[found[1]]
    topic = np.arange(60) % 10
    dealt = topic[deal(members(np.arange(60)), topic, rng)]
    assert all(len(set(dealt[topic == one])) == 1 for one in range(10))
    assert not np.array_equal(dealt, topic)


def test_topics_that_intervals_leave_out_are_found_by_shuffling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where answers and loadings go with topics, intervals that hold topics pass, and those that do not fail."""
    rng, topic = np.random.default_rng(1), np.arange(120) % 24
    x = np.where(rng.random((120, 10)) < 0.7, rng.choice([0, 0, 0, 1.0], (24, 10))[topic], LOADINGS.x)
    loadings = replace(LOADINGS, x=x, topic=tuple(f"t{one}" for one in topic))
    shared = rng.normal(0, 1.0, (7, 24))[:, topic]
    y = ROWS["y"].to_numpy().reshape(7, 120, 2) + shared[:, :, None]
    looked = context(ROWS.with_columns(y=pl.Series(y.reshape(-1)), channel=pl.lit("mood")), loadings, ("mood",))
    assert shuffled_labels(looked).passed
    monkeypatch.setattr("evals.values.controls.nulls.topic_effect", lambda *_: None)
    assert shuffled_labels(looked).passed is False


def test_likes_are_controlled_as_linear_probabilities() -> None:
    """With likes alone the controls of the items, personas, prompts and variance run; those of slopes say what they are."""
    rows = ROWS.with_columns(channel=pl.lit("like"), y=(pl.col("y") >= 3).cast(pl.Float64))
    found = {control.name: control for control in all_controls(context(rows, channels=("like",)))}
    silent = {name for name, control in found.items() if control.finding.startswith("Not computed")}
    assert silent == {
        "level and ends of the scale",
        "order of the options",
        "wording of the prompt",
        "agreement on the labels",
        "agreement of the channels",
    }
    probability = {name for name, control in found.items() if "linear probability" in control.finding}
    assert probability == set(found) - silent - {"permuted personas", "refusals by value"}
    assert found["shuffled labels"].passed
    assert found["permuted personas"].passed


def test_every_control_says_why_where_there_is_nothing() -> None:
    """One respondent asked once shows every control by name, those that need more with what they need."""
    alone = ROWS.filter((pl.col("persona") == "default") & (pl.col("cell") == 0))
    found = all_controls(context(alone))
    assert [control.name for control in found] == [control.name for control in all_controls(context())]
    told = {control.name: control.finding for control in found if control.finding.startswith("Not computed: ")}
    assert told["agreement of the prompts"] == "Not computed: needs 2 prompt cells; here 1."
    assert told["value-free items"] == "Not computed: needs two respondents to compare."
    assert {"permuted personas", "identification", "shares of variance", "level and ends of the scale"} <= set(told)
    assert all(control.passed is None for control in found if control.name in told)


def test_every_control_is_the_same_alone_and_among_others(usual: Context) -> None:
    """Controls draw from the same seed each: their order changes nothing; no sentence holds a number that is none."""
    together = {control.name: control.finding for control in all_controls(usual)}
    for build in CONTROLS:
        alone = build(usual)
        assert together[alone.name] == alone.finding
    assert not any("nan" in finding.split() or "inf" in finding.split() for finding in together.values())
    assert len(together) == len(CONTROLS)
