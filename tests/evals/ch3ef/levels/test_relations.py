"""Scores by level and how levels go together: exact on respondents whose accuracy is planted, and honest where there is too little."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from scipy.stats import pearsonr, spearmanr

from evals.ch3ef.levels.scoring import by_dataset, by_level, placed, relations, scores_of
from evals.ch3ef.taxonomy import published
from evals.values.intervals import wilson_interval
from tests.evals.ch3ef.levels.layouts import cifar, command, imported, mme

pytestmark = pytest.mark.usefixtures("own_cache")

DATASETS = {"CIFAR-10": "A1", "FSC147": "A1", "MME": "A2", "Ch3Ef": "A3"}
PLANTED: dict[str, dict[str, tuple[int, int]]] = {
    "a": {"CIFAR-10": (20, 20), "FSC147": (10, 20), "MME": (18, 20), "Ch3Ef": (9, 20)},
    "b": {"CIFAR-10": (10, 20), "FSC147": (10, 40), "MME": (12, 20), "Ch3Ef": (12, 20)},
    "c": {"CIFAR-10": (5, 20), "FSC147": (0, 20), "MME": (2, 20), "Ch3Ef": (4, 20)},
    "d": {"CIFAR-10": (8, 20), "FSC147": (9, 20), "MME": (16, 20), "Ch3Ef": (7, 20)},
    "e": {"CIFAR-10": (1, 20), "FSC147": (4, 20), "MME": (9, 20), "Ch3Ef": (1, 20)},
}
"""Right answers, of items, by respondent and dataset."""


def answers(planted: dict[str, dict[str, tuple[int, int]]], **more: Any) -> pl.DataFrame:
    rows = []
    for who, datasets in planted.items():
        for dataset, (right, items) in datasets.items():
            about = {"level": None, "dataset": None, "h": "Helpful", "task": "Art"}
            if dataset != "Ch3Ef":
                about = {"level": DATASETS[dataset], "dataset": dataset, "h": None, "task": "OCR"}
            for number in range(items):
                row = {
                    "who": who,
                    "item": f"{dataset}-{number}",
                    "state": "answered",
                    "right": number < right,
                    "key_place": 0,
                    "key_places": [0],
                }
                rows.append(row | {"cluster": None, "options": 4} | about | more)
    return placed(pl.DataFrame(rows, schema_overrides={"cluster": pl.String}))


def levels_of(table: pl.DataFrame) -> pl.DataFrame:
    items = table.select("who", "level", "dataset", "item").unique()
    return by_level(by_dataset(table, items))


def test_each_dataset_has_one_vote(tmp_path: Path) -> None:
    """A level is the mean of its datasets' shares however many items each has; the interval joins those of the datasets."""
    table = levels_of(answers(PLANTED))
    row = table.row(by_predicate=(pl.col("who") == "b") & (pl.col("level") == "A1"), named=True)
    assert (row["score"], row["datasets"], row["scored"]) == (pytest.approx((0.5 + 0.25) / 2), 2, 60)
    one, two = wilson_interval(10, 20), wilson_interval(10, 40)
    assert one and two and one.low is not None and two.low is not None
    assert row["score_low"] == pytest.approx(0.375 - math.hypot(0.5 - one.low, 0.25 - two.low) / 2)


def test_relations_are_those_of_the_planted_scores() -> None:
    """Pearson and Spearman over the five models are what another library says; n is told; Fisher's interval is symmetric in z."""
    table = answers(PLANTED)
    found = relations(scores_of(table, levels_of(table)), seed=1)
    planted = {
        who: (sum(each[d][0] / each[d][1] for d in ("CIFAR-10", "FSC147")) / 2, each["MME"][0] / 20) for who, each in PLANTED.items()
    }
    x, y = zip(*planted.values(), strict=True)
    row = found.row(by_predicate=(pl.col("first") == "A1") & (pl.col("second") == "A2"), named=True)
    assert (row["source"], row["models"]) == ("own", 5)
    assert row["pearson"] == pytest.approx(pearsonr(x, y).statistic) and row["spearman"] == pytest.approx(spearmanr(x, y).statistic)
    interval = pearsonr(x, y).confidence_interval(0.95)
    assert (row["pearson_low"], row["pearson_high"]) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert row["pearson_boot_low"] < row["pearson"] <= row["pearson_boot_high"] and row["spearman_boot_low"] is not None
    pairs = set(found.filter(source="own").select("first", "second").iter_rows())
    assert ("A1", "Helpful") in pairs and ("A3", "Helpful") not in pairs, "a part of A3 is not put beside A3"


def test_too_few_models_have_no_relation() -> None:
    """Two have none; three have a correlation without any interval; four have Fisher's; models are resampled from five on."""
    for count, filled in ((2, ()), (3, ("pearson",)), (4, ("pearson", "pearson_low")), (5, ("pearson", "pearson_low", "pearson_boot_low"))):
        table = answers(dict(list(PLANTED.items())[:count]))
        found = relations(scores_of(table, levels_of(table)))
        row = found.row(by_predicate=(pl.col("first") == "A1") & (pl.col("second") == "A2"), named=True)
        assert row["models"] == count
        assert [name for name in ("pearson", "pearson_low", "pearson_boot_low") if row[name] is not None] == list(filled)


def test_a_model_without_a_dataset_has_no_score_at_the_level() -> None:
    """Its mean would be of other datasets: it is named as lacking one, and in no relation of that level."""
    less = PLANTED | {"a": {name: told for name, told in PLANTED["a"].items() if name != "FSC147"}}
    table = answers(less)
    levels = levels_of(table)
    row = levels.row(by_predicate=(pl.col("who") == "a") & (pl.col("level") == "A1"), named=True)
    assert row["score"] is None and row["lacking"] == "FSC147"
    found = relations(scores_of(table, levels))
    assert found.row(by_predicate=(pl.col("first") == "A1") & (pl.col("second") == "A2"), named=True)["models"] == 4


def test_published_relations_are_between_the_h_alone() -> None:
    """16 models, three pairs, and nothing between levels, which the data do not hold."""
    found = relations(scores_of(answers(PLANTED), levels_of(answers(PLANTED)))).filter(source="published")
    assert set(found.select("first", "second").iter_rows()) == {("Helpful", "Honest"), ("Helpful", "Harmless"), ("Honest", "Harmless")}
    helpful, honest = ([model[h] for model in published()["models"]] for h in ("Helpful", "Honest"))
    assert found["pearson"][0] == pytest.approx(pearsonr(helpful, honest).statistic) and found["models"].to_list() == [16] * 3


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of A1, one of A2, and some of the sample, asked of four respondents."""
    folder = tmp_path_factory.mktemp("levels")
    perception, reasoning = cifar(folder / "c", [n % 10 for n in range(24)]), mme(folder / "m")
    (reasoning / "MME_Benchmark_release_version" / "existence").rename(reasoning / "MME_Benchmark_release_version" / "OCR")
    imported(perception, "cifar10", folder / "cifar10")
    imported(reasoning, "mme", folder / "mme")
    (folder / "recipe.toml").write_text('[scenario]\ntasks = ["Art", "OCR", "Theft"]\n')
    who = "keyed/right,keyed/uniform,keyed/first,keyed/refuses-half"
    for name in ("cifar10", "mme", "sample"):
        more = ["--recipe", folder / "recipe.toml"] if name == "sample" else []
        more += [] if name == "cifar10" else ["--no-report"]
        items = "sample" if name == "sample" else folder / name
        assert command("run", "--items", items, "--model", who, "--runs", folder / "runs", "--quiet", "--workers", 1, *more) == 0
    return folder / "runs"


def test_runs_of_levels_are_scored_together(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run of items of A1 ends with a report; all runs together give every level, a page, tables and JSON; keyed/right is right."""
    assert (next(runs.glob("ch3ef-cifar10-*")) / "report" / "report.html").is_file()
    assert command("relations", *sorted(runs.iterdir()), "--out", tmp_path / "out", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    right = {row["level"]: row for row in told["levels"] if row["who"] == "keyed/right"}
    assert {level: (row["score"], row["datasets"]) for level, row in right.items()} == {"A1": (1.0, 1), "A2": (1.0, 1), "A3": (1.0, 1)}
    by_name = {row["dataset"]: row for row in told["datasets"] if row["who"] == "keyed/uniform"}
    assert {name: row["samples"] for name, row in by_name.items()} == {"CIFAR-10": 24, "MME": 4, "Ch3Ef": 6}
    assert (by_name["CIFAR-10"]["guess"], by_name["MME"]["guess"]) == (0.25, 0.5) and 0.25 <= by_name["Ch3Ef"]["guess"] <= 0.5
    assert {row["models"] for row in told["relations"] if row["source"] == "own" and row["second"] != "Honest"} <= {0, 4}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "How levels go together over models" in page and "none is shown" in page and "<script" not in page


def test_a_task_of_the_same_name_at_another_level_is_not_the_benchmark_s(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """MME and Ch3Ef both have a task OCR: items of the one stand in no score of the other."""
    assert command("score", *sorted(runs.glob("ch3ef-[ms]*")), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    (ocr,) = (row for row in told["scores"] if (row["who"], row["group"], row["level"]) == ("keyed/right", "OCR", "task"))
    assert ocr["samples"] == 2
