"""What can be estimated, and the sentences on what cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from evals.values.estimator_a import absolute, fit
from evals.values.loadings import Loadings
from evals.values.panel import Panel, build_panel
from evals.values.screening import screened
from personas.errors import UserError
from tests.evals.values.simulating import decisions, labels

LOADINGS = labels(100)
ROWS = decisions(LOADINGS, people=2)


def with_columns(**columns: np.ndarray) -> Loadings:
    """The loadings with other ones on some values."""
    x = LOADINGS.x.copy()
    for value, column in columns.items():
        x[:, LOADINGS.values.index(value)] = column
    return replace(LOADINGS, x=x)


def screen(loadings: Loadings, rows: pl.DataFrame = ROWS) -> tuple[Panel, str]:
    """The screened panel and its notes in one text."""
    found, notes = screened(build_panel(rows, loadings))
    return found, "\n".join(notes)


def test_what_is_whole_stays_as_it_is() -> None:
    """With all values carried, the slopes are those of the panel before."""
    found, _ = screen(LOADINGS)
    before = build_panel(ROWS, LOADINGS)
    assert found.values == LOADINGS.values
    assert fit(found, absolute(found)).slopes.theta == pytest.approx(fit(before, absolute(before)).slopes.theta, abs=1e-10)


def test_a_value_without_items_is_left_out() -> None:
    """No item promotes or opposes Stimulation: a sentence, and nine values."""
    found, notes = screen(with_columns(ST=np.zeros(100)))
    assert found.values == tuple(value for value in LOADINGS.values if value != "ST")
    assert "No estimate for Stimulation: these items do not differ in it." in notes


def test_values_that_go_together_are_left_out_and_the_rest_is_not_blamed() -> None:
    """Two equal values cannot be told apart; the others' slopes are those of a regression that holds the two together."""
    found, notes = screen(with_columns(ST=LOADINGS.x[:, 0]))
    assert "No estimate for Self-direction, Stimulation: with these items they cannot be told apart" in notes
    theta = fit(found, absolute(found)).slopes.theta
    columns = np.hstack([np.ones((100, 1)), LOADINGS.x[:, [0]], LOADINGS.x[:, 2:]])
    assert theta == pytest.approx(np.linalg.lstsq(columns, found.mean.T, rcond=None)[0][2:].T, abs=1e-10)
    assert found.all_loadings.values == LOADINGS.values


def test_too_few_items_are_said_to_be_too_few() -> None:
    """Nine items for eleven columns: the sentence counts them, and does not speak of values that go together."""
    with pytest.raises(UserError, match=r"9 items are too few for 11 columns \(a level and 10 values\)"):
        screen(LOADINGS, ROWS.filter(pl.col("item").is_in(_varied())))


def _varied() -> list[str]:
    """Nine items between which every value differs."""
    for seed in range(1000):
        rows = np.random.default_rng(seed).choice(100, 9, replace=False)
        if (LOADINGS.x[rows].std(axis=0) > 0).all():
            return [LOADINGS.items[row] for row in rows]
    raise AssertionError


def test_a_value_on_a_single_item_is_left_out() -> None:
    """One item that promotes a value has no error: a sentence, and the others' slopes are those without that item."""
    lone = np.zeros(100)
    lone[7] = 1
    found, notes = screen(with_columns(ST=lone))
    assert "No estimate for Stimulation: a single item (or cluster of items) carries it" in notes
    theta = fit(found, absolute(found)).slopes.theta
    rest = np.arange(100) != 7
    columns = np.hstack([np.ones((99, 1)), np.delete(LOADINGS.x, 1, axis=1)[rest]])
    assert theta == pytest.approx(np.linalg.lstsq(columns, found.mean[:, rest].T, rcond=None)[0][1:].T, abs=1e-9)


def test_few_promoting_items_are_said() -> None:
    """Values that rest on few promoting items, or on opposing ones only, are estimated and named."""
    found, notes = screen(with_columns(ST=-np.abs(LOADINGS.x[:, 1])))
    assert "ST" in found.values
    assert f"Stimulation 0 + {int((LOADINGS.x[:, 1] != 0).sum())}" in notes


def test_covariates_that_repeat_are_left_out() -> None:
    """A covariate that is a sum of loadings goes, with a sentence, and one of its own stays; also beside values left out."""
    mixed = {"mixed": LOADINGS.x[:, 2] - LOADINGS.x[:, 3], "own": np.random.default_rng(0).normal(size=100)}
    found, notes = screen(replace(LOADINGS, covariates=mixed))
    assert "1 covariate(s) repeat" in notes
    assert found.design.seen.shape[1] == 12
    both = replace(with_columns(ST=LOADINGS.x[:, 0]), covariates={"mixed": mixed["mixed"]})
    assert "1 covariate(s) repeat" in screen(both)[1]


def test_a_respondent_with_too_few_answers_is_left_out() -> None:
    """Somebody who answered ten items cannot have ten slopes; nor one whose items carry a value once; the other stays."""
    ten = ROWS.filter((pl.col("persona") == "default") | (pl.col("item") < "i010"))
    found, notes = screen(LOADINGS, ten)
    assert found.respondents == ("m/default",)
    assert found.count.shape == found.missing.shape == found.missing_shift.shape == (1, 100)
    assert "m/p1 was left out: 10 independent answered items do not tell 11 columns apart." in notes
    power = [item for item, x in zip(LOADINGS.items, LOADINGS.x[:, 4], strict=True) if x][1:]
    once = ROWS.filter((pl.col("persona") == "default") | ~pl.col("item").is_in(power))
    assert "m/p1 was left out: of the items that it answered too few carry Power." in screen(LOADINGS, once)[1]


def test_likes_that_are_all_the_same_have_no_odds() -> None:
    """Somebody who never likes is left out of the log-odds, so that the others can still be compared."""
    likes = ROWS.with_columns(channel=pl.lit("like"), y=(pl.col("y") >= 3).cast(pl.Float64) * (pl.col("persona") == "default"))
    found, notes = screened(build_panel(likes, LOADINGS, "like"))
    assert found.respondents == ("m/default",)
    assert "all of its likes are the same" in notes[-1]


def test_nothing_left_is_an_error_in_one_line() -> None:
    """No value, or no respondent, that can be estimated raises UserError with the reasons."""
    with pytest.raises(UserError, match=r"no value can be estimated\. No estimate for .* they cannot be told apart"):
        screen(replace(LOADINGS, x=np.tile(LOADINGS.x[:, :1], (1, 10))))
    with pytest.raises(UserError, match="no value can be estimated"):
        screen(LOADINGS, ROWS.filter(pl.col("item") < "i005"))
    apart = ROWS.filter((pl.col("item") < "i009") == (pl.col("persona") == "default")).filter(pl.col("item") < "i018")
    with pytest.raises(UserError, match=r"no respondent can be estimated: m/default was left out: 9 "):
        screen(labels(18, values=("SD", "ST", "HE", "AC", "PO", "SE", "CO"), seed=9), apart)
