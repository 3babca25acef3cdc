"""Respondents whose distance to the people is known: every measure to the digit, the four states, and what missing answers could change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import polars as pl
import pytest

from agent.models.lapses import fails, refuses
from agent.models.rated import Settings, error_of, shares_of
from evals.benchmark.report import Findings
from evals.mm_scale.__main__ import main
from evals.mm_scale.analysis import analyse
from evals.mm_scale.items import open_items, people_of
from evals.scoring.ranking import ndcg
from tests.evals.mm_scale.rated_items import GRADED, write_items

KINDS = ("truth", "noisy", "constant", "reversed", "uniform", "sees", "refuses-half", "fails-some")
Row = Mapping[str, Any]


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_items(tmp_path_factory.mktemp("graded"), GRADED, ("both", "both", "text", "image"))


@pytest.fixture(scope="module")
def run(items: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    models = ",".join(f"rated/{kind}" for kind in KINDS)
    command = ["run", "--items", str(items), "--model", models, "--runs", str(runs), "--name", "all", "--workers", "1", "--quiet"]
    assert main([*command, "--no-report", "--condition", "shown,none,wrong"]) == 0
    return runs / "all"


@pytest.fixture(scope="module")
def found(run: Path) -> Findings:
    return analyse([run])


@pytest.fixture(scope="module")
def scores(found: Findings) -> Mapping[str, Row]:
    return {row["who"]: row for row in found.tables["scores.csv"].iter_rows(named=True)}


@pytest.fixture(scope="module")
def people(items: Path) -> Mapping[str, Any]:
    return {item.id: people_of(item) for item in open_items(str(items)).items}


def test_truth_is_the_people(scores: Mapping[str, Row]) -> None:
    """The people's own distribution: NDCG, τ-b and ρ 1, nothing off, calibrated, every ground right; a zero width is not claimed."""
    row = scores["rated/truth"]
    assert (row["ndcg"], row["tau_b"], row["rho"]) == pytest.approx((1, 1, 1))
    assert (row["mae"], row["bias"], row["ece"]) == pytest.approx((0, 0, 0), abs=1e-9)
    assert (row["mae_low"], row["tau_b_low"], row["grounding"]) == (None, None, 1.0)
    assert (row["items"], row["rated"], row["open"], row["by"]) == (14, 14, 0, "probabilities")


def test_pictures_without_an_order_are_left_out_by_name(scores: Mapping[str, Row], found: Findings) -> None:
    """One scenario, or scenarios that people rate alike, have no order: four pictures of six are ranked, and the others are named."""
    assert (scores["rated/truth"]["images"], scores["rated/truth"]["ordered"]) == (4, 4)
    left = found.tables["left_out.csv"].filter(pl.col("who") == "rated/truth").select("image", "why")
    assert dict(left.iter_rows()) == {"lone.png": "fewer than two scenarios", "even.png": "people rate all of its scenarios alike"}
    assert sum("Left out of the ranking" in note for note in found.notes) >= 2


def test_reversed_is_as_wrong_as_can_be(scores: Mapping[str, Row], people: Mapping[str, Any]) -> None:
    """6 − rating: τ-b and ρ −1, NDCG of the worst order, and |6 − 2 mean| off."""
    row = scores["rated/reversed"]
    assert (row["tau_b"], row["rho"]) == pytest.approx((-1, -1))
    assert row["mae"] == pytest.approx(fmean(abs(6 - 2 * each.mean) for each in people.values()))
    worst = [
        ndcg([-fmean(one) for one in each], [fmean(one) for one in each]) for name, each in GRADED.items() if name not in ("lone", "even")
    ]
    assert row["ndcg"] == pytest.approx(fmean(worst))


def test_constant_has_no_tau_and_that_is_no_zero(scores: Mapping[str, Row], people: Mapping[str, Any], found: Findings) -> None:
    """Always 3: τ-b and ρ do not exist and it is said; NDCG is that of knowing nothing; MAE, ECE and ground are counted."""
    row = scores["rated/constant"]
    assert (row["tau_b"], row["rho"], row["tied"], row["ordered"]) == (None, None, 4, 4)
    assert row["ndcg"] == pytest.approx(found.tables["people.csv"]["ndcg_alike"][0])
    assert row["mae"] == pytest.approx(fmean(abs(3 - each.mean) for each in people.values()))
    assert row["ece"] == pytest.approx(fmean(each.unacceptable for each in people.values()))
    assert row["grounding"] == 1.0, "it always says both, which is the people's ground here"
    assert any(told.startswith("rated/constant:") and "no τ-b" in told for told in found.conclusions)


def test_uniform_is_derived_in_closed_form(scores: Mapping[str, Row], people: Mapping[str, Any]) -> None:
    """Every point alike: expected 3, P(unacceptable) .4, so that the ECE is |mean share − .4| in one bin."""
    row = scores["rated/uniform"]
    assert row["mae"] == pytest.approx(scores["rated/constant"]["mae"])
    assert row["ece"] == pytest.approx(abs(fmean(each.unacceptable for each in people.values()) - 0.4))
    assert row["bias"] == pytest.approx(3 - fmean(each.mean for each in people.values()))


def test_noisy_is_off_by_its_own_errors(scores: Mapping[str, Row], people: Mapping[str, Any]) -> None:
    """MAE is the mean of the errors it drew, held within the scale."""
    off = [abs(min(max(each.mean + error_of(item, 0.8), 1), 5) - each.mean) for item, each in people.items()]
    assert scores["rated/noisy"]["mae"] == pytest.approx(fmean(off))


def test_refusals_keep_their_place_in_the_count(scores: Mapping[str, Row], people: Mapping[str, Any]) -> None:
    """Refused scenarios are no rating and no wrong one: the count of scenarios stays, and least and most bound what they could be."""
    refused = [item for item in people if refuses("rated", item)]
    row = scores["rated/refuses-half"]
    assert refused
    assert (row["items"], row["refused"], row["open"], row["rated"]) == (14, len(refused), len(refused), 14 - len(refused))
    assert row["mae"] == pytest.approx(0, abs=1e-9)
    farthest = [max(people[item].mean - 1, 5 - people[item].mean) for item in refused]
    assert (row["mae_least"], row["mae_most"]) == pytest.approx((0, sum(farthest) / 14))
    assert row["grounding_least"] == pytest.approx((14 - len(refused)) / 14)
    assert row["images"] == 4, "a picture whose scenarios were refused stays in the count"
    touched = {item.rpartition("-")[0] for item in refused} - {"lone", "even"}
    assert (row["tau_b_least"], row["tau_b_most"]) == pytest.approx(((4 - 2 * len(touched)) / 4, 1))


def test_outages_keep_their_place_in_the_count(scores: Mapping[str, Row], people: Mapping[str, Any]) -> None:
    """What failed is told apart from a refusal, and shrinks no denominator."""
    failed = sum(fails("rated", item) for item in people)
    row = scores["rated/fails-some"]
    assert failed
    assert (row["failed"], row["refused"], row["open"], row["items"]) == (failed, 0, failed, 14)


def test_a_killed_run_keeps_its_count(items: Path, tmp_path: Path) -> None:
    """Stopped after five questions by a limit: fourteen scenarios, five rated; the same command asks the other nine and none twice."""
    command = [
        "run",
        "--items",
        str(items),
        "--model",
        "rated/truth",
        "--runs",
        str(tmp_path),
        "--name",
        "cut",
        "--workers",
        "1",
        "--quiet",
    ]
    assert main([*command, "--max-requests", "5"]) == 3
    row = analyse([tmp_path / "cut"]).tables["scores.csv"].row(0, named=True)
    assert (row["items"], row["rated"], row["open"]) == (14, 5, 9)
    for _ in range(2):
        assert main(command) == 0
    trace = next((tmp_path / "cut").glob("*/trace.jsonl")).read_text(encoding="utf-8")
    assert trace.count('"type":"ask"') == trace.count('"type":"answer"') == 14


def test_the_picture_matters_to_who_looks(found: Findings, scores: Mapping[str, Row]) -> None:
    """`sees` follows people with the right picture alone: the controls are uniform's, and the paired difference is the whole of it."""
    uniform = scores["rated/uniform"]
    for control, told in (("none", "no pictures"), ("wrong", "wrong pictures")):
        assert scores[f"rated/sees ({told})"]["mae"] == pytest.approx(uniform["mae"])
        rows = {row["measure"]: row for row in _effects(found, "rated/sees", control)}
        assert rows["mae"]["difference"] == pytest.approx(-uniform["mae"])
        assert rows["moved"]["difference"] == pytest.approx(uniform["mae"])
        assert rows["ndcg"]["difference"] == pytest.approx(1 - uniform["ndcg"])
        assert "tau_b" not in rows, "the control has no τ-b"
        assert rows["mae"]["p"] < 0.1 <= rows["ndcg"]["p"], "signs of six and of four pictures: 2/2^6 and 2/2^4"
        assert rows["mae"]["difference_low"] is not None and rows["mae"]["p_holm"] >= rows["mae"]["p"]


def test_the_picture_does_not_matter_to_who_does_not_look(found: Findings) -> None:
    """`truth` answers from the ratings whatever is shown: a difference of 0, p 1, and no rating moved."""
    for control in ("none", "wrong"):
        assert all(row["difference"] == pytest.approx(0, abs=1e-9) for row in _effects(found, "rated/truth", control))
        assert {row["p"] for row in _effects(found, "rated/truth", control)} == {1.0, None}


def _effects(found: Findings, respondent: str, control: str) -> list[dict[str, Any]]:
    return found.tables["conditions.csv"].filter((pl.col("respondent") == respondent) & (pl.col("control") == control)).to_dicts()


def test_respondents_are_compared_on_the_same_pictures(found: Findings, scores: Mapping[str, Row]) -> None:
    """Truth against reversed: τ-b 2 apart on four pictures, p by their signs, Holm over all pairs of one condition."""
    table = found.tables["paired.csv"].filter((pl.col("first") == "rated/reversed") & (pl.col("second") == "rated/truth"))
    rows = {row["measure"]: row for row in table.iter_rows(named=True)}
    assert rows["tau_b"]["difference"] == pytest.approx(-2)
    assert (rows["tau_b"]["n"], rows["tau_b"]["p"]) == (4, 2 / 2**4)
    assert rows["mae"]["difference"] == pytest.approx(scores["rated/reversed"]["mae"])
    assert rows["mae"]["p"] <= rows["mae"]["p_holm"] <= 1


def test_draws_without_probabilities_are_counted(items: Path, tmp_path: Path, people: Mapping[str, Any]) -> None:
    """Without log-probabilities: ratings alone, the mean over repeats and wordings, P(unacceptable) the share of answers of at most 2."""
    command = ["run", "--items", str(items), "--model", "rated/truth", "--model-option", "logprobs=false", "--repeats", "3", "--quiet"]
    assert main([*command, "--wordings", "2", "--runs", str(tmp_path), "--name", "drawn", "--workers", "1", "--no-report"]) == 0
    found = analyse([tmp_path / "drawn"])
    answers, expected = found.tables["answers.csv"], found.tables["expected.csv"]
    assert answers.height == 14 * 6 and expected.height == 14
    assert found.tables["scores.csv"]["by"][0] == "answers"
    for row in expected.iter_rows(named=True):
        drawn = answers.filter(pl.col("item") == row["item"])["rating"].to_list()
        assert row["expected"] == pytest.approx(fmean(drawn))
        assert row["p_unacceptable"] == pytest.approx(fmean(each <= 2 for each in drawn))
        assert all(people[row["item"]].shares[int(each) - 1] > 0 for each in drawn)


def test_shares_of_every_kind_sum_to_one() -> None:
    """Whatever it is asked, a respondent's probabilities are those of one rating; `noisy` has its mean where its error puts it."""
    shares = [0.5, 0.25, 0.25, 0.0, 0.0]
    for kind in KINDS:
        assert sum(shares_of(kind, "x", shares, Settings())) == pytest.approx(1)
    mean = sum(point * share for point, share in enumerate(shares_of("noisy", "x", shares, Settings(noise=0.3)), 1))
    assert mean == pytest.approx(1.75 + error_of("x", 0.3))
    assert shares_of("sees", "x", shares, Settings(), own_picture=False) == [0.2] * 5
