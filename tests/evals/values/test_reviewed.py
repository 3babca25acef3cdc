"""What a result may not do: call chance a finding, leave out who refused, take judgements for designs, or favour whoever answered more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from evals.values.analysis import analyse
from evals.values.decompose import decompose
from evals.values.estimator_a import absolute, common, fit
from evals.values.panel import build_panel
from evals.values.studies import Study
from personas.errors import UserError
from tests.evals.values.simulating import decisions, labels

LOADINGS = labels(300)
ROWS = decisions(LOADINGS)


def test_gains_are_called_after_the_correction_over_the_sweep() -> None:
    """A persona that copies the default has no gain, stays in the count, and is not called; every called gain has q below .05."""
    copy = ROWS.filter(pl.col("persona") == "default").with_columns(respondent=pl.lit("m/copy"), persona=pl.lit("copy"))
    targets = {"p1": {"SD": 1.0}, "p2": {"ST": 1.0}, "copy": {"HE": 1.0}}
    found = analyse(Study(pl.concat([ROWS, copy]), LOADINGS, targets))
    assert all(one.gain_q is not None and one.gain_q < 0.05 for one in found.personas if one.called)
    assert "of 3 personas with a target" in found.conclusions[0]
    assert found.conclusions[0].startswith("2 ")


def test_refusals_of_whoever_is_left_out_are_counted() -> None:
    """A persona that refuses nearly everything is not estimated, and its refusals are in the panel's count all the same."""
    shy = ROWS.filter(pl.col("persona") == "p1").with_row_index("n").with_columns(
        respondent=pl.lit("m/shy"),
        persona=pl.lit("shy"),
        state=pl.when(pl.col("n") < 3).then(pl.lit("answered")).otherwise(pl.lit("refused")),
        y=pl.when(pl.col("n") < 3).then("y"),
    ).drop("n")  # fmt: skip
    found = decompose(pl.concat([ROWS, shy]), LOADINGS)
    assert "m/shy" not in found.panel.respondents
    assert found.panel.lost.sum() == shy.height - 3


def test_judged_labels_identify_nothing_about_the_content() -> None:
    """Loadings that are judgements without a gold sample say so in every row and among the caveats."""
    judged = replace(LOADINGS, sd=np.full(LOADINGS.x.shape, 0.2))
    assert decompose(ROWS, judged).profiles["identified_by"].str.contains("errors are not corrected").all()
    assert any("no gold sample corrects" in each for each in analyse(Study(ROWS, judged, {})).caveats)


def test_a_model_that_refuses_keeps_its_share_of_the_common_preference() -> None:
    """Two models' defaults count alike, though one of them answers only half of the items that promote a value."""
    other = ROWS.filter(pl.col("persona") == "default").with_columns(
        respondent=pl.lit("z/default"), model=pl.lit("z"), y=5 - pl.col("y")
    )  # fmt: skip
    power = [item for item, x in zip(LOADINGS.items, LOADINGS.x, strict=True) if x[4] > 0]
    gone = pl.col("item").is_in(power[::2])
    other = other.with_columns(state=pl.when(gone).then(pl.lit("refused")).otherwise("state"), y=pl.when(~gone).then("y"))
    panel = build_panel(pl.concat([ROWS.filter(pl.col("persona") == "default"), other]), LOADINGS)
    outcome = common(panel)
    assert outcome is not None
    own = fit(panel, absolute(panel)).slopes.theta
    assert fit(panel, outcome).slopes.theta[0] == pytest.approx(own.mean(axis=0), abs=1e-12)


def test_a_gold_sample_that_is_too_small_is_refused() -> None:
    """Corrected moments near singular give slopes of any size; and a gold sample without its probabilities corrects nothing."""
    rng = np.random.default_rng(2)
    gold = np.full(LOADINGS.x.shape, np.nan)
    coded = rng.permutation(300)[:12]
    gold[coded] = np.where(rng.random((12, LOADINGS.x.shape[1])) < 0.4, 0.0, LOADINGS.x[coded])
    with pytest.raises(UserError, match="gold sample is too small"):
        decompose(ROWS, replace(LOADINGS, gold=gold, inclusion=np.full(300, 12 / 300)))
    with pytest.raises(UserError, match="inclusion"):
        replace(LOADINGS, gold=gold)


def test_a_skip_points_the_other_way() -> None:
    """Skips that mirror likes give the same gains as these, with the sign of each estimate turned; a sentence says so."""
    targets = {"p1": {"SD": 1.0}, "p2": {"ST": 1.0}, "p3": {"HE": 1.0}}
    likes = ROWS.with_columns(channel=pl.lit("like"), y=(pl.col("y") >= 3).cast(pl.Float64))
    skips = likes.with_columns(channel=pl.lit("skip"), y=1 - pl.col("y"))
    liked, skipped = (analyse(Study(rows, LOADINGS, targets)) for rows in (likes, skips))
    for one, other in zip(liked.personas, skipped.personas, strict=True):
        assert one.gain is not None
        assert other.gain is not None
        assert other.gain.estimate == pytest.approx(one.gain.estimate, rel=1e-6)
    assert any("points the other way" in each for each in skipped.caveats)
    assert not any("points the other way" in each for each in liked.caveats)


def test_a_constant_side_of_a_comparison_cancels_nothing() -> None:
    """Where the reference answers the same throughout, a sentence takes the design's word back; a persona that does is named alone."""
    reference = ROWS.with_columns(y=pl.when(pl.col("persona") == "default").then(2.0).otherwise("y"))
    persona = ROWS.with_columns(y=pl.when(pl.col("persona") == "p1").then(2.0).otherwise("y"))
    told = ["\n".join(decompose(rows, LOADINGS).notes) for rows in (ROWS, reference, persona)]
    assert "does not cancel" not in told[0]
    assert "steering effects of m/p1, m/p2, m/p3 hold only given the covariates" in told[1]
    assert "steering effects of m/p1 hold only given the covariates" in told[2]


def test_what_of_a_target_has_no_estimate_is_said() -> None:
    """A persona whose values no item carries is not passed over in silence, nor is a part of a target."""
    bare = replace(LOADINGS, x=np.where(np.array(LOADINGS.values) == "SD", 0.0, LOADINGS.x))
    found = analyse(Study(ROWS, bare, {"p1": {"SD": 1.0}, "p2": {"SD": 1.0, "ST": 1.0}}))
    assert "Parts of targets have no estimate and do not count: p1 (all of it), p2 (SD)." in found.caveats


def test_halves_that_disagree_are_not_stepped_up() -> None:
    """A correlation of halves below 0 stays as it is: doubling the items lengthens no reliability, and no correlation is below −1."""
    noise = ROWS.with_columns(y=pl.Series(np.random.default_rng(5).integers(0, 6, ROWS.height).astype(float)))
    for seed in range(12):
        found = next(one for one in analyse(Study(noise, LOADINGS, {}), seed=seed).controls if one.name == "split half over items")
        if found.figures["half"] <= 0:
            break
    assert found.figures["full"] == found.figures["half"] <= 0
    assert "not stepped up" in found.finding
