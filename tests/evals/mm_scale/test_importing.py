"""Records of ratings as items: everything arrives, faults are named by row and field, and nothing is dropped silently."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evals.mm_scale.__main__ import main
from evals.mm_scale.items import open_items, people_of
from tests.evals.hostile_pictures import POSTSCRIPT, unfolding

Write = Callable[..., Path]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.png", "b.png", "deep/a.png"):
        Image.new("RGB", (20, 12), "teal").save(folder / name)
    (folder / "words.png").write_text("no picture", encoding="utf-8")
    (folder / "ps.png").write_bytes(POSTSCRIPT)
    (folder / "big.png").write_bytes(unfolding())
    Image.new("RGB", (20, 12), "teal").save(tmp_path / "private.png")
    (folder / "link.png").symlink_to("../private.png")
    return folder


def record(**given: Any) -> dict[str, Any]:
    """A good record, but for what is given."""
    ratings = [{"rater": "anna", "score": 2, "grounding": "both"}, {"rater": "ben", "score": 4, "grounding": "text"}]
    return {"image": "a.png", "scenario_id": "s1", "text": "Somebody does it.", "ratings": ratings} | given


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8")
    return path


def run(records: Path, images: Path, *more: str) -> int:
    return main(["import", str(records), "--images", str(images), "--out", str(images.parent / "items"), *more])


def test_every_field_of_a_record_arrives(tmp_path: Path, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pictures, words, ratings, reason, topic; a field that the form does not know is kept; unrated scenarios are counted and said."""
    rows = [
        record(reason="It is unfair.", topic="buses", source={"split": "train"}),
        record(image="./b.png", scenario_id=7, ratings=[{"rater": 12, "score": 5.0, "grounding": None}]),
        record(scenario_id="s3", ratings=[]),
        record(image="deep/a.png", scenario_id="s4", ratings=None),
    ]
    assert run(write(tmp_path / "r.jsonl", *rows), images, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"rows": 4, "items": 4, "images": 3, "ratings": 3, "unrated": 2, "left_out": []}
    deck = open_items(str(tmp_path / "items"))
    assert [item.id for item in deck.items] == ["s1", "7", "s3", "s4"]
    first, second = deck.items[:2]
    extra = first.model_extra or {}
    assert (extra["reason"], extra["record"], first.about["topic"]) == ("It is unfair.", {"source": {"split": "train"}}, "buses")
    assert (first.cluster, first.reference, people_of(first).mean, people_of(second).mean) == ("pictures/a.png", "", 3.0, 5.0)
    assert people_of(second).ratings[0].rater == "12"
    assert first.cluster == deck.items[2].cluster != deck.items[3].cluster
    assert deck.picture("pictures/deep/a.png").is_file()


def test_a_json_list_is_taken_too(tmp_path: Path, images: Path) -> None:
    """The same records as a list; with two scenarios of one name under two pictures both are kept apart."""
    (tmp_path / "r.json").write_text(json.dumps([record(), record(image="b.png")], indent=1), encoding="utf-8")
    assert run(tmp_path / "r.json", images) == 0
    deck = open_items(str(tmp_path / "items"))
    assert [item.id for item in deck.items] == ["a/s1", "b/s1"]
    assert {item.about["scenario_id"] for item in deck.items} == {"s1"}


FAULTS = [
    (record(image="nowhere.png"), "image: there is no file 'nowhere.png'"),
    (record(image="../a.png"), "image: '../a.png' points outside"),
    (record(image="words.png"), "image: 'words.png' is no picture"),
    (record(image="ps.png"), "image: 'ps.png' is no picture"),
    (record(image="big.png"), "image: 'big.png' has more than 64 million pixels"),
    (record(image="link.png"), "image: 'link.png' is a link that leads outside"),
    (record(image=None), "image: it is missing"),
    (record(scenario_id=True), "scenario_id: it is missing"),
    (record(text="  "), "text: it is missing"),
    (record(reason=3), "reason: it is no text"),
    (record(ratings={"anna": 3}), "ratings: it is no list"),
    (
        record(ratings=[{"rater": "anna", "score": 6, "grounding": "both"}]),
        "ratings 1, score: it has to be a whole number from 1 to 5, not 6",
    ),
    (record(ratings=[{"rater": "anna", "score": True}]), "ratings 1, score: it has to be a whole number from 1 to 5, not True"),
    (record(ratings=[{"rater": "anna", "score": 2.5}]), "ratings 1, score: it has to be"),
    (record(ratings=[{"score": 2}]), "ratings 1, rater: it is missing"),
    (record(ratings=[{"rater": "a", "score": 2, "grounding": "smell"}]), "ratings 1, grounding: it has to be one of text, image, both"),
    (record(ratings=[{"rater": "a", "score": 2}, {"rater": "a", "score": 3}]), "ratings 2, rater: 'a' rated this item already"),
    (record(), "scenario_id: 's1' of this image stands in row 1 already"),
    (["no", "record"], "row: it is no JSON object"),
    ('{"image": "a.p', "row: it is no JSON object"),
]


@pytest.mark.parametrize(("fault", "told"), FAULTS, ids=[told.partition(":")[0] + str(n) for n, (_, told) in enumerate(FAULTS)])
def test_a_fault_is_named_by_row_and_field(tmp_path: Path, images: Path, fault: Any, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, exit code 2, nothing written."""
    assert run(write(tmp_path / "r.jsonl", record(), fault), images) == 2
    error = capsys.readouterr().err
    assert f"row 2, {told}" in error and error.count("\n") == 1
    assert not (tmp_path / "items").exists()


def test_rows_are_left_out_only_when_asked_and_each_is_listed(tmp_path: Path, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--skip-faulty keeps the good ones and writes row, field and reason of every other; the rows add up."""
    rows = [record(), *(fault for fault, _ in FAULTS), record(scenario_id="good")]
    assert run(write(tmp_path / "r.jsonl", *rows), images, "--skip-faulty") == 0
    assert f"{len(FAULTS)} rows were left out" in capsys.readouterr().out
    with (tmp_path / "items" / "left_out.csv").open(encoding="utf-8", newline="") as file:
        left = list(csv.DictReader(file))
    assert [int(row["row"]) for row in left] == list(range(2, len(FAULTS) + 2))
    assert [item.id for item in open_items(str(tmp_path / "items")).items] == ["s1", "good"]


def test_what_cannot_be_imported_is_one_line(tmp_path: Path, images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file, no folder of images, an empty file, a folder that is not empty: what to do, and exit code 2."""
    good = write(tmp_path / "r.jsonl", record())
    for records, folder, told in (
        (tmp_path / "none.jsonl", images, "cannot be read"),
        (good, tmp_path / "none", "is no folder"),
        (write(tmp_path / "empty.jsonl"), images, "holds no records"),
    ):
        assert main(["import", str(records), "--images", str(folder), "--out", str(tmp_path / "items")]) == 2
        assert told in (error := capsys.readouterr().err) and error.count("\n") == 1
    assert main(["import", str(good), "--images", str(images), "--out", str(images)]) == 2
    assert "is not empty" in capsys.readouterr().err
