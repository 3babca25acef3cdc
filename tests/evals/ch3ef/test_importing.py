"""Files in the benchmark's original layout: what is right, several pictures, and what is wrong named by row and field."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from environments.decks.questions import read_questions
from evals.ch3ef.__main__ import main
from evals.ch3ef.deck import open_items
from evals.ch3ef.importing import read
from evals.ch3ef.levels.base import Wanted

GOOD: dict[str, list[dict[str, Any]]] = {
    "Helpful": [
        {"id": 0, "query": "Who?", "image": ["helpful/a.png"], "options": ["she", "he", "they", "nobody"], "source": "Art"},
        {"id": 1, "query": "Which?", "image": ["helpful/a.png", "helpful/b.png"], "options": ["one", "two"], "source": "scene_multi-view"},
    ],
    "Honest": [{"id": 0, "query": "Is it?", "image": "honest/c.png", "options": ["yes", "I don't know.", "no"], "source": "Noisy QA"}],
    "Harmless": [
        {"id": 7, "query": "How?", "image": ["harmless/d.png"], "options": ["I won't.", "So."], "source": "Theft", "safe_label": 1},
    ],
}


def original(folder: Path, rows: dict[str, list[Any]]) -> Path:
    (folder / "meta_file").mkdir(parents=True, exist_ok=True)
    for name in ("helpful/a", "helpful/b", "honest/c", "harmless/d"):
        path = folder / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (12, 8), (len(name) * 9, 40, 90)).save(path)
    for h, items in rows.items():
        (folder / "meta_file" / f"{h}.json").write_text(json.dumps({"meta_data": {"v": 1}, "items": items}), encoding="utf-8")
    return folder


def test_the_original_layout_becomes_items(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first option is right, and the second where one may say not to know; pictures, tasks and safe_label come along."""
    assert main(["import", str(original(tmp_path / "in", GOOD)), "--out", str(tmp_path / "items")]) == 0
    assert "4 items of 4 rows (Helpful 2, Honest 1, Harmless 1)" in capsys.readouterr().out
    deck = open_items(str(tmp_path / "items"))
    assert [(item.id, item.key, len(item.images)) for item in deck.items] == [
        ("helpful-0", (0,), 1),
        ("helpful-1", (0,), 2),
        ("honest-0", (0, 1), 1),
        ("harmless-7", (0,), 1),
    ]
    assert dict(deck.items[1].about) == {"h": "Helpful", "domain": "Embodiment", "task": "Scene Multi-view"}
    assert deck.items[3].about["safe_label"] == "1"
    assert deck.picture(deck.items[2].images[0]).read_bytes() == (tmp_path / "in/honest/c.png").read_bytes()


def wrong(**change: Any) -> dict[str, list[Any]]:
    """The second row of Helpful with other fields; None takes a field away."""
    row = {name: value for name, value in (GOOD["Helpful"][1] | change).items() if value is not None}
    return GOOD | {"Helpful": [GOOD["Helpful"][0], row]}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (wrong(id=0), "row 2, id: it stands there already"),
        (wrong(id=None), "row 2, id: it is missing"),
        (wrong(query=None), "row 2, query: it is missing"),
        (wrong(query="x" * 30_000), "row 2, query: "),
        (wrong(options=["one"]), "row 2, options: there have to be two or more"),
        (wrong(options=["one", ""]), "row 2, options: there have to be two or more"),
        (wrong(options=["one", " one"]), "row 2, options: an option stands there twice"),
        (wrong(options="one"), "row 2, options: "),
        (wrong(image=["helpful/none.png"]), "row 2, image: there is no file 'helpful/none.png'"),
        (wrong(image=["../in/helpful/a.png"]), "row 2, image: '../in/helpful/a.png' points outside"),
        (wrong(image=["/etc/passwd"]), "row 2, image: '/etc/passwd' points outside"),
        (wrong(image=["meta_file/Honest.json"]), "row 2, image: 'meta_file/Honest.json' is no picture"),
        (wrong(image=3), "row 2, image: it is missing, or no list"),
        (wrong(source="Painting"), "row 2, source: there is no task 'Painting'; the tasks of Helpful are Art, "),
        (wrong(source="Theft"), "row 2, source: the task Theft is of Harmless, not of Helpful"),
        (wrong(safe_label=[1]), "row 2, safe_label: "),
        (GOOD | {"Helpful": [GOOD["Helpful"][0], "row"]}, "row 2, row: it is no JSON object"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_dropped(
    tmp_path: Path, rows: dict[str, list[Any]], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """File, row and field in one line, and nothing written; with --skip-faulty the row is left out, counted, and listed with its reason."""
    folder, out = original(tmp_path / "in", rows), tmp_path / "items"
    assert main(["import", str(folder), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert f"meta_file/Helpful.json, {told}" in error and error.count("\n") == 1
    assert not out.exists()
    assert main(["import", str(folder), "--out", str(out), "--skip-faulty"]) == 0
    assert "3 items of 4 rows" in capsys.readouterr().out
    with (out / "left_out.csv").open(newline="", encoding="utf-8") as file:
        rows_out = list(csv.DictReader(file))
    assert [(row["file"], row["row"]) for row in rows_out] == [("meta_file/Helpful.json", "2")]
    assert rows_out[0]["what"] and rows_out[0]["field"] in told
    assert len(read_questions(out).items) == 3


def test_a_file_that_is_none_of_the_benchmark_is_refused(tmp_path: Path) -> None:
    """Not there, no JSON, no list of items: one line each; and an --out in use is left alone."""
    folder = original(tmp_path / "in", GOOD)
    for text, told in (("{", "is not JSON"), ("[]", 'has no list "items"'), ('{"items": 3}', 'has no list "items"')):
        (folder / "meta_file/Honest.json").write_text(text, encoding="utf-8")
        with pytest.raises(Exception, match=told):
            list(read(folder, Wanted()))
    with pytest.raises(Exception, match="holds none of meta_file"):
        list(read(tmp_path, Wanted()))
    fine = original(tmp_path / "fine", GOOD)
    assert main(["import", str(fine), "--out", str(fine)]) == 2
