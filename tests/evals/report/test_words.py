"""Figures and nested data as the page writes them."""

from __future__ import annotations

import polars as pl
import pytest

from evals.report.estimates import Estimate
from evals.report.facts import facts_of
from evals.report.grids import entry, grid, node
from evals.report.words import count, estimate_text, level_text, number, p_value, percent, plural, prose, signed, tick_text
from evals.values.findings import Analysis
from evals.values.intervals import Interval
from evals.values.results import as_json, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(-0.001), "0.00"),
        (number(-1.5), "−1.50"),
        (number(float("nan")), "–"),
        (number(None), "–"),
        (signed(0.004), "0.00"),
        (signed(0.4), "+0.40"),
        (count(1234567), "1,234,567"),
        (number(-1234.5), "−1,234.50"),
        (tick_text(-2000), "−2,000"),
        (level_text(0.95), "95%"),
        (percent(1.0), "100%"),
        (percent(0.99999), ">99.9%"),
        (percent(0.0001), "<0.1%"),
        (percent(0.983), "98.3%"),
        (p_value(0.0004), "<\u00a00.001"),
        (p_value(0.034), "0.034"),
        (p_value(1.0), "1"),
        (estimate_text(Estimate(0.431, 0.21, -0.001)), "+0.43 [0.21, 0.00]"),
        (estimate_text(Estimate(0.431)), "+0.43 (no interval)"),
        (plural(1, "model"), "1 model"),
        (plural(2, "model"), "2 models"),
    ],
)
def test_figures_are_short_and_honest(text: str, expected: str):
    """Signs are true minus signs, nothing is −0, and a share is 0 or 100% only when it is."""
    assert text == expected


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("leans: Power -0.30 [-0.51, -.09]", "leans: Power −0.30 [−0.51, −.09]"),
        ("95 % of 12\u00a0% (-16% to +3%)", "95% of 12% (−16% to +3%)"),
        ("0.21 [-0.00, 0.43], +0.00, -0.004, +0.001", "0.21 [0.00, 0.43], 0.00, −0.004, +0.001"),
        ("p 3e-05 in 2026-10-01, clip-0001, runs/-1, --seed=-1", "p 3e−05 in 2026-10-01, clip-0001, runs/-1, --seed=-1"),
    ],
)
def test_sentences_made_elsewhere_get_the_same_signs(given: str, shown: str):
    """A hyphen before a number becomes a minus sign, 95 % loses its space and 0.00 its sign; dates, names, paths and options stay."""
    assert prose(given) == shown


def test_what_only_names_something_is_no_count():
    """A seed is written as it is; a count of the same size gets its comma."""
    pairs = dict(node({"seed": 20261, "steps": 20261, "rows": [{"seed": 1234, "n": 1234}]}).pairs)
    assert (pairs["seed"].text, pairs["steps"].text) == ("20261", "20,261")
    assert pairs["rows"].table is not None and pairs["rows"].table.rows == (("1234", "1,234"),)


def test_nested_data_becomes_pairs_and_tables():
    """Mappings become pairs, lists of mappings tables with all their columns, hashes their beginning, and nothing is NaN."""
    found = node({"seed": 7, "rows": [{"a": 1, "b_c": float("nan")}, {"a": 2, "d": True}], "hash": "ab" * 32, "none": []})
    pairs = dict(found.pairs)
    table = pairs["rows"].table
    assert table is not None and table.head == ("a", "b c", "d") and table.rows == (("1", "–", "–"), ("2", "–", "yes"))
    assert table.right == {0} and pairs["hash"].text == "abababababab…" and pairs["none"].text == "–"


def test_very_long_tables_say_what_they_leave_out():
    """A page shows 400 rows and names the number of the others."""
    shown = grid(pl.DataFrame({"n": range(1000)}))
    assert len(shown.rows) == 400 and shown.left_out == "600 more rows are in results.json."


def test_everything_becomes_json():
    """Dataclasses, arrays, sets and broken text are written as strict JSON."""
    text = as_json({"i": Interval(1.0, None, float("inf"), 3, "t"), "set": {2, 1}, "broken": "\ud800", 7: pl.Series([1]).to_numpy()})
    assert plain(Interval(1.0, None, float("inf"), 3, "t"))["high"] is None
    assert b'"set": [\n  1,\n  2\n ]' in text and b"\\ud800" in text and b'"7": [' in text


def test_entries_keep_small_figures():
    """A figure below .001 keeps its digits, a large one its thousands."""
    assert (entry(0.00004), entry(0.25), entry(12.345), entry(-3), entry(123456)) == ("4e−05", "0.250", "12.35", "−3", "123,456")


def test_facts_count_what_was_shown(small: Analysis):
    """The paragraph and the strip come from the panel and the table of answer states, and states add up to the decisions."""
    facts = facts_of(small)
    total = int(small.shown["shown"].sum())
    assert sum(facts.states.values()) == total
    assert {what: figure for figure, what in facts.figures}["decisions"] == count(total)
    assert f"{count(total)} decisions" in facts.sentences[1] and "as 4 other personas" in facts.sentences[0]
