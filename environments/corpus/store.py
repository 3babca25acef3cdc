"""One corpus: a LanceDB database of videos, frames and labels, in a local folder or an object store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from environments.base import Frame
from environments.corpus.making import connected, new_tables, parts, place_of, table_names, told, writing
from environments.corpus.rows import arrow_frames, arrow_rows, shaped
from environments.corpus.schema import (
    LOADINGS,
    SDS,
    FrameRef,
    Space,
    VideoRow,
    codes_schema,
    gold_schema,
    spaces_of,
)
from environments.corpus.sql import checked_filter, in_list
from personas.errors import CorpusError
from personas.one_line import one_line

if TYPE_CHECKING:
    from lancedb.db import DBConnection
    from lancedb.table import Table

__all__ = ["Corpus", "Space"]

_MERGED_AT_ONCE = 20_000  # rows: a merge holds what it rewrites, vectors included
_ASKED_AT_ONCE = 2_000  # ids or hashes named in one filter
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CODE_KEY = ("video", "rater", "kind", "cell", "value")
_VECTORS = ("text_vector", "image_vector")


class Corpus:
    """An open corpus; `Corpus.create` and `Corpus.open` make one. Several processes may write to the same corpus.

    Raises CorpusError, in one line, for everything a user can put right.
    """

    def __init__(self, uri: str, database: DBConnection, videos: Table) -> None:
        self.uri = uri
        self.folder: Path | None = place_of(uri)
        self.text_space, self.image_space = spaces_of(videos.schema.metadata, uri)
        self._database = database
        self._videos = videos
        self._tables: dict[str, Table] = {}

    @classmethod
    def create(cls, uri: str, text: Space, image: Space | None = None) -> Corpus:
        """A new, empty corpus at `uri`. Raises CorpusError where one is already, or where the folder holds other things."""
        with told(uri):
            return cls(uri, *new_tables(uri, text, image))

    @classmethod
    def open(cls, uri: str) -> Corpus:
        """The corpus at `uri`. Raises CorpusError where there is none, or one of another layout."""
        folder = place_of(uri)
        named = one_line(uri, None)
        held = folder is not None and folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
        makes = f"add CORPUS {named}` makes one of it" if held else f"add {named} FOLDER` makes one"
        missing = f"{named} is no corpus; `python -m environments.corpus {makes}"
        if folder is not None and not (folder / "videos.lance").is_dir():
            raise CorpusError(missing)
        with told(uri):
            database = connected(uri)
            if "videos" not in table_names(database):
                raise CorpusError(missing)
            return cls(uri, database, database.open_table("videos"))

    @property
    def videos(self) -> Table:
        """The LanceDB table itself, for search and indices."""
        return self._videos

    @property
    def frames(self) -> Table:
        """The LanceDB table of pictures."""
        return self._table("frames")

    def __len__(self) -> int:
        with told(self.uri):
            return int(self._videos.count_rows())

    # Reading

    def batches(self, columns: Sequence[str] | None = None, where: str | None = None) -> Iterator[pa.RecordBatch]:
        """The rows in batches, in no stable order: for what does not fit into memory. Arguments as for `table`."""
        with told(self.uri, where):
            yield from self._query(columns, where).to_batches()

    def table(self, columns: Sequence[str] | None = None, where: str | None = None) -> pl.DataFrame:
        """The rows for which the SQL-like filter `where` is true, in order of `id`.

        `columns=None`: all but the vectors, which come when named. Raises CorpusError for a bad filter or an unknown column.
        """
        wanted = columns if columns is None or "id" in columns else [*columns, "id"]
        with told(self.uri, where):
            found = self._query(wanted, where).to_arrow()
        frame = pl.DataFrame(pl.from_arrow(found)).sort("id")
        return frame if columns is None else frame.select(columns)

    def _query(self, columns: Sequence[str] | None, where: str | None) -> Any:
        names = self._videos.schema.names
        wanted = [name for name in names if name not in _VECTORS] if columns is None else list(columns)
        unknown = [name for name in wanted if name not in names]
        if unknown:
            raise CorpusError(f"{self.uri} has no column {unknown[0]!r}; it has {', '.join(names)}")
        query = self._videos.search().select(wanted).limit(None)
        return query if where is None else query.where(checked_filter(where))

    def contents(self) -> dict[str, str]:
        """Content SHA-256 -> id, of all rows."""
        found: dict[str, str] = {}
        for batch in self.batches(["content", "id"]):
            found.update(zip(batch.column("content").to_pylist(), batch.column("id").to_pylist(), strict=True))
        return found

    def ids(self) -> list[str]:
        """All ids, sorted."""
        return sorted(name for batch in self.batches(["id"]) for name in batch.column("id").to_pylist())

    def frames_of(self, refs: Iterable[FrameRef | Mapping[str, Any]]) -> tuple[Frame, ...]:
        """The pictures that `refs` name (the dicts of the column `frames` will do), in that order.

        Raises CorpusError for one that is missing.
        """
        asked = [ref if isinstance(ref, FrameRef) else FrameRef(str(ref["sha256"]), float(ref["t"])) for ref in refs]
        jpegs = self.jpegs({ref.sha256 for ref in asked})
        missing = next((ref.sha256 for ref in asked if ref.sha256 not in jpegs), None)
        if missing is not None:
            raise CorpusError(f"the picture {one_line(missing, 16)} is not in {self.uri}; add its video again with --update")
        return tuple(Frame(jpegs[ref.sha256], ref.sha256, ref.t) for ref in asked)

    def jpegs(self, hashes: Iterable[str]) -> dict[str, bytes]:
        """SHA-256 -> JPEG, of those that are there."""
        asked = sorted(name for name in set(hashes) if _SHA256.fullmatch(name))
        found: dict[str, bytes] = {}
        with told(self.uri):
            for some in parts(asked, _ASKED_AT_ONCE):
                query = self._table("frames").search().where(in_list("sha256", some)).select(["sha256", "jpeg"]).limit(None)
                rows = query.to_arrow()
                found.update(zip(rows.column("sha256").to_pylist(), rows.column("jpeg").to_pylist(), strict=True))
        return found

    # Writing

    def add(self, rows: Sequence[VideoRow], jpegs: Mapping[str, bytes]) -> int:
        """Append `rows` with the pictures they name, and return how many were new: rows whose content is there are left out.

        Pictures first, then all rows at once: killed between, the next `add` reuses the pictures. Raises CorpusError, and adds
        nothing, where an id stands for other content, a picture is missing, or a vector is not of the corpus's space.
        """
        with told(self.uri), writing(self.folder):
            new = self._new_of(rows)
            if not new:
                return 0
            ready = arrow_rows(new, self._videos.schema, self.text_space, self.image_space)
            self._add_frames(new, jpegs)
            self._videos.add(ready)
            return len(new)

    def _new_of(self, rows: Sequence[VideoRow]) -> list[VideoRow]:
        contents: dict[str, str] = {}
        for some in parts(rows, _ASKED_AT_ONCE):
            there = f"{in_list('id', [row.id for row in some])} OR {in_list('content', [row.content for row in some])}"
            found = self._videos.search().where(there).select(["id", "content"]).limit(None).to_arrow()
            contents.update(zip(found.column("id").to_pylist(), found.column("content").to_pylist(), strict=True))
        known = set(contents.values())
        new: list[VideoRow] = []
        for row in rows:
            if row.content in known:
                continue
            if row.id in contents:
                raise CorpusError(f"the id {one_line(row.id)} stands for another video in {self.uri}; give this one another (column id)")

            contents[row.id] = row.content
            known.add(row.content)
            new.append(row)
        return new

    def _add_frames(self, rows: Sequence[VideoRow], jpegs: Mapping[str, bytes]) -> None:
        named = {frame.sha256: row.id for row in rows for frame in row.frames}
        table = self._table("frames")
        there: set[str] = set()
        for some in parts(sorted(named), _ASKED_AT_ONCE):
            found = table.search().where(in_list("sha256", some)).select(["sha256"]).limit(None).to_arrow()
            there.update(found.column("sha256").to_pylist())
        missing = next((name for name in named if name not in there and name not in jpegs), None)
        if missing is not None:
            raise CorpusError(f"{one_line(named[missing])} names a picture that was not given ({one_line(missing, 16)})")
        wanted = {name: jpegs[name] for name in named if name not in there}
        if wanted:
            table.add(arrow_frames(wanted))

    def update(self, frame: pl.DataFrame) -> int:
        """Replace columns of the rows named in the column `id` by the others of `frame`; returns how many rows that were.

        Raises CorpusError for ids or columns that the corpus does not have, and for an id named twice.
        """
        schema = self._videos.schema
        names = ["id", *(name for name in frame.columns if name != "id")]
        fixed = [name for name in names if name not in schema.names or name in ("content", "added")]
        if "id" not in frame.columns:
            raise CorpusError("a column `id` must name the rows to replace")
        if fixed:
            raise CorpusError(f"{self.uri} has no column {one_line(fixed[0])} that can be replaced")
        if frame["id"].n_unique() < frame.height or frame["id"].null_count():
            raise CorpusError("a row to replace is named twice, or has no id")
        with told(self.uri), writing(self.folder):
            self._known(frame["id"])
            for start in range(0, frame.height, _MERGED_AT_ONCE):
                self._merge(frame.slice(start, _MERGED_AT_ONCE).select(names))
        return frame.height

    def _merge(self, frame: pl.DataFrame) -> None:
        """Vectors that are null are set by themselves, as a merge crashes where all are; and first, lest new words keep an old one."""
        merged = [frame]
        for name in (name for name in _VECTORS if name in frame.columns):
            bare = pl.col(name).is_null()
            for ids in parts(frame.filter(bare)["id"].to_list(), _ASKED_AT_ONCE):
                self._videos.update(where=in_list("id", ids), values={name: None})
            merged = [some for each in merged for some in (each.filter(~bare), each.filter(bare).drop(name))]
        for some in merged:
            if some.height and some.width > 1:
                self._videos.merge_insert("id").when_matched_update_all().execute(shaped(some, self._videos.schema))

    def _known(self, ids: pl.Series) -> None:
        stored = pl.Series(self.ids(), dtype=pl.String)
        unknown = ids.cast(pl.String).filter(~ids.cast(pl.String).is_in(stored.implode()))
        if unknown.len():
            others = f", nor {unknown.len() - 1} others" if unknown.len() > 1 else ""
            raise CorpusError(f"{self.uri} has no video {one_line(unknown[0])}{others}")

    def set_near_duplicates(self, clusters: Mapping[str, str | None]) -> None:
        """Set `near_duplicate` of the ids in `clusters`; the others stay, and rows that would not change are not written."""
        given = pl.DataFrame(
            {"id": list(clusters), "near_duplicate": list(clusters.values())}, schema={"id": pl.String, "near_duplicate": pl.String}
        )
        stored = self.table(["id", "near_duplicate"]).rename({"near_duplicate": "stored"})
        same = given.join(stored, on="id").filter(pl.col("near_duplicate").eq_missing(pl.col("stored")))["id"]
        changed = given.filter(~pl.col("id").is_in(same.implode()))
        if changed.height:
            self.update(changed)

    def set_loadings(self, frame: pl.DataFrame, source: str) -> None:
        """Set the loadings of the ids in `frame`: columns id, SD … UN in [-1, 1], SD_sd … UN_sd; a column left out is null there.

        Raises CorpusError for a loading outside its range, for no known column, and for an unknown id.
        """
        values = [name for name in LOADINGS if name in frame.columns]
        if not values:
            raise CorpusError(f"a table of loadings needs the columns id and {', '.join(LOADINGS)}")
        numbers = [
            pl.col(name).cast(pl.Float32).fill_nan(None) if name in frame.columns else pl.lit(None, pl.Float32).alias(name)
            for name in (*LOADINGS, *SDS)
        ]
        table = frame.select("id", *numbers, pl.lit(source).alias("labels_source"))
        wrong = table.filter(pl.any_horizontal(pl.col(name).abs() > 1 for name in values))
        if wrong.height:
            raise CorpusError(f"a loading of {one_line(str(wrong['id'][0]))} is outside -1 to 1")
        self.update(table)

    # Labels

    def add_codes(self, frame: pl.DataFrame) -> None:
        """Append raw labels; the columns are those of `schema.codes_schema`."""
        self._append("codes", frame, codes_schema())

    def codes(self) -> pl.DataFrame:
        """All raw labels, in order of video, kind, rater, cell, value."""
        return self._whole("codes", codes_schema()).sort("video", "kind", "rater", "cell", "value", maintain_order=True)

    def replace_codes(self, frame: pl.DataFrame, where: str) -> None:
        """Put `frame` in the place of the raw labels for which `where` is true, in one commit: killed at any moment, one of them is there.

        A label is known by `_CODE_KEY`: one of the same key is replaced also where `where` is not true of it. Each key once in `frame`.
        """
        with told(self.uri, where), writing(self.folder):
            table = self._made("codes", codes_schema())
            if not frame.height:
                table.delete(where)
                return
            merge = table.merge_insert(list(_CODE_KEY)).when_matched_update_all().when_not_matched_insert_all()
            merge.when_not_matched_by_source_delete(where).execute(shaped(frame, codes_schema(), whole=True))

    def set_gold_sample(self, frame: pl.DataFrame) -> None:
        """Replace the sample that people label; the columns are those of `schema.gold_schema`."""
        with told(self.uri), writing(self.folder):
            rows = shaped(frame, gold_schema(), whole=True)
            mode = "overwrite" if "gold_sample" in table_names(self._database) else "create"
            self._tables["gold_sample"] = self._database.create_table("gold_sample", rows, mode=mode)

    def gold_sample(self) -> pl.DataFrame | None:
        """The sample that people label, None where none was drawn."""
        found = self._whole("gold_sample", gold_schema())
        return found.sort("video") if found.height else None

    def _append(self, name: str, frame: pl.DataFrame, schema: pa.Schema) -> None:
        if frame.height:
            with told(self.uri), writing(self.folder):
                self._made(name, schema).add(shaped(frame, schema, whole=True))

    def _whole(self, name: str, schema: pa.Schema) -> pl.DataFrame:
        with told(self.uri):
            if name not in table_names(self._database):
                return pl.DataFrame(pl.from_arrow(schema.empty_table()))
            table = self._table(name)
            return pl.DataFrame(pl.from_arrow(table.to_arrow()))

    def _made(self, name: str, schema: pa.Schema) -> Table:
        if name not in table_names(self._database):
            self._tables[name] = self._database.create_table(name, schema=schema, exist_ok=True)
        return self._table(name)

    def _table(self, name: str) -> Table:
        if name not in self._tables:
            self._tables[name] = self._database.open_table(name)
        return self._tables[name]
