"""Files that a dataset from somewhere may hold: none starts a program, unfolds, reads outside its folder, or ends the import."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from evals.ch3ef.levels.base import Faulty, Picture
from evals.ch3ef.levels.pictures import Pictures
from tests.evals.ch3ef.levels.layouts import command, encoded, write
from tests.evals.hostile_pictures import POSTSCRIPT, unfolding


def left(out: Path) -> dict[str, str]:
    """What is wrong by row."""
    with (out / "left_out.csv").open(encoding="utf-8", newline="") as file:
        return {row["row"]: f"{row['field']}: {row['what']}" for row in csv.DictReader(file)}


def original(folder: Path, names: list[str]) -> Path:
    """Ch3Ef's layout with a question about each of these pictures."""
    rows = [{"id": place, "query": "Who?", "image": [name], "options": ["she", "he"], "source": "Art"} for place, name in enumerate(names)]
    write(folder / "meta_file" / "Helpful.json", json.dumps({"items": rows}))
    return folder


def test_pictures_of_other_formats_and_sizes_are_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """PostScript under any name, and a small file with more pixels than are ever shown, are named; nothing else is on the screen."""
    source = original(tmp_path / "in", ["a.eps", "a.png", "big.png", "good.png"])
    for name, data in (("a.eps", POSTSCRIPT), ("a.png", POSTSCRIPT), ("big.png", unfolding()), ("good.png", encoded("PNG"))):
        write(source / name, data)
    assert command("import", source, "--out", tmp_path / "out", "--skip-faulty") == 0
    told = left(tmp_path / "out")
    assert told == {
        "1": "image: 'a.eps' is no picture",
        "2": "image: 'a.png' is no picture",
        "3": "image: 'big.png' cannot be read as a picture (more than 64 million pixels)",
    }
    assert capsys.readouterr().err == ""


def test_no_program_is_started_for_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were there a Ghostscript, it would not be run."""
    ran = tmp_path / "ran"
    write(tmp_path / "bin" / "gs", f"#!/bin/sh\ntouch {ran}\n").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    with pytest.raises(Faulty):
        Pictures(tmp_path / "kept").stored(Picture("pictures/a.png", write(tmp_path / "a.eps", POSTSCRIPT)))
    assert not ran.exists()


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    """A picture that is a link to a file elsewhere stays there; a link within the folder, or a folder that is one, is fine."""
    write(tmp_path / "private.png", encoded("PNG"))
    source = original(tmp_path / "real", ["out.png", "in.png", "good.png"])
    write(source / "good.png", encoded("PNG"))
    (source / "out.png").symlink_to(tmp_path / "private.png")
    (source / "in.png").symlink_to("good.png")
    (tmp_path / "in").symlink_to(source)
    assert command("import", tmp_path / "in", "--out", tmp_path / "out", "--skip-faulty") == 0
    assert left(tmp_path / "out") == {"1": "image: 'out.png' is a link that leads outside the folder; put the file itself there"}


def test_one_unreadable_file_of_mme_is_a_fault_among_others(tmp_path: Path) -> None:
    """A text file in another encoding is listed, and the others are kept."""
    for name, words in (("a", b"Is it?\tYes\nIs it not?\tNo\n"), ("b", b"\xff\xfe\n")):
        write(tmp_path / "in" / "task" / f"{name}.txt", words)
        write(tmp_path / "in" / "task" / f"{name}.jpg", encoded())
    assert command("import", tmp_path / "in", "--format", "mme", "--out", tmp_path / "out", "--skip-faulty") == 0
    assert "is not UTF-8" in left(tmp_path / "out")["1"]


def test_numbers_that_are_none_are_faults_of_mmbench(tmp_path: Path) -> None:
    """Digits that are no numbers, and numbers too long to be one, name their row."""
    lines = [f"{index}\tWhich?\ta\tb\tA\t{'A' * 40}" for index in ("²", "9" * 5000)]
    write(tmp_path / "in.tsv", "index\tquestion\tA\tB\tanswer\timage\n" + "\n".join(lines) + "\n")
    assert command("import", tmp_path / "in.tsv", "--format", "mmbench", "--out", tmp_path / "out", "--skip-faulty") == 2


def test_half_characters_in_names_are_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An id that no file can hold is a fault of its row, and where no row is left the first fault is told."""
    row: dict[str, Any] = {"question": "Which?", "options": "['a', 'b']", "answer": "A", "question_type": "multiple-choice"}
    rows = [row | {"id": "validation_Art_\ud800", "image_1": "p.png"}]
    write(tmp_path / "in" / "validation.json", json.dumps(rows))
    write(tmp_path / "in" / "p.png", encoded("PNG"))
    assert command("import", tmp_path / "in", "--format", "mmmu", "--out", tmp_path / "out", "--skip-faulty") == 2
    error = capsys.readouterr().err
    assert "no row can be used" in error and "validation.json, row 1, row: a name in it holds half of a character" in error
