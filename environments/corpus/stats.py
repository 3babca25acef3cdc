"""What is in a corpus, and what is missing: counts only, each from one pass over few columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from environments.corpus.indexing import IndexState, index_states
from environments.corpus.making import told
from environments.corpus.schema import LOADINGS
from environments.corpus.strata import LEAST

if TYPE_CHECKING:
    from environments.corpus.store import Corpus

__all__ = ["FACETS", "Stats", "ValueCount", "stats_of"]

_TINY = 1e-6  # loadings are kept in single precision
FACETS = ("platform", "topic", "language", "month", "source", "labels_source")
"""By what videos are counted; "" stands for unknown. `month` is that of the post, as 2026-11."""


@dataclass(frozen=True)
class ValueCount:
    """Of one value: videos that promote it by at least `strata.LEAST`, and that oppose it so; over how many topics each spreads."""

    value: str
    promote: int
    promote_topics: int
    oppose: int
    oppose_topics: int


@dataclass(frozen=True)
class Stats:
    """See the fields. `by` maps each of `FACETS` to its counts, largest first; `missing` what is lacking to how many videos lack it."""

    uri: str
    videos: int
    seconds: float
    frames: int
    frame_files: int
    by: dict[str, dict[str, int]]
    values: tuple[ValueCount, ...]
    labelled: int
    value_free: int
    near_duplicate_clusters: int
    near_duplicates: int
    twin_clusters: int
    transcripts: int
    text_space: str
    image_space: str | None
    indices: tuple[IndexState, ...]
    missing: dict[str, int]


def stats_of(corpus: Corpus) -> Stats:
    """Count. Memory grows by about 200 bytes a video. Raises CorpusError."""
    rows = corpus.table(
        ["platform", "topic", "language", "posted", "source", "labels_source", "duration_s", "near_duplicate", "twins", *LOADINGS]
    ).with_columns(month=pl.col("posted").dt.strftime("%Y-%m").fill_null(""), topic=pl.col("topic").fill_null(""))
    labelled = rows.filter(pl.any_horizontal(pl.col(value).is_not_null() for value in LOADINGS))
    near = rows["near_duplicate"].drop_nulls()
    frames = sum(len(batch.column("frames").flatten()) for batch in corpus.batches(["frames"]))
    with told(corpus.uri):
        transcripts, files = corpus.videos.count_rows("transcript <> ''"), corpus.frames.count_rows()
    return Stats(
        uri=corpus.uri,
        videos=rows.height,
        seconds=float(rows["duration_s"].sum()),
        frames=frames,
        frame_files=int(files),
        by={facet: _counts(rows[facet]) for facet in FACETS},
        values=tuple(_value_count(labelled, value) for value in LOADINGS),
        labelled=labelled.height,
        value_free=labelled.filter(pl.all_horizontal(pl.col(value) == 0 for value in LOADINGS)).height,
        near_duplicate_clusters=near.n_unique(),
        near_duplicates=near.len(),
        twin_clusters=rows["twins"].drop_nulls().n_unique(),
        transcripts=int(transcripts),
        text_space=f"{corpus.text_space.name} ({corpus.text_space.dim})",
        image_space=None if corpus.image_space is None else f"{corpus.image_space.name} ({corpus.image_space.dim})",
        indices=index_states(corpus),
        missing=_missing(corpus, rows.height - labelled.height),
    )


def _counts(column: pl.Series) -> dict[str, int]:
    counted = column.fill_null("").rename("name").to_frame().group_by("name").len().sort("len", "name", descending=[True, False])
    return dict(zip(counted["name"], counted["len"], strict=True))


def _value_count(rows: pl.DataFrame, value: str) -> ValueCount:
    promote, oppose = rows.filter(pl.col(value) >= LEAST - _TINY), rows.filter(pl.col(value) <= _TINY - LEAST)
    return ValueCount(value, promote.height, _topics(promote), oppose.height, _topics(oppose))


def _topics(rows: pl.DataFrame) -> int:
    """Different topics; all videos of an unknown topic count as one."""
    return rows["topic"].n_unique()


_LACKS = {
    "caption": "caption = ''",
    "topic": "topic = ''",
    "platform": "platform = ''",
    "language": "language = ''",
    "posted": "posted IS NULL",
    "licence": "licence = ''",
    "transcript": "transcript = ''",
    "words to embed": "text_vector IS NULL",
}


def _missing(corpus: Corpus, unlabelled: int) -> dict[str, int]:
    lacks = _LACKS | ({} if corpus.image_space is None else {"image vector": "image_vector IS NULL"})
    with told(corpus.uri):
        found = {name: int(corpus.videos.count_rows(where)) for name, where in lacks.items()}
    return {name: count for name, count in (found | {"loadings": unlabelled}).items() if count}
