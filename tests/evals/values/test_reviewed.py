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
