"""Where a corpus lies, how its tables are made, how writers take turns, and what LanceDB's errors become."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from environments.corpus.schema import Space, frames_schema, videos_schema
from environments.corpus.sql import complaint
from personas.errors import CorpusError
from personas.one_line import one_line

os.environ.setdefault("LANCEDB_LOG", "error")  # read when it is imported; its warnings are not for users

import lancedb

if TYPE_CHECKING:
    from lancedb.db import DBConnection
    from lancedb.table import Table

__all__ = ["connected", "new_tables", "parts", "place_of", "table_names", "told", "writing"]

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_OURS = {"videos.lance", "frames.lance", "codes.lance", "gold_sample.lance", "media", "add-errors.csv"}
_Part = TypeVar("_Part")


def place_of(uri: str) -> Path | None:
    """The local folder that `uri` names, None for an object store."""
    return None if _REMOTE.match(uri) else Path(uri).expanduser()


def connected(uri: str) -> DBConnection:
    """A connection whose tables always show the newest version."""
    folder = place_of(uri)
    return lancedb.connect(uri if folder is None else folder, read_consistency_interval=timedelta(0))


def table_names(database: DBConnection) -> list[str]:
    """The names of all tables."""
    return list(database.list_tables().tables)


def new_tables(uri: str, text: Space, image: Space | None) -> tuple[DBConnection, Table]:
    """Make the tables of an empty corpus; `videos` comes last, so that a folder with it is whole."""
    folder = place_of(uri)
    if folder is not None:
        if (folder / "videos.lance").exists():
            raise CorpusError(f"{one_line(uri, None)} is a corpus already")
        others = sorted(each.name for each in folder.iterdir() if not _ours(each.name)) if folder.is_dir() else []
        if others or folder.is_file():
            held = f"{one_line(uri, None)} holds other things ({one_line(others[0])})" if others else f"{one_line(uri, None)} is a file"
            raise CorpusError(f"{held}; name a new folder for the corpus")
        folder.mkdir(parents=True, exist_ok=True)
    with writing(folder):
        database = connected(uri)
        if "videos" in table_names(database):
            raise CorpusError(f"{one_line(uri, None)} is a corpus already")
        database.create_table("frames", schema=frames_schema(), exist_ok=True)
        return database, database.create_table("videos", schema=videos_schema(text, image))


def _ours(name: str) -> bool:
    return name in _OURS or name.startswith(".")


def parts(rows: Sequence[_Part], size: int) -> Iterator[Sequence[_Part]]:
    """`rows` in runs of at most `size`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


@contextmanager
def writing(folder: Path | None) -> Iterator[None]:
    """One writer at a time in a local folder; the others wait. In an object store LanceDB's own commits settle who was first."""
    if folder is None:
        yield
        return
    import fcntl  # noqa: PLC0415 - Unix only

    with (folder / ".writing").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def told(uri: str, where: str | None = None) -> Iterator[None]:
    """Turn what LanceDB and the disk complain of into a CorpusError of one line; `where` is the user's filter, if there is one."""
    try:
        yield
    except OSError as error:
        raise CorpusError(f"{one_line(uri, None)} cannot be used ({one_line(str(error), 300, fold=True)})") from error
    except (ValueError, RuntimeError) as error:
        if where is not None:
            raise CorpusError(f"the filter {one_line(where)!r} cannot be used ({complaint(error)})") from error
        said = one_line(str(error), 300, fold=True)
        raise CorpusError(
            f"{one_line(uri, None)} cannot be used ({said}); if another process wrote to it, run the same command again"
        ) from error
