"""Labels that users brought, or a study was designed with, kept among the raw labels when judges' take their place, and put back."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import polars as pl

from environments.corpus.indexing import ensure_indices
from environments.corpus.schema import LOADINGS, SDS
from environments.corpus.sql import in_list, quoted
from evals.labels.scores import BOTH_WAYS
from personas.errors import UserError
from personas.one_line import one_line

if TYPE_CHECKING:
    from environments.corpus.store import Corpus

__all__ = ["DESIGN", "JUDGES", "KEPT", "keep_labels", "kept_sources", "put_back", "raters_in"]

DESIGN = "design"
"""The source of labels that a study was built with, and their kind among the raw labels."""

KEPT = "kept"
"""The kind of all other kept labels; their rater is their source."""

JUDGES = "judges: "
"""How the source of judges' loadings begins."""

UNNAMED = "corpus"
"""What labels are called that came without a source."""

AT_ONCE = 2_000
"""Videos whose kept labels are replaced together."""


def raters_in(source: str) -> set[str]:
    """The raters that a source "judges: …" names."""
    return {rater for name in source.removeprefix(JUDGES).split(", ") for rater in name.split(BOTH_WAYS)}


def keep_labels(corpus: Corpus, ids: Collection[str], codes: pl.DataFrame) -> set[str]:
    """Keep those labels of `ids` that no judge of this corpus gave: loadings and SDs, doubled as all codes are, which loses nothing.

    What was kept of the same source is replaced where it differs. Returns the videos whose own labels were kept before, that is, put back;
    the design's, which noisy judges need there for a while, are not counted.
    """
    raters = set(codes.filter(pl.col("kind") == "judge")["rater"].unique().to_list())
    columns = [*LOADINGS, *SDS]
    there = corpus.table(["id", *columns, "labels_source"]).with_columns(pl.col("labels_source").fill_null(""))
    ours = [name for name in there["labels_source"].unique().to_list() if name.startswith(JUDGES) and raters_in(name) <= raters]
    mine = there.filter(pl.col("id").is_in(pl.Series(sorted(ids), dtype=pl.String).implode()), ~pl.col("labels_source").is_in(ours))
    mine = mine.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in LOADINGS))
    now = _as_codes(mine, columns)
    before = codes.filter(pl.col("kind").is_in([DESIGN, KEPT]))
    key = ["video", "rater", "kind"]
    same = _told(now).join(_told(before), on=key).filter(pl.col("told") == pl.col("told_right"))
    new = now.join(same, on=key, how="anti")
    changed = new.select(key).unique().join(before.select(key).unique(), on=key)
    for (rater, kind), some in changed.group_by("rater", "kind"):
        videos = sorted(some["video"].to_list())
        for start in range(0, len(videos), AT_ONCE):
            part = videos[start : start + AT_ONCE]
            rows = new.filter(pl.col("rater") == rater, pl.col("kind") == kind, pl.col("video").is_in(part))
            where = f"kind = {quoted(str(kind))} AND rater = {quoted(str(rater))} AND {in_list('video', part)}"
            corpus.replace_codes(rows, where)
    corpus.add_codes(new.join(changed, on=key, how="anti"))
    return set(same.filter(pl.col("kind") == KEPT)["video"].to_list())


def _as_codes(wide: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Rows of the table of videos as raw labels, what is null left out."""
    source = pl.col("labels_source").replace("", UNNAMED)
    long = wide.unpivot(on=columns, index=["id", "labels_source"], variable_name="value", value_name="code").drop_nulls("code")
    return long.select(
        pl.col("id").alias("video"),
        source.alias("rater"),
        pl.when(source == DESIGN).then(pl.lit(DESIGN)).otherwise(pl.lit(KEPT)).alias("kind"),
        pl.lit(0, pl.Int32).alias("cell"),
        "value",
        (pl.col("code").cast(pl.Float32) * 2).cast(pl.Float32),
        pl.lit("").alias("evidence"),
        pl.lit("").alias("session"),
    )


def _told(codes: pl.DataFrame) -> pl.DataFrame:
    """One row a video and source with all that is kept of it."""
    pair = pl.format("{}={}", "value", pl.col("code").cast(pl.Float32))
    return codes.sort("value").group_by("video", "rater", "kind").agg(pair.str.join(" ").alias("told"))


def kept_sources(codes: pl.DataFrame) -> list[str]:
    """The sources of which labels are kept, by name."""
    return sorted(codes.filter(pl.col("kind").is_in([DESIGN, KEPT]))["rater"].unique().to_list())


def put_back(corpus: Corpus, source: str) -> int:
    """Set the loadings of all videos whose labels of `source` were kept to these; returns how many that are.

    Labels that they have by then are kept in turn, those of the same source in place of the older ones. Raises UserError where none is
    kept, naming the sources that are.
    """
    kept = _of(corpus.codes(), source)
    if kept.is_empty():
        what = "design's labels" if source == DESIGN else f"labels of the source {one_line(source, 80)!r}"
        there = ", ".join(one_line(name, 60) for name in kept_sources(corpus.codes()))
        cure = f"kept are those of {there}" if there else "they are, once judges' labels take their place"
        raise UserError(f"no {what} are kept in {one_line(corpus.uri)}: {cure}")
    keep_labels(corpus, kept["video"].unique().to_list(), corpus.codes())
    wide = _of(corpus.codes(), source).pivot(on="value", index="video", values="code").rename({"video": "id"})
    numbers = [name for name in (*LOADINGS, *SDS) if name in wide.columns]
    corpus.set_loadings(wide.select("id", *(pl.col(name) / 2 for name in numbers)), source)
    ensure_indices(corpus)
    return wide.height


def _of(codes: pl.DataFrame, source: str) -> pl.DataFrame:
    """What is kept of a source."""
    return codes.filter(pl.col("kind").is_in([DESIGN, KEPT]), pl.col("rater") == source)
