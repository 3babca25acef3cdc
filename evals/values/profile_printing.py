"""Profiles as text for a terminal: the common preference, each respondent's estimates with their intervals, and what has to be known."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from evals.values.studies import Study
from personas.one_line import one_line
from personas.schwartz import NAMES

__all__ = ["print_results"]

IN_FULL = 3
"""So many respondents are shown value by value; of more, the values whose intervals exclude 0."""
TITLES = {
    "common": "common preference",
    "twin": "twin effect",
    "priority": "priority",
    "theta": "preference",
    "relative": "relative to the panel",
    "steering": "steering effect",
}
"""What each estimand is called, in the order of the columns. Absolute slopes are in the files only: priorities say the same, ipsatised."""


def print_results(study: Study, profiles: pl.DataFrame, data: Mapping[str, Any], written: Sequence[str]) -> None:
    """Print what came out: tables of the primary channel, the sentences in `data` (see `evals.values.results`), the files written."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    primary = profiles.filter(pl.col("channel") == profiles["channel"][0]) if profiles.height else profiles
    console.print(Text(_about(study, primary)))
    whole = primary.filter(pl.col("estimand").is_in(["common", "twin"]))
    if not whole.is_empty():
        console.print(_table(whole["respondent"][0].capitalize(), whole))
    own = primary.filter(~pl.col("estimand").is_in(["common", "twin", "absolute"]))
    people = own["respondent"].unique(maintain_order=True).to_list()
    if len(people) <= IN_FULL:
        for who in people:
            console.print(_table(who, own.filter(pl.col("respondent") == who)))
    else:
        _print_each(console, own, people)
    if primary.is_empty():
        console.print(Text("There is no profile; the sentences below say why."))
    else:
        console.print(Text("\nIntervals: " + "; ".join(primary["method"].unique(maintain_order=True).to_list()), style="dim"))
    personas = [f"{one['respondent']}: {one['verdict']}" for one in data.get("personas", ())]
    controls = [f"{one['name']}: {one['finding']}" for one in data.get("controls", ())]
    _print_list(console, "What can be concluded", data["conclusions"])
    _print_list(console, "Personas", personas)
    _print_list(console, "Controls", controls)
    _print_list(console, "What cannot be concluded, and what to know", data["caveats"])
    if written:
        console.print(Text("\nWritten: " + ", ".join(written)), soft_wrap=True)


def _print_list(console: Console, title: str, sentences: Sequence[str]) -> None:
    if sentences:
        console.print(Text(f"\n{title}:", style="bold"))
    for sentence in sentences:
        console.print(Padding(Text(f"- {one_line(sentence, None, fold=True)}"), (0, 0, 0, 2), expand=False))


def _about(study: Study, profiles: pl.DataFrame) -> str:
    """One line: how much of what."""
    decisions = study.decisions
    counts = {"respondent": decisions["respondent"].n_unique(), "item": decisions["item"].n_unique()}
    counts |= {"session": len(study.provenance.sessions)} if study.provenance.sessions else {}
    said = ", ".join(f"{count} {what}{'s' * (count > 1)}" for what, count in counts.items())
    channel = "" if profiles.is_empty() else f"; {profiles['channel'][0]}s, in {profiles['unit'][0]}"
    loadings = study.required_loadings()
    return f"Value-consistent preferences under this elicitation: {said}{channel}; labels: {loadings.source}"


def _table(title: str, rows: pl.DataFrame) -> Table:
    """Values down, estimands across, each cell an estimate with its interval."""
    there = [name for name in TITLES if name in rows["estimand"].unique().to_list()]
    table = Table(title=Text(one_line(title, 100)), title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2))
    table.add_column("")
    for name in there:
        table.add_column(TITLES[name], justify="right")
    found = {(row["value"], row["estimand"]): row for row in rows.iter_rows(named=True)}
    for value in rows["value"].unique(maintain_order=True).to_list():
        cells = [_cell(found[value, name]) if (value, name) in found else Text("") for name in there]
        table.add_row(Text(NAMES.get(value, value)), *cells)
    return table


def _print_each(console: Console, rows: pl.DataFrame, people: Iterable[str]) -> None:
    """A line a respondent: the values whose intervals exclude 0, of the estimand that answers most."""
    for who in people:
        mine = rows.filter(pl.col("respondent") == who)
        estimands = mine["estimand"].unique().to_list()
        name = next(name for name in ("steering", "relative", "priority", "theta") if name in estimands)
        clear = mine.filter((pl.col("estimand") == name) & ((pl.col("low") > 0) | (pl.col("high") < 0)))
        strongest = clear.sort(pl.col("estimate").abs(), descending=True).iter_rows(named=True)
        told = [Text.assemble(f"{row['value']} ", _cell(row)) for row in strongest]
        line = Text(f"\n{one_line(who, 100)}", style="bold")
        console.print(Text.assemble(line, (f"  {TITLES[name]}", "dim")))
        console.print(Text("  ").append(Text("   ").join(told) if told else "no value whose interval excludes 0"))


def _cell(row: dict[str, object]) -> Text:
    """`+0.42 [+0.10, +0.74]`, bold where the interval excludes 0."""
    low, high = row["low"], row["high"]
    assert isinstance(low, float) and isinstance(high, float), "an estimate has an interval"
    clear = low > 0 or high < 0
    return Text(f"{row['estimate']:+.2f} [{low:+.2f}, {high:+.2f}]", style="bold" if clear else "")
