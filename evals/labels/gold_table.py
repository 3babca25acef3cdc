"""The sheet on which people label: written out blind, in random order; and taken in again, with every mistake named by row and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from environments.canonical import content_hash, rng
from evals.labels.folding import CODES_SCHEMA
from evals.labels.gold_sessions import sheet_session
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line
from personas.schwartz import VALUES
from personas.spreadsheet import harmless_cell

__all__ = ["COLUMNS", "Sheet", "blind_key", "read_sheet", "write_sheet"]

COLUMNS = ("rater", "video", "caption", "transcript", "url", *VALUES)
"""The columns of the sheet. Others may be added, and are left alone."""

MOST_BYTES = 64 * 2**20
_FAULTS = 5


@dataclass(frozen=True)
class Sheet:
    """What was on a sheet: the codes, in the columns of the corpus's table `codes`, its raters, rows with codes, rows without any."""

    codes: pl.DataFrame
    raters: tuple[str, ...]
    rows: int
    open_rows: int


def blind_key(video: str) -> str:
    """What a video is called on a sheet: 12 hex digits that say nothing about it."""
    return content_hash(["gold sheet", video])[:12]


def write_sheet(videos: Sequence[Mapping[str, str]], path: Path, *, rater: str = "", seed: int = 0) -> None:
    """Write the sheet: one row a video (`video`, `caption`, `transcript`, `url`), no label, in an order by chance that is each rater's own.

    Videos go by `blind_key`: an id may say what a video is meant to show.

    A text that a spreadsheet would take for a formula gets an apostrophe before it. Raises StorageFailed, and UserError where a sheet
    with codes stands there.
    """
    _refuse_filled(path)
    rows = sorted(videos, key=lambda row: row["video"])
    rng("gold sheet", seed, rater).shuffle(rows)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        shown = [harmless_cell(" ".join(row[name].split())) for name in ("caption", "transcript", "url")]
        writer.writerow([rater, blind_key(row["video"]), *shown, *[""] * len(VALUES)])
    aside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text.getvalue(), encoding="utf-8-sig", newline="")  # spreadsheets know UTF-8 by its mark
        aside.replace(path)
    except OSError as error:
        raise StorageFailed(f"cannot write {one_line(str(path), 200)}: {error.strerror}; choose another --export") from error


def read_sheet(path: Path, sample: Sequence[str], rater: str | None = None) -> Sheet:
    """The codes on a sheet. `rater`: who filled it in where its column says nothing. A row is whole (ten codes), or open (none).

    Raises UserError that names rows and columns of the first mistakes: nothing is taken in then.
    """
    rows = _rows(path)
    known, faults = set(sample), list[str]()
    by_key = {blind_key(video): video for video in sample}
    found: dict[tuple[str, str], tuple[int, list[float]]] = {}
    still_open = 0
    for number, row in rows:
        codes = [str(row.get(value) or "").strip() for value in VALUES]
        video, who = str(row.get("video") or "").strip(), str(row.get("rater") or "").strip() or (rater or "")
        video = by_key.get(video, video)
        if not any(codes):
            still_open += 1
            continue
        fault = _fault(codes, video, who, known)
        if not fault and (who, video) in found:
            fault = f"{one_line(who, 60)} has labelled {one_line(video, 60)} in row {found[who, video][0]} already"
        if fault:
            faults.append(f"row {number}: {fault}")
        else:
            found[who, video] = (number, [float(_number(code) or 0) for code in codes])
    if faults:
        more = f"; and {len(faults) - _FAULTS} more" if len(faults) > _FAULTS else ""
        raise UserError(f"{one_line(str(path), 200)}: {'; '.join(faults[:_FAULTS])}{more}. Nothing was taken in")
    return Sheet(_frame(found, path), tuple(sorted({who for who, _ in found})), len(found), still_open)


def _refuse_filled(path: Path) -> None:
    """Raises UserError where there is a file that holds codes, or that is no sheet: nobody's work is written over."""
    if not path.exists():
        return
    shown = one_line(str(path), 200)
    try:
        filled = sum(any(str(row.get(value) or "").strip() for value in VALUES) for _, row in _rows(path))
    except UserError:
        raise UserError(f"{shown} is there and is no sheet of labels: give --export another name") from None
    if filled:
        raise UserError(f"{shown} is there and holds codes in {filled} rows: take it in with --import, and give --export another name")


def _rows(path: Path) -> list[tuple[int, dict[str, str | None]]]:
    """The rows with their numbers in the file as a spreadsheet counts them: the heading is 1."""
    shown = one_line(str(path), 200)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{shown} is larger than {MOST_BYTES // 2**20} MB: give the sheet that was exported")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {shown} ({error.strerror}); give the sheet that was exported") from None
    except UnicodeDecodeError:
        raise UserError(f"{shown} is not UTF-8 text: save it as CSV UTF-8") from None
    first = text.partition("\n")[0]
    separator = max((",", ";", "\t"), key=first.count)
    try:
        reader = csv.DictReader(io.StringIO(text), delimiter=separator)
        heading = [str(name or "").strip() for name in reader.fieldnames or ()]
        reader.fieldnames = heading
        lacking = [name for name in ("rater", "video", *VALUES) if name not in heading]
        if lacking:
            raise UserError(f"{shown}: the column{'s' * (len(lacking) > 1)} {', '.join(lacking)} missing; keep those of the exported sheet")
        twice = next((name for name in COLUMNS if heading.count(name) > 1), None)
        if twice:
            raise UserError(f"{shown}: there are two columns {twice}; remove one")
        return [
            (number, row) for number, row in enumerate(reader, 2) if any(isinstance(held, str) and held.strip() for held in row.values())
        ]
    except csv.Error as error:
        raise UserError(f"{shown} is no CSV file ({error})") from None


def _fault(codes: Sequence[str], video: str, who: str, known: set[str]) -> str:
    """What is wrong with a row that has codes; "" for nothing."""
    if not who:
        return "it names no rater: fill in the column rater, or give --rater"
    if video not in known:
        return f"{one_line(video, 60)!r} is not in the gold sample of this corpus"
    empty = [value for value, code in zip(VALUES, codes, strict=True) if not code]
    if empty:
        return (
            f"{', '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty: write 0 where a value is absent, or leave the whole row open"
        )
    wrong = next(((value, code) for value, code in zip(VALUES, codes, strict=True) if _number(code) is None), None)
    return f"column {wrong[0]} holds {one_line(wrong[1], 20)!r}; codes are -1, 0, 1 and 2" if wrong else ""


def _number(code: str) -> int | None:
    """A code as a number, also where a spreadsheet made 1 into 1.0 or 1,0, or a typographic minus of the sign."""
    plain = code.replace("−", "-").replace("–", "-").replace(",", ".").removeprefix("'")
    try:
        found = float(plain)
    except ValueError:
        return None
    return int(found) if found in {-1.0, 0.0, 1.0, 2.0} else None


def _frame(found: Mapping[tuple[str, str], tuple[int, list[float]]], path: Path) -> pl.DataFrame:
    """The codes as the corpus keeps them. Which sheet they came from, and when, is the session."""
    digest = content_hash(sorted([*key, *codes] for key, (_, codes) in found.items()))[:8]
    sheet = sheet_session(path, digest, datetime.now(UTC))
    rows = [
        (video, who, "gold", 0, value, code, "", sheet)
        for (who, video), (_, codes) in found.items()
        for value, code in zip(VALUES, codes, strict=True)
    ]
    types = dict.fromkeys(CODES_SCHEMA, pl.String) | {"cell": pl.Int32, "code": pl.Float32}
    return pl.DataFrame(rows, schema=types, orient="row")
