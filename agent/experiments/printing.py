"""What a person sees of an experiment: the plan as constants and variables, the run model by model, how it ended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from agent.experiments.driver import Driver, Lane
from agent.experiments.estimate import ModelEstimate
from agent.experiments.plan import Plan
from agent.experiments.running import Result, Sweep
from personas.one_line import one_line

__all__ = ["SweepView", "print_plan", "print_result"]

SHOWN = 8
PLAIN_EVERY_S = 20.0
STATES = ("answered", "refused", "unparsable", "failed")


def print_plan(plan: Plan, estimates: Sequence[ModelEstimate], power: Sequence[str], console: Console) -> None:
    """The matrix as constants and variables, what it will take, and what it can detect."""
    console.print(f"[bold]{plan.name}[/bold]  {escape(one_line(plan.experiment.summary, 200))}".rstrip())
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for name, values in plan.variables.items():
        table.add_row(name, str(len(values)), escape(_listed(values)))
    console.print("\nvaries")
    console.print(table)
    told = {name: value for name, value in plan.constants.items() if value not in (None, False, {}, []) and name != "site"}
    console.print("\nconstant\n" + "  ".join(f"{name} {one_line(str(value), 60)}" for name, value in told.items()), markup=False)
    console.print()
    console.print(_estimated(estimates))
    known = [each.usd for each in estimates if each.usd is not None]
    unknown = [each.model for each in estimates if each.usd is None]
    total = f"{sum(known, Decimal(0)):.2f} USD" + (f", and unknown price: {', '.join(unknown)}" if unknown else "")
    console.print(f"{len(plan.sessions):,} sessions, {plan.decisions:,} decisions, about {total}", markup=False, highlight=False)
    for each in estimates:
        if each.problem:
            console.print(f"before it can run: {each.problem}", markup=False, highlight=False)
    if alone := plan.unpaired():
        contrast = one_line(repr(plan.experiment.contrast), 80)
        missing = f"{alone:,} sessions have no {contrast} session on the same clips, so no steering effect"
        console.print(missing, markup=False, highlight=False)
    for line in power:
        console.print(line, markup=False, highlight=False)


def _listed(values: Sequence[Any]) -> str:
    told = ", ".join(one_line(str(value), 40) for value in values[:SHOWN])
    return told if len(values) <= SHOWN else f"{told}, …"


def _estimated(estimates: Sequence[ModelEstimate]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("model", "sessions", "decisions", "input tokens", "output tokens", "USD, about"):
        table.add_column(name, justify="left" if name == "model" else "right", no_wrap=name != "model")
    for each in estimates:
        usd = "unknown price" if each.usd is None else f"{each.usd:.2f}"
        counts = [f"{count:,}" for count in (each.sessions, each.decisions, each.input_tokens, each.output_tokens)]
        table.add_row(escape(each.model), *counts, usd)
    return table


class SweepView:
    """Looks on while an experiment runs: a table on a terminal, a line now and then elsewhere, nothing when `quiet`."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal and not quiet else None
        self._began = time.monotonic()
        self._said = time.monotonic()
        self._counts: dict[str, Counter[str]] = {}
        self._earlier: Counter[str] | None = None

    def __enter__(self) -> SweepView:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def see(self, sweep: Sweep, driver: Driver) -> None:
        """Take in what has happened, and show it."""
        taken = sweep.tally.take()
        for model, counts in taken["counts"].items():
            self._counts.setdefault(model, Counter()).update(counts)
        if self._live is not None:
            self._live.update(self._table(sweep, driver), refresh=True)
        elif not self._quiet and time.monotonic() - self._said >= PLAIN_EVERY_S:
            self._said = time.monotonic()
            self._console.print(self._line(sweep, driver), highlight=False, markup=False, soft_wrap=True)

    def _table(self, sweep: Sweep, driver: Driver) -> Table:
        title = f"{sweep.plan.name}: {driver.stopping or self._line(sweep, driver)}"
        table = Table(title=escape(title), title_justify="left", box=None, padding=(0, 2, 0, 0))
        names = ("model", "sessions", "running", "decisions", "a second", "like", "refused", "unparsable", "failed", "retries", "USD", "")
        for name in names:
            table.add_column(name, justify="left" if name in {"model", ""} else "right")
        for lane in driver.lanes.values():
            table.add_row(*self._row(lane, sweep))
        return table

    def _row(self, lane: Lane, sweep: Sweep) -> list[str]:
        counts = self._counts.get(lane.model, Counter())
        made = sum(counts[state] for state in STATES)
        rate = made / max(time.monotonic() - self._began, 1e-9)
        shares = [f"{counts[name] / made:.1%}" if made else "" for name in ("like", "refused", "unparsable", "failed")]
        usd = f"{sweep.budget.spent(lane.model).usd + _usd(counts, sweep, lane.model):.4f}"
        total = len(sweep.plan.models[lane.model])
        finished = self._before(sweep)[lane.model] + lane.done
        note = escape(one_line(lane.stopped, 60))  # what a server says is no markup
        return [
            escape(lane.model),
            f"{finished}/{total}",
            str(lane.running),
            f"{made:,}",
            f"{rate:.1f}",
            *shares,
            str(counts["retries"]),
            usd,
            note,
        ]

    def _before(self, sweep: Sweep) -> Counter[str]:
        """Of earlier runs: sessions complete by model, and decisions under "". Counted once: a plan may have a million sessions."""
        if self._earlier is None:
            self._earlier = Counter(each.spec.model for each in sweep.plan.sessions if sweep.standings[each.name].complete)
            self._earlier[""] = sum(each.totals["steps"] for each in sweep.standings.values() if each.totals)
        return self._earlier

    def _line(self, sweep: Sweep, driver: Driver) -> str:
        made = sum(counts[state] for counts in self._counts.values() for state in STATES)
        before = self._before(sweep)[""]
        seconds = max(time.monotonic() - self._began, 1e-9)
        left = max(sweep.plan.decisions - before - made, 0)
        rate = made / seconds
        eta = f", about {_duration(left / rate)} left" if made > SHOWN else ""
        running = sum(lane.running for lane in driver.lanes.values())
        at_work = f"{running} session{'s' * (running != 1)} running"
        return f"{before + made:,} of {sweep.plan.decisions:,} decisions, {at_work}, {rate:.1f} a second{eta}"


def _usd(counts: Counter[str], sweep: Sweep, model: str) -> Decimal:
    """Dollars of this run that the budget does not count, because no limit has it ask."""
    return Decimal(0) if sweep.budget.limited(model) else Decimal(counts["nano_usd"]) / 1_000_000_000


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def print_result(result: Result, console: Console, command: str) -> None:
    """How it ended: counts, models that stopped, failures by message, and how to go on."""
    totals = result.totals()
    console.print(
        f"{totals['complete']:,} of {totals['sessions']:,} sessions complete, {totals['decisions']:,} decisions: "
        + ", ".join(f"{totals[state]:,} {state}" for state in STATES)
        + f", in {_duration(result.seconds)}",
        highlight=False,
    )
    if result.broken:
        console.print(result.stopping, markup=False, highlight=False)
    for model, why in result.stopped.items():
        console.print(f"{model} was stopped: {why}", markup=False, highlight=False)
    for why, count in Counter(result.failures.values()).most_common(SHOWN):
        console.print(f"{count} session{'s' * (count > 1)}: {why}", markup=False, highlight=False)
    if result.remaining:
        cure = "with a higher limit, the same command goes on" if result.limited else "the same command goes on"
        left = "1 session is" if result.remaining == 1 else f"{result.remaining:,} sessions are"
        console.print(f"{left} left; {cure}. Folder: {result.folder}", highlight=False, markup=False)
    else:
        console.print(f"folder: {result.folder}   next: {command}", highlight=False, markup=False)
