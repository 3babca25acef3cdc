"""Tables as files for people."""

from __future__ import annotations

import csv

import polars as pl

from evals.report.folder import csv_of
from evals.value_spectrum.analysis import Found
from evals.value_spectrum.reading import Material
from evals.value_spectrum.writing import write


def test_no_text_is_a_formula():
    """Topics and names that a spreadsheet would run get an apostrophe; numbers, other texts and what is missing stay."""
    frame = pl.DataFrame(
        {
            "topic": ["=cmd|' /C calc'!A0", "food", None],
            "platform": pl.Series(["@SUM(A1)", "x=y", "+1"], dtype=pl.Categorical),
            "score": [-0.5, 1.0, None],
            "count": [-1, 2, 3],
            "values": [["-a", "b"], ["c"], []],
        }
    )
    assert list(csv.reader(csv_of(frame).splitlines())) == [
        ["topic", "platform", "score", "count", "values"],
        ["'=cmd|' /C calc'!A0", "'@SUM(A1)", "-0.5", "-1", "'-a b"],
        ["food", "x=y", "1.0", "2", "c"],
        ["", "'+1", "", "3", ""],
    ]


def test_tables_without_text_or_rows():
    """They are written as they are."""
    assert csv_of(pl.DataFrame({"n": [1]})) == "n\n1\n"
    assert csv_of(pl.DataFrame(schema={"name": pl.String, "n": pl.Int64})) == "name,n\n"


def test_a_topic_in_the_breakdown_is_no_formula(tmp_path):
    """Metadata of videos, such as a topic, reaches breakdown.csv of a Value-Spectrum report as text."""
    material = Material(pl.DataFrame(), pl.DataFrame(), None, {}, (), pl.DataFrame())
    row = {"respondent": "r", "by": "topic", "level": "=1+1", "value": "all", "videos": 3, "yes": 0.5, "score": 5.0}
    rows = pl.DataFrame([row | {"low": 4.0, "high": 6.0, "method": "", "note": ""}])
    write(Found(material, 0.95, "labels", breakdown=rows), tmp_path)
    assert next(csv.DictReader((tmp_path / "breakdown.csv").open(encoding="utf-8")))["level"] == "'=1+1"
