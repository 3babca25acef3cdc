"""The decisions table: what it takes from a user, and what it says when something is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from evals.values.decisions import CHANNELS, COLUMNS, SCALES, read_decisions
from personas.errors import UserError

LEAST = {"respondent": ["a", "a", "b"], "item": ["x", "y", "x"], "y": [1.0, None, 5.0]}


def table(**changes: Any) -> pl.DataFrame:
    """A small sound table with other columns."""
    return pl.DataFrame({**LEAST, **changes}, strict=False)


def test_three_columns_are_enough() -> None:
    """respondent, item and y make a table; the rest is filled as documented."""
    found = read_decisions(table())
    assert found.columns == list(COLUMNS)
    assert found.schema == pl.Schema({name: dtype for name, (dtype, _) in COLUMNS.items()})
    assert found.row(1, named=True) == {
        "respondent": "a",
        "model": "a",
        "persona": "default",
        "item": "y",
        "cluster": None,
        "stratum": None,
        "cell": 0,
        "repeat": 0,
        "position": None,
        "channel": "rating",
        "y": None,
        "state": "unparsable",
    }
    assert found["state"].to_list() == ["answered", "unparsable", "answered"]


def test_reading_what_was_read_changes_nothing() -> None:
    """A complete table comes out as it is, with unknown columns kept behind the known."""
    once = read_decisions(table(lighting=["dim", "dim", "bright"], order=[0, 1, 0]))
    assert once.columns == [*COLUMNS, "order", "lighting"]
    assert read_decisions(once).equals(once)


def test_every_way_in_gives_the_same_table(tmp_path: Path) -> None:
    """Parquet, CSV with commas or semicolons, Polars (lazy too) and pandas frames are read alike; ids keep their zeros."""
    frame = table(item=["007", "08", "007"], persona=["default", "default", "hedonist"], cell=[0, 1, 2], y=[0.5, None, 1])
    expected = read_decisions(frame)
    frame.write_parquet(tmp_path / "d.parquet")
    frame.write_csv(tmp_path / "d.csv")
    (tmp_path / "semicolons.csv").write_text("\ufeff" + frame.write_csv(separator=";"), encoding="utf-8")
    frame.write_csv(tmp_path / "d.tsv", separator="\t")
    pandas = pd.DataFrame(frame.to_dict(as_series=False))
    nullable = pandas.convert_dtypes()
    ways = [
        tmp_path / "d.parquet",
        str(tmp_path / "d.csv"),
        tmp_path / "semicolons.csv",
        tmp_path / "d.tsv",
        frame.lazy(),
        pandas,
        nullable,
    ]
    for way in ways:
        assert read_decisions(way).equals(expected), way


def test_truth_values_are_yes_and_no() -> None:
    """A column of true and false is read as 1 and 0, from Polars and from pandas, where one entry is missing too."""
    likes = table(y=[True, None, False], channel=["like"] * 3)
    pandas = pd.DataFrame(likes.to_dict(as_series=False))
    for frame in (likes, pandas):
        assert read_decisions(frame)["y"].to_list() == [1.0, None, 0.0]


FAULTS = {
    "no item column": (pl.DataFrame({"respondent": ["a"], "y": [1]}), r"column item is missing \(there: respondent, y\)"),
    "no rows": (pl.DataFrame({"respondent": [], "item": [], "y": []}), "no rows"),
    "an item is empty": (table(item=["x", "", "z"]), "row 2: item is empty"),
    "y is a word": (table(y=["1", "good", "2"]), r"row 2: y is 'good'; give a number"),
    "y is infinite": (table(y=[1, 2, float("inf")]), "row 3: y is inf"),
    "a rating of 6": (table(y=[6, 1, 7]), r"row 1 \(and 1 more\): y is 6.*rating goes from 0 to 5"),
    "a like of 2": (table(channel=["like"] * 3, y=[1, 0, 2]), "row 3: y is 2.*like goes from 0 to 1"),
    "a state nobody knows": (table(state=["ok", None, None]), r"row 1: state is 'ok'; it is one of answered, refused"),
    "answered without y": (table(state=["answered", "answered", "answered"]), "row 2: y is empty"),
    "a broken cell": (table(cell=[0, 0.5, 0]), "row 2: cell is 0.5"),
    "a negative repeat": (table(repeat=[0, -1, 0]), "row 2: repeat is -1"),
    "the same row twice": (
        table(item=["x", "x", "x"]),
        r"1 rows repeat .*respondent 'a', item 'x', cell 0, repeat 0, channel 'rating'.*column repeat",
    ),
    "two personas in one respondent": (table(persona=["p", "q", "p"]), r"respondent 'a' has the personas p, q"),
    "two models in one respondent": (table(model=["m", "n", "m"]), r"respondent 'a' has the models m, n"),
    "an item in two clusters": (table(cluster=["k", None, "l"]), r"item 'x' has the clusters k, l"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_that_says_where_and_what_to_do(fault: str, tmp_path: Path) -> None:
    """Each fault is named with its row and the way out, the same from a frame and from a file."""
    frame, message = FAULTS[fault]
    with pytest.raises(UserError, match=message) as error:
        read_decisions(frame)
    assert "\n" not in str(error.value)
    if frame.height:
        frame.write_csv(tmp_path / "mine.csv")
        with pytest.raises(UserError, match=r"mine\.csv: "):
            read_decisions(tmp_path / "mine.csv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "there is no file"),
        ("a.xlsx", b"PK", r"read from \.parquet, \.csv"),
        ("empty.csv", b"", "it is empty"),
        ("damaged.parquet", b"PAR1 nothing", "cannot be read as Parquet"),
        ("latin.csv", "respondent,item,y\nJosé,x,1\n".encode("latin-1"), "cannot be read as CSV in UTF-8"),
        ("ragged.csv", b"respondent,item,y\na,x,1,2,3\n", "row 1 has more cells than the heading"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    """A missing, foreign, empty or damaged file is one line with its name."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        read_decisions(tmp_path / name)
    assert "\n" not in str(error.value)
    assert name in str(error.value)


def test_anything_else_is_refused() -> None:
    """A list is no table."""
    with pytest.raises(UserError, match="not list"):
        read_decisions([1, 2])


def test_another_channel_has_the_scale_of_its_data() -> None:
    """A channel that is not known is taken as it is; the known ones are those of the panel."""
    from evals.values.panel import SCALES as PANEL_SCALES

    assert read_decisions(table(channel=["minutes"] * 3, y=[40, None, 90]))["y"].to_list() == [40.0, None, 90.0]
    assert {name: (float(low), float(high)) for name, (low, high) in SCALES.items()} == PANEL_SCALES
    assert tuple(SCALES) == CHANNELS
