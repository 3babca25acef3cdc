"""Scores of a value questionnaire: raw, centred on the mean of all items, and for higher-order values; never divided by a person's SD.

raw_v = mean of the items of v, reversed ones turned round first; MRAT = mean of all items, those too that no value uses;
centred_v = raw_v − MRAT. A higher-order score is the mean of the scores of its values, each counting the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evals.values.intervals import t_interval
from evals.values.loadings import FloatArray, IntArray
from evals.values.questionnaire.answers import Answers, read_answers
from evals.values.questionnaire.instruments import Instrument, find_instrument, value_name
from personas.errors import UserError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ENOUGH_OF_ALL", "ENOUGH_OF_VALUE", "Scores", "administrations", "find_answers", "keyed", "score", "scored"]

ENOUGH_OF_VALUE = 0.5
"""Share of a value's items that have to be answered for its score."""

ENOUGH_OF_ALL = 0.75
"""Share of all items that have to be answered for MRAT, and so for centred scores."""

VALUE, HIGHER = "value", "higher order"


@dataclass(frozen=True)
class Scores:
    """Scores of A respondents on the codes of an instrument (V), values first, then higher-order values.

    `raw`, `centred` (A, V) and `mrat` (A): means over the administrations of a respondent, NaN where there is no score; the tables below
    leave such a cell empty, and `notes` says why. `low`, `high` (A, V): t interval of the centred score over administrations, NaN for one
    administration. `times` (A): administrations; `answered` (A, V): answers that the score rests on.
    `items` (A, k): mean answer to each item, reversed ones turned round. `each` (N, V), `owner` (N): the centred scores of each
    administration, and whose it is.
    """

    instrument: Instrument
    respondents: tuple[str, ...]
    codes: tuple[str, ...]
    raw: FloatArray
    centred: FloatArray
    mrat: FloatArray
    low: FloatArray
    high: FloatArray
    times: FloatArray
    answered: FloatArray
    items: FloatArray = field(repr=False)
    each: FloatArray = field(repr=False)
    owner: IntArray = field(repr=False)
    notes: tuple[str, ...] = ()
    level: float = 0.95

    @cached_property
    def table(self) -> pl.DataFrame:
        """One row a respondent and code: respondent, kind, value, raw, centred, low, high, method, n (administrations), level, answered
        and asked (questions)."""
        from evals.values.questionnaire.reporting import scores_table  # noqa: PLC0415

        return scores_table(self)

    @cached_property
    def people(self) -> pl.DataFrame:
        """One row a code, over respondents: mean centred score with its interval, SD, α of the raw items, and the human reference."""
        from evals.values.questionnaire.reporting import people_table  # noqa: PLC0415

        return people_table(self)

    @cached_property
    def retest(self) -> pl.DataFrame:
        """One row a code, over respondents with two administrations or more: value, icc, low, high, method, n, administrations, level;
        no rows where there are fewer than two of them."""
        from evals.values.questionnaire.reporting import retest_table  # noqa: PLC0415

        return retest_table(self)

    def of(self, respondent: str) -> dict[str, float]:
        """The centred scores of one respondent by code; a code without a score is left out."""
        row = self.centred[self.respondents.index(respondent)]
        return {code: float(value) for code, value in zip(self.codes, row, strict=True) if np.isfinite(value)}


def score(
    answers: Any,
    instrument: str | Instrument = "pvq21",
    *,
    ess: bool | None = None,
    items: str | None = None,
    level: float = 0.95,
) -> Scores:
    """Score answers: a CSV or Parquet file, a Polars or a pandas frame, or a run folder; see `find_answers`."""
    return scored(*find_answers(answers, instrument, ess=ess, items=items), level)


def find_answers(
    answers: Any, instrument: str | Instrument = "pvq21", *, ess: bool | None = None, items: str | None = None
) -> tuple[Answers, Instrument]:
    """Answers in a table (its form: `read_answers`) or in the sessions of a run folder, and their instrument.

    `items`: the CSV file with the words and codes of an instrument of one's own (`instrument="own"`). Raises UserError that names row and
    column.
    """
    if isinstance(answers, str | Path) and Path(answers).is_dir():
        from evals.values.questionnaire.sessions import read_sessions  # noqa: PLC0415 - traces load when read

        if isinstance(instrument, Instrument) or ess is not None:
            raise UserError("for a run folder give the name of the instrument, and no ess: codes of the survey are in its files alone")
        return read_sessions(Path(answers), instrument, items)
    found = instrument if isinstance(instrument, Instrument) else find_instrument(instrument, items)
    return read_answers(answers, found, ess), found


def keyed(matrix: FloatArray, instrument: Instrument) -> FloatArray:
    """Answers (N, k) with those to reversed items turned round: low + high − answer."""
    turned = np.array([number in instrument.reversed for number in instrument.numbers])
    return np.where(turned, instrument.low + instrument.high - matrix, matrix)


def administrations(matrix: FloatArray, instrument: Instrument) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(raw (N, V), MRAT (N), answered (N, V)) of `keyed` answers (N, k) in the order of `instrument.numbers`; NaN for too few answers."""
    place = {number: column for column, number in enumerate(instrument.numbers)}
    there = np.isfinite(matrix)
    member = np.zeros((matrix.shape[1], len(instrument.key)))
    for column, numbers in enumerate(instrument.key.values()):
        member[[place[number] for number in numbers], column] = 1.0
    filled = np.where(there, matrix, 0.0)
    answered = there @ member
    raw = np.full(answered.shape, np.nan)
    np.divide(filled @ member, answered, out=raw, where=answered >= np.maximum(ENOUGH_OF_VALUE * member.sum(axis=0), 1.0))
    mrat = np.full(len(matrix), np.nan)
    given = there.sum(axis=1)
    np.divide(filled.sum(axis=1), given, out=mrat, where=given >= ENOUGH_OF_ALL * matrix.shape[1])
    return raw, mrat, answered


def scored(answers: Answers, instrument: Instrument, level: float = 0.95) -> Scores:
    """The scores of answers that were read before."""
    matrix = keyed(answers.matrix, instrument)
    raw, mrat, answered = administrations(matrix, instrument)
    codes = (*instrument.values, *instrument.groups)
    raw, answered = _with_groups(raw, answered, instrument)
    centred = raw - mrat[:, None]
    respondents = tuple(dict.fromkeys(answers.respondents))
    row = {name: number for number, name in enumerate(respondents)}
    owner = np.array([row[name] for name in answers.respondents])
    low, high = _intervals(centred, owner, len(respondents), level)
    return Scores(
        instrument=instrument,
        respondents=respondents,
        codes=codes,
        raw=_mean(raw, owner, len(respondents)),
        centred=_mean(centred, owner, len(respondents)),
        mrat=_mean(mrat[:, None], owner, len(respondents))[:, 0],
        low=low,
        high=high,
        times=np.bincount(owner, minlength=len(respondents)).astype(np.float64),
        answered=_sum(answered, owner, len(respondents)),
        items=_mean(matrix, owner, len(respondents)),
        each=centred,
        owner=owner,
        notes=(*answers.notes, *_notes(answers, raw, mrat, instrument, codes)),
        level=level,
    )


def _with_groups(raw: FloatArray, answered: FloatArray, instrument: Instrument) -> tuple[FloatArray, FloatArray]:
    """Values, then higher-order values: the mean of their values, NaN where one of these has no score."""
    at = {code: column for column, code in enumerate(instrument.values)}
    members = [[at[code] for code in codes] for codes in instrument.groups.values()]
    means = [raw[:, columns].mean(axis=1) for columns in members]
    return np.column_stack([raw, *means]), np.column_stack([answered, *(answered[:, columns].sum(axis=1) for columns in members)])


def _sum(values: FloatArray, owner: Any, respondents: int) -> FloatArray:
    """(A, V): sums of the rows (N, V) that belong to each respondent."""
    total = np.zeros((respondents, values.shape[1]))
    np.add.at(total, owner, values)
    return total


def _mean(values: FloatArray, owner: Any, respondents: int) -> FloatArray:
    """(A, V): means of the rows (N, V) that belong to each respondent, over those that are there; NaN without any."""
    there = np.isfinite(values)
    total, count = _sum(np.where(there, values, 0.0), owner, respondents), _sum(there.astype(np.float64), owner, respondents)
    mean = np.full(total.shape, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


def _intervals(centred: FloatArray, owner: Any, respondents: int, level: float) -> tuple[FloatArray, FloatArray]:
    """Ends of the t interval over the administrations of each respondent; NaN where there are too few to tell."""
    low = np.full((respondents, centred.shape[1]), np.nan)
    high = low.copy()
    for respondent in np.flatnonzero(np.bincount(owner, minlength=respondents) > 1):
        rows = centred[owner == respondent]
        for column in range(centred.shape[1]):
            found = t_interval([float(value) for value in rows[:, column] if np.isfinite(value)], level)
            if found is not None and found.low is not None and found.high is not None:
                low[respondent, column], high[respondent, column] = found.low, found.high
    return low, high


def _notes(answers: Answers, raw: FloatArray, mrat: FloatArray, instrument: Instrument, codes: Sequence[str]) -> list[str]:
    """Sentences on what is not there, and why."""
    notes = [f"{instrument.title}: {instrument.status}."] if instrument.status else []
    if instrument.reversed:
        numbers = ", ".join(map(str, sorted(instrument.reversed)))
        notes.append(f"Reversed before scoring, {instrument.low + instrument.high} − answer: item {numbers}.")
    n = len(raw)
    if np.isnan(raw).all():
        return [*notes, "There are no scores: no value has half of its items answered."]
    of = "" if n == 1 else " in {} of {} administrations"
    lacking: dict[int, list[str]] = {}
    for code, missing in zip(codes, np.isnan(raw).sum(axis=0), strict=True):
        lacking.setdefault(int(missing), []).append(value_name(code))
    for missing, names in sorted(lacking.items()):
        if missing:
            why = "fewer than half of a value's items were answered"
            notes.append(f"No score for {', '.join(names)}{of.format(missing, n)}: {why}.")
    uncentred = int(np.isnan(mrat).sum())
    if uncentred:
        notes.append(f"There are no centred scores{of.format(uncentred, n)}: fewer than three quarters of all items were answered.")
    flat = int(_constant(answers.matrix).sum())
    if flat:
        notes.append(f"The same answer was given to every item{of.format(flat, n)}: the centred scores there say nothing.")
    return notes


def _constant(matrix: FloatArray) -> Any:
    """Which rows hold one answer only, two times or more."""
    there = np.isfinite(matrix)
    top = np.where(there, matrix, -np.inf).max(axis=1)
    bottom = np.where(there, matrix, np.inf).min(axis=1)
    return (there.sum(axis=1) > 1) & (top == bottom)
