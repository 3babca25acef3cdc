"""The inferencers beside asking for a letter: likelihoods by three rules, chains, words; and items of other levels in a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.ch3ef.__main__ import main
from evals.ch3ef.analysis import analyse
from evals.ch3ef.reading import read_material
from evals.ch3ef.sample_items import sample_folder, sample_items
from evals.judging.__main__ import main as judging
from tests.agent.driving import of
from tests.agent.models.bigram_server import BigramServer, logprob_of, tokens_of

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    few = [item for item in sample_items() if item.task in {"Chart", "Noisy QA", "Sycophancy", "Theft"}]
    return sample_folder(few, tmp_path_factory.mktemp("items"))


def results(folder: Path, items: Path, models: str, recipe: str, *more: str) -> tuple[Path, dict[str, Any]]:
    """The run's folder and its results."""
    path = folder / "recipe.toml"
    path.write_text(recipe, encoding="utf-8")
    asked = [
        "run",
        "--items",
        str(items),
        "--model",
        models,
        "--recipe",
        str(path),
        "--runs",
        str(folder / "runs"),
        "--workers",
        "1",
        "--quiet",
    ]
    assert main([*asked, *more]) == 0
    (report,) = (folder / "runs").glob("*/report/results.json")
    return report.parents[1], json.loads(report.read_bytes())


def whole(data: dict[str, Any], **names: str) -> dict[str, dict[str, Any]]:
    """The rows of all items by respondent."""
    return {
        row["who"]: row for row in data["scores"] if row["level"] == names.get("level", "all") and row["group"] == names.get("group", "all")
    }


@pytest.mark.parametrize("rule", ["mean", "sum", "pmi"])
def test_likelihood_of_keyed_respondents_is_exact(items: Path, tmp_path: Path, rule: str) -> None:
    """Always right is right by every rule, always first is right where the key stands first, refusals and failures are states as ever."""
    recipe = f'inferencer = "likelihood"\nnormalise = "{rule}"\n'
    models = "keyed/right,keyed/first,keyed/refuses-half"
    run, data = results(tmp_path, items, models, recipe, "--repeats", "2")
    rows = {who.split(" ")[0]: row for who, row in whole(data).items()}
    assert all("(by likelihood)" in row["who"] for row in rows.values())
    assert (rows["keyed/right"]["right"], rows["keyed/right"]["answered"]) == (16, 16)
    half = rows["keyed/refuses-half"]
    assert half["right"] == half["answered"] and half["answered"] + half["refused"] == 16 and 0 < half["refused"] < 16
    first = 0
    for trace in run.glob("*/trace.jsonl"):
        if "first" in trace.parent.name:
            first += sum(0 in event["item"]["key"] for event in of(trace.parent, "stimulus"))
    assert rows["keyed/first"]["right"] == first
    assert {(row["who"].split(" ")[0], row["rule"]) for row in data["rules"]} == {
        (who, each) for who in rows for each in ("mean", "sum", "pmi")
    }
    assert all(row["accuracy"] == 1 for row in data["rules"] if row["who"].startswith("keyed/right"))
    assert data["calibration"]


OPTIONS = (("Yes", "No, it is a cat that sits."), ("a cat", "it is a cat"), ("No, it is a cat that sits.", "Umbrella"))


def perception(folder: Path, *rows: dict[str, Any]) -> Path:
    """Items of level A1."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"level": "A1", "dataset": "Toy", "task": "recognition"}
    full = [{"id": f"t{n}", "text": f"{n}?", "about": about} | row for n, row in enumerate(rows)]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in full), encoding="utf-8")
    return folder


def test_each_rule_chooses_by_its_own_figure(tmp_path: Path) -> None:
    """A bigram model over HTTP: accuracy by mean and by sum are those of sums worked out here, the main table follows `normalise`."""
    deck = perception(tmp_path / "items", *({"options": list(options), "key": [0]} for options in OPTIONS))
    rightly = {"sum": 0, "mean": 0}
    for options in OPTIONS:
        sums = [logprob_of(text, "\n") for text in options]
        tokens = [len(tokens_of(text)) for text in options]
        rightly["sum"] += sums[0] > sums[1]
        rightly["mean"] += sums[0] / tokens[0] > sums[1] / tokens[1]
    assert rightly["sum"] != rightly["mean"], "the texts tell the rules apart"
    with BigramServer() as server:
        recipe = 'inferencer = "likelihood"\nnormalise = "sum"\n'
        _, data = results(tmp_path, deck, f"vllm/tiny@{server.url}", recipe)
    (row,) = whole(data).values()
    assert row["right"] == rightly["sum"]
    by_rule = {each["rule"]: each for each in data["rules"]}
    assert {rule: round(3 * by_rule[rule]["accuracy"]) for rule in rightly} == rightly
    assert all(each["ece"] is not None for each in by_rule.values())
    assert whole(data, level="dataset", group="Toy")[row["who"]]["samples"] == 3
    assert whole(data, level="level", group="A1") and "published" not in data and "correlations" not in data


def test_a_model_that_scores_nothing_is_refused_before_anything_starts(
    items: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that names the providers that can; no session is begun."""
    path = tmp_path / "recipe.toml"
    path.write_text('inferencer = "likelihood"\n', encoding="utf-8")
    asked = ["run", "--items", str(items), "--model", "keyed/right,polled/truth", "--recipe", str(path), "--runs", str(tmp_path / "runs")]
    assert main([*asked, "--workers", "1", "--quiet"]) == 2
    said = capsys.readouterr().err.strip()
    assert "polled/truth cannot say how likely" in said and "vllm, compatible, keyed" in said and "\n" not in said
    assert not list((tmp_path / "runs").glob("*/*/trace.jsonl"))


def test_a_chain_is_a_respondent_of_its_own(items: Path, tmp_path: Path) -> None:
    """Three turns an item; always right is always right."""
    run, data = results(tmp_path, items, "keyed/right", 'inferencer = "chain"\n')
    assert {who: row["right"] for who, row in whole(data).items()} == {"keyed/right (by a chain)": 8}
    (trace,) = run.glob("*/trace.jsonl")
    assert len(of(trace.parent, "ask")) == 24


CAPTIONS = ("two dogs run on grass", "a man rides a red bike")


def test_words_are_scored_against_all_references(tmp_path: Path) -> None:
    """Open items with several references: the right respondent gives the first; a refusal counts as empty; how to ask a judge is said."""
    rows = [{"reference": text, "references": [text, f"here {text} today"]} for text in CAPTIONS]
    deck = perception(tmp_path / "items", *rows)
    _, data = results(tmp_path, deck, "keyed/right,keyed/uniform,keyed/refuses-half", 'inferencer = "open"\n')
    found = {(row["who"], row["metric"]): row for row in data["texts"]}
    assert found["keyed/right", "bleu"]["value"] == pytest.approx(1) and found["keyed/right", "exact"]["value"] == 1
    assert 5 < found["keyed/right", "cider"]["value"] < 9, "10 against the first reference alone"
    assert found["keyed/uniform", "f1"]["value"] == 0
    half = found["keyed/refuses-half", "exact"]
    assert half["value"] == half["answered"] / 2 and half["answered"] + half["refused"] == 2
    assert any("python -m evals.judging judge" in note for note in data["notes"])
    assert "scores" not in data and any(each.startswith("keyed/right, answers in words: bleu 1.000") for each in data["conclusions"])


def test_what_judges_said_stands_beside(tmp_path: Path) -> None:
    """Verdicts kept in the folder of the run are in its next score, by judge and respondent."""
    deck = perception(tmp_path / "items", *({"reference": text} for text in CAPTIONS))
    run, _ = results(tmp_path, deck, "keyed/right,keyed/uniform", 'inferencer = "open"\n')
    asked = ["judge", str(run), "--runs", str(run), "--judges", "scripted-judge/exact", "--workers", "1", "--quiet", "--no-report"]
    assert judging(asked) == 0
    assert main(["score", str(run), "--out", str(tmp_path / "again")]) == 0
    data = json.loads((tmp_path / "again" / "results.json").read_bytes())
    judged = {row["respondent"]: (row["true"], row["judged"]) for row in data["judged"]}
    assert judged == {"keyed/right": (2, 2), "keyed/uniform": (0, 2)}
    assert not any("No judge has been asked" in note for note in data["notes"])


def test_items_with_and_without_options_are_asked_each_in_its_way(items: Path, tmp_path: Path) -> None:
    """A deck of both: options are scored as right or not, words against references; neither counts as a sample of the other."""
    own = [json.loads(line) for line in (items / "items.jsonl").read_text(encoding="utf-8").splitlines()]
    rows: list[dict[str, Any]] = [{"options": ["x", "y", "z"], "key": [2]}, {"reference": "a red bike"}]
    deck = perception(tmp_path / "items", *rows, *(row | {"images": []} for row in own))
    _, data = results(tmp_path, deck, "keyed/right,keyed/first", "")
    right, first = "keyed/right", "keyed/first"
    assert {who: (row["samples"], row["open"]) for who, row in whole(data).items()} == {right: (9, 0), first: (9, 0)}
    assert whole(data, level="level", group="A3")[right]["right"] == 8
    assert whole(data, level="h", group="Honest")[right]["samples"] == 4
    assert {(row["who"], row["items"]) for row in data["texts"]} == {("keyed/right", 1), ("keyed/first", 1)}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"about": {"level": "A4", "dataset": "Toy"}, "options": ["x", "y"], "key": [0]}, "about.level: there is no level 'A4'"),
        ({"about": {"level": "A1"}, "options": ["x", "y"], "key": [0]}, "about.dataset: it is missing"),
        ({"options": ["x", "y"]}, "key: it has options, and none is right"),
        ({}, "options: there are none, and no reference"),
    ],
)
def test_items_of_a_level_that_cannot_be_scored_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: dict[str, Any], told: str
) -> None:
    """One line, before anything is asked."""
    deck = perception(tmp_path / "items", row)
    assert main(["run", "--items", str(deck), "--model", "keyed/right", "--runs", str(tmp_path / "runs")]) == 2
    assert f"item 't0', {told}" in capsys.readouterr().err


def test_words_without_a_reference_are_refused(items: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sample's items have options and no reference: there would be nothing to score by."""
    path = tmp_path / "recipe.toml"
    path.write_text('inferencer = "open"\n', encoding="utf-8")
    assert main(["run", "--items", str(items), "--model", "keyed/right", "--recipe", str(path), "--runs", str(tmp_path / "runs")]) == 2
    assert "has no reference to score by" in capsys.readouterr().err


def test_an_item_that_was_asked_openly_in_one_run_is_a_sample_of_the_others_alone(tmp_path: Path) -> None:
    """One model answered four items in words and two of them with options; another all four with options: two samples, and four."""
    rows = [{"options": ["a cat", "a dog"], "key": [0], "reference": "a cat"} for _ in range(4)]
    everything, some = perception(tmp_path / "all", *rows), perception(tmp_path / "some", *rows[:2])
    recipe = tmp_path / "open.toml"
    recipe.write_text('inferencer = "open"\n', encoding="utf-8")
    for name, deck, model, more in (
        ("words", everything, "keyed/right", ["--recipe", str(recipe)]),
        ("some", some, "keyed/right", []),
        ("all", everything, "keyed/first", []),
    ):
        asked = ["run", "--items", str(deck), "--model", model, "--runs", str(tmp_path / "runs"), "--name", name, *more]
        assert main([*asked, "--workers", "1", "--quiet", "--no-report"]) == 0
    found = analyse([tmp_path / "runs"])
    table = found.tables["scores.csv"].filter(level="all")
    assert {row["who"]: (row["samples"], row["open"]) for row in table.iter_rows(named=True)} == {
        "keyed/right": (2, 0),
        "keyed/first": (4, 0),
    }
    assert found.tables["texts.csv"]["items"].unique().to_list() == [4]


def test_items_of_one_cluster_have_a_score_without_bounds(tmp_path: Path) -> None:
    """All about one picture: the share is told and drawn, and no interval is made up."""
    deck = perception(tmp_path / "items", *({"options": ["x", "y"], "key": [0], "cluster": "one"} for _ in range(3)))
    run, data = results(tmp_path, deck, "keyed/right", "")
    (row,) = whole(data).values()
    assert (row["score"], row["score_low"]) == (1.0, None)
    assert any(each.startswith("keyed/right: 100% right of 3 samples") for each in data["conclusions"])
    assert (run / "report" / "report.html").is_file()


def test_words_that_were_not_reached_stay_samples(tmp_path: Path) -> None:
    """After a limit the metrics say over how many of the samples they are."""
    deck = perception(tmp_path / "items", *({"reference": text} for text in (*CAPTIONS, "a third one")))
    recipe = tmp_path / "open.toml"
    recipe.write_text('inferencer = "open"\n', encoding="utf-8")
    asked = ["run", "--items", str(deck), "--model", "keyed/right", "--recipe", str(recipe), "--runs", str(tmp_path / "runs")]
    assert main([*asked, "--workers", "1", "--quiet", "--max-requests", "2"]) == 3
    found = analyse([tmp_path / "runs"])
    assert {(row["samples"], row["items"]) for row in found.tables["texts.csv"].iter_rows(named=True)} == {(3, 2)}
    assert any("over 2 of 3 samples, the others were not reached" in each for each in found.conclusions)


def test_every_reference_is_read_whatever_ends_of_lines_stand_in_a_text(tmp_path: Path) -> None:
    """A line separator of Unicode in one item's text takes the references of none away."""
    rows = [{"text": "Look:\u2028\x85what is it?", "reference": text, "references": [text, "another"]} for text in CAPTIONS]
    run, _ = results(tmp_path, perception(tmp_path / "items", *rows), "keyed/right", 'inferencer = "open"\n')
    assert {tuple(each) for each in read_material([run]).texts["references"].to_list()} == {(text, "another") for text in CAPTIONS}
