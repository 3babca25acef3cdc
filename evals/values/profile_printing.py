"""Results as text for a terminal, two screens at most: the finding, the estimates with their intervals, the controls, where the rest is."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evals.report.words import count, estimate_text, level_text, number, plural, prose, signed
from evals.value_spectrum import published_tests
from evals.values.intervals import Interval
from evals.values.studies import Study
from personas.one_line import one_line
from personas.schwartz import NAMES

__all__ = ["print_results"]

COLUMNS = 2
"""So many respondents are shown value by value; of more, a line each."""
LINES = 30
"""So many lines of respondents; the rest is in the files."""
POOLED = 12
"""So many lines of personas over all models."""
SENTENCES = 8
"""So many sentences on what cannot be concluded; the rest is in the files."""
TITLES = {
    "common": "common preference",
    "twin": "twin effect",
    "steering": "steering effect",
    "relative": "relative to the panel",
    "theta": "preference",
    "priority": "priority",
}
"""What each estimand is called; of those that a respondent has, the first of the last four is shown. All are in the files."""
MARKS = {False: "not passed", True: "passed", None: "no verdict"}


def print_results(study: Study, profiles: pl.DataFrame, data: Mapping[str, Any], *, level: float, out: Path | None = None) -> None:
    """Print what came out on the primary channel. `data` as `evals.values.results` gives it; `out` the folder that was written."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    primary = profiles.filter(pl.col("channel") == profiles["channel"][0]) if profiles.height else profiles
    for sentence in data["conclusions"]:
        console.print(Text(prose(one_line(sentence, None, fold=True)), style="bold"))
    console.print(Text(f"\n{_about(study, primary, data)}\n"))
    _print_estimates(console, primary, data, level)
    _print_spectrum(console, data.get("spectrum") or ())
    _print_controls(console, data.get("controls", ()))
    _print_caveats(console, data["caveats"])
    console.print()
    if out is None:
        console.print(Text("Every number, the plots and a page to read: --out DIR", style="dim"))
    else:
        console.print(Text(_written(out)), soft_wrap=True)


def _about(study: Study, profiles: pl.DataFrame, data: Mapping[str, Any]) -> str:
    """How much of what, in which unit, by which labels."""
    decisions = study.decisions
    said = [plural(len(study.provenance.sessions), "session")] if study.provenance.sessions else []
    said += [plural(decisions["respondent"].n_unique(), "respondent"), plural(decisions["item"].n_unique(), "item")]
    channel = next(iter(data.get("channels", {}).values()), None)
    if channel is not None and not profiles.is_empty():
        shown = data.get("shown") or ()  # everybody who was asked, also who was left out of the estimates
        missing = sum(row["refused"] + row["unparsable"] for row in shown) if shown else channel["refused_or_unparsable"]
        lost = f", {count(missing)} refused or unreadable" if missing else ""
        said.append(f"{plural(channel['answered'], profiles['channel'][0] + ' answer')}{lost}")
    loadings = study.required_loadings()
    held = f"; held constant: {', '.join(loadings.covariates)}" if loadings.covariates else ""
    return f"{', '.join(said)}. Labels: {one_line(loadings.source, 200)}{held}."


def _print_estimates(console: Console, rows: pl.DataFrame, data: Mapping[str, Any], level: float) -> None:
    """The table of personas, the table of values, or both; and in which unit, by which intervals."""
    if rows.is_empty():
        console.print(Text("There is no profile; the sentences below say why."))
        return
    personas = data.get("personas", ())
    if personas:
        against = next(iter(data["channels"].values()))["contrast"]
        models = {one["model"] for one in personas}
        of = next(iter(models)) if len(models) == 1 else "the same model"
        console.print(Text(f"Each persona against {against!r} of {one_line(of, 60)}, on the same items:", style="dim"))
        console.print(_persona_table(personas, rows, level))
        console.print()
        _print_pooled(console, rows, level)
    own = rows.filter(~pl.col("estimand").is_in(["common", "twin", "absolute", "persona"]))
    name = next((name for name in TITLES if name in own["estimand"].unique().to_list()), None)
    shown = own.filter(pl.col("estimand") == name)
    people = shown["respondent"].unique(maintain_order=True).to_list()
    general = [
        (who, estimand) for estimand in ("common", "twin") for who in rows.filter(pl.col("estimand") == estimand)["respondent"].unique()
    ]
    columns = general + [(who, str(name)) for who in people if len(people) <= COLUMNS]
    if columns:
        console.print(_value_table(rows, columns))
    if len(people) > COLUMNS and not personas:
        _print_each(console, shown, people[:LINES])
    if max(len(people), len(personas)) > LINES:
        console.print(Text(f"… and {max(len(people), len(personas)) - LINES} more respondents, in the files of --out DIR."))
    methods = "; ".join(rows.filter(pl.col("estimand").is_in([each for _, each in columns] + [name]))["method"].unique(maintain_order=True))
    console.print(Text(f"In {rows['unit'][0]}. Intervals: {methods}. Bold: the interval leaves 0 out.", style="dim"))


def _persona_table(personas: Sequence[Mapping[str, Any]], rows: pl.DataFrame, level: float) -> Table:
    """A line a steered respondent: its target and the gain along it, where any has one, and every value that moved after Holm."""
    table = _table()
    aimed = any(one["target"] for one in personas)
    for title in ("persona", *(("target", f"gain along it [{level_text(level)}]") if aimed else ()), "values that moved (Holm)"):
        table.add_column(Text(title, style="dim"))
    short = len({one["model"] for one in personas}) == 1 and len({one["persona"] for one in personas}) == len(personas)
    moved = rows.filter((pl.col("estimand") == "steering") & (pl.col("p_adjusted") < 1 - level))
    for one in personas[:LINES]:
        name = Text(one_line(one["persona" if short else "respondent"], 60))
        shifts = moved.filter(pl.col("respondent") == one["respondent"]).sort(pl.col("estimate").abs(), descending=True)
        told = Text(", ".join(_shift(row, one["target"]) for row in shifts.iter_rows(named=True)) or "none")
        table.add_row(name, *((Text(_target(one["target"])), _gain(one["gain"])) if aimed else ()), told)
    return table


def _print_pooled(console: Console, rows: pl.DataFrame, level: float) -> None:
    """A line a persona over all its models and wordings: the values that moved."""
    pooled = rows.filter(pl.col("estimand") == "persona")
    names = pooled["respondent"].unique(maintain_order=True).to_list()
    if not names:
        return
    table = _table()
    for title in ("pooled over models and wordings", "values that moved (Holm)"):
        table.add_column(Text(title, style="dim"))
    moved = pooled.filter(pl.col("p_adjusted") < 1 - level).sort(pl.col("estimate").abs(), descending=True)
    for name in names[:POOLED]:
        shifts = [_shift(row, {}) for row in moved.filter(pl.col("respondent") == name).iter_rows(named=True)]
        table.add_row(Text(one_line(name, 60)), Text(", ".join(shifts) or "none"))
    console.print(table)
    more = f"… and {len(names) - POOLED} more, in the files of --out DIR.\n" if len(names) > POOLED else ""
    console.print(Text(more))


def _shift(row: Mapping[str, Any], target: Mapping[str, float]) -> str:
    """`SE −0.61 (not its target)`."""
    beside = " (not its target)" if target and row["value"] not in target else ""
    return f"{row['value']} {signed(row['estimate'])}{beside}"


def _gain(gain: Mapping[str, Any] | None) -> Text:
    return Text("–") if gain is None or gain["low"] is None else _cell(gain["estimate"], gain["low"], gain["high"])


def _target(target: Mapping[str, float]) -> str:
    """`HE`, `−HE` where it is meant to fall, and `none`."""
    return " ".join(f"{'−' if weight < 0 else ''}{value}" for value, weight in target.items()) or "none"


def _value_table(rows: pl.DataFrame, columns: Sequence[tuple[str, str]]) -> Table:
    """Values down; across, the estimand of a respondent; each cell an estimate with its interval."""
    table = _table()
    table.add_column("")
    for who, name in columns:
        table.add_column(Text(f"{one_line(who, 60)}\n{TITLES[name]}", style="dim", justify="right"), justify="right")
    found = {(row["respondent"], row["estimand"], row["value"]): row for row in rows.iter_rows(named=True)}
    for value in rows["value"].unique(maintain_order=True).to_list():
        there = [found.get((who, name, value)) for who, name in columns]
        cells = [Text("") if row is None else _cell(row["estimate"], row["low"], row["high"]) for row in there]
        table.add_row(Text(NAMES.get(value, value)), *cells)
    return table


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")


def _print_each(console: Console, rows: pl.DataFrame, people: Iterable[str]) -> None:
    """A line a respondent: the values whose intervals leave 0 out."""
    for who in people:
        clear = rows.filter((pl.col("respondent") == who) & ((pl.col("low") > 0) | (pl.col("high") < 0)))
        strongest = clear.sort(pl.col("estimate").abs(), descending=True).iter_rows(named=True)
        told = [Text.assemble(f"{row['value']} ", _cell(row["estimate"], row["low"], row["high"])) for row in strongest]
        line = Text.assemble((one_line(who, 60), "bold"), (f"  {TITLES[rows['estimand'][0]]}: ", "dim"))
        console.print(line.append(Text("   ").join(told) if told else "no interval leaves 0 out"))


def _cell(estimate: float, low: float, high: float) -> Text:
    """`+0.42 [0.10, 0.74]`, bold where the interval leaves 0 out."""
    text = estimate_text(Interval(estimate, low, high, 0, ""))
    return Text(text, style="bold" if low > 0 or high < 0 else "")


def _print_spectrum(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """Value-Spectrum's own score in a line: how often yes, whether the values differ, and what was published."""
    by_person: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["score"] is not None:
            by_person.setdefault(row["respondent"], []).append(row)
    if not by_person:
        return
    means = sorted(sum(row["score"] for row in own) / len(own) for own in by_person.values())
    tested = [own[0]["p"] for own in by_person.values() if own[0]["p"] is not None]
    alike = f"; for {sum(p >= 0.05 for p in tested)} of {len(tested)} the values are compatible with one rate" if tested else ""
    theirs = published_tests()["mean"]
    console.print(
        Text(
            f"Value-Spectrum's own score, mean over values: {_span(means)} of 100 over {plural(len(means), 'respondent')}{alike}. "
            f"Published models, on other images: {_span(theirs.sort().to_list())}.",
            style="dim",
        )
    )


def _span(ordered: Sequence[float]) -> str:
    low, high = number(ordered[0], 0), number(ordered[-1], 0)
    return low if low == high else f"{low} to {high}"


def _print_controls(console: Console, controls: Sequence[Mapping[str, Any]]) -> None:
    """Those that failed with their findings; the names of the others."""
    if not controls:
        return
    by_verdict = {passed: [one for one in controls if one["passed"] is passed] for passed in MARKS}
    console.print(Text("\nControls", style="bold"))
    for one in by_verdict[False]:
        _print_item(console, f"not passed: {one['name']}. {one['finding']}")
    for passed in (True, None):
        if by_verdict[passed]:
            _print_item(console, f"{MARKS[passed]}: {', '.join(one['name'] for one in by_verdict[passed])}")


def _print_caveats(console: Console, caveats: Sequence[str]) -> None:
    """What cannot be concluded, without the controls that were just told."""
    told = [sentence for sentence in caveats if not sentence.startswith("Control not passed")]
    told.sort(key=lambda sentence: " rests on " in sentence)  # one a value: they must not crowd the others out
    if told:
        console.print(Text("\nWhat cannot be concluded, and what to know", style="bold"))
    for sentence in told[:SENTENCES]:
        _print_item(console, sentence)
    if len(told) > SENTENCES:
        _print_item(console, f"… and {len(told) - SENTENCES} more, in the report of --out DIR and in --json")


def _print_item(console: Console, told: str) -> None:
    indented = textwrap.fill(
        prose(one_line(told, None, fold=True)),
        max(console.width, 40),
        initial_indent="  - ",
        subsequent_indent="    ",
        break_on_hyphens=False,
    )
    console.print(Text(indented), soft_wrap=True)


def _written(out: Path) -> str:
    """Where to read on, and what else lies there."""
    names = sorted(f"{one_line(path.name, 60)}{'/' * path.is_dir()}" for path in out.iterdir() if not path.name.startswith("."))
    page = "report.html"
    first = f"Report: {one_line(str(out / page), None)}\nBeside it: " if page in names else f"Written to {one_line(str(out), None)}: "
    return first + ", ".join(name for name in names if name != page)
