"""`analyse`: channels, personas, conclusions and caveats."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from evals.values.analysis import analyse
from evals.values.findings import Analysis
from evals.values.results import all_profiles, as_data, as_json, plain
from evals.values.studies import Study
from personas.schwartz import VALUES
from tests.evals.values.simulating import decisions, labels

LOADINGS = labels(150)
ROWS = decisions(LOADINGS, people=4, cells=2)
LIKES = ROWS.with_columns(channel=pl.lit("like"), y=(pl.col("y") >= 3).cast(pl.Float64))
TARGETS = {"p1": {"SD": 1.0}, "p2": {"ST": 1.0}, "p3": {"PO": 1.0}}


@pytest.fixture(scope="module")
def found() -> Analysis:
    """Ratings and likes of three personas; p3 has a target that it does not follow, for Hedonism was planted."""
    return analyse(Study(pl.concat([ROWS, LIKES]), LOADINGS, TARGETS), command="python -m evals.values table.parquet")


def test_the_primary_channel_comes_first(found: Analysis) -> None:
    """Ratings come before likes; another one can be asked for; profiles are those of all channels."""
    assert list(found.decompositions) == ["rating", "like"]
    likes = analyse(Study(pl.concat([ROWS, LIKES]), LOADINGS, {}), channel="like")
    assert likes.primary.channel == "like"
    assert set(all_profiles(found)["channel"]) == {"rating", "like"}


def test_personas_are_judged_by_their_targets(found: Analysis) -> None:
    """Those that follow gain along their target, with the interval above zero; who follows another value does not, and is told so."""
    first, second, third = found.personas
    for one in (first, second):
        assert one.gain is not None
        assert one.gain.low is not None
        assert one.gain.low > 0
        assert one.verdict.endswith("As meant.")
    assert third.gain is not None
    assert third.gain.low is not None
    assert third.gain.low < 0.2
    assert third.off_target == ("HE",)
    assert "Of its target, 0 of 1 moved the way meant." in third.verdict
    assert "2 of 3 personas with a target moved" in found.conclusions[0]


def test_a_target_that_falls_is_not_steered() -> None:
    """Where everything falls and the target falls least, the gain along it is above zero; it is not counted, and the conclusion says so."""
    fall = dict(zip(LOADINGS.items, LOADINGS.x @ np.where(np.arange(10) == 2, -0.6, -1.6), strict=True))
    push = pl.Series([fall[item] for item in ROWS["item"]]) * (ROWS["persona"] == "p1")
    rows = ROWS.filter(pl.col("persona").is_in(["default", "p1"])).with_columns(channel=pl.lit("mood"))
    moved = rows.with_columns(y=pl.col("y") + push.filter(ROWS["persona"].is_in(["default", "p1"])))
    found = analyse(Study(moved, LOADINGS, {"p1": {"HE": 1.0, "SD": 0.2}}), channel="mood")
    one = found.personas[0]
    assert one.gain is not None
    assert one.gain.low is not None
    assert one.gain.low > 0
    assert one.called
    assert one.against == ("HE",)
    assert not one.steered
    assert found.conclusions[0].startswith("0 of 1 ")
    assert "Of 1, a main value of the target moved the other way" in found.conclusions[0]


def test_personas_are_judged_as_a_group() -> None:
    """With five personas the conclusions give their mean gain along their own targets beside that along each other's; with three not."""
    targets = {f"p{number}": {VALUES[number - 1]: 1.0} for number in range(1, 6)}
    found = analyse(Study(decisions(LOADINGS, people=6), LOADINGS, targets))
    figures = next(one.figures for one in found.controls if one.name == "permuted personas")
    assert found.conclusions[1].startswith(f"Together, 5 personas move {figures['own']:+.2f} along their own targets")
    assert figures["own"] > 0.5 > abs(figures["permuted"]) + 0.2
    few = analyse(Study(ROWS, LOADINGS, TARGETS))
    assert not any(sentence.startswith("Together") for sentence in few.conclusions)


def test_the_sd_unit_is_stored(found: Analysis) -> None:
    """Provenance and data hold the SD that the columns of the profiles are divided by."""
    sd = found.primary.panel.within_sd
    assert found.provenance["within_sd"] == {"rating": sd}
    assert as_data(found)["channels"]["rating"]["within_sd"] == sd


def test_what_is_not_identified_is_said(found: Analysis) -> None:
    """Caveats say that common preferences rest on covariates, that there are none here, and whose values these are not."""
    told = " ".join(found.caveats)
    assert "not values that a model holds" in told
    assert "not identified by the design" in told
    assert "There are no item covariates" in told


def test_a_channel_without_result_is_said() -> None:
    """Likes that are all 0 beside ratings leave the ratings as they are, and a sentence."""
    none = LIKES.with_columns(y=pl.lit(0.0))
    found = analyse(Study(pl.concat([ROWS, none]), LOADINGS, {}))
    assert list(found.decompositions) == ["rating"]
    assert any(caveat.startswith("There is nothing on like:") for caveat in found.caveats)


def test_structure_needs_full_profiles(found: Analysis) -> None:
    """With few respondents, or only personas of one value, the circle is not tested, in a sentence."""
    assert not found.structure["enough"]
    alone = analyse(Study(ROWS.filter(pl.col("persona") != "default"), LOADINGS, TARGETS))
    assert "full profile" in alone.structure["sentence"], alone.structure


def test_what_was_shown_is_counted(found: Analysis) -> None:
    """One row a respondent, with its answers by state."""
    assert found.shown["shown"].to_list() == [300] * 4
    assert found.shown["answered"].to_list() == [300] * 4


def test_results_are_json_without_holes(found: Analysis) -> None:
    """Everything goes into strict JSON; the profiles in it are those of the tables, and numbers that do not exist are null."""
    data = json.loads(as_json(as_data(found)))
    assert len(data["profiles"]) == all_profiles(found).height
    assert data["channels"]["rating"]["answered"] == 1200
    assert data["command"] == "python -m evals.values table.parquet"
    assert plain({"a": float("nan"), "b": (1, float("inf"))}) == {"a": None, "b": [1, None]}
