"""Finding videos: by vector, by words, by both, with an SQL-like filter on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from environments.corpus.indexing import ensure_indices, vector_index_of
from environments.corpus.making import told
from environments.corpus.schema import LOADINGS
from environments.corpus.sql import checked_filter, in_list
from personas.errors import CorpusError
from personas.one_line import one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from environments.corpus.schema import Space
    from environments.corpus.store import Corpus

__all__ = ["SHOWN", "SpaceName", "search", "vector_of"]

SpaceName = Literal["text", "image"]

SHOWN = ("id", "caption", "author", "platform", "topic", "language", "duration_s", "url", "near_duplicate", *LOADINGS)
"""The columns of a result, after `distance` and `score`."""

_PROBES = 64  # partitions looked into; with these and the refinement, recall@5 was 1.00 of 1,000,000 rows (benchmarks/corpus_search.py)
_ALL_PROBES = 1 << 16  # with a filter the search goes on until it has k
_REFINED = 4  # times k: candidates whose distance is computed again from the whole vector, so that indexed and new rows compare
_FUSED_FROM = 50  # hits of each list that enter the fusion, or 10 k where that is more
_FUSION_RANK = 60  # Cormack, Clarke & Büttcher 2009: score = Σ 1 / (60 + rank)


def search(
    corpus: Corpus,
    *,
    vector: Sequence[float] | NDArray[Any] | None = None,
    space: SpaceName = "text",
    words: str | None = None,
    where: str | None = None,
    k: int = 5,
    exact: bool = False,
) -> pl.DataFrame:
    """The `k` best videos, best first: columns id, distance, score and the rest of `SHOWN`.

    With `vector` alone by cosine distance in [0, 2] (`score` = 1 − distance), with `words` alone by BM25 (`distance` null), with both by
    reciprocal rank fusion of the two. `where` keeps rows before they are ranked. `exact` scans all vectors instead of using the index.
    A video without a vector is only found by words. Raises CorpusError.
    """
    if k < 1:
        raise CorpusError(f"ask for at least one video, not {k}")
    if vector is None and words is None:
        raise CorpusError("say what to search for: words, or a video that it should be like")
    where = None if where is None else checked_filter(where)
    column = f"{space}_vector"
    given = None if vector is None else _checked(vector, _space(corpus, space))
    with told(corpus.uri, where):
        if given is None:
            said = _by_words(corpus, words or "", where, k=k, columns=SHOWN)
            return said.with_columns(distance=pl.lit(None, pl.Float64)).select("id", "distance", "score", *SHOWN[1:])
        if words is None:
            near = _by_vector(corpus, given, column, where, k=k, columns=SHOWN, exact=exact)
            return near.select("id", "distance", (1 - pl.col("distance")).alias("score"), *SHOWN[1:])
        wanted = max(_FUSED_FROM, 10 * k)
        near = _by_vector(corpus, given, column, where, k=wanted, columns=["id"], exact=exact)
        best = _fused(near, _by_words(corpus, words, where, k=wanted, columns=["id"])).head(k)
        return _filled(corpus, best, given, column)


def vector_of(corpus: Corpus, video: str, space: SpaceName = "text") -> NDArray[np.float32]:
    """The vector of one video of the corpus. Raises CorpusError where it has none."""
    _space(corpus, space)
    found = corpus.table(["id", f"{space}_vector"], in_list("id", [video]))
    if not found.height:
        raise CorpusError(f"{corpus.uri} has no video {one_line(video)}")
    vector = found[f"{space}_vector"][0]
    if vector is None:
        raise CorpusError(f"{one_line(video)} has no {space} vector: nothing to compare with")
    return np.asarray(vector, dtype=np.float32)


def _space(corpus: Corpus, space: str) -> Space:
    found = corpus.image_space if space == "image" else corpus.text_space
    if found is None:
        raise CorpusError(f"{corpus.uri} has no image vectors; make a corpus with an embedder of pictures (--embedder clip/NAME)")
    return found


def _checked(vector: Sequence[float] | NDArray[Any], space: Space) -> NDArray[np.float32]:
    given = np.asarray(vector, dtype=np.float32)
    if given.shape != (space.dim,):
        raise CorpusError(f"a vector of {given.size} numbers cannot be compared with those of {space.name}, which have {space.dim}")
    if not np.isfinite(given).all() or not given.any():
        raise CorpusError("nothing in what was searched for is known to the embedder; use other words")
    return given


def _by_vector(
    corpus: Corpus, vector: NDArray[np.float32], column: str, where: str | None, *, k: int, columns: Sequence[str], exact: bool
) -> pl.DataFrame:
    query: Any = corpus.videos.search(vector, vector_column_name=column)
    query = query.distance_type("cosine").select(list(columns)).limit(k)
    if exact:
        query = query.bypass_vector_index()
    else:
        query = query.maximum_nprobes(_PROBES if where is None else _ALL_PROBES).minimum_nprobes(_PROBES).refine_factor(_REFINED)
    found = _rows(query if where is None else query.where(where)).rename({"_distance": "distance"})
    return found.cast({"distance": pl.Float64}).drop_nulls("distance").sort("distance", "id")


def _by_words(corpus: Corpus, words: str, where: str | None, *, k: int, columns: Sequence[str]) -> pl.DataFrame:
    if vector_index_of(corpus.videos, "words") is None:
        ensure_indices(corpus)
    query: Any = corpus.videos.search(words, query_type="fts", fts_columns="words").select(list(columns)).limit(k)
    found = _rows(query if where is None else query.where(where)).rename({"_score": "score"})
    return found.cast({"score": pl.Float64}).sort("score", "id", descending=[True, False])


def _rows(query: Any) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(query.to_arrow()))


def _fused(near: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    ranked = [
        hits.select("id").with_row_index("rank", 1).select("id", score=1 / (_FUSION_RANK + pl.col("rank").cast(pl.Float64)))
        for hits in (near, said)
    ]
    scores = pl.concat(ranked).group_by("id").agg(pl.col("score").sum())
    return scores.join(near, on="id", how="left").sort("score", "distance", "id", descending=[True, False, False], nulls_last=True)


def _filled(corpus: Corpus, best: pl.DataFrame, vector: NDArray[np.float32], column: str) -> pl.DataFrame:
    """The rows of the hits in their order; the distances of those that only the words found are computed."""
    rows = corpus.table([*SHOWN, column], in_list("id", best["id"]) if best.height else "false")
    found = best.join(rows, on="id", how="left", maintain_order="left")
    apart = [_distance(vector, each) if gap is None else gap for each, gap in zip(found[column], found["distance"], strict=True)]
    return found.select("id", pl.Series("distance", apart, dtype=pl.Float64), "score", *SHOWN[1:])


def _distance(one: NDArray[np.float32], other: Any) -> float | None:
    if other is None:
        return None
    vector = np.asarray(other, dtype=np.float32)
    return float(1 - one @ vector / (np.linalg.norm(one) * np.linalg.norm(vector)))
