"""Answers in words: the metrics against references by respondent, level and dataset, and what judges said of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from evals.benchmark.scoring import ALL
from evals.scoring.accuracy import STATES
from evals.scoring.texts import text_scores
from personas.errors import UserError

__all__ = ["TEXT_NOTE", "judged_table", "text_table"]

TEXT_NOTE = (
    "Answers in words: BLEU-4 of the corpus without smoothing, CIDEr-D with document frequencies over these items' references, words in "
    "lower case without punctuation, in Chinese and Japanese each character one. Figures over other items, or from other tokenisers, "
    "cannot be compared with these."
)


def text_table(answers: pl.DataFrame, asked: pl.DataFrame, metrics: Sequence[str], level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """A row a respondent, group and metric: value with bounds, samples, items, answers, the four states.

    samples  of `asked` (`evals.ch3ef.reading.Material.worded`); items: those of them that were shown
    answers  as `evals.ch3ef.reading.Material.texts`; those without a reference are left out, and an outage is in no figure
    group    all, and each dataset where there are several
    """
    rows: list[dict[str, Any]] = []
    known = answers.filter(pl.col("references").list.len() > 0)
    several = known["dataset"].n_unique() > 1
    for (who,), own in known.partition_by("who", as_dict=True, maintain_order=True).items():
        parts = {ALL: own} | ({str(name): part for (name,), part in own.partition_by("dataset", as_dict=True).items()} if several else {})
        for group, part in parts.items():
            wanted = asked.filter((pl.col("who") == who) & (pl.lit(group == ALL) | (pl.col("dataset") == group)))
            samples = len({*wanted["item"], *part["item"]})
            rows += [{**row, "samples": samples} for row in _rows({"who": who, "group": group}, part, metrics, level, seed)]
    counts = dict.fromkeys(("samples", "items", "answers", *STATES), pl.Int64)
    schema: dict[str, Any] = {"who": pl.String, "group": pl.String, "metric": pl.String} | counts
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(("value", "low", "high"), pl.Float64) | {"method": pl.String})


def _rows(names: dict[str, Any], part: pl.DataFrame, metrics: Sequence[str], level: float, seed: int) -> list[dict[str, Any]]:
    counts = {state: int((part["state"] == state).sum()) for state in STATES}
    said = part.filter(pl.col("state") != "failed")
    if said.is_empty():
        return []
    texts = [reason if state == "answered" and reason else "" for reason, state in said.select("reason", "state").iter_rows()]
    clusters = said.select(pl.coalesce("cluster", pl.format("item {}", "item")))["cluster"].to_list()
    found = text_scores(texts, said["references"].to_list(), metrics, clusters, level=level, seed=seed)
    common = {"items": part["item"].n_unique(), "answers": said.height, **counts}
    return [
        {**names, **common, "metric": metric, "value": each.estimate, "low": each.low, "high": each.high, "method": each.method}
        for metric, each in found.items()
    ]


def judged_table(answers: pl.DataFrame, places: Sequence[str | Path], level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """`evals.judging.shares.share_true` of what judges said of these answers' items, by the runs of judgements in `places`."""
    from evals.judging.shares import share_true  # noqa: PLC0415 - loads where there are answers in words
    from evals.judging.verdicts import read_verdicts  # noqa: PLC0415

    try:
        verdicts = read_verdicts([place for place in places if Path(place).is_dir()])
    except UserError:
        return pl.DataFrame()  # no judge was asked
    own = verdicts.filter(pl.col("item").is_in(answers["item"].unique().implode()))
    return share_true(own, level=level, seed=seed) if own.height else own
