"""Counting answers, and building only those levels that data can tell apart."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from evals.values.decisions import read_decisions
from evals.values.estimator_b.answers import count_answers
from evals.values.estimator_b.structure import make_structure
from personas.errors import UserError
from tests.evals.values.estimator_b.planting import planted


def built(decisions, loadings, channel="rating"):
    answers = count_answers(read_decisions(decisions), channel)
    return answers, make_structure(answers, loadings)


def levels(decisions, loadings):
    return [level.name for level in built(decisions, loadings)[1].levels]


def test_equal_answers_are_counted_once():
    """Repeats with the same answer in the same cell become one row whose weight is their number; none is lost."""
    decisions, _ = planted(models=1, targets=(), items=30, cells=1)
    twice = pl.concat([decisions.with_columns(repeat=pl.lit(number)) for number in (0, 1)])
    answers = count_answers(read_decisions(twice))
    assert len(answers.weight) == 30
    assert set(answers.weight) == {2.0}
    assert answers.items_answered().sum() == 60


def test_the_order_of_rows_does_not_matter():
    """A shuffled table gives the same counts in the same order."""
    decisions, _ = planted(items=20)
    one, other = count_answers(read_decisions(decisions)), count_answers(read_decisions(decisions.sample(fraction=1, shuffle=True, seed=3)))
    assert one.items == other.items and one.respondents == other.respondents
    np.testing.assert_array_equal(one.category, other.category)


def test_rows_without_an_answer_are_left_out_and_said_so():
    """Refused rows carry no category; the notes give their number."""
    decisions, loadings = planted(models=1)
    refused = pl.col("item") == "i3"
    decisions = decisions.with_columns(
        y=pl.when(refused).then(None).otherwise("y"), state=pl.when(refused).then(pl.lit("refused")).otherwise(pl.lit("answered"))
    )
    answers, structure = built(decisions, loadings)
    assert "i3" not in answers.items
    assert structure.notes[0].startswith("8 rows without an answer")


@pytest.mark.parametrize(
    ("channel", "words"), [("watch", "takes answers in steps"), ("like", "channels with answers are rating")], ids=["no steps", "not there"]
)
def test_channels_that_cannot_be_used_are_refused(channel, words):
    """A channel without steps, or without answers, ends in one line that says so."""
    with pytest.raises(UserError, match=words):
        count_answers(read_decisions(planted(items=10)[0]), channel)


def test_answers_between_the_steps_are_refused():
    """A rating of 2.5 is no category."""
    decisions, _ = planted(items=10)
    with pytest.raises(UserError, match=r"not whole numbers from 0 to 5, such as 2\.5"):
        count_answers(read_decisions(decisions.with_columns(y=pl.lit(2.5))))


def test_levels_that_repeat_another_are_dropped():
    """Model, persona and combination where all differ; one level for one model or one persona; none for one respondent."""
    decisions, loadings = planted()
    assert levels(decisions, loadings) == ["model", "persona", "respondent"]
    assert levels(decisions.filter(pl.col("model") == "m0"), loadings) == ["persona"]
    assert levels(decisions.filter(pl.col("persona") == "default"), loadings) == ["model"]
    assert levels(decisions.filter(pl.col("respondent") == "m0 default"), loadings) == []
    staged = decisions.filter(pl.col("respondent") == "m0 default").with_columns(respondent=pl.lit("m0 default staged"))
    alone = pl.concat([decisions.filter(pl.col("respondent") == "m0 default"), staged])
    assert levels(alone, loadings) == ["respondent"]


def test_item_effects_need_a_second_answer():
    """With one answer an item its effect would be the answer's own noise: the term is dropped, and a note says so."""
    one = planted(models=1, targets=(), cells=1)
    _, structure = built(*one)
    assert not structure.item_effects
    assert any("No item effects" in note for note in structure.notes)
    assert built(*planted(models=1, targets=(), cells=2))[1].item_effects


def test_a_value_that_no_item_varies_in_is_left_out():
    """A constant column of loadings gets a sentence instead of the prior's numbers."""
    decisions, loadings = planted()
    flat = loadings.x.copy()
    flat[:, 1] = 0
    _, structure = built(decisions, replace(loadings, x=flat))
    assert structure.values == ("SD", "PO", "SE", "UN")
    assert any(note.startswith("No estimate for HE") for note in structure.notes)


def test_twins_share_a_unit_and_topics_need_several_items():
    """Items of one cluster are one unit, a cluster of one is an item alone, order of rows aside; four topics are too few, five are not."""
    decisions, loadings = planted(items=40, twins=3)
    decisions = decisions.with_columns(pl.when(pl.col("item") == "i39").then(pl.lit("alone")).otherwise("cluster").alias("cluster"))
    answers, structure = built(decisions, loadings)
    of = {item: int(unit) for item, unit in zip(answers.items, structure.sharing.unit, strict=True)}
    assert [of["i0"] == of["i1"], of["i2"] == of["i3"], of["i4"] == of["i5"], of["i6"] == of["i7"]] == [True, True, True, False]
    assert structure.sharing.units == 37
    assert sorted(answers.items[item] for item in structure.sharing.twins) == ["i0", "i1", "i2", "i3", "i4", "i5"]
    assert structure.sharing.single.sum() == 34
    for topics in (4, 5):
        named = replace(loadings, topic=tuple(None if item == 39 else f"t{item % topics}" for item in range(40)))
        _, structure = built(decisions, named)
        assert structure.sharing.topics == (0 if topics == 4 else 5)
        assert any("Topics have no effects" in note for note in structure.notes) is (topics == 4)
    assert structure.sharing.member.sum() == 39


def test_effects_of_each_respondent_need_answers_that_share_them():
    """One respondent's tastes are the items' effects; one answer an item leaves the clusters' tastes alone, which twins tell."""
    decisions, loadings = planted(models=1, items=40, cells=1, twins=3)
    answers = count_answers(read_decisions(decisions))
    structure = make_structure(answers, loadings, tastes=True)
    assert not structure.tastes
    assert structure.tastes_shared.units == 37
    half = decisions.filter(
        ~((pl.col("persona") != "default") & pl.col("item").is_in(["i0", "i2", "i4"])) & ~pl.col("item").is_in(["i1", "i3", "i5"])
    )
    assert make_structure(count_answers(read_decisions(half)), loadings, tastes=True).tastes_shared.units == len(half["item"].unique())
    one = decisions.filter(pl.col("persona") == "default")
    structure = make_structure(
        count_answers(read_decisions(pl.concat([one, one.with_columns(cell=1)], how="vertical_relaxed"))), loadings, tastes=True
    )
    assert (structure.tastes, len(structure.tastes_shared.twins)) == (False, 0)
    assert "with one respondent they are the items'" in structure.notes[-1]


def test_a_gold_sample_is_said_not_to_correct():
    """The labels are taken as they are, and a note says so."""
    decisions, loadings = planted(items=40)
    gold = replace(loadings, gold=loadings.x, inclusion=np.ones(40))
    assert any("does not correct the Bayesian model" in note for note in built(decisions, gold)[1].notes)


def test_values_that_cannot_be_told_apart_are_refused():
    """Two equal columns of loadings end in one line, not in numbers that only the prior tells apart."""
    decisions, loadings = planted()
    same = loadings.x.copy()
    same[:, 1] = same[:, 0]
    with pytest.raises(UserError, match="cannot be told apart"):
        built(decisions, replace(loadings, x=same))


def test_covariates_that_repeat_others_are_dropped():
    """A constant covariate and a copy of a loading say nothing new; the third stays, in standard deviations."""
    decisions, loadings = planted()
    columns = {"constant": np.ones(100), "copy": loadings.x[:, 0], "length": np.arange(100.0)}
    _, structure = built(decisions, replace(loadings, covariates=columns))
    assert structure.w.shape == (100, 1)
    assert structure.w.std() == pytest.approx(1)


def test_loadings_and_contrasts_are_centred():
    """Loadings are centred over the items, cell contrasts are orthonormal and sum to zero, positions have SD 1."""
    decisions, loadings = planted(cells=3)
    decisions = decisions.with_columns(position=pl.int_range(pl.len()).over("respondent").cast(pl.Float64))
    answers, structure = built(decisions, loadings)
    np.testing.assert_allclose(structure.x.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(structure.cell_contrasts.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(structure.cell_contrasts.T @ structure.cell_contrasts, np.eye(2), atol=1e-12)
    assert answers.position.std() == pytest.approx(1, abs=0.01)


def test_a_constant_rater_is_named():
    """A respondent that always gives one answer is kept, and the notes say that its numbers lean on the prior."""
    decisions, loadings = planted(models=1)
    decisions = decisions.with_columns(y=pl.when(pl.col("persona") == "PO").then(3.0).otherwise("y"))
    assert any("m0 PO gave one answer throughout" in note for note in built(decisions, loadings)[1].notes)
