"""Respondents whose true score is known, to the exact count: what is right, refused, out, missing, and what is told of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from agent.models.keyed import Settings, place_chosen
from agent.models.lapses import fails, refuses
from agent.session import run_session
from agent.spec import make_spec
from environments.base import ItemFacts
from environments.decks.question_feed import shown_order
from environments.decks.questions import QuestionDeck, read_questions
from evals.benchmark.asking import FORMAT, RECORD
from evals.benchmark.report import Findings, as_data, write
from evals.ch3ef.analysis import analyse
from evals.ch3ef.reading import Material, read_material
from evals.ch3ef.sample_items import sample_items
from evals.ch3ef.scoring import calibrations, correlations, scores
from evals.ch3ef.taxonomy import FEWEST
from personas.errors import UserError

REPEATS = 4


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> QuestionDeck:
    """The sample without its pictures."""
    folder = tmp_path_factory.mktemp("words")
    rows = [item.row() | {"images": []} for item in sample_items()]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read_questions(folder)


@pytest.fixture(scope="module")
def runs(deck: QuestionDeck, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    common: dict[str, Any] = {"environment": "deck", "feed": str(deck.folder), "protocol": "choice", "strategy": "none", "cell": 0}
    common |= {"videos": len(deck.items)}
    for model in ("right", "uniform", "refuses-half", "fails-some"):
        run_session(make_spec(model=f"keyed/{model}", **common), runs=folder)
    for repeat in range(REPEATS):
        run_session(make_spec(model="keyed/first", repeat=repeat, **common), runs=folder)
    items = [{"id": item.id, "about": dict(item.about)} for item in deck.items]
    (folder / RECORD).write_text(json.dumps({"format": FORMAT, "benchmark": "ch3ef", "items": items}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def found(runs: Path) -> Findings:
    return analyse([runs])


@pytest.fixture(scope="module")
def material(runs: Path) -> Material:
    return read_material([runs])


@pytest.fixture(scope="module")
def whole(found: Findings) -> Mapping[str, Mapping[str, Any]]:
    """By respondent, all samples."""
    return {row["who"]: row for row in found.tables["scores.csv"].filter(pl.col("level") == "all").iter_rows(named=True)}


def test_always_right_is_right_everywhere(found: Findings, whole: Mapping[str, Mapping[str, Any]]) -> None:
    """92 of 92, 44, 14 and 34 by h, 2 of 2 in every task, with Wilson's interval and no rank where samples are few."""
    row = whole["keyed/right"]
    assert (row["samples"], row["scored"], row["right"], row["score"], row["rank"]) == (92, 92, 92, 1.0, 1)
    assert row["score_low"] == pytest.approx(0.9599, abs=1e-4)
    own = found.tables["scores.csv"].filter(pl.col("who") == "keyed/right")
    assert dict(own.filter(pl.col("level") == "h").select("group", "right").iter_rows()) == {"Helpful": 44, "Honest": 14, "Harmless": 34}
    tasks = own.filter(pl.col("level") == "task")
    assert (tasks.height, set(tasks["right"]), set(tasks["samples"])) == (46, {2}, {2})
    assert tasks["rank"].null_count() == 46
    assert own.filter(pl.col("samples") < FEWEST)["rank"].drop_nulls().is_empty()


def test_always_a_gets_what_chance_gives(deck: QuestionDeck, whole: Mapping[str, Mapping[str, Any]]) -> None:
    """Over as many repeats as options, each right option stood first once: 88 × 1 + 4 × 2 of 4 × 92, whatever the seed."""
    row = whole["keyed/first"]
    assert (row["shown"], row["right"]) == (REPEATS * 92, sum(len(item.key) for item in deck.items))
    assert row["score"] == pytest.approx(96 / 368)
    assert row["scored"] == 92, "repeats are not samples"


def test_uniform_is_counted_exactly(deck: QuestionDeck, whole: Mapping[str, Mapping[str, Any]]) -> None:
    """As many right as its own draws hit."""
    right = 0
    for item in deck.items:
        order = shown_order(item, 0, 0)
        facts = ItemFacts(tuple(sorted(order.index(place) for place in item.key)), order)
        right += place_chosen("uniform", item.id, facts, Settings()) in facts.key
    assert whole["keyed/uniform"]["right"] == right


def test_refusals_are_not_right_and_stand_apart(deck: QuestionDeck, whole: Mapping[str, Mapping[str, Any]]) -> None:
    """Refusing half cannot raise the score: right / samples, with the refusals beside."""
    refused = sum(refuses("keyed", item.id) for item in deck.items)
    row = whole["keyed/refuses-half"]
    assert (row["refused"], row["answered"], row["right"]) == (refused, 92 - refused, 92 - refused)
    assert row["score"] == pytest.approx((92 - refused) / 92)


def test_outages_are_no_wrong_answers_and_shrink_no_denominator(deck: QuestionDeck, whole: Mapping[str, Mapping[str, Any]]) -> None:
    """What failed is neither right nor wrong: the samples stay 92, the score is of those answered, with bounds and without a rank."""
    failed = sum(fails("keyed", item.id) for item in deck.items)
    row = whole["keyed/fails-some"]
    assert (row["failed"], row["open"], row["samples"], row["unparsable"]) == (failed, failed, 92, 0)
    assert row["score"] == 1.0
    assert row["least"] == pytest.approx((92 - failed) / 92)
    assert (row["most"], row["rank"]) == (1.0, None)


def test_items_never_shown_are_samples(material: Material) -> None:
    """Half of the answers gone, as after a kill: the same samples, the rest open."""
    answers = material.answers.filter(pl.col("who") == "keyed/right").head(46)
    table = scores(answers, material.items.filter(pl.col("who") == "keyed/right"))
    row = next(table.filter(pl.col("level") == "all").iter_rows(named=True))
    assert (row["samples"], row["open"], row["score"], row["least"], row["most"]) == (92, 46, 1.0, 0.5, 1.0)


def test_runs_over_other_items_have_their_own_samples(runs: Path, deck: QuestionDeck, tmp_path: Path) -> None:
    """Scored together with a run of three items, nobody is held to the items of the other run; who never answered is named."""
    asked: dict[str, Any] = {"environment": "deck", "feed": str(deck.folder), "protocol": "choice", "strategy": "none", "cell": 0}
    spec = make_spec(model="keyed/right", examples="random:1", videos=3, **asked)
    shown = run_session(spec, runs=tmp_path, session="few")
    items = [{"id": item.id, "about": dict(item.about)} for item in deck.items[:4]]
    record = {"format": FORMAT, "benchmark": "ch3ef", "items": items, "models": ["keyed/right", "keyed/absent"]}
    (tmp_path / RECORD).write_text(json.dumps(record), encoding="utf-8")
    both = analyse([runs, tmp_path])
    rows = {row["who"]: row["samples"] for row in both.tables["scores.csv"].filter(pl.col("level") == "all").iter_rows(named=True)}
    assert shown.reason == "complete"
    assert rows["keyed/right"] == 92
    assert 4 <= rows["keyed/right (examples random:1)"] <= 7
    assert any("keyed/absent was to be asked" in note for note in both.notes)
    run_session(spec, runs=tmp_path / "again", session="few")
    twice = analyse([tmp_path, tmp_path / "again"]).tables["scores.csv"]
    assert set(twice.filter(pl.col("level") == "all")["answered"]) == {6}, "two sessions of one name are two sessions"


def test_not_knowing_is_right_too_where_it_is_an_option(material: Material) -> None:
    """The second option, “I don't know.”, counts as right on these four items, and an answer that claims the third does not."""
    rows = material.answers.filter((pl.col("domain") == "Uncertainty") & (pl.col("who") == "keyed/first"))
    assert rows.filter(pl.col("option").is_in([0, 1]))["right"].all()
    assert not rows.filter(pl.col("option") > 1)["right"].any()
    assert rows["right"].sum() == 4 * 2


def test_positions_show_who_prefers_a_place(found: Findings) -> None:
    """Always A: all answers in the first place, p below .001; the keys stand in every place equally often over the repeats."""
    row = next(found.tables["positions.csv"].filter(pl.col("respondent") == "keyed/first").iter_rows(named=True))
    assert row["chosen"] == [368, 0, 0, 0]
    assert row["p"] < 0.001


def test_two_respondents_are_compared_on_the_same_items(found: Findings, deck: QuestionDeck) -> None:
    """Right against uniform: only the first has as many right alone as the second has wrong; p is McNemar's exact one, Holm behind it."""
    rows = found.tables["paired.csv"].filter((pl.col("first") == "keyed/right") & (pl.col("second") == "keyed/uniform"))
    row = next(rows.iter_rows(named=True))
    assert (row["items"], row["only_second"]) == (92, 0)
    assert row["p"] == pytest.approx(2 / 2 ** row["only_first"])
    assert row["p_holm"] >= row["p"]


def test_correlations_say_over_how_many_models(found: Findings, material: Material) -> None:
    """Five respondents here, sixteen published models, and none below three."""
    table = found.tables["correlations.csv"]
    assert set(table.filter(pl.col("source") == "own")["models"]) == {5}
    assert set(table.filter(pl.col("source") == "published")["models"]) == {16}
    assert table.filter(pl.col("level") == "domain").height == 12 * 11 / 2
    two = material.answers.filter(pl.col("who").is_in(["keyed/right", "keyed/first"]))
    few = correlations(scores(two, material.items), two).filter(pl.col("source") == "own")
    assert few["pearson"].null_count() == few.height


def test_the_interval_of_a_correlation_has_the_level_asked_for(found: Findings, material: Material) -> None:
    """At 50 % it lies within that at 95 %, also of the published scores."""
    table = found.tables["scores.csv"]
    wide, narrow = (correlations(table, material.answers, level).filter(pl.col("pearson_low").is_not_null()) for level in (0.95, 0.5))
    assert wide.height == narrow.height > 0
    assert (narrow["pearson_low"] > wide["pearson_low"]).all() and (narrow["pearson_high"] < wide["pearson_high"]).all()


def test_the_published_scores_stand_beside_in_percent(found: Findings) -> None:
    """Sixteen models with the figures of the leaderboards, without intervals; the run's own with them."""
    table = found.tables["published.csv"]
    known = table.filter(pl.col("source") == "published")
    assert known.height == 16
    best = next(known.filter(pl.col("model") == "GPT-4V").iter_rows(named=True))
    assert (best["Helpful"], best["Honest"], best["Harmless"], best["Helpful_low"]) == (66.40, 92.81, 92.40, None)
    assert table.filter(pl.col("model") == "keyed/right")["Honest"].to_list() == [100.0]


def test_calibration_needs_log_probabilities(found: Findings) -> None:
    """None here, and it is said; with them, one that is always 80% sure and right in half has an ECE of .3."""
    assert "calibration.csv" not in found.tables
    assert any("log-probabilities" in note for note in found.notes)
    import math

    rest = math.log(0.2 / 3)
    rows = [
        {"who": "m", "h": "Honest", "state": "answered", "right": n % 2 == 0, "option": 0, "logprobs": [math.log(0.8), rest, rest, rest]}
        for n in range(40)
    ]
    table = calibrations(pl.DataFrame(rows))
    assert table["ece"].to_list() == pytest.approx([0.3, 0.3])
    assert set(table["h"]) == {"all", "Honest"}


def test_the_report_holds_it_all_and_runs_nothing(found: Findings, tmp_path: Path) -> None:
    """Page, tables and JSON in one folder; a second score replaces them, another folder's contents are left alone."""
    files = {path.name for path in write(found, tmp_path / "report")}
    assert {"report.html", "scores.csv", "published.csv", "paired.csv", "positions.csv", "correlations.csv", "results.json"} <= files
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "keyed/fails-some" in page and "GPT-4V" in page
    assert json.loads((tmp_path / "report" / "results.json").read_bytes())["format"] == as_data(found)["format"]
    write(found, tmp_path / "report")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="holds something else"):
        write(found, tmp_path / "other")


def test_sessions_over_something_else_are_refused(tmp_path: Path) -> None:
    """Questions without a task of the benchmark: one line that says what to run."""
    rows = [
        {"id": f"q{n}", "text": "?", "options": ["a", "b"], "key": [0], "about": {"h": "x", "domain": "y", "task": "z"}} for n in range(3)
    ]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    spec = make_spec(model="keyed/right", environment="deck", feed=str(tmp_path), protocol="choice", videos=3)
    run_session(spec, runs=tmp_path / "runs")
    with pytest.raises(UserError, match="not over items of Ch3Ef"):
        analyse([tmp_path / "runs"])
