"""Sources: folders, tables, recorded feeds; what is wrong with a row is named by row and column."""

from __future__ import annotations

import csv
import json
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from environments.clips import Problem
from environments.corpus.ingest.offers import FileMedia, LinkMedia, Notice, Offer
from environments.corpus.ingest.sources import CatalogueSource, LimitedSource, open_source
from personas.errors import FeedError


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A table of `rows` in the format that the ending names."""
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        import polars as pl

        pl.DataFrame(rows).write_parquet(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_table_gives_words_dates_counts_and_labels(tmp_path: Path, suffix: str) -> None:
    """Columns are known by the schema's names and by aliases, in any format; paths are relative to the table."""
    rows = [
        {
            "video_id": "v1",
            "file": "a.mp4",
            "Title": 'Grüße; "x"\nzwei',
            "uploader": "ana",
            "tags": "#one #two",
            "upload_date": "20250131",
            "view_count": "1200",
            "lang": "de",
            "HE": "0.5",
            "HE_sd": "0.1",
            "mood": "odd",
            "transcript": "hello",
            "license": "CC0",
        },
    ]
    rows.append(dict.fromkeys(rows[0], "") | {"video_id": "v2", "Title": "second", "upload_date": "2025-02-01T23:00:00+00:00"})
    rows[1]["url"], rows[0]["url"] = "https://example.org/b.mp4", "https://example.org/a"
    found = list(open_source(str(table(tmp_path / f"t{suffix}", rows))).offers())
    notice, one, two = found
    assert isinstance(notice, Notice) and "mood" in notice.text and "Title" not in notice.text
    assert isinstance(one, Offer) and isinstance(two, Offer)
    row = one.row
    assert (row.id, row.caption, row.author, row.hashtags) == ("v1", 'Grüße; "x"\nzwei', "ana", ("one", "two"))
    assert (row.posted, row.views, row.language, row.licence, row.transcript) == (date(2025, 1, 31), 1200, "de", "CC0", "hello")
    assert row.loadings == {"HE": 0.5} and row.loadings_sd == {"HE": 0.1} and row.labels_source == "table"
    assert one.media == FileMedia(tmp_path / "a.mp4") and two.media == LinkMedia("https://example.org/b.mp4")
    assert two.row.posted == date(2025, 2, 1) and two.row.views is None


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("views", "1.2K", "whole number"),
        ("views", "-3", "0 or more"),
        ("posted", "last Monday", "no day"),
        ("HE", "1.5", "between -1 and 1"),
        ("likes", "1e400", "whole number"),
        ("HE", "nan", "between"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(tmp_path: Path, column: str, cell: str, words: str) -> None:
    """The row with a bad cell is a problem that names row and column; the next row is offered."""
    path = table(tmp_path / "t.csv", [{"path": "a.mp4", column: cell}, {"path": "b.mp4", column: ""}])
    wrong, fine = open_source(str(path)).offers()
    assert isinstance(wrong, Problem) and wrong.name == "t.csv row 2" and column in wrong.reason and words in wrong.reason
    assert isinstance(fine, Offer) and fine.row.id == "b.mp4"


def test_tables_that_are_none_are_refused(tmp_path: Path) -> None:
    """No column that leads to a video, a column twice, another encoding, broken Parquet, broken JSON: one line each."""
    (tmp_path / "a.csv").write_text("caption,likes\nx,1\n")
    (tmp_path / "b.csv").write_text("path,path\nx,1\n")
    (tmp_path / "c.csv").write_bytes("path,caption\nx,Größe\n".encode("latin-1"))
    (tmp_path / "d.parquet").write_bytes(b"PAR1 but no")
    for name, words in (("a.csv", "neither"), ("b.csv", "twice"), ("c.csv", "UTF-8"), ("d.parquet", "Parquet")):
        with pytest.raises(FeedError, match=words):
            list(open_source(str(tmp_path / name)).offers())
    (tmp_path / "e.jsonl").write_text('{"path": "a.mp4"}\n{"path": \n[1]\n{"caption": "x"}\n')
    found = list(open_source(str(tmp_path / "e.jsonl")).offers())
    assert [isinstance(each, Offer) for each in found[-4:]] == [True, False, False, False]
    assert [each.name for each in found[-3:]] == [f"e.jsonl row {number}" for number in (2, 3, 4)]


def test_a_folder_has_the_words_of_its_table(tmp_path: Path) -> None:
    """videos.csv describes files by name and cannot lead out of the folder; files beside videos are passed over."""
    for name in ("a.mp4", "b.mkv", "notes.txt", ".hidden.mp4", "cover.jpg", "sub.srt"):
        (tmp_path / name).write_bytes(b"x")
    rows = [("a.mp4", "one", "what is said"), ("../../etc/passwd", "out", ""), ("gone.mp4", "gone", ""), ("a.mp4", "again", "")]
    table(tmp_path / "videos.csv", [{"file": file, "caption": caption, "transcript": said} for file, caption, said in rows])
    found = list(open_source(str(tmp_path)).offers())
    offers = [each for each in found if isinstance(each, Offer)]
    problems = [str(each) for each in found if isinstance(each, Problem)]
    assert [offer.row.id for offer in offers] == ["a.mp4", "b.mkv"]
    assert (offers[0].row.caption, offers[0].row.transcript, offers[1].row.caption) == ("one", "what is said", "")
    assert len(problems) == 3 and sum("row 3" in each for each in problems) == sum("row 5" in each for each in problems) == 1


def test_a_table_takes_in_no_file_outside_its_folder(tmp_path: Path) -> None:
    """Absolute paths, "..", "~" and links that lead out of the table's folder are problems by row, unless --allow-outside is given."""
    inside = tmp_path / "posts"
    (inside / "deep").mkdir(parents=True)
    (tmp_path / "mine.mp4").write_bytes(b"x")
    (inside / "link.mp4").symlink_to(tmp_path / "mine.mp4")
    (inside / "round.mp4").symlink_to(inside / "round.mp4")
    out = [str(tmp_path / "mine.mp4"), "../mine.mp4", "deep/../../mine.mp4", "~/mine.mp4", "link.mp4", "round.mp4", "~nobody-here/x.mp4"]
    within = ["a.mp4", "deep/b.mp4", "deep/../a.mp4", str(inside / "c.mp4")]
    path = table(inside / "t.csv", [{"path": name} for name in (*out, *within)])
    found = list(open_source(str(path)).offers())
    problems, offers = found[: len(out)], found[len(out) :]
    assert [each.name for each in problems if isinstance(each, Problem)] == [f"t.csv row {number}" for number in range(2, 2 + len(out))]
    assert all("--allow-outside" in each.reason for each in problems if isinstance(each, Problem))
    assert all(isinstance(each, Offer) for each in offers) and len(offers) == len(within)
    allowed = list(open_source(str(path), outside=True).offers())
    assert isinstance(allowed[0], Offer) and allowed[0].media == FileMedia(tmp_path / "mine.mp4")
    assert [isinstance(each, Problem) for each in allowed[: len(out)]] == [False] * (len(out) - 1) + [True]


@pytest.mark.parametrize("typed", ["file:///etc/passwd", "ftp://x/y.mp4", "no/such/place", "", "movie.mp4"])
def test_what_is_no_source_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """Other schemes, missing folders and single files are refused in one line that says what a source is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "movie.mp4").write_bytes(b"x")
    with pytest.raises(FeedError, match=r"give|only http"):
        open_source(typed)


def test_the_catalogue_offers_its_design() -> None:
    """Every clip is offered with labels, twins, stratum and topic; twins differ in content though they share their video."""
    offers = list(open_source("catalogue").offers())
    assert len(offers) == open_source("catalogue").total == len({offer.row.content for offer in offers if isinstance(offer, Offer)})
    twins = [offer.row for offer in offers if isinstance(offer, Offer) and offer.row.twins]
    assert len(twins) == 200 and all(row.labels_source == "design" and row.stratum and row.topic for row in twins)


def test_a_limit_takes_so_many_evenly_spread() -> None:
    """--limit 12 of the catalogue is twelve clips of all over it, in its order, the same ones each time; more than there are is all."""
    whole = CatalogueSource()
    names = [offer.name for offer in whole.offers() if isinstance(offer, Offer)]
    some = [offer.name for offer in LimitedSource(whole, 12).offers() if isinstance(offer, Offer)]
    places = [names.index(name) for name in some]
    assert len(some) == LimitedSource(whole, 12).total == 12
    assert places == sorted(places) and all(len(names) // 12 <= b - a <= len(names) // 12 + 1 for a, b in pairwise(places))
    assert sum(1 for _ in LimitedSource(whole, 10_000).offers()) == len(names)
