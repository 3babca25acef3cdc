"""Where a gold label came from and when: kept as its session, so that an older answer never takes the place of a newer one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from personas.one_line import one_line

__all__ = ["Said", "page_session", "said_of", "sheet_session"]

_SHEET, _PAGE, _TAKEN = "sheet ", "page ", " taken "
_EARLY_PAGE = "sheet page.csv "
"""What sessions of the page began with before they held the time."""


@dataclass(frozen=True)
class Said:
    """When a rater said something of a video: the answer's time on the page, or that at which the sheet was taken in."""

    at: datetime
    on_page: bool


def sheet_session(path: Path, digest: str, taken: datetime) -> str:
    """The session of the labels on a sheet: its name, what it held, when it was taken in."""
    return f"{_SHEET}{one_line(path.name, 60)} {digest}{_TAKEN}{taken.isoformat()}"


def page_session(at: datetime) -> str:
    """The session of an answer on the page: when it was given."""
    return f"{_PAGE}{at.isoformat()}"


def said_of(codes: pl.DataFrame) -> dict[tuple[str, str], Said]:
    """(rater, video) -> what a person said last. A sheet whose time is not known counts as later than any answer."""
    people = codes.filter(pl.col("kind") == "gold").select("rater", "video", "session").unique()
    found: dict[tuple[str, str], Said] = {}
    for rater, video, session in people.iter_rows():
        said = _said(session or "")
        before = found.get((rater, video))
        if before is None or said.at > before.at:
            found[rater, video] = said
    return found


def _said(session: str) -> Said:
    if session.startswith(_PAGE):
        return Said(_time(session.removeprefix(_PAGE)) or datetime.min.replace(tzinfo=UTC), on_page=True)
    if session.startswith(_EARLY_PAGE) and _TAKEN not in session:
        return Said(datetime.min.replace(tzinfo=UTC), on_page=True)
    return Said(_time(session.rpartition(_TAKEN)[2]) or datetime.max.replace(tzinfo=UTC), on_page=False)


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
