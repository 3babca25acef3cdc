"""Controls: each finds what was planted for it, and stays silent where it has nothing to say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import ttest_1samp

from evals.values.controls import CONTROLS, Context, all_controls
from evals.values.controls.asking import order_effect, prompt_reliability, refusals_by_value
from evals.values.controls.channels import channel_agreement
from evals.values.controls.halves import identification, split_half
from evals.values.controls.nulls import permuted_personas, shuffled_labels, value_free
from evals.values.controls.variance import variance_shares
from evals.values.decompose import decompose
from evals.values.loadings import Loadings
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
    assert found is not None
    assert found.passed
    assert 0.02 < found.figures["share_outside"] < 0.08
    steering = usual.primary.profiles.filter(pl.col("estimand") == "steering")
    assert ((steering["low"] > 0) | (steering["high"] < 0)).mean() > 0.09


def test_personas_move_their_own_values(usual: Context) -> None:
    """The gain along the own target is near what was planted; along targets dealt out at random near a sixth of it or less."""
    found = permuted_personas(usual)
    assert found is not None
    assert found.passed
    assert found.figures["own"] == pytest.approx(0.75, abs=0.15)
    assert abs(found.figures["permuted"]) < 0.2
    wrong = {persona: {VALUES[(int(persona[1]) + 4) % 10]: 1.0} for persona in TARGETS}
    other = permuted_personas(replace(usual, targets=wrong))
    assert other is not None
    assert not other.passed


def test_a_general_manner_shows_on_value_free_items() -> None:
    """Personas that rate everything one point higher do so on items without a value, and their slopes stay."""
    x = LOADINGS.x.copy()
    x[:20] = 0
    loadings = replace(LOADINGS, x=x)
    raised = ROWS.with_columns(y=pl.col("y") + (pl.col("persona") != "default"), channel=pl.lit("mood"))
    base, moved = (context(rows.with_columns(channel=pl.lit("mood")), loadings, ("mood",)) for rows in (ROWS, raised))
    before, after = value_free(base), value_free(moved)
    assert before is not None
    assert after is not None
    assert after.figures["items"] == int((~x.any(axis=1)).sum())
    assert after.figures["median_free"] - before.figures["median_free"] == pytest.approx(1.0, abs=1e-9)
    assert moved.primary.fits["steering"].theta == pytest.approx(base.primary.fits["steering"].theta, abs=1e-9)


def test_items_of_a_value_left_out_are_not_value_free() -> None:
    """Items that carry only a value that screening took out do not count as free of values."""
    x = LOADINGS.x.copy()
    x[:20] = 0
    tangled = replace(LOADINGS, x=np.hstack([x[:, [0]], x[:, [0]], x[:, 2:]]))
    found = value_free(context(loadings=tangled))
    assert found is not None
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
        assert found is not None
        assert found.passed is not unequal
        assert ("PO" in found.finding) is unequal
        assert found.figures["lost"] == rows.filter(pl.col("state") == "refused").height
    assert refusals_by_value(context()) is not None


def test_the_order_of_the_options_is_a_paired_t_over_items(usual: Context) -> None:
    """Half a point on reversed options comes out, with SciPy's interval over the items' differences; not asked twice, not told."""
    rows = ROWS.with_columns(order=pl.col("cell"), y=pl.col("y") + 0.5 * pl.col("cell"), channel=pl.lit("mood"))
    found = order_effect(context(rows, channels=("mood",)))
    assert found is not None
    assert found.passed is False
    assert found.figures["difference"] == pytest.approx(0.5, abs=0.1)
    pivot = rows.group_by("item", "cell").agg(pl.col("y").mean()).pivot(on="cell", index="item", values="y")
    bounds = ttest_1samp((pivot["1"] - pivot["0"]).to_numpy(), 0).confidence_interval(0.95)
    assert (found.figures["low"], found.figures["high"]) == pytest.approx((bounds.low, bounds.high))
    assert order_effect(usual) is None


def test_cells_that_agree_have_a_high_icc(usual: Context) -> None:
    """The mean of the cells is more reliable than one, and both lie in (0, 1)."""
    found = prompt_reliability(usual)
    assert found is not None
    assert 0 < found.figures["icc_one"] < found.figures["icc_mean"] < 1


def test_halves_of_the_items_agree_on_what_was_planted(usual: Context) -> None:
    """Split half is positive and stepped up by Spearman–Brown; strong personas are told apart on other videos, pure noise is not."""
    found = split_half(usual)
    assert found is not None
    half, full = found.figures["half"], found.figures["full"]
    assert half > 0.2
    assert full == pytest.approx(2 * half / (1 + half))
    strong = identification(context(decisions(LOADINGS, people=7, cells=4, effect=2.0)))
    assert strong is not None
    assert strong.passed
    noise = identification(context(decisions(LOADINGS, people=7, cells=1, effect=0.0, seed=3)))
    assert noise is not None
    assert not noise.passed


def test_channels_agree_where_they_carry_the_same() -> None:
    """Likes made from the ratings give steering effects that correlate with those of the ratings."""
    likes = ROWS.with_columns(channel=pl.lit("like"), y=(pl.col("y") >= 3).cast(pl.Float64))
    found = channel_agreement(context(pl.concat([ROWS, likes]), channels=("rating", "like")))
    assert found is not None
    assert found.figures["like"] > 0.6


def test_shares_of_variance_are_those_planted() -> None:
    """Item .36, respondent × item .25 and residual .64 come out within .06."""
    rng, (a, n, r) = np.random.default_rng(0), (6, 400, 4)
    loadings = labels(n)
    rows = decisions(loadings, people=a, cells=r).with_columns(position=pl.lit(None, pl.Float64), channel=pl.lit("mood"))
    y = rng.normal(0, 0.6, n)[None, :, None] + rng.normal(0, 0.5, (a, n))[:, :, None] + rng.normal(0, 0.8, (a, n, r))
    found = variance_shares(context(rows.with_columns(y=pl.Series(y.reshape(-1))), loadings, ("mood",)))
    assert found is not None
    assert found.table is not None
    variance = dict(found.table.select("source", "variance").iter_rows())
    assert variance["item"] == pytest.approx(0.36, abs=0.06)
    assert variance["respondent × item"] == pytest.approx(0.25, abs=0.06)
    assert variance["wording and noise"] == pytest.approx(0.64, abs=0.06)
    assert sum(found.table["share"]) == pytest.approx(1)


def test_every_control_is_the_same_alone_and_among_others(usual: Context) -> None:
    """Controls draw from the same seed each: their order changes nothing; no sentence holds a number that is none."""
    together = {control.name: control.finding for control in all_controls(usual)}
    for build in CONTROLS:
        alone = build(usual)
        assert alone is None or together[alone.name] == alone.finding
    assert not any("nan" in finding.split() or "inf" in finding.split() for finding in together.values())
    assert len(together) >= 9
