"""The analysis as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evals.adaptive.analysis import Adaptive, Rates, conclusions
from evals.report.style import short
from evals.values.intervals import Interval

__all__ = ["print_adaptive"]

ROWS = 12
"""Rows of a table by session; the rest is in the files."""


def print_adaptive(found: Adaptive, out: str | None = None) -> None:
    """Conclusions, then tables, then what to know."""
    console = Console(highlight=False)
    for sentence in conclusions(found):
        console.print(Text(sentence))
    _changes(found, console)
    _scrubs(found, console)
    _rates(found.rates, console)
    _offline(found, console)
    console.print()
    console.print(Text("What cannot be concluded, and what to know", style="bold"))
    for note in found.notes:
        console.print(Text(f"  - {note}"))
    where = f"Written: {out}" if out else "Drift, every session, plots and a page to read: --out DIR"
    console.print(Text(f"\n{where}", style="dim"))


def _table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], most: int | None = None) -> None:
    if not rows:
        return
    console.print()
    console.print(Text(title, style="bold"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", justify="left" if number == 0 else "right")
    for row in rows[:most]:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    if most is not None and len(rows) > most:
        console.print(Text(f"… and {len(rows) - most} more, in --out DIR and --json", style="dim"))


def _changes(found: Adaptive, console: Console) -> None:
    rows = [
        [
            short(one.group, 48),
            one.phase,
            one.channel,
            _value(one.treated, one.channel),
            _value(one.control, one.channel),
            _interval(one.change, one.channel, signed=True),
            str(one.pairs),
        ]
        for one in found.changes
    ]
    _table(console, "Probes against control twins", ["comparison", "phase", "channel", "treated", "control", "change", "pairs"], rows)


def _scrubs(found: Adaptive, console: Console) -> None:
    rows = [
        [
            short(one.group, 48),
            _interval(one.before, "loading", signed=True),
            _interval(one.after, "loading", signed=True),
            _interval(one.remaining, "like"),
            "–" if one.half_life is None else f"{one.half_life.estimate:.0f}",
            str(one.pairs),
        ]
        for one in found.scrubs
    ]
    columns = ["comparison", "stained", "scrubbed", "left", "half-life", "pairs"]
    _table(console, "Stain, then scrub (loading of what is shown on the target, less control)", columns, rows)


def _rates(rates: Sequence[Rates], console: Console) -> None:
    rows = [
        [
            f"{short(one.session, 34)}{f' · {one.phase}' if one.phase else ''}",
            short(one.persona, 20),
            one.policy if one.learn else f"{one.policy}, frozen" if one.policy == "adaptive" else one.policy,
            f"{one.answered}/{one.shown}",
            _interval(one.like, "like"),
            _interval(one.rating, "rating"),
        ]
        for one in rates
    ]
    _table(console, "Phases", ["session", "persona", "order", "answered", "like rate", "mean rating"], rows, ROWS)


def _offline(found: Adaptive, console: Console) -> None:
    rows = [
        [
            f"{short(one.session, 34)}{f' · {one.phase}' if one.phase else ''}",
            _interval(one.naive, "like"),
            _interval(one.estimate.snips, "like"),
            _interval(one.estimate.robust, "like"),
            f"{one.estimate.effective:.1f}{' low' if one.estimate.low_ess else ''}",
        ]
        for one in found.offline
        if one.channel == "like"
    ]
    columns = ["session", "as shown", "SNIPS", "doubly robust", "ESS"]
    _table(console, "Like rate if every clip had been shown alike (off-policy)", columns, rows, ROWS)


def _value(value: float, channel: str) -> str:
    return f"{100 * value:.0f}%" if channel == "like" else f"{value:.2f}"


def _interval(interval: Interval | None, channel: str, *, signed: bool = False) -> str:
    if interval is None:
        return "–"
    scale, digits, unit = (100, 0, "") if channel == "like" else (1, 2, "")

    def figure(value: float) -> str:
        text = f"{scale * value:{'+' if signed else ''}.{digits}f}".replace("-", "−")
        return "0" if text in {"+0", "−0"} else text

    unit = "%" if channel == "like" and not signed else ""
    if interval.low is None or interval.high is None:
        return f"{figure(interval.estimate)}{unit}"
    return f"{figure(interval.estimate)}{unit} [{figure(interval.low)}, {figure(interval.high)}]"
