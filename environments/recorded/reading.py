"""Reads a recorded feed. Everything in it is data from outside: what cannot be shown is named, and nothing in it is a path."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from environments.base import Frame
from environments.clips import Problem
from environments.recorded.layout import (
    FEED_FILE,
    MARK,
    MAX_ITEMS,
    MAX_LINE_BYTES,
    MAX_PICTURE_BYTES,
    VERSION,
    Header,
    RecordedFrame,
    RecordedItem,
    picture_path,
)
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["Line", "RecordedFolder", "lines", "load_recorded", "read_header", "read_picture", "shown_id"]

_MAX_PIXELS = 50_000_000


@dataclass(frozen=True)
class Line:
    """A line after the header: its number from 1, the offset of its end in bytes, and its item, or the reason why it is none.

    `whole` is False for a last line without an end.
    """

    number: int
    end: int
    item: RecordedItem | None
    reason: str = ""
    whole: bool = True


@dataclass(frozen=True)
class RecordedFolder:
    """A recorded feed as it lies in `folder`: items in the order they were shown, and what is wrong with the rest.

    No picture has been looked at yet: `read_picture` does.
    """

    folder: Path
    header: Header
    items: tuple[RecordedItem, ...]
    problems: tuple[Problem, ...]


def load_recorded(folder: Path) -> RecordedFolder:
    """The recorded feed in `folder`. Raises FeedError that names what is missing when it is none."""
    name = one_line(str(folder))
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise FeedError(f"the recorded feed {name!r} {what}; give a folder that a session was recorded into")
    path = folder / FEED_FILE
    if not path.is_file():
        raise FeedError(f"{name!r} is no recorded feed: it has no {FEED_FILE}; give a folder that a session was recorded into")
    try:
        with path.open("rb") as file:
            header = read_header(file, name)
            if header is None:
                raise FeedError(f"nothing has been recorded in {name!r} yet; its {FEED_FILE} is empty")
            items, problems = _sorted_out(lines(file))
    except OSError as error:
        raise FeedError(f"the recorded feed {name!r} cannot be read ({error.strerror}); check its permissions") from error
    if not items:
        why = f": {problems[0]}" if problems else ""
        raise FeedError(f"the recorded feed {name!r} has no item that can be shown{why}")
    return RecordedFolder(folder, header, tuple(items), tuple(problems))


def read_header(file: BinaryIO, name: str) -> Header | None:
    """The first line of a `feed.jsonl`; None when it is empty or its header was cut short. Raises FeedError when it is something else."""
    line = file.readline(MAX_LINE_BYTES)
    if not line.endswith(b"\n") and line[: len(MARK)] == MARK[: len(line)] and len(line) < MAX_LINE_BYTES:
        return None
    try:
        header = Header.model_validate_json(line)
    except ValidationError as error:
        raise FeedError(f"{name!r} is no recorded feed: the first line of its {FEED_FILE} is not that of one") from error
    if header.version > VERSION:
        raise FeedError(f"{name!r} was recorded by a newer version of axiofeed; upgrade axiofeed to read it")
    return header


def lines(file: BinaryIO) -> Iterator[Line]:
    """The lines from where `file` stands, right after the header. Bounded memory."""
    number, end = 1, file.tell()
    while line := file.readline(MAX_LINE_BYTES):
        number, end, length = number + 1, end + len(line), len(line)
        while length == MAX_LINE_BYTES and not line.endswith(b"\n") and (line := file.readline(MAX_LINE_BYTES)):
            end += len(line)
            length = max(length, len(line))
        if not line.endswith(b"\n"):
            yield Line(number, end, None, "it is not finished", whole=False)
        elif length == MAX_LINE_BYTES:
            yield Line(number, end, None, f"it is longer than {MAX_LINE_BYTES // 2**20} MiB")
        else:
            yield _parsed(line, number, end)


def _parsed(line: bytes, number: int, end: int) -> Line:
    try:
        return Line(number, end, RecordedItem.model_validate_json(line))
    except ValidationError as error:
        what = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, what["loc"][:3]))
        return Line(number, end, None, one_line(f"{where + ': ' if where else ''}{what['msg']}", 200))


def _sorted_out(found: Iterator[Line]) -> tuple[list[RecordedItem], list[Problem]]:
    """Items, each once, and a problem for every other line."""
    items: dict[str, RecordedItem] = {}
    problems: list[Problem] = []
    for line in found:
        reason = line.reason
        if line.item is not None:
            if len(items) == MAX_ITEMS:
                problems.append(Problem(f"{FEED_FILE} line {line.number}", f"only the first {MAX_ITEMS} items are shown"))
                break
            reason = "" if line.item.frames else "no picture of it was recorded"
            reason = "its item was recorded before" if shown_id(line.item) in items else reason
            if not reason:
                items[shown_id(line.item)] = line.item
        if reason:
            problems.append(Problem(f"{FEED_FILE} line {line.number}", reason))
    return list(items.values()), problems


def shown_id(item: RecordedItem) -> str:
    """The item's id on one line, for messages as for the trace; an id without control characters is itself."""
    return one_line(item.id, limit=6 * 4096)


def read_picture(folder: Path, frame: RecordedFrame) -> Frame | str:
    """The picture, or one line that says why there is none. It is what its hash says, of bearable size, and can be decoded.

    Raises OSError for what is not the picture's fault, such as a disk that fails.
    """
    path = picture_path(folder, frame)
    try:
        if not path.is_file():  # nor is a pipe opened, which would wait for ever
            return f"its picture {frame.sha256[:12]} is missing"
        with path.open("rb") as file:
            jpeg = file.read(MAX_PICTURE_BYTES + 1)
    except (FileNotFoundError, PermissionError) as error:
        return f"its picture {frame.sha256[:12]} cannot be read ({error.strerror})"
    if len(jpeg) > MAX_PICTURE_BYTES:
        return f"its picture {frame.sha256[:12]} is larger than {MAX_PICTURE_BYTES // 2**20} MiB"
    if hashlib.sha256(jpeg).hexdigest() != frame.sha256 or not (frame.sha256 in _sound or _decodes(jpeg)):
        return f"its picture {frame.sha256[:12]} is damaged"
    _sound.add(frame.sha256)
    return Frame(jpeg, frame.sha256, frame.t)


_sound: set[str] = set()
"""The pictures that were found to decode, by hash: decoding takes longer than all else, and sessions that follow show them again."""


def _decodes(jpeg: bytes) -> bool:
    from PIL import Image  # noqa: PLC0415 - Pillow loads when used

    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
            if image.width * image.height > _MAX_PIXELS:
                return False
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return True
