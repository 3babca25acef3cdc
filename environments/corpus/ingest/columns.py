"""Columns of a table of videos: which one means what, and what its cells hold. Everything in a table is data from outside."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from environments.captions import parse_hashtags
from environments.corpus.schema import COUNTS, LOADINGS, SDS, VideoRow
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["Cells", "Columns", "WrongCell"]

Cells = Mapping[str, Any]

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "video_id", "aweme_id", "item_id"),
    "path": ("path", "file", "filename", "filepath", "file_path", "video_path", "video_file", "local_path"),
    "url": ("url", "link", "video_url", "webpage_url", "share_url"),
    "platform": ("platform", "site", "extractor_key", "extractor"),
    "caption": ("caption", "title", "description", "desc", "text"),
    "author": ("author", "author_name", "uploader", "creator", "channel", "username", "user"),
    "sound": ("sound", "music", "music_title", "track"),
    "topic": ("topic", "category"),
    "language": ("language", "lang"),
    "licence": ("licence", "license"),
    "transcript": ("transcript", "transcription", "speech", "subtitles"),
    "hashtags": ("hashtags", "tags", "hashtag_names"),
    "posted": ("posted", "post_date", "posted_at", "date", "upload_date", "published", "published_at", "create_time", "timestamp"),
    "likes": ("likes", "like_count", "digg_count"),
    "views": ("views", "view_count", "play_count"),
    "comments": ("comments", "comment_count"),
    "shares": ("shares", "share_count", "repost_count"),
    "twins": ("twins",),
    "stratum": ("stratum",),
    "labels_source": ("labels_source",),
    **{name: (name,) for name in (*LOADINGS, *SDS)},
}
"""Columns by the schema's names, and what else they are called; of several in one table the first counts."""

_FROM_THE_FILE = frozenset({"duration", "duration_s", "width", "height", "content", "source", "frames", "phash", "words", "added"})
_LONGEST = 2**20  # characters of one cell


class WrongCell(ValueError):
    """A cell does not hold what its column should; the message names the column."""


@dataclass(frozen=True)
class Columns:
    """Which column of a table holds which field; `unused` are those that mean nothing here."""

    by_field: Mapping[str, str]
    unused: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns of labels, as they are called in the table."""
        return tuple(one_line(name) for field, name in self.by_field.items() if field in {*LOADINGS, *SDS, "labels_source"})

    @classmethod
    def of(cls, header: Sequence[str], table: str) -> Columns:
        """Columns by their names, in any case. Raises FeedError for a name that stands twice, or none that leads to a video."""
        plain = [name.strip() for name in header]
        twice = next((name for name in plain if name and plain.count(name) > 1), None)
        if twice is not None:
            raise FeedError(f"{table} has the column {one_line(twice)!r} twice; keep one")
        values = {*LOADINGS, *SDS}
        places = {name if name in values else name.lower(): given for name, given in zip(plain, header, strict=True)}
        fields = {field: next((places[name] for name in names if name in places), None) for field, names in _ALIASES.items()}
        by_field = {field: name for field, name in fields.items() if name is not None}
        if "path" not in by_field and "url" not in by_field:
            raise FeedError(f"{table} has neither a column 'path' (a video file) nor 'url'; its first row must name its columns")
        used = set(by_field.values())
        unused = tuple(
            one_line(name) for name in header if name.strip() and name not in used and name.strip().lower() not in _FROM_THE_FILE
        )
        return cls(by_field, unused)

    def row(self, cells: Cells) -> VideoRow:
        """What a row says; `id` and `path` as written, "" where it does not say. Raises WrongCell."""
        found: dict[str, Any] = {}
        for field, column in self.by_field.items():
            cell = cells.get(column)
            if cell is None or cell == "":
                continue
            try:
                found[field] = _parsed(field, cell)
            except ValueError as error:
                raise WrongCell(f"column {one_line(column)!r}: {error}") from error
        loadings = {name: found.pop(name) for name in LOADINGS if name in found}
        sds = {name.removesuffix("_sd"): found.pop(name) for name in SDS if name in found}
        source = found.pop("labels_source", "table" if loadings else "")
        return VideoRow(id=found.pop("id", ""), content="", loadings=loadings, loadings_sd=sds, labels_source=source, **found)


def _parsed(field: str, cell: Any) -> Any:
    parser = _PARSERS.get(field)
    return _text(cell) if parser is None else parser(cell)


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if not isinstance(cell, str | int | float) or isinstance(cell, bool):
        raise WrongCell(f"{_shown(cell)} is no text")
    text = str(cell).replace("\0", "")
    if len(text) > _LONGEST:
        raise WrongCell(f"it holds more than {_LONGEST} characters")
    return text


def _name(cell: Any) -> str:
    return one_line(_text(cell).strip(), limit=300)


def _words(cell: Any) -> str:
    return _text(cell).strip()


def _hashtags(cell: Any) -> tuple[str, ...]:
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        try:
            cell = json.loads(cell)
        except ValueError:
            return parse_hashtags(_text(cell))
    if isinstance(cell, list | tuple):
        return tuple(dict.fromkeys(tag for each in cell if (tag := _text(each).strip().lstrip("#"))))
    return parse_hashtags(_text(cell))


def _count(cell: Any) -> int:
    text = str(cell).strip().replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+", str(cell).strip()) else str(cell).strip()
    try:
        number = float(text)
    except ValueError as error:
        raise WrongCell(f"{_shown(cell)} is no whole number") from error
    if isinstance(cell, bool) or not math.isfinite(number) or number != int(number) or not 0 <= number < 2**63:
        raise WrongCell(f"{_shown(cell)} is no whole number of 0 or more")
    return int(text) if text.isdigit() else int(number)


def _posted(cell: Any) -> date:
    """A day: a date, ISO 8601, YYYYMMDD, or Unix seconds (UTC)."""
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo is None else cell.astimezone(UTC)).date()
    if isinstance(cell, date):
        return cell
    text = str(cell).strip()
    try:
        if re.fullmatch(r"\d{9,10}(\.0*)?", text):
            return datetime.fromtimestamp(int(text.split(".")[0]), UTC).date()
        when = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise WrongCell(f"{_shown(cell)} is no day; write it as 2026-01-31") from error
    return (when if when.tzinfo is None else when.astimezone(UTC)).date()


def _loading(cell: Any) -> float:
    return _number(cell, -1.0)


def _spread(cell: Any) -> float:
    return _number(cell, 0.0)


def _number(cell: Any, least: float) -> float:
    try:
        number = float(cell)
    except (TypeError, ValueError) as error:
        raise WrongCell(f"{_shown(cell)} is no number") from error
    if not least <= number <= 1:
        raise WrongCell(f"{_shown(cell)} is not between {least:g} and 1")
    return number


def _shown(cell: Any) -> str:
    return repr(one_line(str(cell), 60, fold=True))


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "id": _name,
    "path": _text,
    **dict.fromkeys(("url", "platform", "author", "sound", "topic", "language", "licence", "twins", "stratum"), _words),
    "hashtags": _hashtags,
    "posted": _posted,
    **dict.fromkeys(COUNTS, _count),
    **dict.fromkeys(LOADINGS, _loading),
    **dict.fromkeys(SDS, _spread),
}
