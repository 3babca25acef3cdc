"""Retest, ablation, breakdown, and the score beside estimator A, against other implementations and planted truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from agent.models.planted import Parameters, decide
from evals.value_spectrum.ablation import ALL, ablation, published_ablation
from evals.value_spectrum.analysis import Found, analyse
from evals.value_spectrum.beside import beside
from evals.value_spectrum.breakdown import FEWEST, breakdown, compared
from evals.value_spectrum.reading import Material, assigned, read_runs
from evals.value_spectrum.retest import retest
from evals.value_spectrum.scoring import score
from evals.value_spectrum.writing import check_place, write
from evals.values.decisions import read_decisions
from evals.values.loadings import FloatArray, Loadings
from evals.values.reliability import icc
from personas.errors import UserError
from personas.schwartz import VALUES
from tests.evals.value_spectrum.conftest import Stock, command, script

SIZE = 20


def members(per_value: int = SIZE, tag: str = "") -> Loadings:
    """`per_value` videos a value, each for that value alone."""
    items = tuple(f"{code}{tag}-{number}" for code in VALUES for number in range(per_value))
    return Loadings(items, VALUES, np.repeat(np.eye(10), per_value, axis=0))


def decisions(items: Sequence[str], y: NDArray[Any], who: str = "a", **more: object) -> pl.DataFrame:
    frame = pl.DataFrame({"respondent": [who] * len(items), "item": list(items), "channel": "like", "y": y.astype(float)})
    return read_decisions(frame).with_columns(**{name: pl.lit(value) for name, value in more.items()})


def two_draws(seed: int, rates: FloatArray) -> tuple[pl.DataFrame, Loadings]:
    dice = np.random.default_rng(seed)
    parts = [members(tag=tag) for tag in ("", "x")]
    frames = [
        decisions(part.items, dice.random(len(part.items)) < np.repeat(rates, SIZE), draw=number) for number, part in enumerate(parts, 1)
    ]
    return pl.concat(frames), Loadings((*parts[0].items, *parts[1].items), VALUES, np.vstack([parts[0].x, parts[1].x]))


def test_retest_agrees_with_other_implementations() -> None:
    """Pearson and Spearman as SciPy has them, ICC(A,1) as `reliability` has it; the same seed gives the same interval, which holds it."""
    given, both = two_draws(3, np.linspace(0.2, 0.8, 10))
    row = retest(given, both, draws=300).row(0, named=True)
    one, other = (score(given.filter(pl.col("draw") == number), both)["score"].to_numpy() for number in (1, 2))
    assert row["pearson"] == pytest.approx(pearsonr(one, other).statistic)
    assert row["spearman"] == pytest.approx(spearmanr(one, other).statistic)
    found = icc(np.column_stack([one, other]))
    assert found is not None and row["icc"] == pytest.approx(found.agreement.estimate)
    assert row["apart"] == pytest.approx(np.abs(one - other).mean())
    assert (row["values"], row["videos_1"], row["videos_2"], row["in_both"]) == (10, 200, 200, 0)
    for name in ("pearson", "spearman", "icc"):
        assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
    assert retest(given, both, draws=300).row(0, named=True) == row


def test_scores_of_nothing_but_chance_do_not_agree() -> None:
    """With one rate for all values the expected correlation is near 0, and the interval holds 0 in nearly all of forty studies."""
    held, expected = 0, []
    for seed in range(40):
        row = retest(*two_draws(seed, np.full(10, 0.5)), draws=200).row(0, named=True)
        held += row["pearson_low"] <= 0 <= row["pearson_high"]
        expected.append(row["expected"])
    assert held >= 37 and np.mean(expected) < 0.25


def test_a_video_in_both_draws_is_told_and_agrees_with_itself() -> None:
    """The same answers twice correlate 1 without an interval of width 0; with three values nothing is computed."""
    part = members()
    dice = np.random.default_rng(1).random(len(part.items)) < 0.5
    same = pl.concat([decisions(part.items, dice, draw=number) for number in (1, 2)])
    row = retest(same, part, draws=100).row(0, named=True)
    assert (row["in_both"], row["pearson"], row["apart"]) == (200, pytest.approx(1.0), 0.0) and row["pearson_low"] is None
    few = Loadings(part.items, VALUES[:3], part.x[:, :3])
    assert retest(same, few).row(0, named=True)["pearson"] is None
    assert retest(same.filter(pl.col("draw") == 1), part).is_empty()


def test_the_ablation_is_mcnemars_test_on_pairs() -> None:
    """Exact p as statsmodels has it, Holm over the values, and videos without an answered description in no pair."""
    part = members()
    dice = np.random.default_rng(5)
    image, text = dice.random((2, len(part.items))) < np.array([[0.6], [0.4]])
    given = pl.concat([decisions(part.items, image, show="frames"), decisions(part.items[3:], text[3:], show="text")])
    found = ablation(given, part)
    for row in found.iter_rows(named=True):
        kept = [k for k, item in enumerate(part.items) if k >= 3 and row["value"] in {ALL, item.split("-")[0]}]
        table = [[sum(image[k] == a and text[k] == b for k in kept) for b in (1, 0)] for a in (1, 0)]
        assert row["p"] == pytest.approx(mcnemar(table, exact=True).pvalue)
        assert (row["image_only"], row["description_only"]) == (table[0][1], table[1][0])
        assert row["difference"] == pytest.approx(100 * (text[kept].mean() - image[kept].mean()))
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]
    values = found.filter(pl.col("value") != ALL)
    assert values["p_adjusted"].to_list() == pytest.approx(multipletests(values["p"].to_list(), method="holm")[1].tolist())
    assert dict(found.select("value", "unpaired").iter_rows())[ALL] == 3
    assert ablation(given.filter(pl.col("show") == "frames"), part).is_empty()


def test_the_published_ablation_is_the_models_own_description() -> None:
    """Three models by ten values, as in the table of the paper."""
    table = published_ablation()
    assert table.height == 30
    assert (table["difference_low"] <= table["difference"]).all() and (table["difference"] <= table["difference_high"]).all()


def test_the_breakdown_says_where_there_are_too_few() -> None:
    """Counts by hand; no rate of fewer than ten videos; Holm over a respondent's values, Benjamini–Hochberg over the table."""
    part = members()
    y = np.arange(len(part.items)) % 3 == 0
    places = ["tiktok" if number % 4 else "shorts" for number in range(len(part.items))]
    places[:3] = ["rare"] * 3
    about = pl.DataFrame({"item": part.items, "platform": places, "topic": None, "month": "2024-08"}, schema_overrides={"topic": pl.String})
    rows = breakdown(decisions(part.items, y), part, about)
    assert set(rows["by"]) == {"platform"}, "nothing is known of topics, and all are of one month"
    for row in rows.iter_rows(named=True):
        kept = [k for k, item in enumerate(part.items) if places[k] == row["level"] and row["value"] in {ALL, item.split("-")[0]}]
        assert (row["videos"], row["yes"]) == (len(kept), y[kept].sum())
        if len(kept) < FEWEST:
            assert row["note"] == "too few" and row["score"] is row["low"] is None
        else:
            assert row["score"] == pytest.approx(100 * y[kept].mean()) and row["low"] < row["score"] < row["high"]
    tests = compared(rows)
    whole = tests.row(by_predicate=pl.col("value") == ALL, named=True)
    assert (whole["levels"], whole["too_few"]) == (2, 1) and whole["p_adjusted"] == whole["p"]
    tested = tests.filter(pl.col("p").is_not_null())
    assert tested["q"].to_list() == pytest.approx(multipletests(tested["p"].to_list(), method="fdr_bh")[1].tolist())
    assert tests.filter(pl.col("levels") < 2)["p"].null_count() == tests.filter(pl.col("levels") < 2).height


def overlapping(seed: int, n: int = 500) -> FloatArray:
    """Loadings in which a video that promotes a value often promotes its neighbours on the circle too."""
    dice = np.random.default_rng(seed)
    x = np.zeros((n, 10))
    for row, place in enumerate(np.arange(n) % 10):
        x[row, place] = dice.choice([1.0, 0.5]) if dice.random() < 0.8 else -1.0
        for other in ((place + 1) % 10, (place - 1) % 10):
            if dice.random() < 0.4:
                x[row, other] = np.sign(x[row, place]) * dice.choice([1.0, 0.5])
    return x


def test_the_score_of_a_neighbour_is_biased_and_estimator_a_is_not() -> None:
    """A planted respondent cares for Hedonism alone. Its neighbours' scores lie points above the others' (their videos promote Hedonism
    too), while estimator A's intervals for them cover the truth, zero."""
    shift, covered = [], []
    for seed in range(12):
        x = overlapping(seed)
        names = tuple(f"i{number}" for number in range(len(x)))
        planted = Parameters(weights={"HE": 1.5}, seed=seed, like_from=3.0)
        asked: Callable[[int], bool] = lambda row, x=x, planted=planted: (  # type: ignore[misc]  # noqa: E731
            decide(dict(zip(VALUES, x[row], strict=True)), {}, planted, respondent="r", stimulus_id=f"i{row}", seed=0).decision.action
            == "like"
        )
        given = decisions(names, np.array([asked(row) for row in range(len(x))]))
        loadings = Loadings(names, VALUES, x)
        scores = score(given, Loadings(names, VALUES, (x >= 0.25).astype(float)))
        found, _ = beside(given, loadings, scores)
        by_value = {row["value"]: row for row in found.iter_rows(named=True)}
        far = np.mean([by_value[code]["score"] for code in ("SE", "CO", "TR", "BE", "UN")])
        shift += [by_value[code]["score"] - far for code in ("ST", "AC")]
        covered += [by_value[code]["absolute_low"] <= 0 <= by_value[code]["absolute_high"] for code in ("ST", "AC")]
        assert by_value["HE"]["absolute_low"] > 0
    assert np.mean(shift) > 10 and np.mean(covered) >= 0.85


def test_without_labels_or_values_it_says_what_to_do(stock: Stock, tmp_path: Path, own_cache: Path) -> None:
    """Unlabelled videos of a pool without value strata cannot be scored; with values for strata they can, without estimator A."""
    from dataclasses import replace

    from environments.corpus.pool import read_pool, write_pool

    pool = read_pool(stock.first)
    bare = replace(pool, labels="none")
    write_pool(bare, tmp_path / "bare.toml", corpus=str(stock.corpus))
    kept = {name: ids for name, ids in bare.strata.items() if name.endswith("+")}
    write_pool(replace(bare, strata=kept, per_keyword=5), tmp_path / "retrieved.toml", corpus=str(stock.corpus))
    hostile = script(tmp_path / "he<b>llo.jsonl", [{"decide": "like"}])
    for name in ("bare", "retrieved"):
        options = ["--model", hostile, "--runs", tmp_path, "--name", name, "--quiet", "--no-report"]
        assert command("run", "--pool", tmp_path / f"{name}.toml", *options) == 0
    with pytest.raises(UserError, match=r"evals\.labels judge"):
        analyse([tmp_path / "bare"])
    found = analyse([tmp_path / "retrieved"])
    assert found.assigned_by == "pool" and found.scores["items"].to_list() == [3] * 10
    assert any("Estimator A needs value labels" in note for note in found.notes)
    _check_report(found, tmp_path / "out")


def _check_report(found: Found, out: Path) -> None:
    """Names are escaped; a folder with something else in it is refused, one with a report is written anew."""
    write(found, out)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "he<b>llo" not in page and "he&lt;b&gt;llo" in page
    (out / "retest.csv").write_text("of an earlier report")
    write(found, out)
    assert not (out / "retest.csv").exists()
    (out / "results.json").write_text("{}")
    with pytest.raises(UserError, match="something else"):
        check_place(out)


def test_a_video_stands_for_what_it_clearly_promotes() -> None:
    """By labels from .25 on; opposing and weak loadings do not count."""
    given = Loadings(("a", "b", "c", "d"), ("HE", "UN"), np.array([[0.5, -1.0], [0.2, 0.25], [0.0, 0.0], [1.0, 1.0]]))
    material = Material(pl.DataFrame(), pl.DataFrame(), given, {}, (), pl.DataFrame())
    found, how = assigned(material)
    assert how == "labels" and found.x.tolist() == [[1, 0], [0, 1], [0, 0], [1, 1]]
    with pytest.raises(UserError, match="strata are values"):
        assigned(material, "pool")


def test_a_folder_without_sessions_is_one_line(tmp_path: Path) -> None:
    """And says what to do."""
    with pytest.raises(UserError, match="run some first"):
        read_runs([tmp_path])
    assert command("score", tmp_path / "nowhere") == 2
