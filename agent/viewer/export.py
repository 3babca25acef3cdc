"""The page with its data, to be opened from a disk: one file with the pictures in it, or a folder with the pictures beside it.

Comparisons are not among the data: there, the page works them out itself, of any sessions (`assets/comparing.js`).
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from agent.viewer.app import page_assets
from agent.viewer.bundle import document
from agent.viewer.library import Library
from agent.viewer.shelf import Shelf
from agent.viewer.wire import encoded
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line

__all__ = ["Written", "export"]

_UNRESERVED = "!'()*"
"""What encodeURIComponent leaves as it is, besides letters, digits and -._~"""

Block = tuple[str, bytes]
"""A path of the page's data, and what it gives, as JSON."""


@dataclass(frozen=True)
class Written:
    """What was written: the file or folder, its bytes, how many sessions and pictures are in it, how many pictures were not there."""

    path: Path
    bytes: int
    sessions: int
    frames: int
    frames_missing: int


class _TooLarge(Exception):
    """The next block would pass the limit."""


def export(library: Library, target: Path, *, compare: Sequence[str] = (), most_mb: float = 50.0) -> Written:
    """Write the sessions of `library`, or those to `compare`, into the file `target` (*.html), or into the folder of that name.

    No file but a picture is larger than `most_mb` million bytes. Raises UserError with the cure where it would be, or where the target
    must not be written over; StorageFailed where the disk says no.
    """
    if not 0 < most_mb < 1e6:
        raise UserError(f"--max-mb {most_mb:g}: give a size in MB, such as 50")
    alone = target.suffix.lower() in {".html", ".htm"}
    shelf = Shelf(library)
    names = list(compare) or list(shelf.rows())
    try:
        _check_target(target, alone=alone)
        return _Export(shelf, names, compare, int(most_mb * 1e6)).write(target, alone=alone)
    except _TooLarge:
        cures = [f"raise --max-mb (now {most_mb:g})"]
        cures += ["give one session's folder, or two with --compare"] if len(names) > 1 else []
        cures += [f"leave the pictures beside the page: --export {one_line(str(target.with_suffix('')), 200)}"] if alone else []
        raise UserError(f"the page of {len(names)} session(s) is larger than {most_mb:g} MB: {', or '.join(cures)}") from None
    except OSError as error:
        raise StorageFailed(f"cannot write {one_line(str(target), 200)}: {error.strerror}; choose another --export") from error


def _check_target(target: Path, *, alone: bool) -> None:
    """Raises UserError for what must not be written over."""
    shown = one_line(str(target), 200)
    if alone and target.is_dir():
        raise UserError(f"--export {shown} is a folder: give a file that ends in .html, or a folder with another name")
    if not alone and target.exists():
        if not target.is_dir():
            raise UserError(f"--export {shown} is a file: give one that ends in .html, or the name of a new folder")
        if any(target.iterdir()) and not _is_ours(target / "index.html"):
            raise UserError(f"--export {shown} holds other files: give the name of a new folder")
    if not target.absolute().parent.is_dir():
        raise UserError(f"--export {shown}: there is no folder {one_line(str(target.absolute().parent), 200)}; make it first")


def _is_ours(page: Path) -> bool:
    try:
        return b'id="data-export"' in page.read_bytes()
    except OSError:
        return False


class _Export:
    def __init__(self, shelf: Shelf, names: Sequence[str], compare: Sequence[str], most_bytes: int) -> None:
        self._shelf = shelf
        self._names = names
        self._start = {"start": f"#/compare/{','.join(map(_quoted, compare))}"} if compare else {}
        self._most = most_bytes
        self._frames: dict[str, None] = {}
        self._missing = 0

    def write(self, target: Path, *, alone: bool) -> Written:
        page = target if alone else target / "index.html"
        made = not alone and not target.exists()
        if made:
            target.mkdir()
        aside = page.with_name(f".{page.name}.{os.getpid()}.part")
        try:
            with aside.open("wb") as file:
                self._page(file, alone=alone)
                size = file.tell()
            if not alone:
                size += sum(self._copy(target / "frames"))
            aside.replace(page)
        except BaseException:
            aside.unlink(missing_ok=True)
            if made:
                with suppress(OSError):
                    target.rmdir()
            raise
        return Written(target, size, len(self._names), len(self._frames), self._missing)

    def _page(self, file: BinaryIO, *, alone: bool) -> None:
        """The document, with its data in blocks that are no scripts. Raises _TooLarge."""
        before, after = document(page_assets(), "data:" if alone else "data: 'self' file:")
        file.write(before.encode())
        for path, data in self._blocks(alone=alone):
            safe = data.replace(b"<", b"\\u003c").replace(b">", b"\\u003e")
            block = f'<script type="application/json" id="data-{escape(path)}">'.encode() + safe + b"</script>\n"
            if file.tell() + len(block) + len(after) > self._most:
                raise _TooLarge
            file.write(block)
        file.write(after.encode())

    def _blocks(self, *, alone: bool) -> Iterator[Block]:
        yield "export", encoded({"sessions": self._names, **self._start})
        yield "api/experiment", self._shelf.experiment(only=self._names)
        for name in self._names:
            yield from self._session(name)
        if alone:
            for sha256, data in self._pictures():
                yield f"frames/{sha256}", json.dumps(f"data:image/jpeg;base64,{base64.b64encode(data).decode()}").encode()

    def _session(self, name: str) -> Iterator[Block]:
        path = f"api/session/{_quoted(name)}"
        whole = self._shelf.session(name, still=True)
        yield path, whole
        for row in json.loads(whole)["steps"]:
            self._frames.update(dict.fromkeys(frame["sha256"] for frame in row["frames"]))
            yield f"{path}/step/{row['step']}", self._shelf.step(name, row["step"])

    def _pictures(self) -> Iterator[tuple[str, bytes]]:
        for sha256 in self._frames:
            with suppress(UserError):
                yield sha256, self._shelf.frame(sha256)
                continue
            self._missing += 1

    def _copy(self, folder: Path) -> Iterable[int]:
        """The pictures into `folder`, each once; their bytes."""
        folder.mkdir(exist_ok=True)
        for sha256, data in self._pictures():
            (folder / f"{sha256}.jpg").write_bytes(data)
            yield len(data)


def _quoted(name: str) -> str:
    """As encodeURIComponent does it."""
    return quote(name, safe=_UNRESERVED)
