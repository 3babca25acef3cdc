"""The annotations on disk: `folder/RATER.jsonl`, append-only lines, a later one for the same item in the place of the earlier.

{"item": …, "values": {field: answer}, "seconds": time on the screen until then, "at": when, UTC}
{"consent": the text that was agreed to, "at": …}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from environments.line_file import LineFile
from evals.annotating.form import FIXED_COLUMNS
from personas.errors import SessionBusy, SpecError, StorageFailed, UserError
from personas.one_line import one_line

if TYPE_CHECKING:
    import polars as pl

__all__ = ["AnswerBook", "Given", "check_raters", "read_annotations"]

_RATER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_ENDING = ".jsonl"


class Given(BaseModel):
    """One rater's answers to one item. `seconds`: for how long the item was on their screen, over all visits until these answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: StrictStr
    values: dict[str, StrictInt | StrictStr | None]
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    at: datetime


class _Consent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    consent: StrictStr
    at: datetime


@dataclass(frozen=True)
class _Lines:
    given: dict[str, Given]
    consent: str | None


class AnswerBook:
    """One rater's file, opened for writing: what it holds, and what is added. One process at a time; `close` it.

    Raises SpecError for a name that cannot be a file's, SessionBusy when another process has it, StorageFailed, and UserError for a
    damaged file.
    """

    def __init__(self, folder: Path, rater: str) -> None:
        check_raters([rater])
        self.path = folder / f"{rater}{_ENDING}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = LineFile(self.path)
        except BlockingIOError:
            raise SessionBusy(f"{rater}'s answers are being taken by another process; end that one first ({self.path})") from None
        except OSError as error:
            raise self._failed(error) from error
        try:
            self._file.cut_torn_line()
            held = _read(self.path)
        except BaseException:
            self._file.release()
            raise
        self.given, self.consent = held.given, held.consent

    def add(self, item: str, values: dict[str, int | str | None], seconds: float) -> None:
        """Take answers in; they are on the disk when this returns. What is there already, such as a repeated request, adds nothing."""
        new = Given(item=item, values=values, seconds=round(seconds, 2), at=_now())
        before = self.given.get(item)
        if before is None or (before.values, before.seconds) != (new.values, new.seconds):
            self._write(new)
            self.given[item] = new

    def agree(self, text: str) -> None:
        """The rater has agreed to `text`."""
        if self.consent != text:
            self._write(_Consent(consent=text, at=_now()))
            self.consent = text

    def close(self) -> None:
        """Release the file. Raises StorageFailed."""
        try:
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error

    def _write(self, line: BaseModel) -> None:
        try:
            self._file.append(line.model_dump_json().encode() + b"\n")
            self._file.sync()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> StorageFailed:
        return StorageFailed(f"answers cannot be kept in {one_line(str(self.path), 200)}: {error.strerror}; make room, or mend the folder")


def check_raters(raters: list[str] | tuple[str, ...]) -> None:
    """Raises SpecError unless these can be raters' names, which become names of files and stand in tables."""
    if not raters:
        raise SpecError("no rater is named: say who labels, such as --raters anna,ben")
    for name in raters:
        if not _RATER.fullmatch(name):
            raise SpecError(
                f"a rater's name cannot be {one_line(name, 60)!r}: use letters a to z, digits, dash and underscore, at most 40, "
                "a letter or digit first"
            )
    if len({name.casefold() for name in raters}) < len(raters):
        raise SpecError("two raters have the same name; names differ in more than capitals")


def read_annotations(folder: Path) -> pl.DataFrame:
    """All raters' answers: columns rater, item, one a field (in order of appearance), seconds, at (UTC); one row a rater and item.

    Rows come by rater, then in the order of the first answer. A field is a column of whole numbers where all of its answers are, else of
    texts; null where nothing was said. A last line that a killed process did not finish is left out. Raises UserError for a damaged file.
    """
    import polars as pl  # noqa: PLC0415 - loads when used

    rows = [(path.stem, given) for path in sorted(folder.glob(f"*{_ENDING}")) for given in _read(path).given.values()]
    fields = list(dict.fromkeys(name for _, given in rows for name in given.values if name not in FIXED_COLUMNS))
    columns = [
        pl.Series("rater", [rater for rater, _ in rows], pl.String),
        pl.Series("item", [given.item for _, given in rows], pl.String),
        *(_column(name, [given.values.get(name) for _, given in rows]) for name in fields),
        pl.Series("seconds", [given.seconds for _, given in rows], pl.Float64),
        pl.Series("at", [given.at for _, given in rows], pl.Datetime("us", "UTC")),
    ]
    return pl.DataFrame(columns)


def _column(name: str, answers: list[int | str | None]) -> pl.Series:
    import polars as pl  # noqa: PLC0415

    if all(isinstance(answer, int) for answer in answers if answer is not None) and any(answer is not None for answer in answers):
        return pl.Series(name, answers, pl.Int64)
    return pl.Series(name, [None if answer is None else str(answer) for answer in answers], pl.String)


def _read(path: Path) -> _Lines:
    """The file's whole lines. Raises UserError that names the line which is not one of ours."""
    given: dict[str, Given] = {}
    consent = None
    try:
        for number, line in _whole_lines(path):
            try:
                stored: Any = json.loads(line)
                if isinstance(stored, dict) and "consent" in stored:
                    consent = _Consent.model_validate(stored).consent
                else:
                    each = Given.model_validate(stored)
                    given[each.item] = each
            except (ValueError, ValidationError) as error:
                raise UserError(
                    f"{one_line(str(path), 200)}: line {number} is no answer; restore the file, or take the line out"
                ) from error
    except OSError as error:
        raise UserError(f"cannot read {one_line(str(path), 200)}: {error.strerror}") from error
    return _Lines(given, consent)


def _whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.endswith(b"\n"):
                yield number, line


def _now() -> datetime:
    return datetime.now(UTC)
