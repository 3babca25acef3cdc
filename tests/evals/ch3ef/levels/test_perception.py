"""Level A1: CIFAR-10, Flickr30k, PASCAL VOC, FSC147 in their original layouts."""

from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from evals.ch3ef.levels.options import among_classes, near_count
from evals.ch3ef.levels.voc import CLASSES
from tests.evals.ch3ef.levels.layouts import NAMES, cifar, command, encoded, fsc, imported, karpathy, voc, write


def test_cifar_records_become_pictures_and_classes(tmp_path: Path) -> None:
    """Planes of red, green, blue become pixels; the label's name is right, three other classes are not; the picture is lossless."""
    deck = imported(cifar(tmp_path / "in" / "cifar-10-batches-bin", [3, 9]).parent, "cifar10", tmp_path / "out")
    first, second = deck.items
    assert (first.options[0], second.options[0]) == ("cat", "truck") and first.key == (0,)
    assert len(set(first.options)) == 4 and set(first.options) <= set(NAMES)
    assert dict(first.about) == {"level": "A1", "dataset": "CIFAR-10", "task": "classification", "class": "cat"}
    with Image.open(deck.picture(second.images[0])) as picture:
        assert picture.size == (32, 32) and picture.getpixel((0, 0)) == (255, 255, 255) and picture.getpixel((31, 31)) == (10, 20, 30)
    again = imported(tmp_path / "in", "cifar10", tmp_path / "again", "--split", "train", "--seed", 4)
    assert again.items[0].id == "cifar10-train-batch_1-00001" and again.items[0].options[0] == "cat"


def test_the_python_version_of_cifar_is_never_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pickle would run code: one line says to get the binary version, and nothing of it is run."""

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return write, (tmp_path / "ran", "x")  # type: ignore[return-value]

    for name in ("batches.meta", "data_batch_1", "test_batch"):
        write(tmp_path / "in" / name, pickle.dumps(Bomb()))
    assert command("import", tmp_path / "in", "--format", "cifar10", "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert "pickle" in error and "binary version" in error and error.count("\n") == 1
    assert not (tmp_path / "ran").exists() and not (tmp_path / "out").exists()


def test_faults_of_cifar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A label without a name is a fault of the row; a file that is no whole number of records is refused as a whole."""
    folder = cifar(tmp_path / "in", [0, 12, 1])
    assert command("import", folder, "--format", "cifar10", "--out", tmp_path / "out") == 2
    assert "test_batch.bin, row 2, label: 12" in capsys.readouterr().err
    assert len(imported(folder, "cifar10", tmp_path / "skipped", "--skip-faulty").items) == 2
    assert "test_batch.bin,2,label," in (tmp_path / "skipped" / "left_out.csv").read_text()
    write(folder / "test_batch.bin", b"x" * 3074)
    assert command("import", folder, "--format", "cifar10", "--out", tmp_path / "out") == 2
    assert "not whole" in capsys.readouterr().err


def test_flickr_items_are_open_with_every_reference(tmp_path: Path) -> None:
    """The Karpathy splits and the token file give the same: one item a picture, the first sentence and all of them as references."""
    told = ["Two dogs run.", "A dog, and another."]
    rows = [
        {"filename": "1.jpg", "split": "test", "sentences": [{"raw": each} for each in told]},
        {"filename": "2.jpg", "split": "train", "sentences": [{"raw": "A cat."}]},
    ]
    (item,) = imported(karpathy(tmp_path / "in", rows), "flickr30k", tmp_path / "out").items
    assert (item.id, item.reference, item.options, item.key) == ("flickr30k-1", told[0], (), ())
    assert (item.model_extra or {})["references"] == told and item.about["level"] == "A1"
    folder = tmp_path / "token"
    write(folder / "flickr30k-images" / "1.jpg", encoded())
    write(folder / "results_20130124.token", f"1.jpg#0\t{told[0]}\n1.jpg#1\t{told[1]}\n")
    assert imported(folder, "flickr30k", tmp_path / "other").items[0].model_dump() == item.model_dump()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"filename": "3.jpg", "split": "test", "sentences": []}, "row 2, sentences: "),
        ({"filename": "../in/dataset_flickr30k.json", "split": "test", "sentences": [{"raw": "x"}]}, "row 2, filename: "),
        ({"filename": "3.jpg", "split": "dev", "sentences": [{"raw": "x"}]}, "row 2, split: "),
        ({"filename": "3.jpg", "split": "test", "sentences": [{"raw": " "}]}, "row 2, raw: "),
    ],
)
def test_faults_of_flickr(tmp_path: Path, change: dict[str, object], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """File, row and field, and nothing written."""
    good = {"filename": "1.jpg", "split": "test", "sentences": [{"raw": "A dog."}]}
    folder = karpathy(tmp_path / "in", [good, change])
    write(folder / "dataset_flickr30k.json", (folder / "dataset_flickr30k.json").read_bytes())
    assert command("import", folder, "--format", "flickr30k", "--out", tmp_path / "out") == 2
    assert f"dataset_flickr30k.json, {what}" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_a_token_line_without_its_parts_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line of another form is told by its number; splits are those of the JSON alone."""
    write(tmp_path / "in" / "results_20130124.token", "1.jpg#0 no tab\n")
    assert command("import", tmp_path / "in", "--format", "flickr30k", "--out", tmp_path / "out") == 2
    assert "results_20130124.token, row 1, line: " in capsys.readouterr().err
    assert command("import", tmp_path / "in", "--format", "flickr30k", "--split", "test", "--out", tmp_path / "out") == 2
    assert "has no splits" in capsys.readouterr().err


def test_no_class_of_the_picture_is_a_wrong_option(tmp_path: Path) -> None:
    """Of what is in the picture, difficult or not, one class is right and none is a distractor."""
    present = ["person", "dog", "diningtable", "sofa", "person"]
    deck = imported(voc(tmp_path / "VOCdevkit" / "VOC2012", {f"2012_{n}": present for n in range(6)}), "voc", tmp_path / "out")
    for item in deck.items:
        assert item.about["class"] in present and (item.model_extra or {})["present"] == present[:4]
        wrong = {option.replace(" ", "") for option in item.options[1:]}
        assert len(wrong) == 3 and not wrong & set(present)
    assert len({item.options[0] for item in deck.items}) > 1, "the right class is drawn"
    assert len(CLASSES) == len(set(CLASSES)) == 20


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_doctype_is_refused_before_its_entities(tmp_path: Path, encoding: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the encoding, an annotation with a DOCTYPE is a fault of its row: no entity is expanded, no file is read."""
    secret = write(tmp_path / "secret", "sheep")
    folder = voc(tmp_path / "in", {"1": ["dog"]})
    head = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY b "dog"><!ENTITY c SYSTEM "file://{secret}">]>'
    bomb = f"{head}<annotation><object><name>&b;</name></object></annotation>"
    (folder / "Annotations" / "1.xml").write_bytes(bomb.encode(encoding))
    assert command("import", folder, "--format", "voc", "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert "val.txt, row 1, annotation: it has a DOCTYPE" in error and "sheep" not in error


@pytest.mark.parametrize(
    ("objects", "what"),
    [(["unicorn"], "object.name: 'unicorn'"), ([], "object: the picture has no object"), (["<b"], "annotation: it is no XML")],
)
def test_faults_of_voc(tmp_path: Path, objects: list[str], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown class, none, and broken XML are named by row and field."""
    folder = voc(tmp_path / "in", {"1": ["dog"], "2": objects})
    assert command("import", folder, "--format", "voc", "--out", tmp_path / "out") == 2
    assert f"ImageSets/Main/val.txt, row 2, {what}" in capsys.readouterr().err
    assert [item.id for item in imported(folder, "voc", tmp_path / "some", "--skip-faulty").items] == ["voc-1"]


def test_counts_stand_among_numbers_near_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The number of points is right, three near it are not; a picture without a class or points is named."""
    folder = fsc(tmp_path / "in", {"2.jpg": 40, "3.jpg": 7})
    first, second = imported(folder, "fsc147", tmp_path / "out").items
    assert (first.options[0], second.options[0]) == ("40", "7") and first.text == "How many sea shells are in the picture?"
    assert all(20 <= int(each) <= 70 for each in first.options[1:]) and (first.model_extra or {})["count"] == 40
    write(folder / "ImageClasses_FSC147.txt", "2.jpg\tsea shells\n")
    assert command("import", folder, "--format", "fsc147", "--out", tmp_path / "more") == 2
    assert "(test), row 2, class: " in capsys.readouterr().err


def test_neither_the_middle_nor_an_end_gives_a_count_away() -> None:
    """Over many draws the right number has each rank about as often; the others are whole numbers from 1, none of them it."""
    ranks: Counter[int] = Counter()
    for draw in range(2000):
        options = [int(each) for each in near_count(60, draw)]
        assert len(set(options)) == 4 and min(options) >= 1
        ranks[sorted(options).index(60)] += 1
    assert all(400 < ranks[rank] < 600 for rank in range(4))
    assert {len(set(near_count(count, draw))) for count in (1, 2, 3) for draw in range(20)} == {4}


def test_distractors_are_drawn_by_the_seed() -> None:
    """The same draw gives the same options, another one others; fewer classes than options give as many as there are."""
    assert among_classes("cat", (), NAMES, 0, "a") == among_classes("cat", (), NAMES, 0, "a") != among_classes("cat", (), NAMES, 1, "a")
    assert among_classes("cat", NAMES[:8], NAMES, 0) in (["cat", "ship", "truck"], ["cat", "truck", "ship"])
