"""Gold labels from the page: blind cards, and the same rows in the corpus as a sheet gives."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import polars as pl
import pytest

from environments.corpus.store import Corpus
from evals.annotating.answers import AnswerBook
from evals.labels.__main__ import main
from evals.labels.gold_page import card_source, gold_form
from personas.schwartz import VALUES
from tests.evals.labels.small_corpus import make_corpus


def gold(corpus: Path, *arguments: str) -> int:
    return main(["gold", str(corpus), *arguments])


def codes_of(number: int) -> dict[str, int]:
    return {value: (number + place) % 4 - 1 for place, value in enumerate(VALUES)}


def stored(corpus: Path) -> pl.DataFrame:
    return Corpus.open(str(corpus)).codes().drop("session")


def test_the_form_is_the_ten_values() -> None:
    """Ten required scales with the four codes and their definitions; 0 only by a button of its own."""
    form = gold_form()
    assert tuple(field.name for field in form.fields) == VALUES
    assert all(field.values == (-1, 0, 1, 2) and field.required and field.help for field in form.fields)
    assert form.rest == (0, "None of the others")


def test_a_card_is_blind(tmp_path: Path) -> None:
    """Pictures and words of the post, and neither a loading, a stratum nor what was labelled before."""
    corpus = make_corpus(tmp_path / "c", 3)
    card = card_source(corpus)("v001")
    assert card.heading == "A video of 6 s" and card.pictures[0][:2] == b"\xff\xd8"
    assert dict(card.texts) == {
        "Caption": "clip number 1 of a series about travel, watch till the end",
        "Hashtags": "#tag",
        "Sound": "",
        "Transcript": "",
    }


def test_the_page_gives_what_a_sheet_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same answers on the page and on a sheet are the same rows of kind gold; taken in twice they change nothing."""
    corpus = make_corpus(tmp_path / "c", 8)
    assert gold(tmp_path / "c", "--sample", "4") == 0
    sample = corpus.gold_sample()["video"].to_list()  # type: ignore[index]
    with (tmp_path / "sheet.csv").open("w", newline="") as file:
        sheet = csv.DictWriter(file, ["rater", "video", *VALUES])
        sheet.writeheader()
        for rater in ("anna", "ben"):
            book = AnswerBook(tmp_path / "c" / "labels" / "gold", rater)
            for number, video in enumerate(sample[: 4 if rater == "anna" else 3]):
                sheet.writerow({"rater": rater, "video": video} | codes_of(number))
                book.add(video, dict.fromkeys(VALUES, 0), 1.0)
                book.add(video, dict(codes_of(number)), 2.0)
            book.add("no longer drawn", dict.fromkeys(VALUES, 0), 1.0)
            book.close()
    assert gold(tmp_path / "c", "--import", str(tmp_path / "sheet.csv")) == 0
    by_sheet = stored(tmp_path / "c")
    corpus.replace_codes(by_sheet.head(0).with_columns(session=pl.lit("")), "kind = 'gold'")
    assert stored(tmp_path / "c").height == 0
    capsys.readouterr()
    for new in (7, 0):
        assert gold(tmp_path / "c", "--import-page", "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["imported"], told["labelled"], told["by_enough"], told["not_in_sample"]) == (new, 4, 3, 2)
        assert told.get("taken_before", 0) == 7 - new
        assert stored(tmp_path / "c").equals(by_sheet)
    assert by_sheet.height == 70 and set(by_sheet["kind"]) == {"gold"}


def sheet_of(path: Path, video: str, code: int) -> Path:
    """A sheet on which anna says the same of all values of one video."""
    path.write_text(",".join(["rater", "video", *VALUES]) + f"\nanna,{video}" + f",{code}" * 10 + "\n", encoding="utf-8")
    return path


def test_the_newest_word_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An answer on the page replaces an older sheet, never a newer one, and comes in once; the summary says what became of each."""
    corpus, place = make_corpus(tmp_path / "c", 8), tmp_path / "c"
    assert gold(place, "--sample", "2") == 0
    first, second = corpus.gold_sample()["video"].to_list()  # type: ignore[index]

    def answer(video: str, code: int) -> None:
        book = AnswerBook(place / "labels" / "gold", "anna")
        book.add(video, dict.fromkeys(VALUES, code), 1.0)
        book.close()

    def taken_in() -> tuple[dict[str, float], str]:
        capsys.readouterr()
        assert gold(place, "--import-page") == 0
        codes = stored(place)
        assert codes.height == 10 * codes["video"].n_unique()
        return dict(codes.select("video", "code").unique().iter_rows()), capsys.readouterr().out

    answer(first, 0)
    answer(second, 0)
    assert gold(place, "--import", str(sheet_of(tmp_path / "a.csv", first, 1))) == 0
    codes, told = taken_in()
    assert codes == {first: 1.0, second: 0.0}
    assert "1 rows taken in from anna" in told and "1 answers on the page are older than a sheet that was taken in" in told
    assert gold(place, "--import", str(sheet_of(tmp_path / "a.csv", second, -1))) == 0
    answer(first, 2)
    codes, told = taken_in()
    assert codes == {first: 2.0, second: -1.0} and "1 answers on the page are older" in told
    codes, told = taken_in()
    assert codes == {first: 2.0, second: -1.0} and "0 rows taken in" in told and "1 answers on the page were taken in before" in told


def test_sheets_without_a_time_stay(tmp_path: Path) -> None:
    """Of labels whose time was not kept, a sheet's count as newer than the page, and the page's as older."""
    corpus, place = make_corpus(tmp_path / "c", 8), tmp_path / "c"
    assert gold(place, "--sample", "2") == 0
    sample = corpus.gold_sample()["video"].to_list()  # type: ignore[index]
    for video, name in zip(sample, ("a.csv", "page.csv"), strict=True):
        assert gold(place, "--import", str(sheet_of(tmp_path / name, video, 1))) == 0
        book = AnswerBook(place / "labels" / "gold", "anna")
        book.add(video, dict.fromkeys(VALUES, 0), 1.0)
        book.close()
    early = corpus.codes().with_columns(pl.col("session").str.replace(" taken .*", ""))
    corpus.replace_codes(early, "kind = 'gold'")
    assert gold(place, "--import-page") == 0
    assert dict(stored(place).select("video", "code").unique().iter_rows()) == dict(zip(sample, (1.0, 0.0), strict=True))


def label_and_stop(folder: Path, raters: tuple[str, ...]) -> list[dict]:
    """What people and the one who serves do while the command runs: label through the links, then Ctrl-C. Gives the cards seen."""
    seen = []
    try:
        with httpx.Client() as client:
            for number, link in enumerate(links_in(folder, raters)):
                keys = client.get(f"{link}/state").json()["keys"]
                seen.append(client.get(f"{link}/card/{keys[0]}").json())
                for key in keys[: len(keys) - number]:
                    posted = {"key": key, "values": codes_of(number), "seconds": 2}
                    client.post(f"{link}/answer", json=posted, headers={"Origin": link.partition("/a/")[0]}).raise_for_status()
    finally:
        os.kill(os.getpid(), signal.SIGINT)
    return seen


def links_in(folder: Path, raters: tuple[str, ...]) -> list[str]:
    """The raters' links, once they are served."""
    path = folder / ".raters.json"
    until = time.monotonic() + 20
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.02)
    kept = json.loads(path.read_text())
    return [f"http://127.0.0.1:{kept[rater]['port']}/a/{kept[rater]['token']}" for rater in raters]


def test_served_until_ctrl_c(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the links, serves the sample blind, and on Ctrl-C takes in what was answered and says who is missing."""
    make_corpus(tmp_path / "c", 8)
    assert gold(tmp_path / "c", "--sample", "4") == 0
    with ThreadPoolExecutor(1) as people:
        seen = people.submit(label_and_stop, tmp_path / "c" / "labels" / "gold", ("anna", "ben"))
        assert gold(tmp_path / "c", "--serve", "--raters", "anna, ben", "--no-open") == 0
    for card in seen.result():
        assert card["pictures"] == 1 and card["values"] == {}
        assert set(card) == {"key", "heading", "texts", "pictures", "values", "seconds"}
    out, err = capsys.readouterr()
    assert "anna  http://127.0.0.1:" in out and "anna: 4 of 4" in err
    assert "7 rows taken in from anna, ben" in out and "4 labelled, 3 by 2 raters or more (anna, ben)" in out
    assert stored(tmp_path / "c").height == 70


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--serve",), "--raters"),
        (("--raters", "anna"), "--serve"),
        (("--serve", "--raters", "anna/../b"), "letters a to z"),
        (("--serve", "--raters", ","), "no rater"),
        (("--import-page", "--import", "x.csv"), "one at a time"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str) -> None:
    """One line says what to do, with exit code 2."""
    make_corpus(tmp_path / "c", 4)
    assert gold(tmp_path / "c", "--sample", "2") == 0
    assert gold(tmp_path / "c", *options) == 2
    assert said in capsys.readouterr().err
