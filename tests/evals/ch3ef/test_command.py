"""`python -m evals.ch3ef` as it is typed: run, carry on, score, check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.ch3ef.__main__ import main
from evals.ch3ef.sample_items import sample_folder, sample_items


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    few = [item for item in sample_items() if item.task in {"Chart", "Noisy QA", "Sycophancy", "Theft"}]
    return sample_folder(few, tmp_path_factory.mktemp("items"))


def test_a_run_is_asked_scored_and_not_paid_for_twice(items: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two respondents with and without pictures and examples: a report with all of them; the same command again asks nobody."""
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('metrics = ["accuracy", "paired"]\n[instruction]\nexamples = "random:1"\n', encoding="utf-8")
    command = ["run", "--items", str(items), "--model", "keyed/right,keyed/first", "--recipe", str(recipe), "--condition", "shown,none"]
    command += ["--runs", str(tmp_path / "runs"), "--workers", "1", "--json", "--quiet"]
    assert main(command) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    folder = Path(first["folder"])
    data = json.loads((folder / "report" / "results.json").read_bytes())
    people = {row["who"] for row in data["scores"]}
    ways = ("examples random:1", "no pictures, examples random:1")
    assert people == {f"{model} ({way})" for model in ("keyed/right", "keyed/first") for way in ways}
    assert {row["right"] for row in data["scores"] if row["who"].startswith("keyed/right") and row["level"] == "all"} == {8}
    assert "paired" in data and "positions" not in data
    assert main(command) == 0
    again = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert again["folder"] == first["folder"]
    traces = list(folder.glob("*/trace.jsonl"))
    assert len(traces) == 4
    assert all(path.read_text(encoding="utf-8").count('"type":"ask"') == 8 for path in traces)


def test_a_killed_run_carries_on(items: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A limit stops it with 3, a line is torn as by a kill; the same command without the limit finishes, each item asked once."""
    command = ["run", "--items", str(items), "--model", "keyed/right", "--runs", str(tmp_path), "--workers", "1", "--json", "--quiet"]
    assert main([*command, "--max-requests", "3"]) == 3
    folder = Path(json.loads(capsys.readouterr().out.splitlines()[-1])["folder"])
    trace = next(folder.glob("*/trace.jsonl"))
    with trace.open("ab") as file:
        file.write(b'{"type":"ans')
    assert main(["score", str(folder), "--json"]) == 0
    half = json.loads(capsys.readouterr().out.splitlines()[-1])["scores"][0]
    assert (half["samples"], half["open"], half["right"]) == (8, 5, 3)
    assert main(command) == 0
    whole = json.loads((folder / "report" / "results.json").read_bytes())["scores"][0]
    assert (whole["samples"], whole["open"], whole["right"]) == (8, 0, 8)
    assert trace.read_text(encoding="utf-8").count('"type":"answer"') == 8


def test_a_dry_run_writes_nothing(items: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sessions and decisions are told; no folder is made."""
    command = ["run", "--items", str(items), "--model", "keyed/right", "--repeats", "3", "--runs", str(tmp_path / "runs")]
    assert main([*command, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["decisions"] == 24
    assert not (tmp_path / "runs").exists()


def test_check_says_what_always_a_gets(items: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The share and its chance value, equal; an item that breaks the rule of the key is named, with exit code 1."""
    assert main(["check", str(items), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["always_a"] == found["expected"] == pytest.approx((6 / 4 + 2 * 2 / 4) / 8)
    assert found["ok"] and len(found["lacking"]) == 42
    row = sample_items()[0].row() | {"images": [], "key": [1]}
    (tmp_path / "items.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert main(["check", str(tmp_path)]) == 1
    assert "item 'art-1', key: [1] where the rule of the benchmark makes [0] right" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--condition", "dark"], "--condition: there is no 'dark'; the choices are shown, none, wrong"),
        (["--repeats", "0"], "--repeats takes a whole number from 1 to 1000"),
        (["--recipe", "nowhere.toml"], "the recipe nowhere.toml cannot be read"),
        (["--items", "nowhere"], "there are no items at nowhere"),
        (["--model", "keyed/best"], "no keyed respondent 'best'"),
        (["--model", "keyed/right,keyed/right"], "names a model twice"),
    ],
)
def test_what_cannot_be_run_is_one_line(
    items: Path, tmp_path: Path, more: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, what is wrong and what to do, nothing written."""
    assert main(["run", "--items", str(items), "--model", "keyed/right", "--runs", str(tmp_path / "runs"), *more]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1
    assert not (tmp_path / "runs").exists()
