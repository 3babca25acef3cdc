"""Scoring: against a hand-computed example, against another formulation, from every form of table, and with what is missing or wrong."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from environments.decks.items import load_deck
from evals.values.questionnaire import find_instrument, score
from evals.values.questionnaire.instruments import CHOICES, ESS_VARIABLES
from personas.errors import FeedError, UserError
from personas.schwartz import HIGHER_ORDER, VALUES, theory

# PVQ-21. Items of SD are 1 and 11, of ST 6 and 15, HE 10 21, AC 4 13, PO 2 17, SE 5 14, CO 7 16, TR 9 20, BE 12 18, UN 3 8 19.
EXAMPLE = {1: 6, 11: 5, 6: 4, 15: 2, 10: 3, 21: 5, 4: 2, 13: 2, 2: 1, 17: 2, 5: 5, 14: 4, 7: 3, 16: 3, 9: 4, 20: 6, 12: 6, 18: 6}
EXAMPLE |= {3: 6, 8: 5, 19: 4}
# Sums: 11 + 6 + 8 + 4 + 3 + 9 + 6 + 10 + 12 + 15 = 84 over 21 items: MRAT is 4.
RAW = {"SD": 5.5, "ST": 3.0, "HE": 4.0, "AC": 2.0, "PO": 1.5, "SE": 4.5, "CO": 3.0, "TR": 5.0, "BE": 6.0, "UN": 5.0}
CENTRED = {"SD": 1.5, "ST": -1.0, "HE": 0.0, "AC": -2.0, "PO": -2.5, "SE": 0.5, "CO": -1.0, "TR": 1.0, "BE": 2.0, "UN": 1.0}
GROUPS = {"OPENNESS": 0.5 / 3, "SELF_ENHANCEMENT": -2.25, "CONSERVATION": 0.5 / 3, "SELF_TRANSCENDENCE": 1.5}


def wide(answers: dict[int, int], prefix: str = "") -> pl.DataFrame:
    return pl.DataFrame({f"{prefix}{number}": [answers[number]] for number in sorted(answers)})


def test_a_hand_computed_example() -> None:
    """Raw means, MRAT, centred scores and higher-order scores of one person, computed by hand."""
    scores = score(wide(EXAMPLE), instrument="pvq21")
    assert scores.mrat.tolist() == [4.0]
    assert scores.of("1") == pytest.approx(CENTRED | GROUPS)
    table = scores.table
    assert dict(table.filter(pl.col("kind") == "value").select("value", "raw").iter_rows()) == pytest.approx(RAW)
    assert table["value"].to_list() == [*VALUES, *HIGHER_ORDER]
    assert table["low"].null_count() == table.height
    assert set(table["method"]) == {"none"}
    assert dict(table.select("value", "answered").iter_rows())["OPENNESS"] == 6
    assert scores.notes == ()


@pytest.mark.parametrize("name", ["pvq21", "pvq40", "pvqrr", "svs57"])
def test_another_formulation_agrees(name: str) -> None:
    """The same scores from a long table: group by value, and take off each respondent's mean over all items, keyed or not."""
    key_name = {"pvqrr": "pvqrr_key19"}.get(name, f"{name}_key")
    low, high, size = {"pvq21": (1, 6, 21), "pvq40": (1, 6, 40), "pvqrr": (1, 6, 57), "svs57": (-1, 7, 57)}[name]
    answers = np.random.default_rng(5).integers(low, high + 1, size=(30, size))
    frame = pd.DataFrame(answers, columns=[f"{name}_{number:02d}" for number in range(1, size + 1)])
    scores = score(frame, instrument=name)
    code = {number: value for value, numbers in theory()[key_name].items() for number in numbers}
    long = frame.stack().reset_index()
    long.columns = ["who", "item", "answer"]
    long["centred"] = long["answer"] - long.groupby("who")["answer"].transform("mean")
    long["value"] = long["item"].map(lambda item: code.get(int(item.rpartition("_")[2])))
    expected = long.groupby(["who", "value"])["centred"].mean()
    found = {}
    for row in scores.table.filter(pl.col("kind") == "value").iter_rows(named=True):
        found[int(row["respondent"]) - 1, row["value"]] = row["centred"]
    assert found.keys() == set(expected.index)
    for place, value in expected.items():
        assert found[place] == pytest.approx(value, abs=1e-12)
    weights = np.array([len(scores.instrument.key[v]) for v in scores.instrument.values])
    if name != "svs57":  # where every item has a value, the centred scores of a person add up to 0 over items
        assert np.allclose(scores.centred[:, : len(weights)] @ weights, 0)


def test_every_form_of_table_gives_the_same_scores(tmp_path: Path) -> None:
    """Wide or long, Polars, pandas, CSV with commas or semicolons, or Parquet; columns as numbers, with a beginning, or of the survey."""
    numbers = sorted(EXAMPLE)
    long = pl.DataFrame({"respondent": ["a"] * 21, "item": numbers[::-1], "answer": [EXAMPLE[number] for number in numbers[::-1]]})
    survey = pl.DataFrame({"idno": [7], **{name: [EXAMPLE[number]] for number, name in enumerate(ESS_VARIABLES, 1)}})
    commas, semicolons, parquet = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.parquet"
    wide(EXAMPLE, "item").write_csv(commas)
    wide(EXAMPLE, "PVQ_").write_csv(semicolons, separator=";")
    wide(EXAMPLE).write_parquet(parquet)
    for form in (
        wide(EXAMPLE, "q"),
        pd.DataFrame({"1": [6.0]} | wide(EXAMPLE).to_dict(as_series=False)),
        long,
        commas,
        str(semicolons),
        parquet,
    ):
        scores = score(form)
        assert scores.of(scores.respondents[0]) == pytest.approx(CENTRED | GROUPS)
    named = score(survey, ess=False)
    assert named.of("7") == pytest.approx(CENTRED | GROUPS)


@pytest.mark.parametrize("suffix", ["", "a"])
def test_codes_of_the_european_social_survey_are_reversed_first(suffix: str) -> None:
    """7 − x, its codes for no answer are missing; names of its variables alone say so, and a sentence tells."""
    coded = {f"{name}{suffix}": [7 - EXAMPLE[number], 7 - EXAMPLE[number]] for number, name in enumerate(ESS_VARIABLES, 1)}
    coded[f"impsafe{suffix}"][1] = 88
    frame = pl.DataFrame({"cntry": ["AT", "BE"], "idno": [1, 1], **coded})
    scores = score(frame)
    assert scores.respondents == ("AT-1", "BE-1")
    assert scores.of("AT-1") == pytest.approx(CENTRED | GROUPS)
    assert scores.raw[1, VALUES.index("SE")] == 4.0, "item 5 is missing, item 14 is left"
    assert scores.mrat[1] == pytest.approx((84 - 5) / 20)
    assert "reversed" in scores.notes[0]
    assert score(wide({number: 7 - answer for number, answer in EXAMPLE.items()}), ess=True).of("1") == pytest.approx(CENTRED | GROUPS)
    with pytest.raises(UserError, match="for pvq21"):
        score(frame, instrument="pvq40", ess=True)


def test_too_many_missing_answers_are_a_sentence() -> None:
    """A value needs half of its items and MRAT three quarters of all; otherwise an empty cell and a sentence, and never NaN."""
    rows = [dict(EXAMPLE), dict(EXAMPLE), dict(EXAMPLE)]
    rows[0] |= {10: None, 21: None}  # type: ignore[dict-item]
    rows[1] |= {3: None, 8: None}  # type: ignore[dict-item]
    rows[2] |= dict.fromkeys((1, 6, 10, 4, 2, 5), None)  # type: ignore[arg-type]
    scores = score(pl.DataFrame([{str(n): row[n] for n in sorted(row)} for row in rows]))
    empty = scores.table.filter(pl.col("centred").is_null())
    assert {(row["respondent"], row["value"]) for row in empty.iter_rows(named=True)} == {
        ("1", "HE"),
        ("1", "OPENNESS"),
        ("2", "UN"),
        ("2", "SELF_TRANSCENDENCE"),
        *(("3", code) for code in scores.codes),
    }
    assert not [name for name in ("raw", "centred", "low", "high") if scores.table[name].is_nan().any()]
    told = " ".join(scores.notes)
    for sentence in ("Hedonism", "Universalism", "in 1 of 3 administrations", "three quarters"):
        assert sentence in told
    assert "HE" not in scores.of("1")
    nothing = score(pl.DataFrame({str(n): [None] for n in range(1, 22)}))
    assert nothing.notes == ("There are no scores: no value has half of its items answered.",)
    assert nothing.people["centred"].null_count() == len(nothing.codes)


def test_one_answer_to_everything_is_said_to_say_nothing() -> None:
    """A constant rater has centred scores of 0, no α, and a sentence."""
    scores = score(pl.DataFrame({str(n): [4] * 12 for n in range(1, 22)}))
    assert set(scores.of("1").values()) == {0.0}
    assert "in 12 of 12 administrations" in scores.notes[0]
    assert scores.people["alpha"].null_count() == len(scores.codes)


def test_repeats_give_an_interval() -> None:
    """A respondent who answered three times has the mean, and the t interval over the three; the others' scores do not change."""
    rows = [EXAMPLE, EXAMPLE | {10: 5, 21: 5}, EXAMPLE | {10: 1, 21: 5}, EXAMPLE]
    frame = pl.DataFrame(
        [
            {"respondent": who, "repeat": time, **{str(n): row[n] for n in sorted(row)}}
            for who, time, row in zip("aaab", (1, 2, 3, 1), rows, strict=True)
        ]
    )
    scores = score(frame)
    each = [score(wide(row)).of("1")["HE"] for row in rows[:3]]
    half = 4.302652729749464 * np.std(each, ddof=1) / math.sqrt(3)  # t with 2 degrees of freedom
    row = scores.table.filter((pl.col("respondent") == "a") & (pl.col("value") == "HE")).row(0, named=True)
    assert row["centred"] == pytest.approx(np.mean(each))
    assert (row["low"], row["high"]) == pytest.approx((np.mean(each) - half, np.mean(each) + half))
    assert (row["method"], row["n"], row["answered"], row["asked"]) == ("t over administrations", 3, 6, 6)
    assert scores.of("b") == pytest.approx(CENTRED | GROUPS)


def test_over_people_there_are_alpha_and_the_human_reference() -> None:
    """Means with t intervals agree with scipy, α with the covariance formula, its interval with the quantiles of F; the reference is
    that of PVQ-21, and its mean over items is 0."""
    from scipy import stats

    rng = np.random.default_rng(3)
    latent = rng.normal(size=(200, 1))
    answers = np.clip(np.round(3.5 + latent + rng.normal(size=(200, 21))), 1, 6)
    people = score(pl.DataFrame({str(n): answers[:, n - 1] for n in range(1, 22)})).people
    row = people.filter(pl.col("value") == "UN").row(0, named=True)
    items = answers[:, [2, 7, 18]]
    covariance = np.cov(items.T)
    expected = 3 / 2 * (1 - np.trace(covariance) / covariance.sum())
    assert row["alpha"] == pytest.approx(expected)
    bounds = [1 - (1 - expected) * stats.f.ppf(p, 199, 398) for p in (0.975, 0.025)]
    assert (row["alpha_low"], row["alpha_high"]) == pytest.approx(bounds)
    centred = items.mean(axis=1) - answers.mean(axis=1)
    interval = stats.t.interval(0.95, 199, centred.mean(), stats.sem(centred))
    assert (row["low"], row["high"]) == pytest.approx(interval)
    reference = dict(people.filter(pl.col("kind") == "value").select("value", "reference").iter_rows())
    assert reference["PO"] == -0.73
    assert sum(reference[code] * (3 if code == "UN" else 2) for code in VALUES) == pytest.approx(0, abs=0.02)


def bad(content: str, tmp_path: Path, **fields: object) -> str:
    path = tmp_path / "answers.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as error:
        score(path, **fields)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_wrong_in_a_file_is_told_in_one_line(tmp_path: Path) -> None:
    """Row (names of the columns: 1) and column of an answer off the scale; missing columns, doubles, unknown items, empty files."""
    header, good = ",".join(map(str, range(1, 22))), ",".join("3" * 21)
    assert "row 3, column 1: 9 is not on the scale from 1 to 6" in bad(f"{header}\n{good}\n9{good[1:]}\n", tmp_path)
    assert "row 2, column 21: '2.5' is no whole number" in bad(f"{header}\n{good[:-1]}2.5\n", tmp_path)
    assert "row 2, column 1: 'often' is no whole number" in bad(f"{header}\noften{good[1:]}\n", tmp_path)
    assert "no column for item 21 (1 of 21 are missing)" in bad(f"{header[:-3]}\n{good[:-2]}\n", tmp_path)
    assert "no answers" in bad(f"{header}\n", tmp_path)
    assert "row 3: it has more cells than the first row" in bad(f"{header}\n{good}\n{good},3\n", tmp_path)
    assert "no table that can be read" in bad("", tmp_path)
    twice = f"respondent,{header}\na,{good}\na,{good}\n"
    assert "row 3" in bad(twice, tmp_path)
    assert "add a column repeat" in bad(twice, tmp_path)
    assert "row 3, column item: PVQ-21 has no item '22'" in bad("respondent,item,answer\na,21,3\na,22,3\n", tmp_path)
    assert "answered before" in bad("respondent,item,answer\na,1,3\na,item1,3\n", tmp_path)
    assert "row 2, column respondent: it is empty" in bad(f"respondent,{header}\n,{good}\n", tmp_path)
    assert "the items may begin at" in bad(",".join(f"{x}{n}" for x in "ab" for n in range(1, 22)) + "\n" + f"{good},{good}\n", tmp_path)
    with pytest.raises(UserError, match="no instrument 'pvq 41'"):
        score(wide(EXAMPLE), instrument="pvq 41")
    with pytest.raises(UserError, match="not list"):
        score([1, 2])


def test_instruments_by_name(tmp_path: Path) -> None:
    """Names are taken with or without dashes and capitals; an instrument of one's own needs its items, and codes in them."""
    assert find_instrument("PVQ-RR").name == "pvqrr"
    assert (find_instrument("svs").low, find_instrument("svs").high, len(find_instrument("svs").numbers)) == (-1, 7, 57)
    assert set(find_instrument("pvqrr").groups) == set(HIGHER_ORDER)
    assert "HUM" not in {code for codes in find_instrument("pvqrr").groups.values() for code in codes}
    assert "unvalidated" in find_instrument("portraits").status
    with pytest.raises(UserError, match="--items"):
        find_instrument("own")
    path = tmp_path / "own.csv"
    path.write_text("number,text,code\n3,a,HE\n5,b,novelty\n8,c,HE\n", encoding="utf-8")
    own = find_instrument("own", str(path))
    assert (own.numbers, own.key, own.groups) == ((3, 5, 8), {"HE": (3, 8), "novelty": (5,)}, {})
    scores = score(pl.DataFrame({"item3": [6], "item5": [2], "item8": [4]}), instrument=own)
    assert scores.of("1") == pytest.approx({"HE": 1.0, "novelty": -2.0})
    path.write_text("number,text\n3,a\n", encoding="utf-8")
    with pytest.raises(UserError, match="no item has a code"):
        find_instrument("own", str(path))
    with pytest.raises(FeedError):
        find_instrument("own", str(tmp_path / "nowhere.csv"))
    assert {find_instrument(name).name for name in CHOICES if name != "own"} == set(CHOICES) - {"own"}


def test_a_minus_sign_reverses_an_item(tmp_path: Path) -> None:
    """7 − answer enters value, MRAT and α; what is off the scale is refused before it is turned round, and the loading is negative."""
    path = tmp_path / "own.csv"
    path.write_text("number,text,code\n1,a,HE\n2,b,-HE\n3,c,work\n", encoding="utf-8")
    own = find_instrument("own", str(path))
    assert (own.key, own.reversed) == ({"HE": (1, 2), "work": (3,)}, {2})
    assert [item.labels for item in load_deck(str(path)).items] == [{"HE": 1.0}, {"HE": -1.0}, None]
    scores = score(pl.DataFrame({"1": [6], "2": [2], "3": [4]}), instrument=own)
    assert scores.mrat.tolist() == [5.0]
    assert scores.of("1") == pytest.approx({"HE": 0.5, "work": -1.0})
    assert scores.notes == ("Reversed before scoring, 7 − answer: item 2.",)
    rng = np.random.default_rng(2)
    latent = np.clip(np.round(3.5 + rng.normal(size=(40, 1)) + rng.normal(size=(40, 2))), 1, 6)
    turned = np.column_stack([latent[:, 0], 7 - latent[:, 1], np.full(40, 3)])
    alpha = score(pl.DataFrame(turned, schema=["1", "2", "3"]), instrument=own).people["alpha"][0]
    covariance = np.cov(latent.T)
    assert alpha == pytest.approx(2 * (1 - np.trace(covariance) / covariance.sum()))
    header, good = "1,2,3", "3,3,3"
    assert "row 3, column 2: 0 is not on the scale from 1 to 6" in bad(f"{header}\n{good}\n3,0,3\n", tmp_path, instrument=own)
    path.write_text("number,text,code\n1,a,--HE\n", encoding="utf-8")
    with pytest.raises(FeedError, match="row 2, column code"):
        find_instrument("own", str(path))


def test_test_retest_is_the_intraclass_correlation_over_administrations() -> None:
    """ICC(A,1) of centred scores agrees with the analysis of variance; who answered once is left out; with one respondent there is none."""
    rng = np.random.default_rng(4)
    person = rng.normal(size=(12, 1, 21))
    answers = np.clip(np.round(3.5 + person + 0.8 * rng.normal(size=(12, 2, 21))), 1, 6)
    rows = [
        {"respondent": f"p{who}", "repeat": time, **{str(item + 1): answers[who, time, item] for item in range(21)}}
        for who in range(12)
        for time in range(2 if who else 1)
    ]
    scores = score(pl.DataFrame(rows))
    items = [0, 10]
    table = answers[1:, :, items].mean(axis=2) - answers[1:].mean(axis=2)
    grand, n, k = table.mean(), 11, 2
    ms_rows = k * ((table.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    ms_columns = n * ((table.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    error = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + grand
    ms_error = (error**2).sum() / ((n - 1) * (k - 1))
    row = scores.retest.filter(pl.col("value") == "SD").row(0, named=True)
    assert row["icc"] == pytest.approx((ms_rows - ms_error) / (ms_rows + (k - 1) * ms_error + k * (ms_columns - ms_error) / n))
    assert (row["n"], row["administrations"]) == (11, 2)
    assert row["low"] < row["icc"] < row["high"]
    assert score(pl.DataFrame(rows[:3])).retest.is_empty()


def test_a_retest_that_says_nothing_is_empty() -> None:
    """With two respondents the formula can run away: no correlation below −1 is given, and no bounds that leave the estimate out."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        rows = [
            {"respondent": who, "repeat": time} | {str(item): int(rng.integers(1, 7)) for item in range(1, 22)}
            for who in ("a", "b")
            for time in range(2)
        ]
        for row in score(pl.DataFrame(rows)).retest.iter_rows(named=True):
            assert row["icc"] is None or -1 <= row["icc"] <= 1
            assert row["low"] is None or -1 <= row["low"] <= row["icc"] <= row["high"] <= 1
