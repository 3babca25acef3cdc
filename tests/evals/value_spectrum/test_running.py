"""Runs from end to end: always yes, always no and half refused are counted so; retest, ablation, induced; carried on after a kill."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from agent.trace.events import AnswerEvent, StimulusEvent
from agent.trace.reader import SessionFolder, find_sessions
from evals.running import Asked
from evals.value_spectrum.asking import Wanted, image_plan, run_name
from evals.value_spectrum.pools import batches, pool_source
from personas.schwartz import VALUES
from tests.evals.value_spectrum.conftest import Stock, command, identifier, results, script, unlabelled
from tests.ready import begin

pytestmark = pytest.mark.usefixtures("own_cache")


def run(*arguments: object, runs: Path, **options: object) -> int:
    named = [part for name, value in options.items() for part in (f"--{name}", value)]
    return command("run", *arguments, *named, "--runs", runs, "--quiet", "--workers", 1)


def rows(folder: Path, table: str, **where: object) -> list[dict[str, Any]]:
    return [row for row in results(folder / "report")[table] if all(row[name] == value for name, value in where.items())]


def test_known_respondents_are_counted_exactly(stock: Stock, tmp_path: Path) -> None:
    """Always yes scores 100 and always no 0, each without a test; of half refused the score is over the other half, and a refusal is no
    "no" except in the figure as published."""
    refused = [{"stimulus": identifier(code, 1), "refusal": "no"} for code in VALUES]
    half = script(tmp_path / "half.jsonl", [*refused, {"decide": "like"}])
    models = f"scripted/like,scripted/skip,{half}"
    assert run("--pool", stock.first, "--model", models, "--batch", 7, runs=tmp_path, name="known") == 0
    for row in rows(tmp_path / "known", "spectrum"):
        who = row["respondent"].split(" ")[0]
        counts = [row[name] for name in ("items", "shown", "yes", "no", "refused", "unparsable", "failed")]
        expected = {"scripted/like": [2, 2, 2, 0, 0, 0, 0], "scripted/skip": [2, 2, 0, 2, 0, 0, 0], half: [2, 2, 1, 0, 1, 0, 0]}[who]
        assert counts == expected
        assert row["score"] == {"scripted/like": 100.0, "scripted/skip": 0.0, half: 100.0}[who]
        assert row["as_published"] == {"scripted/like": 100.0, "scripted/skip": 0.0, half: 50.0}[who]
        assert row["p"] is None
    totals = {row["respondent"]: row for row in rows(tmp_path / "known", "respondents")}
    assert totals[f"{half} · default"]["refused"] == 10 and totals[f"{half} · default"]["images"] == 30
    said = results(tmp_path / "known" / "report")
    assert any("10 refused" in note and "no “no”" in note for note in said["notes"])
    assert len(find_sessions(tmp_path / "known")) == 3 * 5, "thirty images in batches of seven"


def test_every_image_is_asked_about_once_in_one_turn_without_a_persona(stock: Stock, tmp_path: Path) -> None:
    """Batches share no image and miss none; nothing stands in the system message; the picture is in the question."""
    assert run("--pool", stock.first, "--model", "scripted/like", "--batch", 8, runs=tmp_path, name="once") == 0
    asked = []
    for folder in find_sessions(tmp_path / "once"):
        spec = folder.record()["spec"]
        assert (spec["protocol"], spec["strategy"], spec["memory"], spec["frames"]) == ("spectrum", "none", "none", 1)
        asked += [event.id for event in folder.events() if isinstance(event, StimulusEvent) and len(event.frames) == 1]
    assert sorted(asked) == sorted(identifier(code, number) for code in VALUES for number in range(3))


def test_two_draws_are_compared_and_months_come_from_the_corpus(stock: Stock, tmp_path: Path) -> None:
    """A respondent that likes the same values in both draws agrees with itself; platforms, topics and months are told, or too few."""
    liked = [{"stimulus": identifier(code, n), "decide": "like"} for code in VALUES[:4] for n in range(6)]
    model = script(tmp_path / "some.jsonl", [*liked, {"decide": "skip"}])
    assert run("--pool", stock.first, "--retest", stock.second, "--model", model, runs=tmp_path, name="two") == 0
    report = tmp_path / "scored"
    assert command("score", tmp_path / "two", "--corpus", stock.corpus, "--out", report) == 0
    (again,) = results(report)["retest"]
    assert [again[name] for name in ("values", "in_both", "pearson", "spearman", "icc", "apart")] == [10, 0, 1.0, 1.0, 1.0, 0.0]
    assert {row["draw"] for row in results(report)["spectrum_by_draw"]} == {1, 2}
    parts = {(row["by"], row["level"]): row for row in results(report)["breakdown"] if row["value"] == "all"}
    assert {level for by, level in parts if by == "month"} == {"2024-08", "2024-09", "2024-10"}
    assert {level for by, level in parts if by == "platform"} == {"tiktok", "instagram", "youtube"}
    assert parts["month", "2024-08"]["videos"] == 20 and parts["month", "2024-08"]["score"] == pytest.approx(40)
    few = [row for row in results(report)["breakdown"] if row["value"] == "HE"]
    assert few and all(row["note"] == "too few" and row["score"] is None for row in few)
    page = (report / "report.html").read_text(encoding="utf-8")
    assert "2024-08" in page and "<script" not in page and "published models" in page


def test_the_ablation_asks_about_the_models_own_descriptions(stock: Stock, tmp_path: Path) -> None:
    """The second run shows each video's description and no picture; one that was refused is left out and counted; pairs are by video."""
    told = [
        {"stimulus": name, "answer": {"like": "yes" if place % 2 else "no", "reason": "r", "description": f"There is {name}."}}
        for place, name in enumerate(stock.ids)
        if name != "he-1"
    ]
    model = script(tmp_path / "told.jsonl", [*told, {"stimulus": "he-1", "refusal": "no"}])
    assert run("--pool", stock.first, "--model", model, "--ablation", "description", runs=tmp_path, name="told") == 0
    shown = [event for each in find_sessions(tmp_path / "told-text") for event in each.events() if isinstance(event, StimulusEvent)]
    assert len(shown) == 29 and "he-1" not in {event.id for event in shown}
    assert all(event.text["caption"] == f"There is {event.id}." and not event.frames for event in shown)
    whole = rows(tmp_path / "told", "ablation", value="all")[0]
    assert [whole[name] for name in ("videos", "difference", "image_only", "description_only", "p")] == [29, 0.0, 0, 0, 1.0]
    assert whole["difference_low"] < 0 < whole["difference_high"]
    assert len(rows(tmp_path / "told", "ablation_published")) == 30
    both = rows(tmp_path / "told", "sessions")
    assert {row["show"] for row in both} == {"frames", "text"}


def test_induced_preference_is_paired_with_control_twins(stock: Stock, tmp_path: Path) -> None:
    """Evaluation as nobody, browsing, evaluation on held-out videos as the persona; who never changes its answers changes by nothing."""
    pool = tmp_path / "all.toml"
    from environments.corpus.pool import Pool, write_pool

    write_pool(Pool(corpus="", strata={"all": stock.ids}), pool, corpus=str(stock.corpus))
    lengths = ["--train", 8, "--evaluate", 5, "--pairs", 3]
    who = ["--model", "scripted/like,planted/persona", "--persona", "hedonist", "--strategy", "simple", "--induced"]
    assert run("--pool", pool, *who, *lengths, runs=tmp_path, name="induced") == 0
    sessions = [folder.record()["spec"] for folder in find_sessions(tmp_path / "induced")]
    assert len(sessions) == 2 * 3 * 2 and {spec["policy"] for spec in sessions} == {"adaptive"}
    found = {row["model"]: row for row in rows(tmp_path / "induced", "induced")}
    always = found["scripted/like"]
    assert [always[name] for name in ("pairs", "default", "twin", "browsed", "induced")] == [3, 100.0, 100.0, 100.0, 0.0]
    planted = found["planted/persona"]
    assert planted["induced"] == pytest.approx(planted["browsed"] - planted["twin"])
    assert planted["answered"] == 3 * 3 * 5


def test_killed_and_run_again_it_asks_about_nothing_twice(stock: Stock, tmp_path: Path) -> None:
    """After kill -9 the same command carries on in the same folder, each image ends with one final answer, and the report is there."""
    arguments = ["run", "--corpus", stock.corpus, "--model", "scripted/like,scripted/skip", "--batch", "20", "--runs", tmp_path, "--quiet"]
    process = begin(["python", "-m", "evals.value_spectrum", *map(str, arguments)], tmp_path / "stderr")
    while process.exitcode is None and sum(path.stat().st_size for path in tmp_path.glob("*/*/trace.jsonl")) < 4000:
        time.sleep(0.002)
    process.kill()
    process.join()
    assert command(*arguments) == 0
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    final = [e for each in find_sessions(folder) for e in each.events() if isinstance(e, AnswerEvent) and e.final]
    assert len(final) == 2 * 60 and (folder / "report" / "report.html").is_file()
    assert all(SessionFolder(each.path).status() == "complete" for each in find_sessions(folder))


def test_the_name_follows_from_what_is_asked(stock: Stock, tmp_path: Path) -> None:
    """The same question has the same name, and another pool or seed another; a pool that has changed is another experiment."""
    one, other = (pool_source(str(path), 1) for path in (stock.first, stock.second))
    wanted = Wanted(Asked(("reader",)))
    assert run_name(None, wanted, [one]) == run_name(None, Wanted(Asked(("reader",))), [pool_source(str(stock.first), 1)])
    names = {run_name(None, each, [source]) for each in (wanted, Wanted(Asked(("reader",)), seed=1)) for source in (one, other)}
    assert len(names) == 4
    plan = image_plan("n", wanted, [one], batches(one, 10, 0), tmp_path)
    assert plan.decisions == 30 and plan.hash == image_plan("n", wanted, [one], batches(one, 10, 0), tmp_path).hash
    assert {batch.file for batch in batches(one, 10, 0)}.isdisjoint(batch.file for batch in batches(other, 10, 0))


def test_a_dry_run_writes_nothing(stock: Stock, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It tells sessions and decisions, for people and machines."""
    given = ["run", "--pool", stock.first, "--model", "scripted/like", "--batch", 10, "--runs", tmp_path / "none", "--dry-run"]
    assert command(*given, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["sessions"], told["decisions"]) == (3, 30) and not (tmp_path / "none").exists()
    assert command(*given) == 0 and "3 sessions of at most 10 images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--retest", "x.toml"], "second draw beside --pool"),
        (["--strategy", "isq"], "give --persona"),
        (["--induced"], "give --persona with another one than default"),
        (["--persona", "hedonist", "--strategy", "narrative", "--induced"], "--strategy simple or isq"),
        (["--train", "3"], "belongs to --induced"),
        (["--induced", "--pairs", "0"], "--pairs takes a whole number"),
        (["--ablation", "description"], "give --pool or --corpus"),
        (["--ablation", "description", "--persona", "hedonist"], "needs descriptions"),
        (["--model-option", "x"], "takes KEY=VALUE"),
        (["--batch", "0"], "--batch takes"),
        (["--pool", "nowhere.toml"], "cannot be read"),
        (["--corpus", "nowhere"], "is no corpus"),
        (["--persona", "nobody-at-all"], "nobody-at-all"),
        (["--frames", "0"], "frames"),
        (["--name", "a/b"], "name"),
    ],
)
def test_what_does_not_go_together_is_one_line(options: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and what to change."""
    assert command("run", "--model", "scripted/like", "--runs", tmp_path, *options) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1 and not list(tmp_path.iterdir())


def test_a_run_can_be_scored_as_decisions_too(stock: Stock, tmp_path: Path) -> None:
    """Scores from the files agree with counting the answers of the sessions."""
    assert run("--pool", stock.first, "--model", "planted/persona", "--persona", "hedonist", runs=tmp_path, name="p") == 0
    scored = pl.DataFrame(rows(tmp_path / "p", "spectrum"))
    decided: dict[str, Any] = {}
    for folder in find_sessions(tmp_path / "p"):
        decided |= {step.stimulus.id: step.answer.decision for step in folder.steps() if step.answer}
    for row in scored.iter_rows(named=True):
        own = [decided[identifier(row["value"], number)] for number in (1, 2)]
        assert row["yes"] == sum(one is not None and one.action == "like" for one in own)


def browse(runs: Path) -> None:
    """A session of `agent.browse`, which asks for something else than yes or no."""
    from agent.browse import main

    assert main(["--feed", "catalogue", "--videos", "2", "--model", "scripted/like", "--runs", str(runs), "--quiet"]) == 0


def test_a_folder_of_runs_is_searched_and_other_sessions_are_left_out(
    stock: Stock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder with a run and a browsing session the run alone is scored, and what is left out is said; without a run it is refused."""
    browse(tmp_path)
    capsys.readouterr()
    assert command("score", tmp_path) == 2
    said = capsys.readouterr().err
    assert "1 session of another kind (1 of protocol feed, strategy narrative)" in said and said.count("\n") == 1
    assert run("--pool", stock.first, "--model", "scripted/like", runs=tmp_path, name="asked") == 0
    assert command("score", tmp_path, "--out", tmp_path / "scored") == 0
    found = results(tmp_path / "scored")
    assert [row["images"] for row in found["respondents"]] == [30]
    assert any(note.startswith("Left out: 1 session of another kind") for note in found["notes"])


def test_what_was_asked_and_cannot_be_scored_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Videos without labels: exit code 1, where the answers are, and what to do; labelled afterwards, their answers are scored."""
    from environments.corpus.store import Corpus

    folder = unlabelled(tmp_path / "c")
    assert run("--corpus", folder, "--model", "scripted/like", runs=tmp_path / "runs", name="early") == 1
    said = capsys.readouterr().err
    assert "the answers are kept in" in said and f"score {tmp_path / 'runs' / 'early'} --corpus {folder}" in said
    labels = {value: [float(value == "HE")] * 3 for value in VALUES}
    Corpus.open(str(folder)).set_loadings(pl.DataFrame({"id": ["v0", "v1", "v2"]} | labels), "design")
    assert command("score", tmp_path / "runs" / "early", "--corpus", folder, "--out", tmp_path / "late") == 0
    (row,) = [row for row in results(tmp_path / "late")["spectrum"] if row["value"] == "HE"]
    assert (row["items"], row["yes"]) == (3, 3)
    assert any("their labels are those of the corpus now" in note for note in results(tmp_path / "late")["notes"])


def test_another_question_under_the_same_name_is_told_to_take_another(
    stock: Stock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that is taken by another plan: the differences, and another --name; no word of a file or of an option that is not there."""
    assert run("--pool", stock.first, "--model", "scripted/like", runs=tmp_path, name="taken") == 0
    capsys.readouterr()
    assert run("--pool", stock.first, "--model", "scripted/skip", runs=tmp_path, name="taken") == 2
    said = capsys.readouterr().err
    assert '"scripted/like" → "scripted/skip"' in said and "give another --name" in said
    assert "--new" not in said and "file" not in said
