"""Level A2: ScienceQA, MMBench, MME, MMMU in their original layouts; samples; and what becomes of pictures."""

from __future__ import annotations

import base64
import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.evals.ch3ef.levels.layouts import cifar, command, encoded, imported, mmbench, mme, mmmu_row, science, write


def test_science_questions_keep_their_hints_and_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A hint stands before the question; one without a picture is no item, counted and listed, and no fault."""
    folder = science(tmp_path / "in", {"7": {"hint": "Look."}, "8": {"image": None}})
    (item,) = imported(folder, "scienceqa", tmp_path / "out").items
    assert (item.id, item.text, item.options, item.key) == ("scienceqa-7", "Look.\n\nWhich?", ("a", "b", "c"), (1,))
    assert dict(item.about) == {"level": "A2", "dataset": "ScienceQA", "task": "physics", "subject": "natural science"}
    assert "1 items of 2 rows" in (told := capsys.readouterr().out) and "1 rows are no items" in told
    with (tmp_path / "out" / "left_out.csv").open(newline="") as file:
        assert [(row["row"], row["field"]) for row in csv.DictReader(file)] == [("2", "image")]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"answer": 3}, "answer: it is none of the places 0 to 2"),
        ({"answer": True}, "answer: "),
        ({"choices": ["a"]}, "choices: "),
        ({"choices": ["a", "a"], "answer": 0}, "choices: an option stands there twice"),
        ({"question": ""}, "question: "),
        ({"image": "other.png"}, "image: there is no file"),
    ],
)
def test_faults_of_science(tmp_path: Path, change: dict[str, Any], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """File, row, and the dataset's own name of the field."""
    folder = science(tmp_path / "in", {"1": {}, "2": change})
    assert command("import", folder, "--format", "scienceqa", "--out", tmp_path / "out") == 2
    assert f"pid_splits.json (test), row 2, {what}" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_a_table_of_mmbench(tmp_path: Path) -> None:
    """Empty and "nan" cells are none; turned copies of a question are no items; a number stands for another row's picture."""
    rows = [
        {"index": "241", "hint": "A hint.", "l2-category": "logic"},
        {"index": "242", "D": "w", "answer": "D", "image": "241"},
        {"index": "1000241", "image": "241"},
        {"index": "243", "split": "test", "answer": ""},
    ]
    path = mmbench(tmp_path / "in" / "mmbench_dev.tsv", rows)
    before = csv.field_size_limit()
    first, second = imported(path.parent, "mmbench", tmp_path / "out", "--split", "dev").items
    assert csv.field_size_limit() == before
    assert (first.text, first.options, first.key) == ("A hint.\n\nWhich\tone?", ("x", "y", "z"), (1,))
    assert (second.options, second.key, second.images) == (("x", "y", "z", "w"), (3,), first.images)
    assert dict(first.about) == {"level": "A2", "dataset": "MMBench", "task": "counting", "l2-category": "logic", "split": "dev"}
    left = (tmp_path / "out" / "left_out.csv").read_text()
    assert "mmbench_dev.tsv,3,index," in left and left.count("\n") == 2


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"answer": "D"}, "answer: 'D' is none of the options A, B, C"),
        ({"answer": ""}, "answer: it is empty: the test split"),
        ({"index": "x"}, "index: "),
        ({"image": "!" * 40}, "image: it is no base64"),
        ({"image": base64.b64encode(b"no picture at all").decode()}, "image: 'mmbench/2.jpg' is no picture"),
        ({"image": base64.b64encode(encoded()[:300]).decode()}, "image: 'mmbench/2.jpg' cannot be read"),
        ({"image": base64.b64encode(encoded(noisy=True)[:-200]).decode()}, "image: 'mmbench/2.jpg' cannot be read"),
        ({"image": "99"}, "image: it stands for the picture of row 99"),
        ({"index": "1"}, "id: it stands there already"),
        ({"B": "x"}, "A–D: an option stands there twice"),
    ],
)
def test_faults_of_mmbench(tmp_path: Path, change: dict[str, str], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """File, row and field; a picture is decoded before anything is kept."""
    path = mmbench(tmp_path / "dev.tsv", [{"index": "1"}, {"index": "2"} | change])
    assert command("import", path, "--format", "mmbench", "--out", tmp_path / "out") == 2
    assert f"dev.tsv, row 2, {what}" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert command("import", path, "--format", "mmbench", "--split", "none", "--out", tmp_path / "out") == 2
    assert "has no 'none'; it has dev" in capsys.readouterr().err


def test_both_layouts_of_mme_give_two_questions_a_picture(tmp_path: Path) -> None:
    """One with Yes and one with No, in one cluster; the request for yes or no is taken away."""
    deck = imported(mme(tmp_path / "in"), "mme", tmp_path / "out")
    assert [(item.id, item.options[item.key[0]], item.cluster) for item in deck.items] == [
        ("mme-artwork-7-1", "Yes", "mme-artwork-7"),
        ("mme-artwork-7-2", "No", "mme-artwork-7"),
        ("mme-existence-0001-1", "Yes", "mme-existence-0001"),
        ("mme-existence-0001-2", "No", "mme-existence-0001"),
    ]
    assert deck.items[0].text == "Is there a hat?" and deck.items[0].images == deck.items[1].images


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Is it?\tYes\n", "row 1, line: there are 1 questions"),
        ("Is it?\tYes\nIs it not?\tPerhaps\n", "row 2, line: it is not a question, a tab, and Yes or No"),
        ("Is it? Yes\nIs it not?\tNo\n", "row 1, line: "),
    ],
)
def test_faults_of_mme(tmp_path: Path, text: str, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line, and what it should be."""
    folder = mme(tmp_path / "in")
    write(folder / "MME_Benchmark_release_version" / "existence" / "0001.txt", text)
    assert command("import", folder, "--format", "mme", "--out", tmp_path / "out") == 2
    assert f"existence/0001.txt, {what}" in capsys.readouterr().err


def in_json(row: dict[str, Any]) -> dict[str, Any]:
    image = row["image_1"]
    return row | {"image_1": {"bytes": base64.b64encode(image["bytes"]).decode()} if isinstance(image, dict) and image["bytes"] else image}


def test_mmmu_as_json_lines_and_as_parquet_are_the_same(tmp_path: Path) -> None:
    """The text of a list becomes options, a letter the key; open questions have references; pictures come from bytes or a path."""
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [mmmu_row(1), mmmu_row(2, question_type="open", options="[]", answer="['42', '42.0']")]
    lines = "".join(json.dumps(in_json(row)) + "\n" for row in rows)
    write(tmp_path / "json" / "validation.jsonl", lines)
    path = tmp_path / "hub" / "Accounting" / "validation-00000-of-00001.parquet"
    path.parent.mkdir(parents=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    one, two = (imported(tmp_path / name, "mmmu", tmp_path / f"out-{name}") for name in ("json", "hub"))
    assert [item.model_dump() for item in one.items] == [item.model_dump() for item in two.items]
    choice, free = one.items
    assert (choice.options, choice.key, choice.about["task"]) == (("$6", "it's 7", "8"), (1,), "Accounting")
    assert (free.reference, (free.model_extra or {})["references"], free.options) == ("42", ["42", "42.0"], ())
    beside = write(tmp_path / "beside" / "rows.json", json.dumps([in_json(mmmu_row(3, image_1="a.png"))]))
    write(beside.parent / "a.png", encoded(form="PNG"))
    assert len(imported(beside, "mmmu", tmp_path / "out-beside").items) == 1


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"options": "__import__('os').mkdir('ran')"}, "options: it is not the text of a list"),
        ({"options": "[" * 5000}, "options: it is not the text of a list"),
        ({"options": "['a']"}, "options: there have to be two"),
        ({"options": "[['a'], 'b']"}, "options: it is no list of texts"),
        ({"answer": "D"}, "answer: 'D' is none of the letters of 3"),
        ({"answer": "?"}, "answer: it is missing: the test split"),
        ({"question_type": "essay"}, "question_type: 'essay'"),
        ({"image_1": "../x.png"}, "image_1: '../x.png' points outside"),
        ({"image_1": {"bytes": None, "path": None}}, "image_1: it has neither"),
        ({"image_1": None}, "image_1: the question has no picture"),
    ],
)
def test_faults_of_mmmu(tmp_path: Path, change: dict[str, Any], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """File, row and field; what claims to be a list is a literal or a fault, and never run."""
    rows = [in_json(mmmu_row(1)), in_json(mmmu_row(2, **change))]
    path = write(tmp_path / "validation.json", json.dumps(rows))
    assert command("import", path, "--format", "mmmu", "--out", tmp_path / "out") == 2
    assert f"validation.json, row 2, {what}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists() and not Path("ran").exists()


def test_a_sample_depends_on_the_seed_and_the_ids_alone(tmp_path: Path) -> None:
    """As many items as asked for, in the order of the files, the same for the same seed, a part of a larger one."""
    folder = cifar(tmp_path / "in", [number % 10 for number in range(40)])
    few, many, other = (
        [item.id for item in imported(folder, "cifar10", tmp_path / f"out{place}", "--sample", size, "--seed", seed).items]
        for place, (size, seed) in enumerate(((5, 0), (12, 0), (5, 1)))
    )
    assert len(few) == 5 and few == sorted(few) and set(few) < set(many) and few != other
    assert sum(1 for _ in (tmp_path / "out0" / "pictures").iterdir()) == 5


def test_a_sample_keeps_the_two_questions_of_a_picture_together(tmp_path: Path) -> None:
    """Half of the questions are half of the pictures."""
    deck = imported(mme(tmp_path / "in"), "mme", tmp_path / "out", "--sample", 2)
    assert len({item.cluster for item in deck.items}) == 1


def test_other_pictures_become_png_under_their_true_ending(tmp_path: Path) -> None:
    """A format is told by the bytes: a JPEG called .png gets .jpg, a WebP becomes a PNG."""
    rows = [in_json(mmmu_row(1)), mmmu_row(2) | {"image_1": {"bytes": base64.b64encode(encoded(form="WEBP")).decode()}}]
    deck = imported(write(tmp_path / "rows.json", json.dumps(rows)), "mmmu", tmp_path / "out")
    assert [Path(item.images[0]).suffix for item in deck.items] == [".jpg", ".png"]


@pytest.mark.parametrize(
    ("form", "what"),
    [
        ("cifar10", "batches.meta.txt"),
        ("flickr30k", "dataset_flickr30k.json"),
        ("voc", "Annotations"),
        ("fsc147", "annotation_FSC147_384.json"),
        ("scienceqa", "problems.json"),
        ("mmbench", ".tsv"),
        ("mme", "*.txt"),
        ("mmmu", "validation*.parquet"),
    ],
)
def test_a_folder_that_is_none_is_one_line(tmp_path: Path, form: str, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, what is looked for, nothing written and nothing left behind."""
    (tmp_path / "in").mkdir()
    assert command("import", tmp_path / "in", "--format", form, "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert what in error and error.count("\n") == 1 and [each.name for each in tmp_path.iterdir()] == ["in"]


def test_names_from_files_are_no_paths(tmp_path: Path) -> None:
    """An id that looks like a path leads nowhere else; ids that differ in such letters alone keep pictures of their own."""
    rows = [in_json(mmmu_row(1)) | {"id": name} for name in ("../../x", "..-..-x", "/etc/x")]
    rows[1] |= {"image_1": {"bytes": base64.b64encode(encoded("PNG", noisy=True)).decode()}}
    deck = imported(write(tmp_path / "rows.json", json.dumps(rows)), "mmmu", tmp_path / "out")
    assert len({item.images for item in deck.items}) == 3 and len({deck.picture(item.images[0]).read_bytes() for item in deck.items}) == 2
    assert all(deck.picture(item.images[0]).resolve().is_relative_to((tmp_path / "out").resolve()) for item in deck.items)


def test_an_import_tells_machines_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows, items, how many by task, what was left out with file, row and field, and what was no item."""
    source = science(tmp_path / "in", {"1": {}, "2": {"answer": 9}, "3": {"image": None}, "4": {"topic": "biology"}})
    assert command("import", source, "--format", "scienceqa", "--out", tmp_path / "out", "--skip-faulty", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["dataset"], told["level"], told["rows"], told["items"], told["no_items"]) == ("ScienceQA", "A2", 4, 2, 1)
    assert told["by_task"] == {"physics": 1, "biology": 1}
    assert told["left_out"] == ["pid_splits.json (test), row 2, answer: it is none of the places 0 to 2"]
    assert command("import", source, "--format", "scienceqa", "--out", tmp_path / "none", "--sample", 0) == 2
