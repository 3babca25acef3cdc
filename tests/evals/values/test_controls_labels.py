"""Agreement on the labels: always told, from a gold sample, from the judges' SD, or why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evals.values.agreement import krippendorff_alpha
from evals.values.controls import Context
from evals.values.controls.labels import label_agreement
from evals.values.decompose import decompose
from evals.values.findings import Control
from evals.values.loadings import Loadings
from tests.evals.values.simulating import decisions, labels

ITEMS = 400
LOADINGS = replace(labels(ITEMS), x=np.random.default_rng(0).choice([-0.5, 0, 0.5, 1.0], (ITEMS, 10), p=[0.1, 0.7, 0.1, 0.1]))
ROWS = decisions(LOADINGS, people=2, cells=1)


def told(**changed: object) -> Control:
    """The control for loadings of this kind."""
    loadings: Loadings = replace(LOADINGS, **changed)  # type: ignore[arg-type]
    return label_agreement(Context(ROWS, {"rating": decompose(ROWS, loadings)}, {}))


def test_a_gold_sample_gives_alpha_value_by_value() -> None:
    """A judge who errs on the second value has the least α there, as `krippendorff_alpha` has it, and 1 elsewhere; a rare value has AC2."""
    gold = LOADINGS.x.copy()
    gold[:, 2] = 0
    gold[:10, 2] = 0.5
    judged = gold.copy()
    wrong = np.random.default_rng(1).random(ITEMS) < 0.15
    judged[wrong, 1] = np.roll(gold[:, 1], 7)[wrong]
    judged[8:10, 2] = 0
    some = np.random.default_rng(2).random(ITEMS) < 0.8
    some[:10] = True
    found = told(x=judged, gold=np.where(some[:, None], gold, np.nan), inclusion=np.full(ITEMS, 0.8))
    assert found.table is not None
    rows = {row["value"]: row for row in found.table.iter_rows(named=True)}
    values = LOADINGS.values
    wanted = krippendorff_alpha(np.column_stack([judged[some, 1], gold[some, 1]]))
    assert wanted is not None
    least = rows[values[1]]
    assert (least["alpha"], least["alpha_low"], least["alpha_high"]) == pytest.approx((wanted.estimate, wanted.low, wanted.high))
    assert rows[values[5]]["alpha"] == 1
    assert [value for value, row in rows.items() if row["rare"]] == [values[2]]
    assert f"least for {values[1]}: {least['alpha']:.2f} [" in found.finding
    assert "Gwet's AC2" in found.finding
    assert found.figures["items"] == int(some.sum())
    assert found.passed is None


def test_judges_means_count_as_the_nearest_code() -> None:
    """Three judges' mean of .33 agrees with a gold code of .5."""
    shifted = np.where(LOADINGS.x == 0.5, 1 / 3, LOADINGS.x)
    found = told(x=shifted, gold=LOADINGS.x, inclusion=np.ones(ITEMS))
    assert found.figures["alpha_median"] == 1


def test_a_spread_of_judges_is_no_agreement_with_people() -> None:
    """With SD only, its mean over what anybody saw is told, and what it does not say."""
    found = told(sd=np.where(LOADINGS.x != 0, 0.3, 0.0), source="judges: a, b, c")
    assert found.figures["mean_sd"] == pytest.approx(0.3)
    assert found.figures["pairs"] == int((LOADINGS.x != 0).sum())
    assert "not with people" in found.finding


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("catalogue design", "by design"),
        ("judges: one", "judgements"),
        ("given in a table", "taken as given"),
        ("human coding", "several raters"),
    ],
)
def test_without_either_the_control_is_there_and_says_why(source: str, words: str) -> None:
    """Labels by design have no agreement; one judge's and given ones have none that is known."""
    found = told(source=source)
    assert words in found.finding
    assert found.passed is None
