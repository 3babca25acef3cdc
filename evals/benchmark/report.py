"""A benchmark's findings as a folder, as JSON, and as text for a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evals.report.figure import Figure
from evals.report.folder import PAGE, RESULTS, check_place, csv_of, write_folder
from evals.report.plain_page import plain_page
from evals.report.sections import Recipe, Section, sections_from
from evals.report.words import prose
from evals.values.results import as_json, plain
from personas.one_line import one_line

__all__ = ["Findings", "as_data", "print_findings", "print_section", "show", "write"]

ROWS_ON_PAGE, ROWS_ON_TERMINAL = 250, 40


@dataclass(frozen=True)
class Findings:
    """What a score holds.

    benchmark  its name; `title`: of the page
    tables     by file name, those that have rows
    recipes    how tables become sections, in order; `quiet`: titles of those that only the page shows
    known      every file that there can be besides the page and the results
    bulky      tables that are files alone, and not in the results
    """

    benchmark: str
    title: str
    conclusions: tuple[str, ...]
    notes: tuple[str, ...]
    tables: Mapping[str, pl.DataFrame]
    recipes: Sequence[Recipe]
    figures: tuple[Figure, ...] = ()
    known: tuple[str, ...] = ()
    bulky: frozenset[str] = frozenset({"answers.csv"})
    quiet: frozenset[str] = field(default_factory=frozenset)

    @property
    def format(self) -> str:
        """The mark of such a report's results."""
        return f"axiofeed.{self.benchmark}"


def as_data(found: Findings) -> dict[str, Any]:
    """Everything but what is bulky, as JSON-able data."""
    tables = {name.removesuffix(".csv"): table.to_dicts() for name, table in found.tables.items() if name not in found.bulky}
    return {"format": found.format, "conclusions": list(found.conclusions), "notes": list(found.notes), **tables}


def write(found: Findings, out: Path) -> list[Path]:
    """The page, the tables, results.json; each whole or not there. Raises UserError where `out` holds something else, StorageFailed."""
    check_place(out, found.format, f"a report on {found.benchmark}")
    page = plain_page(
        found.title,
        found.conclusions,
        found.notes,
        figures=found.figures,
        tables=sections_from(found.recipes, found.tables, ROWS_ON_PAGE),
        written=[*found.tables, RESULTS],
    )
    contents: dict[str, bytes | str] = {PAGE: page, RESULTS: as_json(as_data(found))}
    contents |= {name: csv_of(table) for name, table in found.tables.items()}
    return write_folder(out, contents, known=found.known)


def print_findings(found: Findings, out: str | None = None) -> None:
    """Conclusions, tables, what to know."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 170)
    for sentence in found.conclusions:
        console.print(Text(prose(one_line(sentence, None))))
    for section in sections_from(found.recipes, found.tables, ROWS_ON_TERMINAL):
        if section.title not in found.quiet:
            print_section(section, console)
    console.print(Text("\nWhat cannot be concluded, and what to know", style="bold"))
    for note in found.notes:
        console.print(Text(f"  - {prose(one_line(note, None))}"))
    where = f"Written: {out}" if out else "All rows, and a page to read: --out DIR"
    console.print(Text(f"\n{where}", style="dim"))


def print_section(section: Section, console: Console) -> None:
    """A table on a terminal."""
    console.print(Text(f"\n{section.title}", style="bold"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for place, column in enumerate(section.columns):
        table.add_column(column, overflow="fold", justify="left" if place == 0 else "right")
    for row in section.rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    if section.left:
        console.print(Text(section.left, style="dim"))


def show(options: argparse.Namespace, benchmark: str, analyse: Callable[[], Findings]) -> int:
    """Analyse, write, print, as `evals.benchmark.options.add_score_options` asks. Returns 0. Raises AxiofeedError."""
    if options.out is not None:
        check_place(Path(options.out), f"axiofeed.{benchmark}", f"a report on {benchmark}")  # before minutes of work
    found = analyse()
    if options.out is not None:
        write(found, Path(options.out))
    if options.json:
        sys.stdout.write(json.dumps(plain(as_data(found)), ensure_ascii=False, allow_nan=False) + "\n")
        return 0
    print_findings(found, options.out)
    return 0
