"""`--update`: words of videos that are there are replaced by what a source says now; what it leaves out stays, and so do labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from environments.corpus.schema import COUNTS, TEXTS, VideoRow, words_of
from environments.corpus.sql import in_list

if TYPE_CHECKING:
    from environments.corpus.store import Corpus
    from environments.embed import Embedder

__all__ = ["updated"]

_FIELDS = (*TEXTS, "hashtags", "posted", *COUNTS, "twins", "stratum")


def updated(corpus: Corpus, rows: Sequence[VideoRow], embedder: Embedder) -> int:
    """Replace words, dates and counts of the videos that `rows` are about (by content, else by address); returns how many changed."""
    by_content = {row.content: row for row in rows if row.content}
    by_url = {row.url: row for row in rows if not row.content}
    where = " OR ".join(in_list(column, names) for column, names in (("content", by_content), ("url", by_url)) if names)
    stored = corpus.table(["id", "content", *_FIELDS], where=where)
    changed: list[VideoRow] = []
    for cells in stored.iter_rows(named=True):
        given = by_content.get(cells["content"]) or by_url[cells["url"]]
        merged = {name: cells[name] if _silent(getattr(given, name)) else getattr(given, name) for name in _FIELDS}
        merged["hashtags"] = tuple(merged["hashtags"] or ())
        if merged != {**{name: cells[name] for name in _FIELDS}, "hashtags": tuple(cells["hashtags"] or ())}:
            changed.append(VideoRow(id=cells["id"], content=cells["content"], **merged))
    if changed:
        corpus.update(_table(changed, embedder))
    return len(changed)


def _silent(said: object) -> bool:
    """Whether a source leaves a field out; a count of 0 is said."""
    return said is None or said in ("", (), [])


def _table(rows: Sequence[VideoRow], embedder: Embedder) -> pl.DataFrame:
    words = [words_of(row) for row in rows]
    columns: dict[str, Any] = {"id": [row.id for row in rows], "words": words}
    columns |= {name: [getattr(row, name) for row in rows] for name in _FIELDS}
    columns["hashtags"] = [list(row.hashtags) for row in rows]
    vectors = embedder.embed_texts(words)
    columns["text_vector"] = pl.Series(
        [list(map(float, vector)) if vector.any() else None for vector in vectors], dtype=pl.List(pl.Float32)
    )
    types: dict[str, Any] = {
        "posted": pl.Date,
        "hashtags": pl.List(pl.String),
        **dict.fromkeys(COUNTS, pl.Int64),
        "twins": pl.String,
        "stratum": pl.String,
    }
    return pl.DataFrame(columns, schema_overrides=types)
