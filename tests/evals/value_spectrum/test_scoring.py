"""Value-Spectrum's score against counts made by hand, SciPy's test and the published tables."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2_contingency
from statsmodels.stats.proportion import proportion_confint

import evals.value_spectrum as spectrum
from evals.values.decisions import read_decisions
from evals.values.loadings import Loadings
from personas.errors import UserError
from personas.schwartz import VALUES


def likes(counts: dict[str, tuple[int, int]], **more: object) -> tuple[pl.DataFrame, Loadings]:
    """One respondent and, by value, how many of how many items it likes."""
    rows, items, values = [], [], list(counts)
    for code, (yes, n) in counts.items():
        for number in range(n):
            items.append((f"{code}-{number}", values.index(code)))
            rows.append({"respondent": "a", "item": f"{code}-{number}", "channel": "like", "y": float(number < yes)})
    x = np.zeros((len(items), len(values)))
    x[np.arange(len(items)), [v for _, v in items]] = 1.0
    return read_decisions(pl.DataFrame(rows)), Loadings(tuple(name for name, _ in items), tuple(values), x)


COUNTS = {"SD": (12, 40), "HE": (30, 50), "UN": (0, 20), "TR": (15, 15)}


def test_score_interval_and_test_agree_with_other_implementations() -> None:
    """100 × yes / shown, Wilson's interval as statsmodels has it, Pearson's chi-square as SciPy has it, values in circular order."""
    found = spectrum.score(*likes(COUNTS))
    assert found["value"].to_list() == ["SD", "HE", "TR", "UN"]
    for row in found.iter_rows(named=True):
        yes, n = COUNTS[row["value"]]
        low, high = proportion_confint(yes, n, method="wilson")
        assert (row["shown"], row["items"], row["n"], row["yes"], row["no"]) == (n, n, n, yes, n - yes)
        assert [row["score"], row["as_published"]] == pytest.approx([100 * yes / n] * 2)
        assert [row["low"], row["high"]] == pytest.approx([100 * low, 100 * high], abs=1e-9)
    table = np.array([[yes, n - yes] for yes, n in COUNTS.values()])
    expected = chi2_contingency(table, correction=False)
    assert found["chi2"][0] == pytest.approx(expected.statistic)
    assert (found["df"][0], found["p"][0]) == (3, pytest.approx(expected.pvalue))


def test_a_refusal_is_no_no() -> None:
    """Refused, unparsable and failed decisions are counted apart; only the score as published takes the first two for a no."""
    decisions = read_decisions(
        pl.DataFrame(
            {
                "respondent": ["a"] * 6,
                "item": list("uvwxyz"),
                "channel": ["like"] * 6,
                "y": [1.0, 1.0, 0.0, None, None, None],
                "state": ["answered"] * 3 + ["refused", "unparsable", "failed"],
            }
        )
    )
    row = spectrum.score(decisions, Loadings(tuple("uvwxyz"), ("HE",), np.ones((6, 1)))).row(0, named=True)
    assert [row[name] for name in ("shown", "yes", "no", "refused", "unparsable", "failed", "n")] == [5, 2, 1, 1, 1, 1, 3]
    assert (row["score"], row["as_published"]) == (pytest.approx(200 / 3), pytest.approx(40.0))
    assert (row["chi2"], row["p"]) == (None, None)


def test_repeats_of_an_item_are_one_observation() -> None:
    """Six showings of each item make the interval no narrower than one."""
    decisions, loadings = likes({"HE": (10, 20), "UN": (5, 20)})
    six = pl.concat([decisions.with_columns(pl.lit(cell, pl.Int64).alias("cell")) for cell in range(6)])
    once, often = spectrum.score(decisions, loadings), spectrum.score(six, loadings)
    assert often.select("score", "low", "high", "n", "chi2", "p").equals(once.select("score", "low", "high", "n", "chi2", "p"))
    assert often["shown"].to_list() == [120, 120]


def test_an_item_counts_for_every_value_that_it_promotes_and_none_that_it_opposes() -> None:
    """Loadings above 0 assign an item, also to two values; the sentence on overlap is there."""
    decisions, _ = likes({"HE": (1, 3)})
    x = np.array([[0.5, 1.0], [-1.0, 0.0], [0.0, 0.25]])
    found = spectrum.score(decisions, Loadings(tuple(decisions["item"]), ("HE", "UN"), x))
    assert dict(found.select("value", "items").iter_rows()) == {"HE": 1, "UN": 2}
    assert "not independent" in spectrum.OVERLAP


def test_values_can_stand_in_the_decisions() -> None:
    """Without loadings a column names the value that an item was retrieved for; a rating of 3 to 5 can be the yes."""
    frame = pl.DataFrame({"respondent": ["a"] * 4, "item": list("wxyz"), "y": [5, 3, 2, 0], "value": ["HE", "HE", "UN", "UN"]})
    found = spectrum.score(read_decisions(frame), channel="rating")
    assert dict(found.select("value", "score").iter_rows()) == {"HE": 100.0, "UN": 0.0}
    renamed = read_decisions(frame.rename({"value": "keyword"}))
    assert spectrum.score(renamed, value="keyword", channel="rating")["score"].to_list() == [100.0, 0.0]


def test_what_cannot_be_scored_is_one_line() -> None:
    """No such channel, nothing that says the values, a channel without a scale, items without a value."""
    decisions, loadings = likes({"HE": (1, 2)})
    with pytest.raises(UserError, match="channels are like"):
        spectrum.score(decisions, loadings, channel="rating")
    with pytest.raises(UserError, match="give loadings, or a column 'value'"):
        spectrum.score(decisions)
    with pytest.raises(UserError, match="no known scale"):
        spectrum.score(decisions.with_columns(pl.lit("mood").alias("channel")), loadings, channel="mood")
    with pytest.raises(UserError, match="none of these items promotes"):
        spectrum.score(decisions, Loadings(loadings.items, ("HE",), np.zeros((2, 1))))


def test_the_published_table_holds_its_own_warning() -> None:
    """Eight models by ten values; for four of them the ten scores are compatible with one rate (p from .055 to .60)."""
    table = spectrum.published()
    assert (table["model"].n_unique(), set(table["value"])) == (8, set(VALUES))
    p = []
    for _, rows in table.group_by("model", maintain_order=True):
        counts = {row["value"]: (round(row["score"] / 2), 50) for row in rows.iter_rows(named=True)}
        p.append(spectrum.score(*likes(counts))["p"][0])
    assert sorted(round(each, 3) for each in p if each > 0.05) == [0.055, 0.277, 0.444, 0.604]
    assert spectrum.published("ablation").height == 120
    with pytest.raises(UserError, match="main, ablation"):
        spectrum.published("other")


def test_published_scores_stand_beside_ones_own() -> None:
    """One row a value: the respondent's score first, then each published model's with its source."""
    beside = spectrum.beside_published(spectrum.score(*likes(COUNTS)))
    assert beside.columns[:2] == ["value", "a"]
    assert len(beside.columns) == 10
    hedonism = beside.row(by_predicate=pl.col("value") == "HE", named=True)
    assert (hedonism["a"], hedonism["Blip-2 (arXiv 2411.11479)"]) == (60.0, 52.0)


def test_a_respondent_may_have_the_name_of_a_column() -> None:
    """Neither a respondent called "value" nor one called as a published column breaks the table."""
    scores = spectrum.score(*likes(COUNTS))
    for name in ("value", "Blip-2 (arXiv 2411.11479)"):
        beside = spectrum.beside_published(scores.with_columns(pl.lit(name).alias("respondent")))
        assert f"{name} (respondent)" in beside.columns and len(beside.columns) == 10


def test_published_scores_have_intervals_and_tests() -> None:
    """Wilson's interval at 50 images as statsmodels has it; the test of each model as SciPy has it."""
    row = spectrum.published().filter((pl.col("model") == "InternVL2") & (pl.col("value") == "SD")).row(0, named=True)
    low, high = proportion_confint(22, 50, method="wilson")
    assert (row["score"], row["n"]) == (44.0, 50) and [row["low"], row["high"]] == pytest.approx([100 * low, 100 * high])
    tests = {one["model"]: one for one in spectrum.published_tests().iter_rows(named=True)}
    yes = spectrum.published().filter(pl.col("model") == "InternVL2")["score"].to_numpy() / 2
    expected = chi2_contingency(np.column_stack([yes, 50 - yes]), correction=False)
    assert (tests["InternVL2"]["chi2"], tests["InternVL2"]["p"]) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))
    assert tests["InternVL2"]["mean"] == pytest.approx(42.2)
