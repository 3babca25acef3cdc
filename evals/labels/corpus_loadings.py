"""Loadings of a corpus: set from the judges' codes, put back to the design's, and read for `evals.values` with the gold sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from environments.corpus.indexing import ensure_indices
from environments.corpus.schema import LOADINGS, SDS
from evals.labels.scores import gold_means, judge_loadings, least_judges
from evals.values.loadings import FloatArray, Loadings
from personas.errors import UserError
from personas.one_line import one_line
from personas.schwartz import VALUES

if TYPE_CHECKING:
    from environments.corpus.store import Corpus

__all__ = ["DESIGN", "Settled", "design_is_there", "loadings_of", "put_back_design", "settle"]

DESIGN = "design"
"""The source of labels that a study was built with; and how they are kept among the raw labels once judges' take their place."""


@dataclass(frozen=True)
class Settled:
    """What became of the loadings: how many videos have them, by how many judges; and how many of those asked about have none.

    `frame` as `evals.labels.scores.judge_loadings` gives it; `least`: the judges that were needed.
    """

    frame: pl.DataFrame
    least: int
    without: tuple[str, ...]

    @property
    def by_judges(self) -> dict[str, int]:
        """Judges' names, ", " between → videos whose loadings rest on them."""
        return dict(self.frame.group_by("judges").len().sort("len", descending=True).iter_rows())


def settle(corpus: Corpus, *, least: int | None = None, asked: Iterable[str] = ()) -> Settled:
    """Set the loadings of all videos that judges have labelled to the judges' mean. Of those in `asked` with too few judges: to nothing.

    The design's labels are kept among the raw ones before they go (`put_back_design`). Raises CorpusError; UserError where there is no
    judge's label at all.
    """
    codes = corpus.codes()
    judged = codes.filter(pl.col("kind") == "judge")
    needed = least_judges(codes, least)
    found = judge_loadings(codes, needed)
    labelled = set(found["id"].to_list())
    without = tuple(sorted({*judged["video"].unique().to_list(), *asked} - labelled))
    if not labelled and not without:
        raise UserError(f"no judge has labelled a video of {one_line(corpus.uri)}: run `python -m evals.labels judge` first")
    _keep_design(corpus, [*labelled, *without], codes)
    for (judges,), some in found.group_by("judges"):
        corpus.set_loadings(some.select("id", *LOADINGS, *SDS), f"judges: {judges}")
    if without:
        empty = pl.DataFrame({"id": list(without)} | {value: [None] * len(without) for value in VALUES}, schema_overrides=_floats())
        corpus.set_loadings(empty, "")
    ensure_indices(corpus)
    return Settled(found, needed, without)


def _floats() -> dict[str, pl.DataType]:
    return dict.fromkeys(VALUES, pl.Float32())


def _keep_design(corpus: Corpus, ids: list[str], codes: pl.DataFrame) -> None:
    """Keep the design's labels of `ids` among the raw labels, once."""
    kept = set(codes.filter(pl.col("kind") == DESIGN)["video"].to_list())
    there = corpus.table(["id", *LOADINGS, "labels_source"], where=f"labels_source = '{DESIGN}'")
    wanted = pl.Series(sorted(set(ids) - kept), dtype=pl.String)
    mine = there.filter(pl.col("id").is_in(wanted.implode())).drop_nulls(list(VALUES))
    if mine.is_empty():
        return
    long = mine.select("id", *VALUES).unpivot(on=list(VALUES), index="id", variable_name="value", value_name="code")
    corpus.add_codes(
        long.select(
            pl.col("id").alias("video"),
            pl.lit(DESIGN).alias("rater"),
            pl.lit(DESIGN).alias("kind"),
            pl.lit(0, pl.Int32).alias("cell"),
            "value",
            (pl.col("code") * 2).cast(pl.Float32),
            pl.lit("").alias("evidence"),
            pl.lit("").alias("session"),
        )
    )


def design_is_there(corpus: Corpus, ids: Iterable[str]) -> bool:
    """Whether the loadings of all `ids` are the design's as things are."""
    source = dict(corpus.table(["id", "labels_source"]).iter_rows())
    return all(source.get(name) == DESIGN for name in ids)


def put_back_design(corpus: Corpus) -> int:
    """Set the loadings of all videos whose design's labels were kept to these; returns how many that are. Raises UserError for none."""
    kept = corpus.codes().filter(pl.col("kind") == DESIGN)
    if kept.is_empty():
        raise UserError(f"no design's labels are kept in {one_line(corpus.uri)}: they are, once judges' labels take their place")
    wide = kept.pivot(on="value", index="video", values="code").rename({"video": "id"})
    corpus.set_loadings(wide.select("id", *(pl.col(value) / 2 for value in VALUES)), DESIGN)
    ensure_indices(corpus)
    return wide.height


def loadings_of(corpus: Corpus) -> Loadings:
    """The loadings of all labelled videos of a corpus, with their SD over judges, and the gold raters' mean where a gold sample is coded.

    Covariates: log_duration and text_amount, as of the items of sessions. Raises UserError where no video is labelled.
    """
    columns = ["id", *LOADINGS, *SDS, "labels_source", "topic", "duration_s", "caption", "hashtags", "sound", "transcript"]
    table = corpus.table(columns, where="labels_source != ''").drop_nulls(list(VALUES))
    if table.is_empty():
        raise UserError(f"the videos of {one_line(corpus.uri)} carry no labels yet: label them with `python -m evals.labels judge` first")
    gold, inclusion = _gold(corpus, table["id"].to_list())
    topics = tuple(topic or None for topic in table["topic"].to_list())
    sources = table["labels_source"].unique().sort().to_list()
    return Loadings(
        items=tuple(table["id"].to_list()),
        values=VALUES,
        x=np.clip(table.select(VALUES).to_numpy().astype(np.float64), -1, 1),
        sd=_spreads(table),
        source=_source(sources),
        covariates=_covariates(table),
        topic=topics if any(topics) else None,
        gold=gold,
        inclusion=inclusion,
    )


def _source(sources: list[str]) -> str:
    """Where loadings come from, in words; the judges of all videos together, though some rest on fewer of them."""
    names: list[str] = []
    others: list[str] = []
    for source in sources:
        kind, _, judges = source.partition("judges: ")
        if judges and not kind:
            names += [name for name in judges.split(", ") if name not in names]
        else:
            others.append("catalogue design" if source == DESIGN else source)
    return "; ".join([*([f"judges: {', '.join(sorted(names))}"] if names else []), *others])


def _spreads(table: pl.DataFrame) -> FloatArray | None:
    """SDs (n, V): where a video has one answer alone, and so no SD, the typical one of its value. None where no video has any."""
    found = table.select(SDS).to_numpy().astype(np.float64)
    known = ~np.isnan(found)
    if not known.any():
        return None
    squares = np.where(known, np.nan_to_num(found) ** 2, 0.0).sum(axis=0)
    typical = np.sqrt(squares / np.maximum(known.sum(axis=0), 1))
    filled: FloatArray = np.where(known, np.nan_to_num(found), typical)
    return filled


def _covariates(table: pl.DataFrame) -> dict[str, FloatArray]:
    length = np.log(np.maximum(table["duration_s"].fill_null(0.0).to_numpy(), 0.1))
    tags = table["hashtags"].list.join(" ").fill_null("")
    parts = [table["caption"].fill_null(""), tags, table["sound"].fill_null(""), table["transcript"].fill_null("")]
    words = ["\n".join(part for part in row if part) for row in zip(*parts, strict=True)]
    found = {"log_duration": length.astype(np.float64), "text_amount": np.log1p(np.array([len(each) for each in words], dtype=np.float64))}
    return {name: column for name, column in found.items() if np.ptp(column) > 0}


def _gold(corpus: Corpus, items: list[str]) -> tuple[FloatArray | None, FloatArray | None]:
    """Gold loadings (n, V), NaN rows where nobody coded, and inclusion probabilities (n,), 1 where the item was not drawn."""
    sample = corpus.gold_sample()
    if sample is None:
        return None, None
    means = gold_means(corpus.codes()).join(sample.select(pl.col("video").alias("id"), "inclusion"), on="id")
    row = {name: number for number, name in enumerate(items)}
    mine = means.filter(pl.col("id").is_in(pl.Series(items, dtype=pl.String).implode()))
    if mine.is_empty():
        return None, None
    rows = np.array([row[name] for name in mine["id"].to_list()])
    gold, inclusion = np.full((len(items), len(VALUES)), np.nan), np.ones(len(items))
    gold[rows] = np.clip(mine.select(VALUES).to_numpy(), -1, 1)
    inclusion[rows] = mine["inclusion"].to_numpy()
    return gold, inclusion
