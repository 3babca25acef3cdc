"""What would make a number wrong, lose a sample or a file: names that two things share, verdicts on other words, hostile files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from evals.auto_bench.coco_symbols import coco_symbols
from evals.auto_bench.curating import read_replies
from evals.auto_bench.flaws import valid_bounds
from evals.auto_bench.sample import open_items
from evals.auto_bench.seen_symbols import seen_symbols
from evals.auto_bench.verification import FIELDS, note_shown, read_checked
from personas.errors import FeedError, UserError
from tests.evals.auto_bench.conftest import IMAGES, REFUSAL, Command
from tests.evals.auto_bench.test_verify import check


def script(path: Path, count: str) -> str:
    """A respondent that answers every open question with `count` and every closed one with gravity."""
    lines = [{"task": "open", "answer": count}, {"task": "choice", "answer": "Gravity"}]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return f"scripted/{path}"


def score_of(found: dict[str, Any], group: str) -> dict[str, Any]:
    (row,) = [row for row in found["scores"] if row["group"] == group]
    return dict(row)


def test_a_verdict_on_other_words_decides_nothing(items: Path, tmp_path: Path, command: Command) -> None:
    """Trap: a run that is deleted and asked anew has the old names. What judges said of the old answers is not said of the new ones."""
    common = ["--workers", "1", "--quiet", "--runs", tmp_path]
    run = ["run", "--items", items, "--model", script(tmp_path / "s.jsonl", "2"), "--name", "r", "--no-report", *common]
    command(run)
    judge = ["judge", tmp_path / "r", "--judges", "scripted-judge/exact", "--no-report", *common]
    command(judge)
    assert score_of(command(["score", tmp_path / "r", "--json"]), "Perception")["right"] == 1
    shutil.rmtree(tmp_path / "r")
    script(tmp_path / "s.jsonl", "3")
    command(run)
    assert score_of(command(["score", tmp_path / "r", "--json"]), "Perception")["unjudged"] == IMAGES
    command(judge)
    row = score_of(command(["score", tmp_path / "r", "--json"]), "Perception")
    assert (row["right"], row["unjudged"]) == (1, 0), "image 1 has three squares"


def test_runs_of_one_name_in_two_folders_keep_their_verdicts(items: Path, tmp_path: Path, command: Command) -> None:
    """Trap: verdicts went by the name of a session. The same words, to other items of the same ids, in sessions of the same names, are
    right there and wrong here."""
    other = tmp_path / "items"
    shutil.copytree(items, other)
    lines = [json.loads(line) for line in (items / "items.jsonl").read_text(encoding="utf-8").splitlines()]
    changed = [line | ({"reference": "2"} if line["about"]["capacity"] == "Perception" else {}) for line in lines]
    (other / "items.jsonl").write_text("".join(json.dumps(line) + "\n" for line in changed), encoding="utf-8")
    model = script(tmp_path / "s.jsonl", "2")
    for folder, deck in (("a", items), ("b", other)):
        common = ["--workers", "1", "--quiet", "--runs", tmp_path / folder]
        command(["run", "--items", deck, "--model", model, "--name", "r", "--no-report", *common])
    names = [sorted(path.parent.name for path in (tmp_path / each / "r").glob("*/session.json")) for each in "ab"]
    protocols = {_protocol(tmp_path / "a/r" / name): name for name in names[0]}
    for old in names[1]:
        new = tmp_path / "b/r" / protocols[_protocol(tmp_path / "b/r" / old)]
        (tmp_path / "b/r" / old).rename(new)
        record = json.loads((new / "session.json").read_bytes()) | {"session": new.name}
        (new / "session.json").write_text(json.dumps(record), encoding="utf-8")
    runs = [tmp_path / "a/r", tmp_path / "b/r"]
    command(["judge", *runs, "--judges", "scripted-judge/exact", "--no-report", "--workers", "1", "--quiet", "--runs", tmp_path / "j"])
    right = [score_of(command(["score", run, "--verdicts", tmp_path / "j", "--json"]), "Perception")["right"] for run in runs]
    assert right == [1, IMAGES]


def _protocol(session: Path) -> str:
    return str(json.loads((session / "session.json").read_bytes())["spec"]["protocol"])


def test_one_id_for_two_questions_is_an_error(items: Path, tmp_path: Path, command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Trap: two decks with equal ids would be one item with two answers. They are scored apart, and a sentence says so."""
    other = tmp_path / "items"
    shutil.copytree(items, other)
    text = (other / "items.jsonl").read_text(encoding="utf-8")
    (other / "items.jsonl").write_text(text.replace("How many squares", "How many circles"), encoding="utf-8")
    for number, deck in enumerate((items, other)):
        common = ["--workers", "1", "--quiet", "--runs", tmp_path]
        command(["run", "--items", deck, "--model", "keyed/right", "--name", f"r{number}", "--no-report", *common])
    assert "asked different items called" in main_error(["score", str(tmp_path / "r0"), str(tmp_path / "r1")], capsys)
    check(other / "verification", "anna", set(), [item.id for item in open_items(str(other)).items])
    assert "ask something else than the run did" in main_error(["score", str(tmp_path / "r0"), "--verified", str(other)], capsys)


def main_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    from evals.auto_bench.__main__ import main

    capsys.readouterr()
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_an_undecided_repeat_stays_in_the_bounds(items: Path, tmp_path: Path, command: Command) -> None:
    """Trap: one decided answer of two settled an item. The other is undecided, and the bounds say so."""
    common = ["--workers", "1", "--quiet", "--runs", tmp_path]
    model = ["--items", items, "--model", "keyed/right"]
    command(["run", *model, "--name", "one", "--no-report", *common])
    command(["judge", tmp_path / "one", "--judges", "scripted-judge/exact", "--no-report", *common])
    command(["run", *model, "--name", "two", "--seed", "1", "--no-report", *common])
    row = score_of(command(["score", tmp_path / "one", tmp_path / "two", "--json"]), "Perception")
    assert (row["samples"], row["score"], row["least"], row["most"]) == (IMAGES, 1.0, 0.5, 1.0)
    assert (row["open"], row["unjudged"]) == (IMAGES, IMAGES)


def test_where_keys_and_answers_stand_is_told(items: Path, tmp_path: Path, command: Command) -> None:
    """The audit of places is of the options as shown: a respondent that is always right chose every place as often as it held a key."""
    common = ["--workers", "1", "--quiet", "--runs", tmp_path]
    command(["run", "--items", items, "--model", "keyed/right,keyed/first", "--name", "r", "--no-report", *common])
    rows = {row["respondent"]: row for row in command(["score", tmp_path / "r", "--json"])["positions"]}
    assert rows["keyed/right"]["chosen"] == rows["keyed/right"]["keys"] and sum(rows["keyed/right"]["keys"]) == IMAGES
    assert rows["keyed/first"]["chosen"] == [IMAGES, 0, 0, 0] and rows["keyed/first"]["keys"][0] < IMAGES


def test_what_people_said_of_other_items_does_not_count(items: Path, tmp_path: Path) -> None:
    """Trap: items that are curated anew have the old ids. Their checks are not taken over, and no page is served over the old answers."""
    deck = open_items(str(items))
    ids = [item.id for item in deck.items]
    note_shown(tmp_path, deck.items)
    check(tmp_path, "anna", set(), ids)
    assert read_checked(tmp_path, deck.items).changed == 0
    anew = [deck.items[0].model_copy(update={"text": "Which force lifts it?"}), *deck.items[1:]]
    found = read_checked(tmp_path, anew)
    assert (found.changed, found.items.height) == (1, len(ids) - 1) and anew[0].id not in found.good
    with pytest.raises(UserError, match="1 items have changed since"):
        note_shown(tmp_path, anew)
    note_shown(tmp_path, deck.items[:3])  # a smaller sample of the same is no change


def test_a_score_of_one_is_not_certain() -> None:
    """Trap: where all of a hundred were right, drawing them again showed no doubt, and the interval was a point."""
    samples = pl.DataFrame({"item": np.arange(100).astype(str), "cluster": np.arange(100).astype(str), "least": 1.0, "most": 1.0})
    found = valid_bounds(samples, 0, 12)
    assert found is not None and found.low == 1.0 and 0.9 < found.outer_low < 1.0


@pytest.mark.parametrize(("flawed", "right", "luck"), [(0.02, 0.98, 1.0), (0.0, 0.7, 0.0), (0.6, 0.3, 1.0), (0.2, 0.5, 0.0)])
def test_the_interval_covers_with_few_checks(flawed: float, right: float, luck: float) -> None:
    """Twelve checks of a hundred items, flawed ones all right or all wrong, more flawed than right: 95 % covers 95 % or more."""
    dice, held = np.random.default_rng(5), 0
    for draw in range(100):
        bad = dice.random(100) < flawed
        got = np.where(bad, dice.random(100) < luck, dice.random(100) < right).astype(float)
        rows = pl.DataFrame({"item": np.arange(100).astype(str), "cluster": np.arange(100).astype(str), "least": got, "most": got})
        found = valid_bounds(rows, int(bad[dice.choice(100, 12, replace=False)].sum()), 12, seed=draw)
        assert found is not None
        held += found.outer_low <= right <= found.outer_high
    assert held >= 92


def test_what_a_failed_session_did_not_ask_is_listed(tmp_path: Path, command: Command) -> None:
    """A run that ended early has a reply for every image and skill: what was not reached says so, instead of not being there."""
    common = ["--curator", "scripted-curator", "--skills", "Physics,Privacy", "--runs", tmp_path / "runs", "--quiet", "--workers", "1"]
    command(["curate", "--images", "sample", "--limit", "3", *common, "--out", tmp_path / "out", "--max-requests", "2"], 3)
    (run,) = (tmp_path / "runs").iterdir()
    replies, _ = read_replies([run])
    assert len(replies) == 6
    assert [reply.why for reply in replies if reply.state == "unasked"] == ["unasked: its session failed before"] * 4
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in "abc":
        Image.new("RGB", (8, 8)).save(photos / f"{name}.png")
    seen = tmp_path / "seen.jsonl"
    seen.write_text(json.dumps({"task": "symbols", "answer": {"captions": ["A."], "objects": [], "relations": [], "texts": []}}))
    looks = ["curate", "--images", photos, "--symbols", "vlm", "--vlm", f"scripted/{seen}", *common, "--out", tmp_path / "o2"]
    command([*looks, "--name", "x", "--max-requests", "2"], 3)
    images, left = seen_symbols(tmp_path / "runs/x-symbols", photos)
    assert len(images) == 2 and [row.reason for row in left] == ["the model was not asked about it: its session failed"]
    command([*looks, "--name", "x", "--max-requests", "3"], 3)
    assert not (tmp_path / "runs/x").exists(), "three looks have used the limit of the command"


IMAGE = {"id": 1, "file_name": "a.png", "width": 40, "height": 40}
BOX = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}


def coco(tmp_path: Path, **change: object) -> Any:
    (tmp_path / "p").mkdir(exist_ok=True)
    Image.new("RGB", (40, 40)).save(tmp_path / "p/a.png")
    data = {"images": [IMAGE], "categories": [{"id": 1, "name": "cat"}], "annotations": [BOX]} | change
    (tmp_path / "c.json").write_text(json.dumps(data), encoding="utf-8")
    return coco_symbols(tmp_path / "c.json", tmp_path / "p")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"images": [IMAGE | {"file_name": "x" * 400}]}, "images row 1, file_name: there is no"),
        ({"images": [IMAGE, IMAGE | {"id": "1"}]}, "images row 2, id: '1' stands in row 1 already"),
        ({"images": [IMAGE | {"file_name": "\ud800"}]}, "images row 1, file_name"),
        ({"images": [IMAGE | {"file_name": "../p/a.png"}]}, "images row 1, file_name"),
        ({"annotations": [BOX | {"bbox": [float("nan"), 1, 2, 3]}]}, "annotations row 1, bbox"),
        ({"annotations": [BOX | {"bbox": [1, 1, float("inf"), 3]}]}, "annotations row 1, bbox"),
        ({"annotations": [None]}, "annotations row 1, row"),
        ({"annotations": [BOX | {"image_id": [1]}]}, "annotations row 1, image_id"),
        ({"annotations": [BOX | {"iscrowd": "many"}]}, "annotations row 1, iscrowd"),
    ],
)
def test_hostile_files_are_named_by_row_and_field(tmp_path: Path, change: dict[str, object], told: str) -> None:
    """One sentence with file, row and field, whatever stands there; no traceback."""
    with pytest.raises(FeedError, match=told):
        coco(tmp_path, **change)


def test_a_crowd_is_not_one_of_its_kind_and_a_speck_has_a_size(tmp_path: Path) -> None:
    """COCO's iscrowd marks a group under one box: counted as one it would make wrong counts. A box of less than a pixel is one pixel."""
    (image,) = coco(tmp_path, annotations=[BOX | {"iscrowd": 1}, BOX | {"bbox": [39.8, 5.1, 0.2, 0.2]}])
    assert [each.name for each in image.objects] == ["group of cat", "cat"]
    assert image.objects[1].box == (39, 5, 40, 6)


def test_an_export_takes_nobody_elses_picture(items: Path, tmp_path: Path, command: Command) -> None:
    """Trap: a picture of the same name beside --out was deleted, or, of the same size, kept in the place of the item's."""
    mine = tmp_path / "images/img-0.png"
    mine.parent.mkdir()
    for data in (b"mine", b"x" * (items / "images/img-0.png").stat().st_size):
        mine.write_bytes(data)
        command(["export-sft", items, "--out", tmp_path / "sft.jsonl"], 2)
        assert mine.read_bytes() == data and not (tmp_path / "sft.jsonl").exists()


def test_every_row_of_an_export_is_one_line_to_any_reader(items: Path, tmp_path: Path, command: Command) -> None:
    """U+2028 in a question is written as its number, since some readers end a line there; rows name who wrote the question."""
    copy = tmp_path / "items"
    shutil.copytree(items, copy)
    text = (copy / "items.jsonl").read_text(encoding="utf-8")
    lines = [json.dumps(json.loads(line) | {"text": "Two\u2028lines?", "curator": "c/m"}) for line in text.splitlines()]
    (copy / "items.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    command(["export-sft", copy, "--out", tmp_path / "sft.jsonl", "--value", "--test", "0"])
    rows = [json.loads(line) for line in (tmp_path / "sft.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 4 * IMAGES and {row["curator"] for row in rows} == {"c/m"}
    assert rows[1]["messages"][0]["content"][-1]["text"] == "Two\u2028lines?"
    declined = [row["messages"][1]["content"][0]["text"] for row in rows if row["id"].endswith("privacy.0")]
    assert declined == [REFUSAL] * IMAGES


def test_agreement_that_is_not_defined_is_null(items: Path, tmp_path: Path, command: Command) -> None:
    """Two raters of different items agree on nothing that is known: null in JSON, and never NaN."""
    ids = [item.id for item in open_items(str(items)).items]
    check(tmp_path, "anna", set(), ids[:4])
    check(tmp_path, "ben", set(), ids[4:8])
    found = command(["verify", items, "--answers", tmp_path, "--summary", "--json"])
    assert found["alpha"] is None and found["ac1"] is None and set(FIELDS) <= found["shares"][0].keys()
