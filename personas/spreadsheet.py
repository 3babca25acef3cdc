"""Text from outside in a CSV that people open in a spreadsheet, which runs a cell that begins like a formula."""

from __future__ import annotations

__all__ = ["FORMULA_STARTS", "harmless_cell"]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins with one of these is a formula to some spreadsheet (OWASP, CSV injection)."""


def harmless_cell(text: str) -> str:
    """`text`, with an apostrophe before it where a spreadsheet would run it: it then shows the text."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
