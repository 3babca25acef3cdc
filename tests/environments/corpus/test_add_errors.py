"""The list of what could not be added."""

from __future__ import annotations

import csv

from environments.clips import Problem
from environments.corpus.ingest.command import ERRORS, Errors


def test_names_are_no_formulas(tmp_path):
    """A name or a reason that a spreadsheet would run is text there, and others stay as they are."""
    with Errors(tmp_path, quiet=True) as errors:
        errors.tell(Problem('=HYPERLINK("http://x")', "-1 is no frame"))
        errors.tell(Problem("a=b.mp4", "it is no video"))
    with (tmp_path / ERRORS).open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [['\'=HYPERLINK("http://x")', "'-1 is no frame"], ["a=b.mp4", "it is no video"]]
