"""A sixth benchmark: one file and one line of the registry give it a run, a score and a report."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from agent.trace.reader import find_sessions
from evals.benchmark.__main__ import main
from evals.benchmark.registry import BENCHMARKS
from evals.benchmark.scoring import scores
from tests.each import each


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line."""
    monkeypatch.setitem(BENCHMARKS, "toy", "tests.evals.benchmark.toy")


def run_toy(runs: Path, *more: str, items: str = "sample") -> tuple[int, Path]:
    """The exit code of a run and the folder of its report."""
    code = main(["toy", "run", "--items", items, "--runs", str(runs), "--name", "toy", "--workers", "1", "--quiet", *more])
    return code, runs / "toy" / "report"


def test_respondents_whose_score_is_known_get_it(registered: None, tmp_path: Path) -> None:
    """Always right is 20 of 20, always A one third over three repeats, refusing half and failing keep all 20 in the count."""
    models = "keyed/right,keyed/first,keyed/refuses-half,keyed/fails-some"
    code, report = run_toy(tmp_path, "--model", models, "--repeats", "3")
    rows = {row["who"]: row for row in json.loads((report / "results.json").read_text())["scores"] if row["group"] == "all"}
    assert code in {0, 1}
    assert rows["keyed/right"]["score"] == 1
    assert rows["keyed/first"]["score"] == pytest.approx(1 / 3)
    assert rows["keyed/first"]["right"] == 20
    assert all(row["samples"] == 20 for row in rows.values())
    refusing, failing = rows["keyed/refuses-half"], rows["keyed/fails-some"]
    assert refusing["refused"] > 0
    assert refusing["score"] == pytest.approx(refusing["right"] / 60)
    assert failing["failed"] > 0
    assert failing["score"] == 1
    assert failing["least"] == pytest.approx(failing["scored"] / 20)
    assert failing["rank"] is None
    page = (report / "report.html").read_text()
    assert "Which sum is larger?" in page
    assert "even" in page


def test_what_is_answered_is_not_asked_again(registered: None, tmp_path: Path) -> None:
    """The same command carries on, and traces stay as they were."""
    run_toy(tmp_path, "--model", "keyed/right")
    traces = {folder.trace: folder.trace.read_bytes() for folder in find_sessions(tmp_path / "toy")}
    assert run_toy(tmp_path, "--model", "keyed/right")[0] == 0
    assert traces
    assert {folder.trace: folder.trace.read_bytes() for folder in find_sessions(tmp_path / "toy")} == traces


def test_an_interrupted_run_keeps_its_samples(registered: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After a limit, what was not reached counts as a sample without an answer, and the limit is lifted by the same command."""
    code, report = run_toy(tmp_path, "--model", "keyed/right", "--max-requests", "7")
    assert code == 3
    assert main(["toy", "score", str(tmp_path / "toy"), "--json"]) == 0
    (row,) = [row for row in json.loads(capsys.readouterr().out)["scores"] if row["group"] == "all"]
    assert (row["samples"], row["right"], row["open"]) == (20, 7, 13)
    assert (row["least"], row["most"]) == (pytest.approx(7 / 20), 1.0)
    assert run_toy(tmp_path, "--model", "keyed/right")[0] == 0
    assert pl.read_csv(report / "answers.csv").height == 20


@each(
    "given",
    (
        (["toy", "run", "--model", "keyed/right", "--condition", "upside-down"], "shown, none, wrong"),
        (["toy", "run", "--model", "keyed/right", "--wordings", "9"], "--wordings"),
        (["toy", "run", "--model", "keyed/right", "--limit", "0"], "--limit"),
        (["toy", "run", "--model", "vllm/x@ftp://nowhere"], "a URL begins with http:// or https://"),
        (["toy", "run", "--model", "nosuch"], "error: unknown model provider 'nosuch'"),
        (["toy", "run", "--model", "keyed/right", "--items", "nowhere"], "nowhere"),
        (["toy", "run", "--model", "keyed/right", "--items", "keyless"], "item 'x' of keyless: key: there is none; say which"),
        (["toy", "score", "nowhere"], "nowhere"),
        (["tow", "score", "runs"], "there is no benchmark 'tow'"),
        (["ch3ef", "score", "runs"], "python -m evals.ch3ef"),
    ),
)
def test_mistakes_are_one_line(
    registered: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: tuple[list[str], str]
) -> None:
    """What a user gets wrong is one line that says what to do, and exit code 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keyless").mkdir(exist_ok=True)
    (tmp_path / "keyless" / "items.jsonl").write_text('{"id": "x", "text": "Which?", "options": ["a", "b"]}\n')
    arguments, said = given
    assert main(arguments) == 2
    error = capsys.readouterr().err.strip()
    assert said in error
    assert "\n" not in error


def test_what_cannot_be_asked_is_no_sample(registered: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An item without a picture is none of the samples under exchanged pictures; the others are."""
    items = tmp_path / "items"
    items.mkdir()
    for name in "ab":
        Image.new("RGB", (8, 8), "red" if name == "a" else "blue").save(items / f"{name}.png")
    rows = [{"id": name, "text": "Which?", "options": ["x", "y"], "key": [0], "images": images} for name, images in ITEMS]
    (items / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, report = run_toy(tmp_path, "--model", "keyed/right", "--condition", "shown,wrong", items=str(items))
    found = {row["who"]: row for row in json.loads((report / "results.json").read_text())["scores"]}
    assert code == 0
    assert {who: (row["samples"], row["open"]) for who, row in found.items()} == {
        "keyed/right": (3, 0),
        "keyed/right (wrong pictures)": (2, 0),
    }


ITEMS = (("one", ["a.png"]), ("two", ["b.png"]), ("none", []))


def test_a_folder_of_runs_is_scored_as_one(registered: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`score runs/` finds every run of the benchmark in there, whatever their sessions are called."""
    for name, model in (("one", "keyed/right"), ("two", "keyed/first"), ("three", "keyed/right")):
        assert run_toy(tmp_path, "--model", model, "--name", name, "--no-report")[0] == 0
    capsys.readouterr()
    assert main(["toy", "score", str(tmp_path), "--json"]) == 0
    rows = {row["who"]: row for row in json.loads(capsys.readouterr().out)["scores"] if row["group"] == "all"}
    assert {who: (row["samples"], row["answered"]) for who, row in rows.items()} == {"keyed/right": (20, 40), "keyed/first": (20, 20)}


RIGHT_OF_THREE = {
    "one": (1, 3, 2, 2, 3, 3, 2, 3, 2, 3, 1, 1, 1, 1, 3, 3, 3, 3, 2, 3),
    "two": (3, 3, 1, 1, 3, 2, 1, 3, 3, 3, 3, 2, 1, 2, 3, 2, 3, 3, 1, 2),
}
"""45 of 60 each; the means of the thirds, taken in this order, differ in the last digit."""


def test_equal_scores_have_one_rank() -> None:
    """Repeats that add up in another order to the same share are the same rank."""
    rows = [
        {"who": who, "item": f"q{item}", "cluster": None, "state": "answered", "key_place": 0, "right": repeat < right}
        for who, counts in RIGHT_OF_THREE.items()
        for item, right in enumerate(counts)
        for repeat in range(3)
    ]
    answers = pl.DataFrame(rows, schema_overrides={"cluster": pl.String})
    table = scores(answers, answers.select("who", "item", "cluster").unique(maintain_order=True), {})
    assert table["score"].n_unique() == 2, "the case is the one that is meant"
    assert table["rank"].to_list() == [1, 1]


def test_runs_of_another_benchmark_are_left_out(registered: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that holds runs of two benchmarks is scored for the one asked about, and says what it leaves out."""
    run_toy(tmp_path, "--model", "keyed/right")
    record = tmp_path / "toy" / "benchmark.json"
    record.write_text(record.read_text().replace('"benchmark": "toy"', '"benchmark": "other"'))
    assert main(["toy", "score", str(tmp_path)]) == 2
    assert "there is no answer to items of toy" in capsys.readouterr().err


def test_the_page_shows_this_file() -> None:
    """docs/benchmarks.md walks through the file that these tests run."""
    page = (Path(__file__).parents[3] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert Path(__file__).with_name("toy.py").read_text(encoding="utf-8") in page
