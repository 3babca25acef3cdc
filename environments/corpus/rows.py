"""Rows, pictures and tables on their way into LanceDB: checked, and in the columns of the schema."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from environments.corpus.schema import COUNTS, LOADINGS, SDS, TEXTS, Space, VideoRow, frames_schema, words_of
from personas.errors import CorpusError
from personas.one_line import one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["arrow_frames", "arrow_rows", "shaped"]

_LABELS = ("twins", "stratum", "near_duplicate", "labels_source")
_PLAIN = ("id", "content", *TEXTS, "posted", "duration_s", "width", "height", *COUNTS, "source", "path", *_LABELS)
_TOP_BIT, _WRAP = 1 << 63, 1 << 64


def arrow_rows(rows: Sequence[VideoRow], schema: pa.Schema, text: Space, image: Space | None) -> pa.Table:
    """`rows` as a table of `schema`. Raises CorpusError, naming the video, for what does not belong there."""
    for row in rows:
        _check(row)
    columns: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in _PLAIN}
    columns["hashtags"] = [list(row.hashtags) for row in rows]
    columns["frames"] = [[{"sha256": frame.sha256, "t": frame.t} for frame in row.frames] for row in rows]
    columns["phash"] = [[_signed(each) for each in row.phash] for row in rows]
    columns["words"] = [words_of(row) for row in rows]
    columns |= {name: [row.loadings.get(name) for row in rows] for name in LOADINGS}
    columns |= {name: [row.loadings_sd.get(name.removesuffix("_sd")) for row in rows] for name in SDS}
    columns["added"] = [datetime.now(UTC)] * len(rows)
    arrays = {name: pa.array(_writable(given), schema.field(name).type) for name, given in columns.items()}
    arrays["text_vector"] = _vectors(rows, lambda row: row.text_vector, text)
    if image is not None:
        arrays["image_vector"] = _vectors(rows, lambda row: row.image_vector, image)
    return pa.Table.from_arrays([arrays[name] for name in schema.names], schema=schema.remove_metadata())


def arrow_frames(jpegs: Mapping[str, bytes]) -> pa.Table:
    """Pictures as a table. Raises CorpusError where one is not what its hash says."""
    for name, jpeg in jpegs.items():
        if hashlib.sha256(jpeg).hexdigest() != name:
            raise CorpusError(f"the picture {one_line(name, 16)} is not what its SHA-256 says")
    schema = frames_schema()
    return pa.table([pa.array(list(jpegs), schema.types[0]), pa.array(list(jpegs.values()), schema.types[1])], schema=schema)


def shaped(frame: pl.DataFrame, schema: pa.Schema, *, whole: bool = False) -> pa.Table:
    """The columns of `frame` in the types of `schema`; with `whole` all of its columns must be there. Raises CorpusError."""
    unknown = [name for name in frame.columns if name not in schema.names]
    missing = [name for name in schema.names if whole and name not in frame.columns]
    if unknown:
        raise CorpusError(f"there is no column {one_line(unknown[0])}; there are {', '.join(schema.names)}")
    if missing:
        raise CorpusError(f"the column {missing[0]} is missing; needed are {', '.join(schema.names)}")
    fields = [schema.field(name) for name in (schema.names if whole else frame.columns)]
    table = frame.to_arrow().select([field.name for field in fields])
    try:
        return table.cast(pa.schema(fields))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise CorpusError(f"a column is not of its kind ({one_line(str(error), 200, fold=True)})") from error


def _check(row: VideoRow) -> None:
    who = one_line(row.id) or "a video"
    if not row.id or not row.content:
        raise CorpusError(f"{who} has no id or no content hash")
    if not np.isfinite(row.duration_s) or row.duration_s < 0:
        raise CorpusError(f"{who} has a duration of {row.duration_s} s")
    for kind, given, lowest in (("loading", row.loadings, -1.0), ("standard deviation", row.loadings_sd, 0.0)):
        for value, number in given.items():
            if value not in LOADINGS or (number is not None and not lowest <= number <= 1):
                raise CorpusError(f"{who} has a {kind} that cannot be: {one_line(str(value))} = {number}")


def _vectors(rows: Sequence[VideoRow], vector_of: Callable[[VideoRow], Sequence[float] | NDArray[Any] | None], space: Space) -> pa.Array:
    """One fixed-size list a row; null for no vector, and for one of zeros, which has no direction."""
    flat = np.zeros((len(rows), space.dim), dtype=np.float32)
    for index, row in enumerate(rows):
        given = vector_of(row)
        if given is None:
            continue
        vector = np.asarray(given, dtype=np.float32)
        if vector.shape != (space.dim,):
            raise CorpusError(f"{one_line(row.id)} has a vector of {vector.size} numbers; {space.name} has {space.dim}")
        if not np.isfinite(vector).all():
            raise CorpusError(f"{one_line(row.id)} has a vector that is not finite; check the embedder")
        flat[index] = vector
    empty = ~flat.any(axis=1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), space.dim, mask=pa.array(empty))


def _signed(number: int) -> int:
    """A 64-bit hash as int64 holds it (two's complement)."""
    found = int(number)
    if not -_TOP_BIT <= found < _WRAP:
        raise CorpusError(f"{found} is no 64-bit hash")
    return found - _WRAP if found >= _TOP_BIT else found


def _writable(given: Sequence[Any]) -> list[Any]:
    """Texts as UTF-8 can hold them: a lone surrogate, which some file names have, becomes a replacement character."""
    return [each.encode("utf-8", "replace").decode("utf-8") if isinstance(each, str) else each for each in given]
