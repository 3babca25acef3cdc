"""Effects along the size of models: exact on planted effects, on the cells that all models have, and nothing from too few."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

from evals.culture.size_effects import size_effects
from tests.evals.culture.surveys import command, picked, results, run

SIZES = {"m/a": 1.0, "m/b": 2.0, "m/c": 4.0, "m/d": 8.0}


def cells(effects: dict[str, float], *, noise: float = 0.0, questions: int = 12) -> pl.DataFrame:
    """Cells of text and both: the pictures change a model's divergence by its effect, and by noise that differs by question."""
    dice = np.random.default_rng(4)
    rows: list[dict[str, Any]] = []
    for who, effect in effects.items():
        for question, country in itertools.product(range(questions), ("Alfa", "Bravo")):
            for condition in ("text", "both"):
                change = effect + noise * dice.normal() if condition == "both" else 0.0
                row = {"respondent": who, "model": who, "condition": condition, "country": country, "question": f"q{question}"}
                rows.append(row | {"topic": "t", "jsd": 0.5 + change, "jsd_root": 0.7, "w1": None})
    return pl.DataFrame(rows, schema_overrides={"w1": pl.Float64})


def test_an_effect_that_falls_with_size_is_told_as_such() -> None:
    """Planted at −.02 a doubling: the slope is that, ρ is −1, and p counts the orders of four models: 2 of 24."""
    (row,) = size_effects(cells({who: -0.02 * place for place, who in enumerate(SIZES)}), SIZES).iter_rows(named=True)
    assert (row["contrast"], row["models"], row["sizes"], row["smallest_b"], row["largest_b"]) == ("both − text", 4, 4, 1.0, 8.0)
    assert row["slope"] == pytest.approx(-0.02) and row["rho"] == pytest.approx(-1.0)
    assert row["p"] == row["least_p"] == pytest.approx(2 / 24)
    assert (row["pairs"], row["questions"]) == (24, 12)


def test_rho_and_its_interval_are_of_these_models() -> None:
    """ρ is another library's; where questions are noisy the interval is wide and holds it, and the slope's too."""
    table = cells({"m/a": 0.0, "m/b": 0.02, "m/c": -0.03, "m/d": -0.01}, noise=0.05)
    (row,) = size_effects(table, SIZES, seed=2).iter_rows(named=True)
    both = table.filter(condition="both").group_by("model", maintain_order=True).agg(pl.col("jsd").mean())
    assert row["rho"] == pytest.approx(spearmanr([SIZES[model] for model in both["model"]], both["jsd"]).statistic)
    assert row["rho_low"] <= row["rho"] <= row["rho_high"] and row["rho_high"] - row["rho_low"] > 0.3
    assert row["slope_low"] < row["slope"] < row["slope_high"] and row["p"] > row["least_p"]


def test_two_sizes_tell_nothing_and_equal_effects_have_no_rank() -> None:
    """Below three different sizes there is no row; effects that are all the same have no ρ and a slope of nothing."""
    planted = {who: -0.01 * place for place, who in enumerate(SIZES)}
    assert size_effects(cells(planted), {"m/a": 1.0, "m/b": 2.0}).is_empty()
    assert size_effects(cells(planted), dict.fromkeys(planted, 7.0)).is_empty()
    (row,) = size_effects(cells(dict.fromkeys(SIZES, 0.1)), SIZES).iter_rows(named=True)
    assert row["rho"] is None and row["p"] is None and row["slope"] == pytest.approx(0.0)


def test_only_cells_that_all_models_have_count() -> None:
    """A cell that one model lacks is left out for all: sizes differ in nothing else."""
    table = cells({who: -0.02 * place for place, who in enumerate(SIZES)})
    less = table.filter(~((pl.col("model") == "m/b") & (pl.col("question") == "q0") & (pl.col("country") == "Alfa")))
    off = less.with_columns(
        jsd=pl.when((pl.col("question") == "q0") & (pl.col("country") == "Alfa")).then(pl.lit(0.9)).otherwise(pl.col("jsd"))
    )
    (row,) = size_effects(off, SIZES).iter_rows(named=True)
    assert row["pairs"] == 23 and row["slope"] == pytest.approx(-0.02)


def test_many_models_are_shuffled_at_random() -> None:
    """Beyond eight models p is over random orders; no relation gives a p that is not small, a perfect one the smallest."""
    sizes = {f"m/{number}": 2.0**number for number in range(10)}
    (up,) = size_effects(cells({who: 0.01 * place for place, who in enumerate(sizes)}), sizes).iter_rows(named=True)
    assert up["p"] == up["least_p"] == pytest.approx(1 / 20_001) and up["rho"] == pytest.approx(1.0)
    (none,) = size_effects(cells({who: 0.01 * (place % 2) for place, who in enumerate(sizes)}), sizes).iter_rows(named=True)
    assert none["p"] > 0.3


@pytest.mark.usefixtures("own_cache")
def test_the_report_has_effects_by_size(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """With sizes of three respondents the table stands in report and page, with how many models; with none, a note says what it needs."""
    folder = run(tmp_path, "polled/truth,polled/uniform,polled/sees", "--conditions", "text,image")
    assert "size_effects" not in results(folder) and any("need 3 models" in note for note in results(folder)["notes"])
    sizes = ["--size", "polled/truth=70B", "--size", "polled/uniform=7B", "--size", "polled/sees=13B"]
    assert command("score", folder, "--out", folder / "report", *sizes) == 0
    (row,) = picked(results(folder)["size_effects"], contrast="image − text")
    assert (row["models"], row["smallest_b"], row["largest_b"], row["pairs"]) == (3, 7.0, 70.0, 9)
    assert row["least_p"] == pytest.approx(2 / 3), "two of them have the same effect"
    assert row["rho"] == 0.0 and row["rho_low"] is None, "a width of 0 is not claimed"
    assert "Effects along the size of models" in (folder / "report" / "report.html").read_text(encoding="utf-8")
    assert "Effects along the size of models" in capsys.readouterr().out
