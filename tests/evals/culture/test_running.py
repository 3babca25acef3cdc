"""Runs from end to end: known respondents are scored to the digit, conditions show what they say, and nothing is lost unnamed."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.models.lapses import refuses
from agent.trace.events import AnswerEvent, StimulusEvent
from agent.trace.reader import SessionFolder, find_sessions
from evals.scoring.distributions import js_divergence, wasserstein_1
from tests.evals.culture.surveys import COUNTRIES, SHARES, command, picked, questions, results, rows, run
from tests.ready import begin

pytestmark = pytest.mark.usefixtures("own_cache")


def mean(figures: list[float]) -> float:
    return sum(figures) / len(figures)


def cells() -> list[tuple[str, str, list[float]]]:
    return [(name, country, shares) for name, countries in SHARES.items() for country, shares in countries.items()]


def uniform_jsd() -> float:
    return mean([js_divergence(np.ones(len(shares)), shares) for _, _, shares in cells()])


def shown(folder: Path) -> dict[str, list[StimulusEvent]]:
    """The stimuli of every deck, by condition and country."""
    found: dict[str, list[StimulusEvent]] = {}
    for session in find_sessions(folder):
        deck = Path(session.record()["spec"]["feed"]).name.rsplit("-", 1)[0]
        found.setdefault(deck, []).extend(event for event in session.events() if isinstance(event, StimulusEvent))
    return found


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the four respondents whose distances follow from the survey."""
    return run(tmp_path_factory.mktemp("known"), "polled/truth,polled/uniform,polled/first,polled/sees")


@pytest.fixture(scope="module")
def said(known: Path) -> dict[str, Any]:
    return results(known)


def test_answering_as_the_people_did_is_no_distance(said: dict[str, Any]) -> None:
    """`polled/truth` is 0 apart in every measure; its gain is the baselines' own distance."""
    for row in picked(said["scores"], respondent="polled/truth", condition="text"):
        assert row["distance"] == 0.0
        assert row["gain_uniform"] == row["uniform"] and row["gain_others"] == row["others"]
    (jsd,) = picked(said["scores"], respondent="polled/truth", condition="text", measure="jsd")
    assert jsd["uniform"] == pytest.approx(uniform_jsd(), abs=1e-11)
    assert (jsd["cells"], jsd["questions"], jsd["countries"], jsd["similarity"]) == (9, 3, 3, 1.0)


def test_a_uniform_guess_gains_nothing_over_one(said: dict[str, Any]) -> None:
    """`polled/uniform` has exactly the baseline's distance in every condition and measure: however good it looks, the gain is 0."""
    own = picked(said["scores"], respondent="polled/uniform")
    assert len(own) == 5 * 3
    assert all(row["distance"] == row["uniform"] and row["gain_uniform"] == 0.0 for row in own)
    assert all(row["similarity"] > 0.85 for row in own if row["measure"] == "jsd")


def test_the_mean_of_the_other_countries_is_a_baseline_on_the_same_cells(said: dict[str, Any]) -> None:
    """It is the mean share by option over the others, scored against the country itself."""
    expected = []
    for name, country, shares in cells():
        others = np.mean([SHARES[name][other] for other in COUNTRIES if other != country], axis=0)
        expected.append(js_divergence(others, shares))
    (row,) = picked(said["scores"], respondent="polled/uniform", condition="both", measure="jsd")
    assert row["others"] == pytest.approx(mean(expected), abs=1e-11)
    assert row["gain_others"] == pytest.approx(mean(expected) - uniform_jsd(), abs=1e-11)


def test_both_orders_count_alike(said: dict[str, Any]) -> None:
    """Who always takes the first place spreads over both ends of a scale; distance and W1 are those of that, and its orders lie apart."""
    for country in COUNTRIES:
        (cell,) = picked(said["cells"], respondent="polled/first", condition="none", country=country, question="scale")
        assert cell["jsd"] == pytest.approx(js_divergence([1, 0, 1], SHARES["scale"][country]), abs=1e-11)
        assert cell["w1"] == pytest.approx(wasserstein_1([1, 0, 1], SHARES["scale"][country]), abs=1e-11)
        assert cell["apart"] == pytest.approx(1.0)
    assert all(row["w1"] is None for row in said["cells"] if row["question"] != "scale")
    assert {row["apart"] for row in said["cells"] if row["respondent"] == "polled/truth"} == {0.0}


def test_the_effect_of_pictures_is_the_paired_difference(said: dict[str, Any]) -> None:
    """Who answers rightly only where the right pictures are shown changes by exactly its guess's distance, and back with wrong ones."""
    for contrast, sign in (("image − none", -1), ("both − text", -1), ("wrong − both", 1), ("text − none", 0)):
        (row,) = picked(said["effects"], respondent="polled/sees", contrast=contrast, measure="jsd")
        assert row["difference"] == pytest.approx(sign * uniform_jsd(), abs=1e-11)
        assert (row["pairs"], row["unpaired"]) == (9, 0)
        if sign:
            assert row["difference_low"] < row["difference"] < row["difference_high"]
            assert row["difference_wide_low"] <= row["difference_low"] + 0.02
    steady = picked(said["effects"], respondent="polled/first", measure="jsd")
    assert all(row["difference"] == 0.0 and row["difference_low"] is None for row in steady), "a width of 0 is not claimed"


def test_the_base_is_named_and_the_root_is_the_root(said: dict[str, Any], known: Path) -> None:
    """Divergence and root are told apart, base 2, on the page as well."""
    assert said["base"] == 2.0
    assert all(row["jsd_root"] ** 2 == pytest.approx(row["jsd"], abs=1e-12) for row in said["cells"])
    assert "base 2" in said["measures"]["jsd"] and "root" in said["measures"]["jsd_root"]
    page = (known / "report" / "report.html").read_text(encoding="utf-8")
    assert "Jensen–Shannon divergence, base 2" in page and "its square root, base 2" in page
    assert "<script" not in page and "http://" not in page.replace("http://www.w3.org", "")


def test_country_and_topic_have_intervals_and_one_question_has_none(said: dict[str, Any]) -> None:
    """Two questions of a topic give Student's interval within [0, 1]; a topic of one question has none."""
    where = {"respondent": "polled/uniform", "condition": "text"}
    (many,) = picked(said["country_topic"], **where, country="Alfa", topic="many")
    own = [js_divergence(np.ones(3), SHARES[name]["Alfa"]) for name in ("scale", "choice")]
    assert many["jsd"] == pytest.approx(mean(own), abs=1e-11) and 0.0 <= many["jsd_low"] < many["jsd"] < many["jsd_high"]
    (one,) = picked(said["country_topic"], **where, country="Alfa", topic="one")
    assert one["jsd_low"] is None and one["questions"] == 1
    assert len(picked(said["country_topic"], **where)) == 1 + 3 + 2 + 3 * 2


def test_a_country_is_named_or_shown_as_the_condition_says(known: Path) -> None:
    """Words name the country in text, both, wrong; pictures stand in image, both, wrong; in none neither; wrong pictures are another's."""
    decks = shown(known)
    assert sorted(decks) == sorted(["none-everybody", *(f"{c}-{name}" for c in ("text", "image", "both", "wrong") for name in COUNTRIES)])
    frames: dict[str, set[str]] = {}
    for deck, events in decks.items():
        condition, country = deck.split("-", 1)
        for event in events:
            words = event.text["caption"]
            assert (country in words) is (condition in {"text", "both", "wrong"})
            assert not any(name in words for name in COUNTRIES if name != country)
            assert bool(event.frames) is (condition in {"image", "both", "wrong"})
            assert event.item is not None and event.item.about["topic"] in {"one", "many"}
            if condition in {"image", "both"}:
                frames.setdefault(country, set()).update(frame.sha256 for frame in event.frames)
    for country in COUNTRIES:
        exchanged = {frame.sha256 for event in decks[f"wrong-{country}"] for frame in event.frames}
        assert not exchanged & frames[country]
        assert exchanged <= set().union(*frames.values())
        words = {event.text["caption"] for event in decks[f"wrong-{country}"]}
        assert words == {event.text["caption"] for event in decks[f"both-{country}"]}, "only the pictures differ"


def test_a_question_stands_in_the_same_orders_in_every_condition(known: Path) -> None:
    """Scales are shown forwards and backwards, other options in two rotations, in all conditions alike."""
    orders: dict[str, set[frozenset[tuple[int, ...]]]] = {}
    for events in shown(known).values():
        for name in SHARES:
            orders.setdefault(name, set()).add(frozenset(event.item.order for event in events if event.id == name and event.item))
    assert all(len(found) == 1 for found in orders.values())
    assert orders["scale"] == {frozenset([(0, 1, 2), (2, 1, 0)])}
    assert {len(each) for each in orders["choice"]} == {2}


def test_repeated_answers_become_shares(tmp_path: Path) -> None:
    """Without log-probabilities the shares are counts, their number is said, and so is what chance alone would be apart."""
    folder = run(tmp_path, "polled/truth", "--model-option", "logprobs=false", "--repeats", 12, "--conditions", "text")
    told = results(folder)
    answers: Counter[tuple[str, str, str]] = Counter()
    for session in find_sessions(folder):
        country = Path(session.record()["spec"]["feed"]).name.split("-")[1]
        events = list(session.events())
        places = {event.step: event for event in events if isinstance(event, StimulusEvent)}
        for event in events:
            if isinstance(event, AnswerEvent):
                stimulus = places[event.step]
                assert stimulus.item is not None
                place = "ABC".index(json.loads(event.raw)["answer"])
                answers[stimulus.id, country, str(stimulus.item.order[place])] += 1
    for cell in told["cells"]:
        counted = [answers[cell["question"], cell["country"], str(option)] for option in range(len(SHARES[cell["question"]]["Alfa"]))]
        assert sum(counted) == cell["answers"] == 12
        assert cell["method"] == "counts" and cell["chance_jsd"] > 0
        assert cell["jsd"] == pytest.approx(js_divergence(counted, SHARES[cell["question"]][cell["country"]]), abs=1e-11)
    assert any("counts of 12 answers" in note for note in told["notes"])


def test_refusals_and_failures_are_in_no_distribution(tmp_path: Path) -> None:
    """A refused question has no cell, is named with its reason, and its rate is told; failures leave the answers that there are."""
    folder = run(
        tmp_path, "keyed/refuses-half,keyed/fails-some", "--model-option", "draws=fresh", "--repeats", 6, "--conditions", "text,none"
    )
    told = results(folder)
    for who in ("keyed/refuses-half", "keyed/fails-some"):
        events = [e for each in find_sessions(folder) if each.record()["spec"]["model"] == who for e in each.events()]
        finals = Counter(event.outcome.value for event in events if isinstance(event, AnswerEvent) and event.final)
        states = picked(told["states"], respondent=who)
        for state in ("answered", "refused", "failed"):
            assert sum(row[state] for row in states) == finals[state]
        assert finals["refused" if who == "keyed/refuses-half" else "failed"] > 0
        assert sum(finals.values()) == 6 * (3 * 3 + 3)
        scored = len(picked(told["cells"], respondent=who))
        out = picked(told.get("exclusions", []), respondent=who)
        lost = sum(3 if row["condition"] == "none" else 1 for row in out)
        assert scored + lost == sum(row["wanted"] for row in states) == 18, "no denominator shrinks unnamed"
    assert any("refused" in note and "failed" in note for note in told["notes"])


def test_what_is_always_refused_is_named_row_by_row(tmp_path: Path) -> None:
    """Half of the questions refused in every repeat: each stands among the exclusions, with country, condition, how often and why."""
    folder = run(tmp_path, "keyed/refuses-half", "--conditions", "text", survey=questions(tmp_path, _many()))
    told = results(folder)
    refused = {row["id"] for row in _many() if refuses("keyed", row["id"])}
    assert 0 < len(refused) < 8
    expected = {(name, country) for name in refused for country in ("Alfa", "Bravo")}
    assert {(row["question"], row["country"]) for row in told["exclusions"]} == expected
    assert {row["reason"] for row in told["exclusions"]} == {"no answer (2 refused)"}
    (row,) = told["states"]
    assert (row["refused"], row["refused_rate"]) == (4 * len(refused), len(refused) / 8)
    assert (row["scored"], row["wanted"]) == (16 - len(expected), 16)


def _many() -> list[dict[str, Any]]:
    common = {"question": "Which?", "options": ["a", "b"], "distribution": [1, 2]}
    return [{"id": f"q{n}", "country": country, **common} for n in range(8) for country in ("Alfa", "Bravo")]


def test_what_cannot_be_asked_is_named(tmp_path: Path) -> None:
    """A country without pictures is left out of the conditions that show some, one without answers of all; both are named."""
    from tests.evals.culture.surveys import pictures

    given = [row for row in rows() if (row["id"], row["country"]) != ("two", "Bravo")]
    images = pictures(tmp_path, ("Alfa", "Bravo"))
    folder = run(tmp_path, "polled/truth", "--images", images, survey=questions(tmp_path, given))
    left = results(folder)["exclusions"]
    lacking = [row for row in left if row["country"] == "Charlie"]
    assert {row["condition"] for row in lacking} == {"image", "both", "wrong"} and len(lacking) == 3 * 3
    assert {row["reason"] for row in lacking} == {"there is no picture of it"}
    (unknown,) = [row for row in left if row["country"] == "Bravo"]
    assert (unknown["question"], unknown["condition"], unknown["reason"]) == ("two", "all", "the survey has no answers from there")
    (row,) = picked(results(folder)["effects"], contrast="both − text", measure="jsd")
    assert (row["pairs"], row["unpaired"]) == (5, 3)


@pytest.mark.parametrize("choice", ["drop", "keep", "separate"])
def test_dont_know_is_a_declared_choice(tmp_path: Path, choice: str) -> None:
    """Dropped it is not shown; kept it counts as an option; separate it is shown, and distances are among the rest."""
    given = [
        {"id": "q", "question": "Q?", "options": ["yes", "Don't know", "no"], "country": country, "distribution": shares, "kind": "ordinal"}
        for country, shares in (("Alfa", [0.6, 0.2, 0.2]), ("Bravo", [0.1, 0.5, 0.4]))
    ]
    survey = questions(tmp_path, given)
    folder = run(tmp_path, "polled/uniform", "--dont-know", choice, "--conditions", "text", survey=survey)
    told = results(folder)
    (event, *_) = shown(folder)["text-Alfa"]
    assert sorted(event.text["options"]) == (["no", "yes"] if choice == "drop" else ["Don't know", "no", "yes"])
    (cell,) = picked(told["cells"], country="Alfa")
    expected = js_divergence([1, 1, 1], [6, 2, 2]) if choice == "keep" else js_divergence([1, 1], [6, 2])
    assert cell["jsd"] == pytest.approx(expected, abs=1e-11)
    assert cell["w1"] == pytest.approx(0.25), "the scale is without it"
    assert (cell["dont_know"], cell["people_dont_know"]) == ((None, None) if choice == "drop" else pytest.approx((1 / 3, 0.2)))
    assert told["dont_know"] == choice and sum("don't know" in note for note in told["notes"]) >= 1


def test_names_from_files_are_data(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Countries, topics and options that look like markup, escapes or templates stand escaped on the page and change no prompt's shape."""
    evil = "<script>alert(1)</script>$caption\x1b[2J"
    given = [
        {"id": f"q{n}", "question": "Q?", "topic": evil, "options": ["<b>a", "$options"], "country": country, "distribution": [1, 3]}
        for n in range(2)
        for country in (evil, "Bravo")
    ]
    folder = run(tmp_path, "polled/uniform", "--conditions", "text,none", survey=questions(tmp_path, given))
    page = (folder / "report" / "report.html").read_text(encoding="utf-8")
    assert "<script>" not in page and "\x1b" not in page and "&lt;script&gt;" in page
    assert "\x1b[2J" not in capfd.readouterr().out
    events = [event for each in shown(folder).values() for event in each]
    assert all(set(event.text["options"]) == {"<b>a", "$options"} for event in events)
    assert any("$caption" in event.text["caption"] for event in events)


def test_killed_and_run_again_it_asks_nothing_twice(tmp_path: Path) -> None:
    """After kill -9 the same command carries on; each question ends with one final answer, and the report is there."""
    from tests.evals.culture.surveys import pictures

    arguments = ["run", "--questions", questions(tmp_path), "--images", pictures(tmp_path), "--model", "polled/truth,polled/first"]
    arguments += ["--runs", tmp_path / "runs", "--repeats", 4, "--quiet", "--workers", 1]
    process = begin(["python", "-m", "evals.culture", *map(str, arguments)], tmp_path / "stderr")
    while process.exitcode is None and sum(path.stat().st_size for path in tmp_path.glob("runs/*/*/trace.jsonl")) < 20_000:
        time.sleep(0.002)
    process.kill()
    process.join()
    assert command(*arguments) == 0
    (folder,) = (tmp_path / "runs").iterdir()
    final = [e for each in find_sessions(folder) for e in each.events() if isinstance(e, AnswerEvent) and e.final]
    assert len(final) == 2 * 4 * 13 * 3 and (folder / "report" / "report.html").is_file()
    assert all(SessionFolder(each.path).status() == "complete" for each in find_sessions(folder))


def test_an_unfinished_run_is_scored_as_far_as_it_got(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Stopped by a limit, what was not asked is named as such, and the report says so."""
    from tests.evals.culture.surveys import pictures

    base = ["run", "--questions", questions(tmp_path), "--images", pictures(tmp_path), "--model", "polled/truth", "--name", "part"]
    assert command(*base, "--runs", tmp_path, "--quiet", "--workers", 1, "--max-requests", 50) == 3
    capsys.readouterr()
    assert command("score", tmp_path / "part", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    missing = [row for row in told["exclusions"] if "not asked: " in row["reason"]]
    assert missing
    lost = sum(3 if row["condition"] == "none" else 1 for row in told["exclusions"])
    assert len(told["cells"]) + lost == 5 * 9


def test_sizes_are_read_or_given_and_compared_with_the_next_smaller(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--size orders respondents; the larger is paired with the next smaller on the cells of both; an unknown model is refused."""
    sizes = ["--size", "polled/first=7B", "--size", "polled/uniform=13B", "--size", "polled/truth=500M"]
    assert command("score", known, "--json", *sizes) == 0
    told = json.loads(capsys.readouterr().out)
    (row,) = picked(told["sizes"], respondent="polled/uniform", condition="text")
    assert (row["size_b"], row["smaller"], row["size_from"], row["pairs"]) == (13.0, "polled/first", "given", 9)
    (first,) = picked(told["sizes"], respondent="polled/first", condition="text")
    assert first["smaller"] == "polled/truth"
    assert row["difference"] == pytest.approx(row["jsd"] - first["jsd"])
    assert any("polled/sees" in note and "unknown size" in note for note in told["notes"])
    assert command("score", known, "--size", "polled/firsd=7B") == 2
    assert command("score", known, "--size", "polled/first=big") == 2


def test_a_dry_run_tells_the_plan_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sessions and questions are counted: five conditions, of which one is asked once for all countries."""
    arguments = ["run", "--questions", "sample", "--images", "sample", "--model", "reader", "--runs", tmp_path / "runs"]
    assert command(*arguments, "--dry-run", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["sessions"] == 2 * (4 * 4 + 1)
    assert not (tmp_path / "runs").exists()


def test_a_folder_of_runs_is_searched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`score runs/` finds the runs in there; a folder without one is a clear line."""
    folder = run(tmp_path, "polled/truth", "--conditions", "text")
    capsys.readouterr()
    assert command("score", folder.parent, "--json") == 0
    (row,) = picked(json.loads(capsys.readouterr().out)["scores"], measure="jsd")
    assert (row["respondent"], row["distance"]) == ("polled/truth", 0.0)
    assert command("score", folder.parent.parent) == 2
    assert "no culture.json" in capsys.readouterr().err


def test_runs_are_scored_together_only_over_one_survey(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model of two runs is a respondent in each; other shares, or another choice on don't know, are refused in one line."""
    survey = questions(tmp_path)
    quick = ("--conditions", "text", "--no-report", "--countries", "Alfa,Bravo")
    one, two = (run(tmp_path, "polled/truth", "--name", name, *quick, survey=survey) for name in ("one", "two"))
    capsys.readouterr()
    assert command("score", one, two, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["respondent"] for row in told["scores"]} == {"polled/truth (one)", "polled/truth (two)"}
    assert all(row["distance"] == 0.0 for row in told["scores"])
    other = run(tmp_path, "polled/truth", "--name", "other", *quick, survey=questions(tmp_path, rows()[:6]))
    kept = run(tmp_path, "polled/truth", "--name", "kept", "--dont-know", "keep", *quick, survey=questions(tmp_path))
    for wrong in (other, kept, tmp_path):
        assert command("score", one, wrong) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1 or wrong != tmp_path
    assert command("score", one, "--out", tmp_path) == 2, "a folder that holds something else stays as it is"


def test_a_model_that_never_answered_is_named(known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where all sessions of a model are lacking, the report says that it stands in no table."""
    copy = tmp_path / "part"
    shutil.copytree(known, copy)
    for session in find_sessions(copy):
        if session.record()["spec"]["model"] == "polled/first":
            shutil.rmtree(session.path)
    assert command("score", copy, "--json") == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    assert [each for each in notes if "there is no answer of it yet" in each] == [
        "polled/first was to be asked, and there is no answer of it yet: it stands in no table."
    ]
