"""How a rendered clip gets to its place: whole or not at all, with one clear line when it cannot."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from personas.errors import StorageFailed

__all__ = ["storage", "write_whole"]


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` so that `path` is either whole or not there; the folder is made. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def storage(folder: Path, advice: str) -> Iterator[None]:
    """Turn an OSError in the block into StorageFailed: what could not be kept in `folder`, why, and `advice`."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(f"cannot keep a rendered clip in {folder}: {error.strerror or error}; {advice}") from error
