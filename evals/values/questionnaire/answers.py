"""Answers to an instrument as one matrix: a row an administration (a respondent filling it in once), a column an item."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evals.values.loadings import FloatArray
from evals.values.questionnaire.instruments import ESS_VARIABLES, Instrument
from evals.values.questionnaire.tables import Table, read_table
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["ESS_MISSING", "Answers", "read_answers"]

ESS_MISSING = (7, 8, 9, 66, 77, 88, 99)
"""Codes for no answer in files of the European Social Survey."""

_IDS = ("respondent", "idno", "id", "subject", "participant")
_NUMBERED = re.compile(r"(.*?)0*([1-9][0-9]*)", re.DOTALL)


@dataclass(frozen=True)
class Answers:
    """`matrix` (N administrations, items in the order of `Instrument.numbers`), NaN where there is no answer.

    `respondents` and `repeats`, both of length N, say who answered and for which time. `states` counts the answer states of a model's
    answers. `cells` holds the prompt cell of each administration, where one was fixed; people have none.
    """

    matrix: FloatArray
    respondents: tuple[str, ...]
    repeats: tuple[str, ...]
    notes: tuple[str, ...] = ()
    states: Mapping[str, int] = field(default_factory=dict)
    cells: tuple[int | None, ...] | None = None


def read_answers(answers: Any, instrument: Instrument, ess: bool | None = None) -> Answers:
    """Answers from a table, wide (a row a respondent) or long (columns respondent, item, answer).

    Columns of items are called 1 … k, or anything that ends in these numbers (item1, PVQ_01), or as in the European Social Survey.
    `ess`: codes as in its files, 1 = very much like me, which are reversed (7 − x); None: where the columns are called as there.
    A column `respondent` (or id, idno; with `cntry` where there is one) names the respondents, `repeat` the times that one answered.
    Raises UserError with row and column for what is not on the scale.
    """
    if ess and instrument.name != "pvq21":
        raise UserError(f"--ess is for pvq21, the instrument of the European Social Survey, not for {instrument.name}")
    table = read_table(answers)
    names = {name.lower(): name for name in table.frame.columns}
    if {"item", "answer"} <= names.keys():
        return _long(table, names, instrument, ess)
    columns, by_variable = _columns(table, names, instrument)
    reverse = by_variable if ess is None else ess
    matrix = np.column_stack(
        [_on_scale(table, columns[number], table.numbers(columns[number]), instrument, reverse) for number in instrument.numbers]
    )
    respondents, repeats = _who(table, names)
    _check_once(table, respondents, repeats)
    return Answers(matrix, respondents, repeats, _told(reverse, ess))


def _columns(table: Table, names: Mapping[str, str], instrument: Instrument) -> tuple[dict[int, str], bool]:
    """The column of each item, and whether they are called as in the European Social Survey."""
    if instrument.name == "pvq21":
        # Later rounds write an a after the name.
        found = {number: names.get(name) or names.get(f"{name}a") for number, name in enumerate(ESS_VARIABLES, 1)}
        there = {number: name for number, name in found.items() if name is not None}
        if len(there) == len(ESS_VARIABLES):
            return there, True
        if len(there) > len(ESS_VARIABLES) // 2:
            lacking = next(name for number, name in enumerate(ESS_VARIABLES, 1) if number not in there)
            raise UserError(f"{table.source}: the column {lacking} is missing; all 21 items are needed")
    return _numbered(table, names, instrument), False


def _numbered(table: Table, names: Mapping[str, str], instrument: Instrument) -> dict[int, str]:
    """Columns whose names end in the items' numbers, after one and the same beginning."""
    by_stem: dict[str, dict[int, str]] = {}
    for plain, name in names.items():
        match = _NUMBERED.fullmatch(plain)
        if match:
            by_stem.setdefault(match[1], {})[int(match[2])] = name
    wanted = set(instrument.numbers)
    complete = [stem for stem, columns in by_stem.items() if wanted <= columns.keys()]
    if "" in complete or len(complete) == 1:
        return by_stem["" if "" in complete else complete[0]]
    called = f"call them 1 to {max(wanted)}, or item1 to item{max(wanted)}"
    if complete:
        both = " and ".join(repr(one_line(f"{stem}1", 30)) for stem in sorted(complete)[:2])
        raise UserError(f"{table.source}: the items may begin at {both}; keep the columns of one, or {called}")
    best = max(by_stem.values(), key=lambda columns: len(wanted & columns.keys()), default={})
    lacking = sorted(wanted - best.keys())
    raise UserError(f"{table.source}: there is no column for item {lacking[0]} ({len(lacking)} of {len(wanted)} are missing); {called}")


def _told(reverse: bool, ess: bool | None) -> tuple[str, ...]:
    if not reverse or ess:
        return ()
    return (
        "The columns are called as in the European Social Survey, so its codes (1 = very much like me) were reversed, 7 − x; "
        "for answers that were reversed before, say --no-ess (ess=False).",
    )


def _on_scale(table: Table, column: str, given: FloatArray, instrument: Instrument, reverse: bool) -> FloatArray:
    """`given` on the scale of the instrument. Raises UserError for what is not on it."""
    if reverse:
        given = np.where(np.isin(given, ESS_MISSING), np.nan, given)
    wrong = np.isfinite(given) & ((given < instrument.low) | (given > instrument.high))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(
            f"{table.place(row, column)}: {given[row]:g} is not on the scale from {instrument.low} to {instrument.high}; "
            "leave the cell empty where there is no answer"
        )
    scaled: FloatArray = instrument.low + instrument.high - given if reverse else given
    return scaled


def _who(table: Table, names: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who answered, and for which time, row by row."""
    column = next((names[name] for name in _IDS if name in names), None)
    rows = table.frame.height
    who = [str(row) for row in range(1, rows + 1)] if column is None else _texts(table, column)
    if column is not None and column.lower() == "idno" and "cntry" in names:  # numbers of the survey are unique within a country
        who = [f"{country}-{name}" for country, name in zip(_texts(table, names["cntry"]), who, strict=True)]
    times = _texts(table, names["repeat"]) if "repeat" in names else ["1"] * rows
    return tuple(who), tuple(times)


def _texts(table: Table, column: str) -> list[str]:
    found = table.frame[column].to_list()
    for row, value in enumerate(found):
        if value is None or not str(value).strip():
            raise UserError(f"{table.place(row, column)}: it is empty; say whose answers these are")
    return [str(value).strip() for value in found]


def _check_once(table: Table, respondents: Sequence[str], repeats: Sequence[str]) -> None:
    seen: set[tuple[str, str]] = set()
    for row, who in enumerate(zip(respondents, repeats, strict=True)):
        if who in seen:
            raise UserError(
                f"{table.place(row, 'respondent')}: {one_line(who[0], 40)!r} stands there twice; "
                "give each row its own name, or add a column repeat (1, 2, …)"
            )
        seen.add(who)


def _long(table: Table, names: Mapping[str, str], instrument: Instrument, ess: bool | None) -> Answers:
    """A row an answer."""
    column = names["item"]
    numbers, by_variable = _item_numbers(table, column, instrument)
    reverse = by_variable if ess is None else ess
    given = _on_scale(table, names["answer"], table.numbers(names["answer"]), instrument, reverse)
    respondents, repeats = _who(table, names) if any(name in names for name in _IDS) else (("1",) * len(given), ("1",) * len(given))
    places = {number: place for place, number in enumerate(instrument.numbers)}
    rows: dict[tuple[str, str], int] = {}
    at = np.array([rows.setdefault(who, len(rows)) for who in zip(respondents, repeats, strict=True)])
    item = np.array([places[number] for number in numbers])
    cell = at * len(places) + item
    first, counts = np.unique(cell, return_counts=True)
    if (counts > 1).any():
        row = int(np.flatnonzero(cell == first[np.argmax(counts > 1)])[1])
        raise UserError(f"{table.place(row, column)}: this item was answered before by the same respondent; keep one of the answers")
    matrix = np.full((len(rows), len(places)), np.nan)
    matrix[at, item] = given
    return Answers(matrix, tuple(who for who, _ in rows), tuple(time for _, time in rows), _told(reverse, ess))


def _item_numbers(table: Table, column: str, instrument: Instrument) -> tuple[list[int], bool]:
    """The number of the item of each row, and whether items are called as in the European Social Survey."""
    variables = {name: number for number, name in enumerate(ESS_VARIABLES, 1)} if instrument.name == "pvq21" else {}
    known = set(instrument.numbers)
    numbers, named = [], False
    for row, value in enumerate(table.frame[column].to_list()):
        text = str(value).strip().lower().removesuffix(".0")
        number = variables.get(text, variables.get(text.removesuffix("a")))
        named = named or number is not None
        if number is None:
            match = _NUMBERED.fullmatch(text)
            number = int(match[2]) if match else 0
        if number not in known:
            raise UserError(f"{table.place(row, column)}: {instrument.title} has no item {one_line(text, 40)!r}")
        numbers.append(number)
    return numbers, named
