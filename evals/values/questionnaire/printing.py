"""Scores as text for a terminal, and as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evals.report.words import number, signed
from evals.values.intervals import Interval, t_interval
from evals.values.questionnaire.answers import Answers
from evals.values.questionnaire.instruments import value_name
from evals.values.questionnaire.reporting import ENOUGH_FOR_ALPHA
from evals.values.questionnaire.scoring import HIGHER, Scores
from personas.errors import StorageFailed
from personas.one_line import one_line

__all__ = ["closing_notes", "order_effect", "print_scores", "summary", "write_files"]

SIDE_BY_SIDE = 3
"""More respondents than this are shown as a group."""


def print_scores(scores: Scores, answers: Answers, console: Console) -> None:
    """The scores, what they rest on, and what is to be known about them."""
    console.print()
    console.print(Text(_title(scores), style="bold"))
    if answers.states:
        console.print(Text(", ".join(f"{count} {state}" for state, count in answers.states.items())))
    grouped = len(scores.respondents) > SIDE_BY_SIDE
    if np.isfinite(scores.raw).any():
        console.print(_people(scores) if grouped else _each(scores))
    if scores.retest.height:
        console.print(_retest(scores))
    for note in closing_notes(scores, answers):
        console.print(Text(f"- {note}"), soft_wrap=True)


def _title(scores: Scores) -> str:
    people, times = len(scores.respondents), int(scores.times.sum())
    who = one_line(scores.respondents[0], 80) if people == 1 else f"{people} respondents"
    unvalidated = ", UNVALIDATED" if scores.instrument.status else ""
    return f"{scores.instrument.title}{unvalidated}: {who}, {times} administration{'' if times == 1 else 's'}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _each(scores: Scores) -> Table:
    """A column of centred scores a respondent, raw beside where there is one only."""
    single = len(scores.respondents) == 1
    reference = scores.instrument.reference
    percent = f"{scores.level:.0%}"
    names = ["centred", percent, "raw"] if single else [part for who in scores.respondents for part in (one_line(who, 40), percent)]
    table = _table(*names, *(["people"] if reference else []))
    for column, code in enumerate(scores.codes):
        cells: list[str] = []
        for row in range(len(scores.respondents)):
            cells += [_signed(scores.centred[row, column]), _span(scores.low[row, column], scores.high[row, column])]
        if single:
            cells.append(_plain(scores.raw[0, column]))
        if reference:
            cells.append(_people_say(reference.centred, code))
        _add(table, scores, code, cells)
    return table


def _people(scores: Scores) -> Table:
    reference = scores.instrument.reference
    table = _table("mean centred", f"{scores.level:.0%}", "SD", "n", "alpha", *(["people"] if reference else []))
    for row in scores.people.iter_rows(named=True):
        cells = [_signed(row["centred"]), _span(row["low"], row["high"]), _plain(row["sd"]), str(row["n"]), _alpha(row)]
        _add(table, scores, row["value"], [*cells, *([_people_say(reference.centred, row["value"])] if reference else [])])
    return table


def _retest(scores: Scores) -> Table:
    """Test–retest correlations, a row a code."""
    table = _table("test-retest ICC", f"{scores.level:.0%}", "n", "times")
    for row in scores.retest.iter_rows(named=True):
        _add(table, scores, row["value"], [_plain(row["icc"]), _span(row["low"], row["high"]), str(row["n"]), str(row["administrations"])])
    return table


def _alpha(row: dict[str, Any]) -> str:
    if row["alpha"] is None:
        return ""
    return f"{number(row['alpha'])} {_span(row['alpha_low'], row['alpha_high'])}".strip()


def _add(table: Table, scores: Scores, code: str, cells: Sequence[str]) -> None:
    """A row; the first higher-order value stands apart."""
    if code == next(iter(scores.instrument.groups), None):
        table.add_section()
        table.add_row("")
    table.add_row(value_name(code), *cells)


def _signed(value: float | None) -> str:
    return signed(value)


def _people_say(centred: Mapping[str, float], code: str) -> str:
    return signed(centred[code]) if code in centred else ""


def _plain(value: float | None) -> str:
    return number(value)


def _span(low: float | None, high: float | None) -> str:
    if low is None or high is None or np.isnan(low) or np.isnan(high):
        return ""
    return f"[{number(low)}, {number(high)}]"


def closing_notes(scores: Scores, answers: Answers) -> list[str]:
    """Sentences on where the figures come from and what they do not say."""
    notes = list(scores.notes)
    if answers.states and (missing := sum(answers.states.values()) - answers.states["answered"]):
        notes.append(f"{missing} of {sum(answers.states.values())} questions have no answer and enter no score.")
    effect = order_effect(answers)
    if effect is not None:
        span = "" if effect.low is None else f", {effect.level:.0%} interval {_span(effect.low, effect.high)}, t over {effect.n} items"
        notes.append(f"Order of the scale: answers differ by {signed(effect.estimate)} points where it begins at its low end{span}.")
    notes += [*_on_intervals(scores), *_on_retest(scores)]
    reference = scores.instrument.reference
    if reference is not None and np.isfinite(scores.centred).any():
        other = "" if scores.instrument.same_form else "; another form, so compare the order of values and not their levels"
        notes.append(f"People: {reference.source}{other}. A model's answers need not equal them.")
    notes.append("Centred: mean of the value's items minus mean of all items. These are value-consistent answers under this elicitation.")
    return notes


def _on_intervals(scores: Scores) -> list[str]:
    if len(scores.respondents) > SIDE_BY_SIDE:
        alphas = scores.people["alpha"]
        if alphas.null_count() < len(alphas):
            return ["Intervals: t over respondents; α of the raw items of a value with Feldt's interval."]
        why = f"needs at least {ENOUGH_FOR_ALPHA} respondents who answered all items of a value and do not all agree"
        return ["Intervals: t over respondents.", f"There is no α: it {why}."]
    few = f"α is not given: it {'needs'} at least {ENOUGH_FOR_ALPHA} respondents."
    if not np.isfinite(scores.centred).any():
        return []
    if scores.times.max() == 1:
        return ["One administration has no interval: ask with --repeats 6, which uses every wording and order.", few]
    return [
        "Intervals: t over administrations; they cover wording, order of scale and items, and the model's own variation, "
        "not the choice of the items. Where administrations agree exactly there is none.",
        few,
    ]


def _on_retest(scores: Scores) -> list[str]:
    if scores.retest.height:
        empty = scores.retest["icc"].null_count() > 0
        return [
            "Test-retest: ICC(A,1) of centred scores over the first administrations of those who have as many. "
            "It says how well scores tell these very respondents apart, and is higher the more they differ.",
            *(["Test-retest: none where scores do not vary, or respondents differ far less than their own answers."] if empty else []),
        ]
    if scores.times.max(initial=0) > 1:
        return ["There is no test-retest correlation: it needs two respondents who answered twice or more."]
    return []


def order_effect(answers: Answers) -> Interval | None:
    """How much higher answers are in even cells, where the scale begins at its low end, than in odd ones, on the same items; None where
    either is missing. In scale points."""
    if answers.cells is None:
        return None
    even, odd = (np.array([cell is not None and cell % 2 == order for cell in answers.cells]) for order in (0, 1))
    differences = []
    for column in answers.matrix.T:
        low_first, high_first = column[even & np.isfinite(column)], column[odd & np.isfinite(column)]
        if low_first.size and high_first.size:
            differences.append(float(low_first.mean() - high_first.mean()))
    return t_interval(differences)


def write_files(scores: Scores, answers: Answers, folder: Path) -> tuple[str, ...]:
    """`scores.csv`, `values.csv` (over respondents), `retest.csv` where there is any, `answers.csv` (long, as given; it can be scored
    again) and `notes.txt`. Returns their names. Raises StorageFailed."""
    rows, columns = answers.matrix.shape
    long = pl.DataFrame(
        {
            "respondent": [who for who in answers.respondents for _ in range(columns)],
            "repeat": [time for time in answers.repeats for _ in range(columns)],
            "item": list(scores.instrument.numbers) * rows,
            "answer": answers.matrix.ravel(),
        }
    ).with_columns(pl.col("answer").fill_nan(None).cast(pl.Int64))
    tables = {"scores.csv": scores.table, "values.csv": scores.people, "answers.csv": long}
    if scores.retest.height:
        tables["retest.csv"] = scores.retest
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            table.write_csv(folder / name)
        (folder / "notes.txt").write_text("\n".join(closing_notes(scores, answers)) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageFailed(f"cannot write {folder}: {error.strerror}; choose another --out") from error
    return (*tables, "notes.txt")


def summary(scores: Scores, answers: Answers) -> dict[str, Any]:
    """Everything as JSON-able data; for many respondents the values over respondents only."""
    few = len(scores.respondents) <= SIDE_BY_SIDE
    return {
        "instrument": scores.instrument.name,
        "validated": not scores.instrument.status,
        "respondents": len(scores.respondents),
        "administrations": int(scores.times.sum()),
        "answers": dict(answers.states),
        "scores": scores.table.to_dicts() if few else [],
        "values": scores.people.filter(pl.col("kind") != HIGHER).to_dicts() if not few else [],
        "retest": scores.retest.to_dicts(),
        "notes": closing_notes(scores, answers),
    }
