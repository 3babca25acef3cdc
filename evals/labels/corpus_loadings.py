"""Loadings of a corpus: set from the judges' codes, and read for `evals.values` with the gold sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from environments.corpus.indexing import ensure_indices
from environments.corpus.schema import LOADINGS, SDS
from evals.labels.gold_weights import coded_probabilities, partly_coded
from evals.labels.kept_labels import DESIGN, JUDGES, keep_labels, put_back, raters_in
from evals.labels.scores import gold_means, judge_loadings, judge_names, least_judges
from evals.values.loadings import FloatArray, Loadings
from personas.errors import UserError
from personas.one_line import one_line
from personas.schwartz import VALUES

if TYPE_CHECKING:
    from environments.corpus.store import Corpus

__all__ = ["DESIGN", "Settled", "design_is_there", "loadings_of", "put_back_design", "settle"]


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

    Where `least` is not given, no loading that is known goes for want of a judge who came later: a video keeps loadings that rest on the
    judges it has, labels of its own that were put back, and, where it is not in `asked`, any. Labels that no judge of this corpus gave are
    kept among the raw ones before they go (`evals.labels.kept_labels`). Raises CorpusError; UserError where there is no judge's label.
    """
    codes = corpus.codes()
    judged = set(codes.filter(pl.col("kind") == "judge")["video"].unique().to_list())
    source = dict(corpus.table(["id", "labels_source"]).iter_rows())
    needed = least_judges(codes, least)
    found = judge_loadings(codes, needed)
    if least is None:
        found = _with_known(found, judge_loadings(codes), source)
    labelled = set(found["id"].to_list())
    wanted = set(asked)
    lacking = (judged | wanted) - labelled
    if not labelled and not lacking:
        raise UserError(f"no judge has labelled a video of {one_line(corpus.uri)}: run `python -m evals.labels judge` first")
    before = keep_labels(corpus, labelled | lacking, codes)
    if least is None:
        lacking = {name for name in lacking if not source.get(name) or (name in wanted and name not in before)}
    for (judges,), some in found.group_by("judges"):
        corpus.set_loadings(some.select("id", *LOADINGS, *SDS), f"{JUDGES}{judges}")
    without = tuple(sorted(lacking))
    if without:
        empty = pl.DataFrame({"id": list(without)} | {value: [None] * len(without) for value in VALUES}, schema_overrides=_floats())
        corpus.set_loadings(empty, "")
    ensure_indices(corpus)
    return Settled(found, needed, without)


def _with_known(found: pl.DataFrame, each: pl.DataFrame, source: dict[str, str | None]) -> pl.DataFrame:
    """`found`, and those rows of `each` whose loadings rest on the same judges already."""
    known = pl.Series(
        [source.get(name) == f"{JUDGES}{judges}" for name, judges in each.select("id", "judges").iter_rows()], dtype=pl.Boolean
    )
    return pl.concat([found, each.filter(known).join(found, on="id", how="anti")]).sort("id")


def _floats() -> dict[str, pl.DataType]:
    return dict.fromkeys(VALUES, pl.Float32())


def design_is_there(corpus: Corpus, ids: Iterable[str]) -> bool:
    """Whether the loadings of all `ids` are the design's as things are."""
    source = dict(corpus.table(["id", "labels_source"]).iter_rows())
    return all(source.get(name) == DESIGN for name in ids)


def put_back_design(corpus: Corpus) -> int:
    """Set the loadings of all videos whose design's labels were kept to these; returns how many that are. Raises UserError for none."""
    return put_back(corpus, DESIGN)


def loadings_of(corpus: Corpus) -> Loadings:
    """The loadings of all labelled videos of a corpus, with their SD over judges, and the gold raters' mean where a gold sample is coded.

    Covariates: log_duration and text_amount, as of the items of sessions. Where people have coded only a part of the gold sample,
    `inclusion` is the probability of being drawn and coded, and the source says so. Raises UserError where no video is labelled.
    """
    columns = ["id", *LOADINGS, *SDS, "labels_source", "topic", "duration_s", "caption", "hashtags", "sound", "transcript"]
    table = corpus.table(columns, where="labels_source != ''").drop_nulls(list(VALUES))
    if table.is_empty():
        raise UserError(f"the videos of {one_line(corpus.uri)} carry no labels yet: label them with `python -m evals.labels judge` first")
    gold, inclusion, told = _gold(corpus, table["id"].to_list())
    topics = tuple(topic or None for topic in table["topic"].to_list())
    sources = table["labels_source"].unique().sort().to_list()
    return Loadings(
        items=tuple(table["id"].to_list()),
        values=VALUES,
        x=np.clip(table.select(VALUES).to_numpy().astype(np.float64), -1, 1),
        sd=_spreads(table),
        source=_source(sources) + told,
        covariates=_covariates(table),
        topic=topics if any(topics) else None,
        gold=gold,
        inclusion=inclusion,
    )


def _source(sources: list[str]) -> str:
    """Where loadings come from, in words; the judges of all videos together, though some rest on fewer of them."""
    raters: set[str] = set()
    others: list[str] = []
    for source in sources:
        if source.startswith(JUDGES):
            raters |= raters_in(source)
        else:
            others.append("catalogue design" if source == DESIGN else source)
    return "; ".join([*([f"{JUDGES}{judge_names(raters)}"] if raters else []), *others])


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


def _gold(corpus: Corpus, items: list[str]) -> tuple[FloatArray | None, FloatArray | None, str]:
    """Gold loadings (n, V), NaN rows where nobody coded; the probabilities (n,) of being drawn and coded, 1 there; and what is to be said.

    Only videos of the sample as it is drawn now count: which others are coded is a matter of an earlier draw, whose π is not known.
    """
    sample = corpus.gold_sample()
    if sample is None:
        return None, None, ""
    drawn = sample.filter(pl.col("video").is_in(pl.Series(items, dtype=pl.String).implode()))
    means = gold_means(corpus.codes()).filter(pl.col("id").is_in(drawn["video"].implode()))
    if means.is_empty():
        return None, None, ""
    chance = coded_probabilities(drawn, set(means["id"].to_list()))
    row = {name: number for number, name in enumerate(items)}
    rows = np.array([row[name] for name in means["id"].to_list()])
    gold, inclusion = np.full((len(items), len(VALUES)), np.nan), np.ones(len(items))
    gold[rows] = np.clip(means.select(VALUES).to_numpy(), -1, 1)
    inclusion[rows] = [chance[name] for name in means["id"].to_list()]
    return gold, inclusion, partly_coded(drawn.height, means.height)
