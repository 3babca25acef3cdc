"""From sessions over questions to a table: to the exact count, with options in the benchmark's order and conditions apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.session import run_session
from agent.spec import make_spec
from evals.scoring.accuracy import accuracy
from evals.scoring.answers import ItemAnswers, read_answers
from personas.errors import UserError

ITEMS = 20


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deck")
    rows = [
        {
            "id": f"q{n}",
            "text": f"{n}?",
            "options": ["x", "right", "z"],
            "key": [1],
            "cluster": f"c{n // 2}",
            "about": {"task": "ab"[n % 2]},
        }
        for n in range(ITEMS)
    ]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    deck = {"environment": "deck", "feed": str(folder), "protocol": "choice", "videos": ITEMS}
    for model in ("right", "refuses-half", "first"):
        for repeat in range(3 if model == "first" else 1):
            run_session(make_spec(model=f"keyed/{model}", repeat=repeat, **deck), runs=folder / "runs")
    run_session(make_spec(model="keyed/right", condition="none", **deck), runs=folder / "runs")
    return folder / "runs"


@pytest.fixture(scope="module")
def answers(runs: Path) -> ItemAnswers:
    return read_answers([runs])


def test_counts_are_exact(answers: ItemAnswers) -> None:
    """Always right is 20 of 20; always A over as many repeats as options is a third, whatever the items; refusals stand apart."""
    found = {row["model"]: row for row in accuracy(answers.table, ("model",)).iter_rows(named=True)}
    assert (found["keyed/right"]["right"], found["keyed/right"]["shown"]) == (2 * ITEMS, 2 * ITEMS)
    assert found["keyed/first"]["right"] == ITEMS
    assert found["keyed/first"]["accuracy"] == pytest.approx(1 / 3)
    refuses = found["keyed/refuses-half"]
    assert refuses["answered"] + refuses["refused"] == ITEMS
    assert refuses["right"] == refuses["answered"]
    assert refuses["of_shown"] == pytest.approx(refuses["right"] / ITEMS)


def test_options_are_in_the_benchmarks_order(answers: ItemAnswers) -> None:
    """The right option is number 1 of the file wherever it stood; places differ."""
    right = answers.table.filter(answers.table["model"] == "keyed/right")
    assert right["option"].unique().to_list() == [1]
    assert right["place"].n_unique() == 3


def test_conditions_and_names_are_columns(answers: ItemAnswers) -> None:
    """What was done with pictures is a column, so are the names of the items."""
    assert set(answers.table["condition"]) == {"shown", "none"}
    assert set(answers.with_names()["task"]) == {"a", "b"}


def test_a_folder_without_questions_is_refused(tmp_path: Path, runs: Path) -> None:
    """One line that says what to do; another protocol's sessions are not taken."""
    with pytest.raises(UserError, match="no session over questions"):
        read_answers([runs], protocols=["rating"])
