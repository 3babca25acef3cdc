"""Level and ends of the scale: a pure shift that runs into an end looks like steering, and the control names it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from evals.values.controls import Context
from evals.values.controls.level import level_and_ends
from evals.values.decompose import decompose
from tests.evals.values.simulating import labels

LOADINGS = labels(400)
SHIFTS = {"default": 0.0, "warm": 0.1, "keen": 1.5, "sour": -1.0}


def ratings(mean: float) -> pl.DataFrame:
    """A model that likes the first value whose personas shift its level and nothing else."""
    rng = np.random.default_rng(0)
    own = mean + 0.8 * LOADINGS.x[:, 0] + rng.normal(0, 0.6, 400)
    frames = []
    for persona, shift in SHIFTS.items():
        y = np.clip(np.rint(own[:, None] + shift + rng.normal(0, 0.9, (400, 6))), 0, 5)
        item, cell = (axis.reshape(-1) for axis in np.indices(y.shape))
        frames.append(
            pl.DataFrame({"persona": persona, "item": np.array(LOADINGS.items)[item], "cell": cell, "y": y.reshape(-1)}).with_columns(
                respondent=pl.concat_str(pl.lit("m/"), "persona"), model=pl.lit("m"), channel=pl.lit("rating"), state=pl.lit("answered")
            )
        )
    return pl.concat(frames)


def context(rows: pl.DataFrame, channel: str = "rating") -> Context:
    """What the control looks at."""
    return Context(rows, {channel: decompose(rows, LOADINGS, channel=channel)}, {})


def test_a_shift_into_an_end_is_named_and_does_look_like_steering() -> None:
    """Near the top keen loses over .2 of the slope of .8 that it shares with default, and is named; warm and sour are not."""
    looked = context(ratings(3.5))
    found = level_and_ends(looked)
    assert found.passed is False
    assert "gains of m/keen with care" in found.finding
    assert found.table is not None
    assert found.table.height == 3
    rows = {row["respondent"]: row for row in found.table.iter_rows(named=True)}
    assert [name for name, row in rows.items() if row["needs_care"]] == ["m/keen"]
    assert rows["m/keen"]["highest"] > 0.5
    assert rows["m/sour"]["shift_sd"] == pytest.approx(-0.8, abs=0.15)
    steering = looked.primary.profiles.filter(
        (pl.col("estimand") == "steering") & (pl.col("respondent") == "m/keen") & (pl.col("value") == LOADINGS.values[0])
    )
    assert steering["high"][0] < -0.2


def test_shares_are_those_of_the_answers() -> None:
    """Lowest and highest are shares of 0 and 5 among the answers, of the persona and of its reference."""
    rows = ratings(2.5)
    table = level_and_ends(context(rows)).table
    assert table is not None
    share = dict(rows.group_by("persona").agg((pl.col("y") == 5).mean()).iter_rows())
    row = table.filter(pl.col("respondent") == "m/keen").row(0, named=True)
    assert row["highest"] == pytest.approx(share["keen"])
    assert row["reference_highest"] == pytest.approx(share["default"])


def test_a_middle_level_leaves_room_and_leaving_an_end_does_not() -> None:
    """A shift of −1 from the middle passes; the same from where over a quarter of the reference's answers are at the top does not."""
    calm = ratings(2.5).filter(pl.col("persona").is_in(["default", "sour"]))
    assert level_and_ends(context(calm)).passed
    high = ratings(4.3).filter(pl.col("persona").is_in(["default", "sour"]))
    found = level_and_ends(context(high))
    assert found.passed is False
    assert found.figures["needs_care"] == 1


def test_it_says_where_it_does_not_apply() -> None:
    """Likes have no ends; a scale that is not known has none either; without a reference there is no shift."""
    rows = ratings(2.5)
    liked = rows.with_columns(channel=pl.lit("like"), y=(pl.col("y") >= 3).cast(pl.Float64))
    assert "no ends" in level_and_ends(context(liked, "like")).finding
    assert "not known" in level_and_ends(context(rows.with_columns(channel=pl.lit("mood")), "mood")).finding
    assert "needs a persona beside" in level_and_ends(context(rows.filter(pl.col("persona") == "default"))).finding
