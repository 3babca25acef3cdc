"""What is said of runs and items before any figure: who is no model, whose items they are, what is wrong, all of it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from environments.decks.questions import Question
from evals.ch3ef.__main__ import main
from evals.ch3ef.analysis import analyse
from evals.ch3ef.checking import Check, checked
from evals.ch3ef.reading import read_material
from evals.ch3ef.sample_items import sample_items
from evals.ch3ef.scoring import correlations, scores

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight items of the sample without pictures; two controls without pictures at all, one of them and the reader in the usual way."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "items").mkdir()
    rows = [item.row() | {"images": []} for item in sample_items()[::12]]
    (folder / "items" / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    models = ["--model", "keyed/right,keyed/first,reader", "--condition", "shown,none"]
    common = ["--items", str(folder / "items"), "--runs", str(folder), "--name", "one", "--no-report", "--quiet"]
    assert main(["run", *common, *models]) == 0
    return folder / "one"


def test_correlations_are_over_those_asked_in_the_usual_way(run: Path) -> None:
    """Three were asked with pictures and three without: the figures are of those with, and the notes name them."""
    material = read_material([run])
    table = scores(material.answers, material.items)
    plain = table.with_columns(score=pl.when(pl.col("who").str.contains("no pictures")).then(None).otherwise("score"))
    own = correlations(table, material.answers).filter(source="own")
    assert own.equals(correlations(plain, material.answers).filter(source="own")) and max(own["models"]) == 3
    (note,) = (each for each in analyse([run]).notes if each.startswith("Correlations between"))
    assert "(shown, no examples: reader, keyed/first, keyed/right)" in note


def test_what_is_no_model_and_no_benchmark_is_said_first(run: Path) -> None:
    """Synthetic respondents by name, then whose items they are; each once; the chart begins with the model."""
    found = analyse([run])
    assert found.conclusions[0].startswith("Synthetic respondents") and "keyed/first, keyed/right (from the key)" in found.conclusions[0]
    assert found.conclusions[1].startswith("The items are the sample of this package, written and drawn for it")
    assert not any(each in found.notes for each in found.conclusions[:2])
    assert "The first 4 of 6 respondents" in found.figures[0].caption


def _check(items: int, right: int) -> Check:
    quarter = Fraction(1, 4)
    return Check(items, {}, (), {4: items}, 0, quarter, quarter, quarter, {}, Fraction(right, items))


@pytest.mark.parametrize(
    ("items", "right", "away"), [(92, 24, False), (92, 31, False), (92, 33, True), (100, 35, True), (4, 3, False), (4, 4, True)]
)
def test_the_longest_option_gives_keys_away_only_beyond_chance(items: int, right: int, away: bool) -> None:
    """Exact one-sided binomial test at 0.025: of 92 items with four options, 32 and more right are beyond it (P(X ≥ 32) = 0.022)."""
    assert _check(items, right).given_away is away


def test_check_of_the_sample_finds_nothing_in_lengths(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence follows the figure."""
    assert not checked(_sample()).given_away
    assert main(["check", "sample"]) == 0
    assert "(as chance has it)" in capsys.readouterr().out


def _sample() -> list[Question]:
    return [Question.model_validate(item.row() | {"images": []}) for item in sample_items()]


def test_check_lists_every_fault_of_an_item(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Task, key and picture, each in its line; one item is one item."""
    row = {"id": "a", "text": "Who?", "options": ["x", "y"], "key": [1], "images": ["no.png"]}
    (tmp_path / "items.jsonl").write_text(json.dumps(row), encoding="utf-8")
    assert main(["check", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[1] for line in lines[:3]] == [f" item 'a', {field}" for field in ("about.task", "key", "images")]
    assert lines[3].startswith("1 item: no h 1;")


def test_the_provider_is_refused_before_its_key_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """openai scores no given texts: no key would help."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "r.toml").write_text('inferencer = "likelihood"', encoding="utf-8")
    assert main(["run", "--recipe", str(tmp_path / "r.toml"), "--model", "openai/x", "--runs", str(tmp_path / "runs")]) == 2
    error = capsys.readouterr().err
    assert "openai/x cannot say how likely a given text is" in error and "OPENAI_API_KEY" not in error


def test_a_fault_of_several_fields_has_one_colon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the field itself."""
    (tmp_path / "r.toml").write_text('inferencer = "chain"\n[instruction]\nexamples = "random:1"', encoding="utf-8")
    assert main(["run", "--recipe", str(tmp_path / "r.toml"), "--model", "keyed/right", "--runs", str(tmp_path / "runs")]) == 2
    assert "r.toml: instruction.examples: examples do not go with inferencer 'chain'" in capsys.readouterr().err


def test_an_import_of_faults_alone_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each reason with its first row and how many are like it; no folder is left behind."""
    (tmp_path / "in" / "meta_file").mkdir(parents=True)
    rows = [{"id": 1}, {"id": 2}, {"id": None}]
    (tmp_path / "in" / "meta_file" / "Honest.json").write_text(json.dumps({"items": rows}), encoding="utf-8")
    assert main(["import", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--skip-faulty"]) == 2
    error = capsys.readouterr().err
    assert "no row can be used" in error and "row 1, query: it is missing, empty, or no text (and 1 row like it)" in error
    assert "row 3, id: it is missing" in error and [each.name for each in tmp_path.iterdir()] == ["in"]
