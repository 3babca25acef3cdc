"""Cells that a spreadsheet would run."""

from __future__ import annotations

import pytest

from personas.spreadsheet import harmless_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_what_begins_like_a_formula_is_text(text):
    """An apostrophe before it, and nothing else is changed."""
    assert harmless_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a=b", "2 - 1", "'=1", "https://example.org/?a=1", "−1"])
def test_other_text_stays(text):
    """Signs further in are no formula."""
    assert harmless_cell(text) == text
