"""What a person sees of judges at work: what it will take, what became of the questions, and what the loadings rest on."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.protocols.base import AnswerState
from environments.corpus.strata import LEAST
from evals.labels.evidence import KINDS
from evals.labels.judges import families
from personas.one_line import one_line
from personas.schwartz import NAMES, VALUES

if TYPE_CHECKING:
    from agent.experiments.running import Result
    from environments.corpus.store import Corpus
    from evals.labels.batches import Batch
    from evals.labels.corpus_loadings import Settled
    from evals.labels.costing import JudgeCost
    from evals.labels.filing import Tally
    from evals.labels.planning import Found

__all__ = ["print_end", "print_found", "print_plan", "print_settled", "print_tally"]

FEW_JUDGES = 3


def table_of(*columns: str) -> Table:
    """A table whose first column is words and the others figures."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=bool(number))
    return table


def console(*, to_stdout: bool = True) -> Console:
    """Wide enough for tables where nobody looks."""
    found = Console(stderr=not to_stdout, highlight=False)
    return found if found.is_terminal else Console(stderr=not to_stdout, highlight=False, width=150)


def print_plan(batch: Batch, costs: Sequence[JudgeCost], *, resumed: bool, to_stdout: bool) -> None:
    """Before anything is asked: calls, tokens, dollars, and whether the judges are enough and of different families."""
    out = console(to_stdout=to_stdout)
    steps = "two steps" if batch.request.two_step else "one step"
    cells = batch.request.orders
    carried = ", carried on" if resumed else ""
    out.print(f"{batch.asked:,} judgements of ten values, in {steps}, in {cells} prompt cell{'s' * (cells > 1)}{carried}", markup=False)
    table = table_of("judge", "videos", "calls", "input tokens", "output tokens", "USD, about")
    for each in costs:
        usd = "unknown price" if each.usd is None else f"{each.usd:.2f}"
        table.add_row(
            escape(one_line(each.judge)), *(f"{n:,}" for n in (each.videos, each.calls, each.input_tokens, each.output_tokens)), usd
        )
    out.print(table)
    known = sum((each.usd for each in costs if each.usd is not None), Decimal(0))
    unknown = [each.judge for each in costs if each.usd is None]
    out.print(f"about {known:.2f} USD in all" + (f", and unknown price: {', '.join(unknown)}" if unknown else ""), markup=False)
    for each in costs:
        if each.problem:
            out.print(f"before it can run: {each.problem}", markup=False)
    _warn_families(batch, out)


def _warn_families(batch: Batch, out: Console) -> None:
    found = families(batch.request.judges)
    told = "; ".join(
        f"{one_line(family, 60)} ({len(names)})" if len(names) > 1 else one_line(family, 60) for family, names in found.items()
    )
    out.print(f"families of judges: {told}. Study models of other families: a judge is no independent witness of its own.", markup=False)
    if len(found) < FEW_JUDGES:
        out.print(
            f"{len(found)} famil{'ies' if len(found) > 1 else 'y'}: three or more give labels that rest on no single one", markup=False
        )


def print_found(found: Found, videos: int) -> None:
    """On stderr, a line each, what is not asked though it was not labelled just so; and where nobody is asked, that."""
    told = [
        f"{count:,} labels of {one_line(judge)} were made with {then}, and now it would be {now}: they are kept; "
        "--anew asks again and replaces them"
        for (judge, then, now), count in found.otherwise.items()
    ]
    for name, count in found.unfinished.items():
        told.append(f"{count:,} judgements wait in the unfinished batch {name}: the command that began it goes on with it")
    if found.in_vain and not found.batch:
        told.append(f"{found.in_vain:,} judgements were asked for in vain: --again asks for them once more")
    if not found.batch:
        whole = "nothing else is left to ask" if told else "every label that was asked for is there"
        told.append(f"{whole} ({videos:,} videos): nobody is asked")
    for line in told:
        sys.stderr.write(f"{line}\n")


def print_end(result: Result, out: Console, *, changed: Collection[str] = ()) -> None:
    """How the run ended: what stopped, what failed, how to go on. `changed`: sessions whose videos are no longer what they were."""
    totals = result.totals()
    out.print(f"{totals['complete']:,} of {totals['sessions']:,} sessions complete", highlight=False)
    if result.broken:
        out.print(result.stopping, markup=False, highlight=False)
    for model, why in result.stopped.items():
        out.print(f"{one_line(model)} was stopped: {why}", markup=False, highlight=False)
    for why in sorted({why for name, why in result.failures.items() if name not in changed})[:8]:
        out.print(f"a session failed: {why}", markup=False, highlight=False)
    if changed:
        out.print(
            f"the corpus has changed since {len(changed):,} session{'s' * (len(changed) > 1)} began: this batch is closed, the labels that "
            "came are kept, and the same command asks for the others in a new batch",
            markup=False,
            highlight=False,
        )
    elif result.remaining:
        cure = "with a higher limit, the same command goes on" if result.limited else "the same command goes on"
        out.print(
            f"the labels that came are kept; {result.remaining:,} sessions are left, and {cure}. The loadings are set when all is asked "
            "(or now, with `python -m evals.labels loadings CORPUS`)",
            markup=False,
            highlight=False,
        )


def print_tally(tally: Tally, loadings: pl.DataFrame | None = None) -> None:
    """What became of the questions, by judge and, where loadings are there, by value; and what the evidence is worth."""
    out = console()
    states = [state.value for state in AnswerState]
    table = table_of("judge", "asked", *states, *(f"evidence {kind}" for kind in KINDS))
    for judge in tally.judges:
        counts = [tally.states[judge, state] for state in states]
        kinds = [tally.kinds[judge, kind] for kind in KINDS]
        table.add_row(escape(one_line(judge)), f"{sum(counts):,}", *(f"{count:,}" for count in (*counts, *kinds)))
    out.print(table)
    if any(tally.kinds[judge, "not there"] for judge in tally.judges):
        out.print("evidence not there: quoted, but neither in the post nor in the script; it is marked in the codes and supports nothing")
    if loadings is not None and tally.unlabelled:
        _print_missing(tally, loadings, out)


def _print_missing(tally: Tally, loadings: pl.DataFrame, out: Console) -> None:
    """Answers without labels by the value that the video promotes or opposes in the end: refusals may depend on it."""
    groups: dict[str, set[str]] = {}
    for value in VALUES:
        some = loadings.filter(pl.col(value).abs() >= LEAST)["id"].to_list() if loadings.height else []
        groups[f"{value} {NAMES[value]}"] = set(some)
    silent = loadings.filter(pl.all_horizontal(pl.col(value).abs() < LEAST for value in VALUES)) if loadings.height else loadings
    groups["no value"] = set(silent["id"].to_list())
    groups["no loadings"] = {video for video, _ in tally.asked} - set(loadings["id"].to_list())
    out.print("\nanswers without labels, by what the other judges say that the video carries")
    table = table_of("value", *(one_line(judge, 40) for judge in tally.judges))
    for name, videos in groups.items():
        cells = []
        for judge in tally.judges:
            asked = sum(tally.asked[video, judge] for video in videos)
            lost = sum(tally.unlabelled[video, judge] for video in videos)
            cells.append(f"{lost:,} of {asked:,}" if asked else "")
        if any(cells):
            table.add_row(name, *cells)
    out.print(table)


def print_settled(settled: Settled, corpus: Corpus) -> None:
    """How many videos have loadings, and on whom they rest."""
    out = console()
    frame = settled.frame
    out.print(f"\n{frame.height:,} videos of {one_line(corpus.uri)} have loadings from judges", markup=False)
    for judges, count in settled.by_judges.items():
        out.print(f"  {count:,} rest on {judges.count(', ') + 1} judge{'s' * (', ' in judges)}: {one_line(judges, 200)}", markup=False)
    if settled.without:
        named = ", ".join(one_line(name, 60) for name in settled.without[:3]) + (", …" if len(settled.without) > 3 else "")
        out.print(f"  {len(settled.without):,} have labels of fewer than {settled.least}, and so no loadings: {named}", markup=False)
    if frame.height:
        table = table_of("value", "promoted", "opposed", "share of videos", "mean SD")
        for value in VALUES:
            up, down = int((frame[value] >= LEAST).sum()), int((frame[value] <= -LEAST).sum())
            spread = frame[f"{value}_sd"].mean()
            sd = f"{spread:.2f}" if isinstance(spread, float) else ""
            table.add_row(f"{value} {NAMES[value]}", f"{up:,}", f"{down:,}", f"{(up + down) / frame.height:.1%}", sd)
        out.print(table)
