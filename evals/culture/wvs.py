"""The World Values Survey, wave 7, as its CSV comes: people in rows, weighted, to the answers of each country. The file is the user's own.

Codes below zero are no answers: −1 "don't know" and −2 "no answer" are kept as options of that kind, since what is done with them is a
choice of whoever asks; −3 (not applicable), −4 (not asked in the survey) and −5 (missing) are left out, and counted.
"""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evals.culture.question_rows import Row, read_rows
from evals.culture.survey import Survey, SurveyQuestion
from evals.culture.wvs_countries import COUNTRY, Countries
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["MISSING", "WEIGHT", "Coded", "Imported", "import_wvs", "read_codebook"]

WEIGHT = "W_WEIGHT"
UNSAID: Mapping[int, str] = {-1: "Don't know", -2: "No answer"}
MISSING: Mapping[int, str] = {-3: "not applicable", -4: "not asked in the survey", -5: "missing; unknown"}
_BLANK = {"", ".", "NA"}


@dataclass(frozen=True)
class Coded:
    """A question of the codebook: the column of the data, and the label of each code, a scale's in its order."""

    column: str
    text: str
    topic: str
    ordinal: bool
    labels: Mapping[int, str]
    where: str


@dataclass
class _Count:
    """Of one question and country: weights by code, and how many people."""

    weights: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    people: int = 0


@dataclass(frozen=True)
class _Person:
    """A row of the data: which it is, the country, the weight."""

    where: str
    country: str
    weight: float


@dataclass(frozen=True)
class Imported:
    """The survey, how many rows were read, and (question, country, reason) → people left out."""

    survey: Survey
    rows: int
    left_out: Mapping[tuple[str, str, str], int]


def read_codebook(path: Path) -> tuple[list[Coded], dict[str, str]]:
    """The questions, and names of countries by code where the codebook gives them.

    A CSV has a row for each code: column, question, topic, kind, code, label (question, topic and kind once are enough); rows whose column
    is B_COUNTRY or B_COUNTRY_ALPHA name countries. JSON is a list of {column, question, topic, kind, options: {code: label}}. The order
    of a scale is that of its rows. Raises FeedError that names the row and the field.
    """
    rows = list(read_rows(path))
    countries: dict[str, str] = {}
    named: dict[tuple[str, str], str] = {}
    found: dict[str, Coded] = {}
    for row in rows:
        column = row.text("column", needed=True)
        if column in COUNTRY:
            _name(row, column, countries, named)
            continue
        labels = _labels(row)
        if column in found and path.suffix.lower() == ".csv":
            found[column] = _longer(found[column], row, labels)
        elif column in found:
            raise row.fault("column", f"{column!r} stands in an earlier row already")
        else:
            kind = row.text("kind") or "nominal"
            if kind not in {"ordinal", "nominal"}:
                raise row.fault("kind", f"{kind[:40]!r} is neither ordinal nor nominal")
            topic = row.text("topic") or "all questions"
            found[column] = Coded(column, row.text("question", needed=True), topic, kind == "ordinal", labels, row.where)
    short = next((each for each in found.values() if len(each.labels) < 2), None)
    if short or not found:
        raise FeedError(f"{short.where}, options: {short.column} needs two codes or more" if short else f"{path.name} holds no questions")
    return list(found.values()), countries


def _name(row: Row, column: str, countries: dict[str, str], named: dict[tuple[str, str], str]) -> None:
    """A country's name; two codes of one column with one name would make one country of two. Raises FeedError."""
    code, name = row.text("code", needed=True), row.text("label", needed=True)
    if named.setdefault((column, name), code) != code:
        raise row.fault("label", f"{name[:60]!r} is the name of the code {named[column, name][:40]!r} already")
    countries[code] = name


def _labels(row: Row) -> dict[int, str]:
    options = row.nested("options")
    if isinstance(options, dict) and options:
        return {_code(row, "options", code): one_line(str(label), 4000) for code, label in options.items()}
    if options:
        raise row.fault("options", 'give labels by code: {"1": "Very important", …}')
    return {_code(row, "code", row.text("code", needed=True)): row.text("label", needed=True)}


def _code(row: Row, field: str, text: str) -> int:
    try:
        code = int(text)
    except ValueError:
        raise row.fault(field, f"{text[:40]!r} is no code; codes are whole numbers") from None
    if code < 0:
        raise row.fault(field, f"{code}: codes below zero are no answers, and not part of a scale; leave it out")
    return code


def _longer(known: Coded, row: Row, labels: Mapping[int, str]) -> Coded:
    if twice := known.labels.keys() & labels.keys():
        raise row.fault("code", f"{known.column} has the code {min(twice)} already")
    if twice_said := set(known.labels.values()) & set(labels.values()):
        raise row.fault("label", f"{known.column} has the label {min(twice_said)[:60]!r} already")
    for name, value in (("question", known.text), ("topic", known.topic), ("kind", "ordinal" if known.ordinal else "nominal")):
        if row.text(name) and row.text(name) != value:
            raise row.fault(name, f"not as in {known.where}, which is the same question")
    return Coded(known.column, known.text, known.topic, known.ordinal, {**known.labels, **labels}, known.where)


def import_wvs(data: Path, codebook: Path) -> Imported:
    """The weighted answers of each country. Raises FeedError that names the row, the column and the value where one makes no sense."""
    coded, named = read_codebook(codebook)
    counts: dict[str, dict[str, _Count]] = {each.column: defaultdict(_Count) for each in coded}
    left: Counter[tuple[str, str, str]] = Counter()
    countries = Countries(named)
    number = 0
    for line, row in _people(data, coded):
        number += 1
        where = f"{one_line(str(data), 200)}, line {line}"
        country = countries.name(row, where)
        if country is not None:  # else all such codes are told together, below
            _count(coded, row, _Person(where, country, _weight(row, where)), counts, left)
    if not number:
        raise FeedError(f"{one_line(str(data), 200)} holds no people; give the CSV of the survey")
    countries.check()
    questions = [found for each in coded if (found := _question(each, counts[each.column])) is not None]
    if not questions:
        raise FeedError("nobody answered any question of the codebook; check its columns")
    return Imported(Survey(data.stem, tuple(questions), notes=(*_notes(left), countries.told)), number, left)


def _count(
    coded: Sequence[Coded],
    row: Mapping[str, str],
    person: _Person,
    counts: Mapping[str, dict[str, _Count]],
    left: Counter[tuple[str, str, str]],
) -> None:
    """One person's answers into `counts`, or into `left`."""
    for each in coded:
        code = _answered(each, row[each.column], person)
        if code in MISSING:
            left[each.column, person.country, MISSING[code]] += 1
            continue
        count = counts[each.column][person.country]
        count.weights[code] += person.weight
        count.people += 1


def _people(path: Path, coded: Sequence[Coded]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, the columns that are needed) of every person."""
    shown = one_line(str(path), 200)
    if not path.is_file():
        raise FeedError(f"there is no file {shown}; give the CSV that the World Values Survey offers for download")
    csv.field_size_limit(2**20)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            delimiter = max(",;\t", key=header.count)
            names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
            wanted = _columns(names, coded, shown)
            reader = csv.reader(file, delimiter=delimiter)
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(names):
                    raise FeedError(f"{shown}, line {reader.line_num + 1}: {len(cells)} cells, and the header names {len(names)}")
                yield reader.line_num + 1, {name: cells[place].strip() for name, place in wanted.items()}
    except UnicodeDecodeError:
        raise FeedError(f"{shown} is not UTF-8; save the file as UTF-8") from None
    except (OSError, csv.Error) as error:
        raise FeedError(f"{shown} cannot be read ({one_line(str(error), 100)}); check it") from None


def _columns(names: Sequence[str], coded: Sequence[Coded], shown: str) -> dict[str, int]:
    country = next((name for name in COUNTRY if name in names), None)
    if country is None:
        raise FeedError(f"{shown} has no column {' or '.join(COUNTRY)}, which says the country")
    for each in coded:
        if each.column not in names:
            raise FeedError(f"{each.where}, column: the data have no column {each.column[:60]!r}")
    if WEIGHT not in names:
        raise FeedError(f"{shown} has no column {WEIGHT}; add one with 1 for everybody where no weights are wanted")
    return {name: names.index(name) for name in (country, WEIGHT, *(each.column for each in coded))}


def _weight(row: Mapping[str, str], where: str) -> float:
    try:
        found = float(row[WEIGHT].replace(",", "."))
    except ValueError:
        found = math.nan
    if not math.isfinite(found) or found < 0:
        raise FeedError(f"{where}, {WEIGHT}: {row[WEIGHT][:40]!r} is no weight; give a number from 0")
    return found


def _answered(each: Coded, cell: str, person: _Person) -> int:
    """The code of an answer. Raises FeedError for one that the codebook does not know."""
    if cell in _BLANK:
        return -5
    try:
        code = int(float(cell))
        whole = float(cell) == code
    except (ValueError, OverflowError):
        code, whole = 0, False
    if not whole or not (code in each.labels or code in UNSAID or code in MISSING):
        raise FeedError(f"{person.where}, {each.column}: {cell[:40]!r} is no code of this question; add it to the codebook, or correct it")
    return code


def _question(each: Coded, counts: Mapping[str, _Count]) -> SurveyQuestion | None:
    """Raises FeedError for a country where all weights are zero."""
    if not counts:
        return None
    used = [code for code in UNSAID if any(count.weights.get(code) for count in counts.values())]
    codes = [*each.labels, *used]
    answers = {}
    for country, count in counts.items():
        total = sum(count.weights.get(code, 0.0) for code in codes)
        if not total > 0:
            raise FeedError(f"{each.where}, {each.column}: the weights of all who answered in {country} are zero; correct {WEIGHT}")
        answers[country] = tuple(count.weights.get(code, 0.0) / total for code in codes)
    labels = [each.labels[code] if code in each.labels else UNSAID[code] for code in codes]
    places = tuple(range(len(each.labels), len(codes)))
    people = {country: float(count.people) for country, count in counts.items()}
    return SurveyQuestion(each.column, each.topic, each.text, tuple(labels), each.ordinal, answers, places, people, each.where)


def _notes(left: Mapping[tuple[str, str, str], int]) -> tuple[str, ...]:
    """How many answers were none, by reason."""
    totals: Counter[str] = Counter()
    for (_, _, reason), count in left.items():
        totals[reason] += count
    return tuple(f"Left out as no answers: {count:,} “{reason}”." for reason, count in sorted(totals.items()))
