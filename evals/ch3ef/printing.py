"""The score as text for a terminal."""

from __future__ import annotations

import sys

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evals.ch3ef.analysis import Found
from evals.ch3ef.sections import TASKS, sections_of
from evals.report.sections import Section
from evals.report.words import prose
from personas.one_line import one_line

__all__ = ["print_found"]

ROWS = 40
"""Rows of a table on a terminal; the rest is in the files."""


def print_found(found: Found, out: str | None = None) -> None:
    """Conclusions, tables, what to know."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 170)
    for sentence in found.conclusions:
        console.print(Text(prose(one_line(sentence, None))))
    for section in sections_of(found, ROWS):
        if section.title != TASKS:  # long, and left to the page
            _section(section, console)
    console.print(Text("\nWhat cannot be concluded, and what to know", style="bold"))
    for note in found.notes:
        console.print(Text(f"  - {prose(one_line(note, None))}"))
    where = f"Written: {out}" if out else "All rows, the tasks and a page to read: --out DIR"
    console.print(Text(f"\n{where}", style="dim"))


def _section(section: Section, console: Console) -> None:
    console.print(Text(f"\n{section.title}", style="bold"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for place, column in enumerate(section.columns):
        table.add_column(column, overflow="fold", justify="left" if place == 0 else "right")
    for row in section.rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    if section.left:
        console.print(Text(section.left, style="dim"))
