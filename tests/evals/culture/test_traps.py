"""Ways in which a figure of cultural nearness deceives, each from the question file to the report; others stand in test_running.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.models.lapses import fails, refuses
from evals.scoring.distributions import js_divergence, wasserstein_1
from tests.evals.culture.surveys import SHARES, command, picked, questions, results, run

pytestmark = pytest.mark.usefixtures("own_cache")


def test_a_survey_where_nobody_answered_asks_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Shares that are all zero stop the run before any question, with file, row and field; they become no even distribution."""
    row = {"question": "Q?", "options": ["a", "b"], "country": "Alfa", "distribution": [1, 2]}
    path = questions(tmp_path, [row, row | {"country": "Bravo", "distribution": [0, 0]}])
    assert command("run", "--questions", path, "--conditions", "text", "--model", "polled/truth", "--runs", tmp_path / "runs") == 2
    error = capsys.readouterr().err
    assert "questions.jsonl, line 2, distribution: all of it is zero" in error and error.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_a_recoded_scale_is_shown_and_measured_in_its_order(tmp_path: Path) -> None:
    """A scale whose options stand in another order in the file is shown forwards and backwards along the scale, and Wasserstein-1 is along
    it: who always takes the first place is at both ends of the scale, not of the file."""
    shares: dict[str, list[float]] = {"Alfa": [0.5, 0.3, 0.2], "Bravo": [0.1, 0.1, 0.8]}  # both, less, more
    given: list[dict[str, Any]] = [
        {"id": "q", "question": "Q?", "options": ["both", "less", "more"], "order": ["less", "both", "more"], "country": name}
        | {"distribution": found, "kind": "ordinal"}
        for name, found in shares.items()
    ]
    folder = run(tmp_path, "polled/first,polled/truth", "--conditions", "text", survey=questions(tmp_path, given))
    for name, (both, less, more) in shares.items():
        (cell,) = picked(results(folder)["cells"], respondent="polled/first", country=name)
        assert cell["w1"] == pytest.approx(wasserstein_1([1, 0, 1], [less, both, more]), abs=1e-11)
        assert cell["jsd"] == pytest.approx(js_divergence([1, 0, 1], [less, both, more]), abs=1e-11)
        (true,) = picked(results(folder)["cells"], respondent="polled/truth", country=name)
        assert true["w1"] == true["jsd"] == 0.0


def test_baselines_are_on_the_cells_that_were_scored(tmp_path: Path) -> None:
    """Who refuses some questions is put beside a uniform guess and other countries on the rest alone, and beside no one else's cells."""
    given = [
        {
            "id": f"q{n}",
            "question": f"Q{n}?",
            "options": ["a", "b"],
            "country": country,
            "distribution": [1 + n, 2 + 3 * (country == "Alfa")],
        }
        for n in range(8)
        for country in ("Alfa", "Bravo")
    ]
    folder = run(tmp_path, "keyed/refuses-half,polled/uniform", "--conditions", "text", survey=questions(tmp_path, given))
    told = results(folder)
    half, whole = (picked(told["cells"], respondent=who) for who in ("keyed/refuses-half", "polled/uniform"))
    assert 0 < len(half) < len(whole) == 16
    (row,) = picked(told["scores"], respondent="keyed/refuses-half", measure="jsd")
    assert row["cells"] == row["others_cells"] == len(half)
    for baseline in ("uniform", "others"):
        assert row[baseline] == pytest.approx(np.mean([cell[f"{baseline}_jsd"] for cell in half]))
        assert row[baseline] != pytest.approx(np.mean([cell[f"{baseline}_jsd"] for cell in whole]))
    same = {(cell["question"], cell["country"]): cell["uniform_jsd"] for cell in whole}
    assert all(same[cell["question"], cell["country"]] == cell["uniform_jsd"] for cell in half)


def test_refusals_and_outages_are_counted_and_change_no_distance(tmp_path: Path) -> None:
    """Who refuses half of the questions, or fails at some, and answers the rest as the people did, is 0 apart on as many cells as counted
    beforehand; every question stays in the count of what was wanted."""
    names = [f"q{n}" for n in range(12)]
    given = [
        {"id": name, "question": f"{name}?", "options": ["a", "b"], "country": country, "distribution": [3, 1]}
        for name in names
        for country in ("Alfa", "Bravo")
    ]
    folder = run(tmp_path, "polled/refuses-half,polled/fails-some", "--conditions", "text", survey=questions(tmp_path, given))
    told = results(folder)
    for kind, state, lapses in (("refuses-half", "refused", refuses), ("fails-some", "failed", fails)):
        lost = 2 * sum(lapses("polled", name) for name in names)  # in each of two countries
        (states,) = picked(told["states"], respondent=f"polled/{kind}")
        assert 0 < lost < 24
        assert (states["wanted"], states["scored"], states[state], states["shown"]) == (24, 24 - lost, 2 * lost, 48)  # two repeats
        (score,) = picked(told["scores"], respondent=f"polled/{kind}", measure="jsd")
        assert (score["cells"], score["distance"]) == (24 - lost, 0.0)


def test_a_few_counted_answers_are_said_to_say_little(tmp_path: Path) -> None:
    """The distance of a few answers is put beside that of as many of the people's own; where that is more than a uniform guess's, the
    conclusion says so, and with many answers it does not."""
    sentences = {}
    for repeats in (2, 30):
        more = ("--model-option", "logprobs=false", "--repeats", repeats, "--conditions", "text", "--name", f"r{repeats}")
        folder = run(tmp_path, "polled/truth", *more)
        (sentences[repeats],) = results(folder)["conclusions"]
    assert "with so few, the distance says little" in sentences[2] and "apart by chance" in sentences[30]
    assert "says little" not in sentences[30]
    (row,) = picked(results(folder)["scores"], measure="jsd")
    assert row["distance"] == pytest.approx(row["chance"], abs=0.05) and row["cells"] == sum(map(len, SHARES.values()))


def test_who_reads_words_alone_does_not_change_with_other_pictures(tmp_path: Path) -> None:
    """`reader` sees no country in a picture: another country's pictures change nothing, which the control of wrong pictures shows."""
    folder = run(tmp_path, "reader", "--conditions", "text,both,wrong")
    told = results(folder)
    (control,) = picked(told["effects"], contrast="wrong − both", measure="jsd")
    assert control["difference"] == 0.0 and control["pairs"] == 9
    assert all(row["answered"] == row["shown"] == 18 for row in told["states"])
