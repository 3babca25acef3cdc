"""Question files: rows as `{question, options, country, distribution}`, or with `selections` of all countries, as JSON lines, JSON or CSV.

A row that is wrong stops the reading, in one line that names the row and the field: nothing is dropped, and nothing made up.
"""

from __future__ import annotations

import ast
import csv
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from environments.canonical import content_hash
from evals.culture.survey import Survey, SurveyQuestion, means_dont_know
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["as_line", "read_rows", "read_survey"]

MOST_BYTES = 1024 * 2**20
SYNTHETIC = "synthetic"
FIELDS = ("question", "options", "country", "distribution", "selections", "id", "topic", "kind", "order", "dont_know", "n", "categories")
_DEFAULTDICT = re.compile(r"^\s*defaultdict\(\s*<class '\w+'>\s*,\s*(\{.*\})\s*\)\s*$", re.DOTALL)
_LITERAL = 2**20
"""Characters of a cell at most that is read as a list."""


class Row:
    """One row of a file, and how its faults are told."""

    def __init__(self, file: str, number: str, data: Mapping[str, Any]) -> None:
        self.where, self._file, self.data = f"{file}, {number}", file, data

    def fault(self, field: str, what: str) -> FeedError:
        """The error that names the row and the field."""
        return FeedError(one_line(f"{self.where}, {field}: {what}", 500))

    def text(self, field: str, *, needed: bool = False) -> str:
        """The field as one line of text. Raises FeedError where it is needed and missing, or no text."""
        value = self.data.get(field)
        if value is None or value == "":
            if needed:
                raise self.fault(field, "it is missing; give it")
            return ""
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise self.fault(field, "this is no text")
        found = one_line(str(value).strip(), 20_000)
        if needed and not found:
            raise self.fault(field, "it is empty; give it")
        return found

    def nested(self, field: str) -> Any:
        """The field, parsed where a CSV cell holds JSON or a Python literal."""
        value = self.data.get(field)
        if not isinstance(value, str):
            return value
        text = value.strip()
        if len(text) > _LITERAL:
            raise self.fault(field, "this is longer than 1 MB")
        if (held := _DEFAULTDICT.match(text)) is not None:
            text = held[1]
        if not text.startswith(("[", "{", "(")):
            return value
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            raise self.fault(field, 'this is neither JSON nor a list; write ["…", "…"]') from None

    def names(self, field: str) -> tuple[str, ...]:
        """A list of texts; "A|B|C" is one too. Empty where the field is missing."""
        value = self.nested(field)
        if value is None or value == "":
            return ()
        parts = value.split("|") if isinstance(value, str) else value
        if not isinstance(parts, list | tuple) or not all(
            isinstance(part, str | int | float) and not isinstance(part, bool) for part in parts
        ):
            raise self.fault(field, "this is no list of texts")
        return tuple(one_line(str(part).strip(), 4000) for part in parts)

    def shares(self, field: str, value: Any, options: Sequence[str]) -> tuple[float, ...]:
        """A distribution over the options that sums to 1. Raises FeedError for another length, what is no share, and all zero."""
        if isinstance(value, dict):
            unknown = [name for name in value if name not in options]
            if unknown:
                raise self.fault(field, f"{str(unknown[0])[:60]!r} is none of the options")
            value = [value.get(option, 0) for option in options]
        if isinstance(value, str) and "|" in value:
            value = value.split("|")
        if not isinstance(value, list | tuple):
            raise self.fault(field, "this is no list of numbers, one an option")
        if len(value) != len(options):
            raise self.fault(field, f"{len(value)} numbers for {len(options)} options; give one an option")
        found = [self.share(field, each) for each in value]
        if not sum(found) > 0:
            raise self.fault(field, "all of it is zero: nobody answered; leave this country out, or correct it")
        return tuple(each / sum(found) for each in found)

    def share(self, field: str, value: Any) -> float:
        """A number from 0. Raises FeedError."""
        try:
            number = float(value) if not isinstance(value, bool) and value is not None else math.nan
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number) or number < 0:
            raise self.fault(field, f"{str(value)[:40]!r} is no share; give numbers from 0")
        return number


def read_survey(path: Path) -> Survey:
    """The survey in a .jsonl, .json or .csv file. Raises FeedError that names the row and the field."""
    shown = one_line(str(path), 200)
    found: dict[str, SurveyQuestion] = {}
    synthetic: list[bool] = []
    notes: list[str] = []
    for row in read_rows(path):
        _known_fields(row, notes)
        question = _question(row)
        synthetic.append(row.data.get(SYNTHETIC) is True or str(row.data.get(SYNTHETIC, "")).lower() == "true")
        found[question.id] = _merged(found[question.id], question, row) if question.id in found else question
    if not found:
        raise FeedError(f"{shown} holds no questions; give rows with question, options, country, distribution")
    if any(synthetic) and not all(synthetic):
        raise FeedError(f"{shown} mixes synthetic answers with those of people; keep them in two files")
    return Survey(path.stem, tuple(found.values()), all(synthetic), tuple(notes))


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file, by its suffix. Raises FeedError."""
    shown = one_line(str(path), 200)
    if not path.is_file():
        raise FeedError(f"there is no file {shown}; give a .jsonl, .json or .csv file")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FeedError(f"{shown} is larger than {MOST_BYTES // 2**20} MB; split it")
        if path.suffix.lower() == ".csv":
            yield from _csv_rows(path, shown)
        elif path.suffix.lower() == ".json":
            yield from _json_rows(path, shown)
        else:
            yield from _line_rows(path, shown)
    except OSError as error:
        raise FeedError(f"{shown} cannot be read ({error.strerror}); check its permissions") from None
    except UnicodeDecodeError:
        raise FeedError(f"{shown} is not UTF-8; save the file as UTF-8") from None


def _csv_rows(path: Path, shown: str) -> Iterator[Row]:
    csv.field_size_limit(16 * 2**20)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            for data in reader:
                if None in data or None in data.values():
                    many = "more" if None in data else "fewer"
                    raise FeedError(f"{shown}, line {reader.line_num}: {many} cells than the header names; correct it")
                yield Row(shown, f"line {reader.line_num}", data)
        except csv.Error as error:
            raise FeedError(f"{shown}, line {reader.line_num} is no CSV ({one_line(str(error), 100)}); correct it") from None


def _json_rows(path: Path, shown: str) -> Iterator[Row]:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, RecursionError):
        raise FeedError(f"{shown} is not JSON; give a list of rows") from None
    if not isinstance(data, list):
        raise FeedError(f"{shown} holds no list; give a list of rows")
    for number, each in enumerate(data, 1):
        if not isinstance(each, dict):
            raise FeedError(f"{shown}, row {number} is not a JSON object")
        yield Row(shown, f"row {number}", each)


def _line_rows(path: Path, shown: str) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                data = json.loads(line)
            except (ValueError, RecursionError):
                data = None
            if not isinstance(data, dict):
                raise FeedError(f"{shown}, line {number} is not a JSON object; write one row a line")
            yield Row(shown, f"line {number}", data)


def _known_fields(row: Row, notes: list[str]) -> None:
    """Further columns, such as an index or a source, mean nothing here: they are named once."""
    for name in row.data:
        note = f"The field “{one_line(str(name), 60)}” of the questions is not used."
        if name not in FIELDS and name not in {SYNTHETIC, "source", ""} and note not in notes:
            notes.append(note)


def _question(row: Row) -> SurveyQuestion:
    text, options = row.text("question", needed=True), row.names("options")
    if len(options) < 2:
        raise row.fault("options", "a question needs two or more")
    if "" in options or len(set(options)) < len(options):
        raise row.fault("options", "one is empty, or stands there twice")
    kind = row.text("kind") or ("ordinal" if row.data.get("order") else "nominal")
    if kind not in {"ordinal", "nominal"}:
        raise row.fault("kind", f"{kind[:40]!r} is neither ordinal nor nominal")
    unsaid = _dont_know(row, options)
    order = _order(row, options, unsaid, kind)
    if len(row.text("id")) > 200 or len(row.text("topic")) > 200:
        raise row.fault("id" if len(row.text("id")) > 200 else "topic", "it is longer than 200 characters; shorten it")
    answers, people = _answers(row, options)
    turned = {country: tuple(shares[place] for place in order) for country, shares in answers.items()}
    return SurveyQuestion(
        id=row.text("id") or f"q-{content_hash([text, list(options)])[:10]}",
        topic=row.text("topic") or "all questions",
        text=text,
        options=tuple(options[place] for place in order),
        ordinal=kind == "ordinal",
        answers=turned,
        dont_know=tuple(place for place, old in enumerate(order) if options[old] in unsaid),
        people=people,
        where=row.where,
        categories=row.names("categories"),
    )


def _dont_know(row: Row, options: Sequence[str]) -> set[str]:
    """As declared, an empty list included; else by `means_dont_know`."""
    if row.data.get("dont_know") is None or row.data.get("dont_know") == "":
        return {option for option in options if means_dont_know(option)}
    declared = set(row.names("dont_know"))
    if unknown := sorted(declared - set(options)):
        raise row.fault("dont_know", f"{unknown[0][:60]!r} is none of the options")
    return declared


def _order(row: Row, options: Sequence[str], unsaid: set[str], kind: str) -> list[int]:
    """The places of the options as they are kept: a scale in its declared order, "don't know" behind."""
    declared = row.names("order")
    if declared and kind != "ordinal":
        raise row.fault("order", "only a scale has an order; give kind ordinal")
    wanted = {option for option in options if option not in unsaid}
    if declared and (set(declared) != wanted or len(declared) != len(wanted)):
        odd = next((name for name in (*declared, *wanted) if name not in wanted or declared.count(name) != 1), "")
        raise row.fault("order", f"it has to name each option once, but for don't know; see {odd[:60]!r}")
    scale = declared or [option for option in options if option in wanted]
    return [*(options.index(name) for name in scale), *(place for place, option in enumerate(options) if option in unsaid)]


def _answers(row: Row, options: Sequence[str]) -> tuple[dict[str, tuple[float, ...]], dict[str, float]]:
    """Shares and numbers of people by country."""
    selections = row.nested("selections")
    if selections is None or selections == "":
        country = row.text("country", needed=True)
        given = row.nested("distribution")
        if given is None or given == "":
            raise row.fault("distribution", "it is missing; give a share for each option")
        people = row.data.get("n")
        counted = {} if people is None or people == "" else {country: row.share("n", people)}
        return {country: row.shares("distribution", given, options)}, counted
    if not isinstance(selections, dict) or not selections:
        raise row.fault("selections", 'give shares by country: {"…": [0.2, 0.8]}')
    found = {one_line(str(name), 200): row.shares(f"selections of {name}", value, options) for name, value in selections.items()}
    given = row.nested("n")
    if given is None or given == "":
        return found, {}
    if not isinstance(given, dict):
        raise row.fault("n", "beside selections, give the numbers of people by country")
    return found, {one_line(str(name), 200): row.share("n", value) for name, value in given.items()}


def _merged(first: SurveyQuestion, second: SurveyQuestion, row: Row) -> SurveyQuestion:
    """One question from two of its rows. Raises FeedError where they do not agree."""
    for field in ("text", "options", "ordinal", "dont_know", "topic", "categories"):
        if getattr(first, field) != getattr(second, field):
            name = {"text": "question", "ordinal": "kind"}.get(field, field)
            raise row.fault(name, f"not as in {first.where}, which is the same question {first.id[:60]!r}; give equal ones, or another id")
    for country in second.answers:
        if country in first.answers:
            raise row.fault("country", f"{country[:60]!r} answered this question in an earlier row already (see {first.where})")
    return SurveyQuestion(
        **{
            **{name: getattr(first, name) for name in ("id", "topic", "text", "options", "ordinal", "dont_know", "where", "categories")},
            "answers": {**first.answers, **second.answers},
            "people": {**first.people, **second.people},
        }
    )


def as_line(question: SurveyQuestion, *, synthetic: bool = False) -> str:
    """A question as one line of a question file, all its countries in `selections`."""
    told: dict[str, Any] = {
        "id": question.id,
        "topic": question.topic,
        "question": question.text,
        "kind": "ordinal" if question.ordinal else "nominal",
        "options": list(question.options),
        "dont_know": [question.options[place] for place in question.dont_know],
        "selections": {country: [round(share, 8) for share in shares] for country, shares in question.answers.items()},
    }
    if question.people:
        told["n"] = dict(question.people)
    if question.categories:
        told["categories"] = list(question.categories)
    return json.dumps(told | ({SYNTHETIC: True} if synthetic else {}), ensure_ascii=False)
