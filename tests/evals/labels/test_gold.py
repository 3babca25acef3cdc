"""The gold sample and its sheets."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from environments.corpus.schema import codes_schema
from environments.corpus.store import Corpus
from evals.labels.__main__ import main
from evals.labels.gold import draw_sample, inclusions
from evals.labels.gold_table import COLUMNS, write_sheet
from personas.schwartz import VALUES
from tests.evals.labels.small_corpus import make_corpus


def gold(corpus: Path, *arguments: str) -> int:
    return main(["gold", str(corpus), *arguments])


def frame(strata: dict[str, int]) -> pl.DataFrame:
    rows = []
    for stratum, count in strata.items():
        for number in range(count):
            loadings = dict.fromkeys(VALUES, 0.0) | ({} if stratum == "none" else {stratum: 1.0})
            rows.append({"id": f"{stratum}{number}", "topic": f"t{number % 3}"} | loadings)
    return pl.DataFrame(rows)


def filled(path: Path, to: Path, rater: str = "", codes=lambda row: {}, drop: int = 0) -> Path:
    """The sheet as a rater hands it in."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with to.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for number, row in enumerate(rows):
            given = {} if number < drop else {value: str(codes(row).get(value, 0)) for value in VALUES}
            writer.writerow(row | ({"rater": rater} if rater else {}) | given)
    return to


def test_probabilities_are_known_and_all_positive():
    """They sum to the size, none is 0 or above 1, and rare strata are drawn from more densely."""
    strata = ["none"] * 900 + ["HE+"] * 90 + ["PO-"] * 10
    pi = inclusions(strata, 100)
    assert pi.sum() == pytest.approx(100)
    assert (pi > 0).all() and (pi <= 1).all()
    assert pi[-1] == 1.0 and pi[950] > pi[0]
    assert inclusions(strata, 2000).tolist() == [1.0] * 1000


def test_a_draw_keeps_its_probabilities():
    """The size is exact, the same seed draws the same, and over many seeds each video comes as often as its π says."""
    videos = frame({"none": 60, "HE": 20, "PO": 5})
    assert draw_sample(videos, 30, 1).frame.equals(draw_sample(videos, 30, 1).frame)
    draws = [draw_sample(videos, 30, seed) for seed in range(400)]
    assert {draw.frame.height for draw in draws} == {30}
    times = Counter(name for draw in draws for name in draw.frame["video"])
    pi = {row["video"]: row["inclusion"] for draw in draws for row in draw.frame.iter_rows(named=True)}
    assert len(pi) == 85
    assert max(abs(times[name] / 400 - share) for name, share in pi.items()) < 0.1
    estimate = [sum(1 / row for row in draw.frame["inclusion"]) for draw in draws]
    assert np.mean(estimate) == pytest.approx(85, rel=0.02)
    assert all({name[:2] for name in draw.frame["video"]} == {"no", "HE", "PO"} for draw in draws)


def test_from_draw_to_gold(tmp_path, capsys):
    """Drawn once, exported blind, filled in by two people, taken in; importing again replaces; open rows wait."""
    make_corpus(tmp_path / "c", 30)
    assert gold(tmp_path / "c", "--sample", "12", "--json") == 0
    assert json.loads(capsys.readouterr().out)["sample"] == 12
    assert gold(tmp_path / "c", "--sample", "12") == 2
    assert "--redraw" in capsys.readouterr().err
    sheet = tmp_path / "gold.csv"
    assert gold(tmp_path / "c", "--export", str(sheet), "--rater", "anna") == 0
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS and len(rows) == 12
    assert all(row[value] == "" for row in rows for value in VALUES) and {row["rater"] for row in rows} == {"anna"}
    assert [row["video"] for row in rows] != sorted(row["video"] for row in rows)
    capsys.readouterr()
    assert gold(tmp_path / "c", "--import", str(filled(sheet, tmp_path / "a.csv", codes=lambda row: {"HE": 1}, drop=2))) == 0
    told = capsys.readouterr().out
    assert "10 rows taken in from anna; 2 rows are open yet" in told and "12 want 2 raters" in told
    assert gold(tmp_path / "c", "--import", str(filled(sheet, tmp_path / "a.csv", codes=lambda row: {"HE": 2}))) == 0
    assert gold(tmp_path / "c", "--import", str(filled(sheet, tmp_path / "b.csv", rater="o'brien", codes=lambda row: {"HE": -1}))) == 0
    assert "12 labelled, 12 by 2 raters or more (anna, o'brien)" in capsys.readouterr().out
    codes = Corpus.open(str(tmp_path / "c")).codes()
    mine = codes.filter(codes["kind"] == "gold")
    assert mine.height == 12 * 2 * 10
    assert dict(mine.filter(mine["value"] == "HE").group_by("rater").agg(pl.col("code").unique().first()).iter_rows()) == {
        "anna": 2.0,
        "o'brien": -1.0,
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"HE": "3"}, "row 2: column HE holds '3'"),
        ({"HE": ""}, "row 2: HE is empty"),
        ({"video": "stranger"}, "row 2: 'stranger' is not in the gold sample"),
        ({"rater": ""}, "row 2: it names no rater"),
    ],
)
def test_mistakes_on_a_sheet_are_named(tmp_path, capsys, change, said):
    """Row and column are named, and nothing is taken in."""
    make_corpus(tmp_path / "c", 10)
    sheet = tmp_path / "gold.csv"
    assert gold(tmp_path / "c", "--sample", "4", "--export", str(sheet), "--rater", "anna") == 0
    done = filled(sheet, tmp_path / "done.csv")
    with done.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0] |= change
    with done.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    assert gold(tmp_path / "c", "--import", str(done)) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
    assert Corpus.open(str(tmp_path / "c")).codes().is_empty()


def test_missing_columns_and_files_are_named(tmp_path, capsys):
    """A sheet without its columns, a file that is not there, an import before a sample is drawn."""
    make_corpus(tmp_path / "c", 5)
    (tmp_path / "x.csv").write_text("rater,video,HE\na,v001,1\n", encoding="utf-8")
    assert gold(tmp_path / "c", "--import", str(tmp_path / "x.csv")) == 2
    assert "no gold sample is drawn" in capsys.readouterr().err
    assert gold(tmp_path / "c", "--sample", "3") == 0
    for name, said in (("x.csv", "missing"), ("none.csv", "cannot read")):
        assert gold(tmp_path / "c", "--import", str(tmp_path / name)) == 2
        assert said in capsys.readouterr().err


def test_a_sheet_of_a_spreadsheet_is_understood(tmp_path):
    """Semicolons, a mark at the beginning, 1,0 for 1 and a typographic minus are what spreadsheets make of it."""
    make_corpus(tmp_path / "c", 5)
    assert gold(tmp_path / "c", "--sample", "5") == 0
    row = ["anna", "v001", "x", "", "", "1,0", "2.0", "−1", "0", "0", "0", "0", "0", "0", "0"]
    text = "\ufeff" + ";".join(COLUMNS) + "\r\n" + ";".join(row) + "\r\n"
    (tmp_path / "s.csv").write_bytes(text.encode())
    assert gold(tmp_path / "c", "--import", str(tmp_path / "s.csv")) == 0
    codes = Corpus.open(str(tmp_path / "c")).codes()
    assert codes.filter(codes["code"] != 0).select("value", "code").sort("value").rows() == [("HE", -1.0), ("SD", 1.0), ("ST", 2.0)]


def test_a_caption_is_no_formula(tmp_path):
    """What a spreadsheet would run is written as text."""
    write_sheet([{"video": "v", "caption": '=HYPERLINK("http://x")', "transcript": "+1", "url": "https://x"}], tmp_path / "s.csv")
    with (tmp_path / "s.csv").open(encoding="utf-8-sig", newline="") as file:
        row = next(csv.DictReader(file))
    assert row["caption"].startswith("'=") and row["transcript"] == "'+1" and row["url"] == "https://x"


def test_a_sheet_shows_no_files(tmp_path, capsys):
    """Addresses on the web stand on the sheet; paths do not, since a file's name may tell what the video was made for."""
    corpus = make_corpus(tmp_path / "c", 4)
    said = {"v000": "https://example.org/a", "v001": "/data/hedonism-clip.mp4", "v002": "file:///data/hedonism-clip.mp4", "v003": ""}
    paths = ["media/hedonism-clip.mp4"] * 4
    corpus.update(pl.DataFrame({"id": list(said), "url": list(said.values()), "path": paths}))
    assert gold(tmp_path / "c", "--sample", "4", "--export", str(tmp_path / "s.csv")) == 0
    assert "3 videos have no address on the web" in capsys.readouterr().out
    text = (tmp_path / "s.csv").read_text(encoding="utf-8-sig")
    assert "hedonism" not in text and str(tmp_path) not in text
    assert sorted(row["url"] for row in csv.DictReader(text.splitlines())) == ["", "", "", "https://example.org/a"]


def test_replacing_codes_is_one_step(tmp_path):
    """Whenever a process is killed, a rater's labels are there: every version of the table holds the old ones or the new ones."""
    corpus = make_corpus(tmp_path / "c", 2)
    row = {"video": "v000", "rater": "anna", "kind": "gold", "cell": 0, "value": "HE", "code": 1.0, "evidence": "", "session": "s"}
    gone, other = row | {"video": "v001"}, row | {"rater": "ben"}
    corpus.add_codes(pl.DataFrame([row, gone, other]))
    table = corpus._made("codes", codes_schema())
    before = table.version
    corpus.replace_codes(pl.DataFrame([row | {"code": 2.0}, row | {"value": "SD"}]), "rater = 'anna'")
    seen = []
    for version in range(before, table.version + 1):
        table.checkout(version)
        seen.append(sorted((each["rater"], each["video"], each["value"], each["code"]) for each in table.to_arrow().to_pylist()))
    ben = ("ben", "v000", "HE", 1.0)
    assert seen == [
        [("anna", "v000", "HE", 1.0), ("anna", "v001", "HE", 1.0), ben],
        [("anna", "v000", "HE", 2.0), ("anna", "v000", "SD", 1.0), ben],
    ]


def test_a_filled_sheet_is_not_written_over(tmp_path, capsys):
    """A sheet with codes, or a file that is no sheet, stays as it is; one without codes is renewed."""
    make_corpus(tmp_path / "c", 5)
    assert gold(tmp_path / "c", "--sample", "5") == 0
    sheet = tmp_path / "anna.csv"
    for _ in range(2):
        assert gold(tmp_path / "c", "--export", str(sheet), "--rater", "anna") == 0
    capsys.readouterr()
    filled = sheet.read_text(encoding="utf-8-sig").splitlines()
    filled[1] = filled[1].rstrip(",") + "," + ",".join(["0"] * 10)
    for text, said in (("\n".join(filled), "holds codes in 1 rows"), ("my notes", "is no sheet")):
        sheet.write_text(text, encoding="utf-8")
        assert gold(tmp_path / "c", "--export", str(sheet), "--rater", "anna") == 2
        told = capsys.readouterr().err
        assert said in told and told.count("\n") == 1
        assert sheet.read_text(encoding="utf-8") == text


def test_a_sheet_does_not_name_its_videos(tmp_path):
    """An id may say what a video is meant to show: the sheet has another key for it, which the import reads."""
    make_corpus(tmp_path / "c", 5)
    assert gold(tmp_path / "c", "--sample", "5") == 0
    assert gold(tmp_path / "c", "--export", str(tmp_path / "s.csv"), "--rater", "anna") == 0
    text = (tmp_path / "s.csv").read_text(encoding="utf-8-sig")
    with (tmp_path / "s.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    ids = Corpus.open(str(tmp_path / "c")).ids()
    assert not any(row["video"] in ids for row in rows) and not any(name in text for name in ids)
    with (tmp_path / "s.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(row | dict.fromkeys(COLUMNS[5:], "0") for row in rows)
    assert gold(tmp_path / "c", "--import", str(tmp_path / "s.csv")) == 0
    assert set(Corpus.open(str(tmp_path / "c")).codes()["video"]) == set(ids)
