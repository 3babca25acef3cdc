"""Bounds for refused answers against every filling of a small table."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import polars as pl
import pytest

from evals.values.bounds import slope_bounds
from evals.values.estimator_a import Outcome, absolute, common, fit, relative, steering
from evals.values.panel import Panel, build_panel
from tests.evals.values.simulating import decisions, labels, panel

BUILDERS = (absolute, common, steering, relative)
NONE = pl.lit(None, pl.Float64)


def test_bounds_are_those_of_the_worst_and_best_filling() -> None:
    """Over all 64 corner fillings of six refusals, the least and greatest slope of every estimand are exactly the bounds."""
    loadings = labels(16, values=("SD", "ST"), seed=2)
    rows = decisions(loadings, people=2, cells=1).with_columns(position=NONE)
    lost = np.array([1, 4, 9, 17, 20, 30])
    refused = pl.int_range(pl.len()).is_in(lost)
    asked = rows.with_columns(
        y=pl.when(refused).then(NONE).otherwise("y"), state=pl.when(refused).then(pl.lit("refused")).otherwise("state")
    )
    found = build_panel(asked, loadings)
    for build in BUILDERS:
        outcome = build(found)
        assert outcome is not None
        bounds = slope_bounds(found, outcome)
        assert bounds is not None
        slopes = []
        for filling in product([0.0, 5.0], repeat=len(lost)):
            y = rows["y"].to_numpy().copy()
            y[lost] = filling
            full = build_panel(rows.with_columns(y=pl.Series(y)), loadings)
            same = build(full)
            assert same is not None
            slopes.append(fit(full, same).slopes.theta)
        assert bounds[0] == pytest.approx(np.min(slopes, axis=0), abs=1e-9)
        assert bounds[1] == pytest.approx(np.max(slopes, axis=0), abs=1e-9)


def test_one_end_everywhere_does_not_bound() -> None:
    """Filling all refusals with the top, or all with the bottom, leaves most slopes strictly inside the bounds."""
    found = panel(80, missing=0.15, cells=1)
    bounds = slope_bounds(found, absolute(found))
    assert bounds is not None
    for end in found.scale:
        filled = np.where(found.count > 0, found.mean, end)
        theta = np.stack([np.linalg.lstsq(found.design.seen, row, rcond=None)[0][1:11] for row in filled])
        assert ((bounds[0] < theta - 1e-6) & (theta + 1e-6 < bounds[1])).mean() > 0.9


@pytest.mark.parametrize("topics", [False, True])
@pytest.mark.parametrize("channel", ["rating", "mood"])
def test_bounds_hold_the_estimate_and_that_of_the_full_data(channel: str, topics: bool) -> None:
    """With a tenth refused, in cells and positions that matter, both the estimate and what all answers would have given lie inside."""
    loadings = labels(100, topic=tuple(f"t{number % 12}" for number in range(100)) if topics else None)
    push = pl.col("item").str.slice(1).cast(pl.Int64) % 12 / 6 - 1
    rows = decisions(loadings, cells=2).with_columns(
        y=(pl.col("y") + 0.3 * pl.col("cell") + pl.col("position") / 200 + push).clip(0, 5), channel=pl.lit(channel)
    )
    lost = pl.Series(np.random.default_rng(0).random(rows.height) < 0.1)
    less = rows.with_columns(y=pl.when(lost).then(NONE).otherwise("y"), state=pl.when(lost).then(pl.lit("refused")).otherwise("state"))
    full, found = build_panel(rows, loadings, channel), build_panel(less, loadings, channel)
    for build in BUILDERS:
        one, other = build(found), build(full)
        assert one is not None
        assert other is not None
        bounds = slope_bounds(found, one)
        assert bounds is not None
        for theta in (fit(found, one).slopes.theta, fit(full, other).slopes.theta):
            assert (bounds[0] <= theta).all()
            assert (theta <= bounds[1]).all()


@pytest.mark.parametrize("build", [absolute, steering])
def test_with_topics_a_single_refusal_bounds_narrowly(build: Callable[[Panel], Outcome | None]) -> None:
    """With topics of weight, the bounds for one refusal hold the estimate and are close: they are those of the same estimator."""
    topic = tuple(f"t{number % 12}" for number in range(100))
    loadings = labels(100, topic=topic)
    own = pl.col("item").str.slice(1).cast(pl.Int64) % 12 * (pl.col("persona") != "default")
    rows = decisions(loadings, cells=2).with_columns(y=pl.col("y") + own / 4, channel=pl.lit("mood"), position=NONE)
    lost = (pl.col("item") == "i007") & (pl.col("cell") == 1) & pl.col("persona").is_in(["default", "p1"])
    less = rows.with_columns(y=pl.when(lost).then(NONE).otherwise("y"), state=pl.when(lost).then(pl.lit("refused")).otherwise("state"))
    found = build_panel(less, loadings, "mood")
    outcome = build(found)
    assert outcome is not None
    bounds, row = slope_bounds(found, outcome), outcome.names.index("m/p1")
    theta = fit(found, outcome).slopes.theta[row]
    assert bounds is not None
    assert (bounds[0][row] <= theta).all()
    assert (theta <= bounds[1][row]).all()
    assert (bounds[1][row] - bounds[0][row]).max() < 0.6


def test_without_refusals_there_is_nothing_to_bound() -> None:
    """Complete answers have no bounds."""
    found = panel(60)
    assert slope_bounds(found, absolute(found)) is None
