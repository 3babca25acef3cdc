"""Scores by dataset and level (A1 perception, A2 reasoning, A3 human values), and how they go together over models."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl

from evals.ch3ef.levels.registry import FORMATS, LEVELS
from evals.ch3ef.taxonomy import H, published, tasks
from evals.scoring.accuracy import STATES, accuracy
from evals.scoring.ranking import spearman
from evals.values.loadings import FloatArray

__all__ = ["LEAST", "by_dataset", "by_level", "placed", "relations", "scores_of"]

LEAST = 3
"""Models below which no correlation is computed."""
_BOOTSTRAP = 5
"""Models from which models are resampled."""
_DRAWS = 2000
_BOUNDS = ("score", "score_low", "score_high")
_A3 = FORMATS["ch3ef"].dataset


def placed(table: pl.DataFrame) -> pl.DataFrame:
    """The rows that stand at a level, with `level` and `dataset`; items of the benchmark's own taxonomy (`h`, `task`) are of A3."""
    for name in ("level", "dataset", "h", "task"):
        if name not in table.columns:
            table = table.with_columns(pl.lit(None, dtype=pl.String).alias(name))
    own = pl.col("h").is_not_null() & pl.col("task").is_in(list(tasks()))
    below = pl.col("level").is_in(LEVELS[:2]) & pl.col("dataset").is_not_null()
    level = pl.when(own).then(pl.lit("A3")).when(below).then(pl.col("level"))
    dataset = pl.when(own).then(pl.lit(_A3)).when(below).then(pl.col("dataset"))
    return table.with_columns(level=level, dataset=dataset).filter(pl.col("level").is_not_null())


def by_dataset(answers: pl.DataFrame, items: pl.DataFrame, level: float = 0.95) -> pl.DataFrame:
    """A row a respondent and dataset: samples, answer states, right, score with bounds, and `guess`.

    score   right / (answered + refused + unparsable) over items, `evals.scoring.accuracy`; null where no item has a key
    open    samples without an answer, which are in no score
    guess   what any option, each equally likely, would get: the mean of right options / options
    """
    rows = accuracy(answers, ("who", "level", "dataset"), level).rename(
        {
            "of_shown": "score",
            "of_shown_low": "score_low",
            "of_shown_high": "score_high",
            "of_shown_n": "scored",
            "of_shown_method": "method",
        }
    )
    samples = items.group_by("who", "level", "dataset").agg(pl.len().cast(pl.Int64).alias("samples"))
    keyed = pl.col("key_place").is_not_null() & (pl.col("options") > 0)
    guess = (
        answers.filter(keyed).group_by("who", "dataset").agg((pl.col("key_places").list.len() / pl.col("options")).mean().alias("guess"))
    )
    table = rows.join(samples, on=["who", "level", "dataset"], how="left").join(guess, on=["who", "dataset"], how="left")
    table = table.with_columns(pl.col("score").cast(pl.Float64), open=pl.col("samples") - (pl.col("items") - _unanswered(answers, table)))
    columns = ["who", "level", "dataset", "samples", "open", *STATES, "right", *_BOUNDS, "scored", "guess", "method"]
    return table.select(columns).sort("who", "level", "dataset")


def _unanswered(answers: pl.DataFrame, table: pl.DataFrame) -> pl.Series:
    """Items that were shown and never got past an outage, for each row of `table`."""
    all_failed = (pl.col("state") == "failed").all().alias("lost")
    lost = answers.group_by("who", "dataset", "item").agg(all_failed).group_by("who", "dataset").agg(pl.col("lost").sum().cast(pl.Int64))
    return table.select("who", "dataset").join(lost, on=["who", "dataset"], how="left", maintain_order="left")["lost"]


def by_level(table: pl.DataFrame) -> pl.DataFrame:
    """A row a respondent and level: the mean of its datasets' scores, one vote each, with bounds.

    The datasets of a level are those in which any respondent has a score; one that lacks some (`lacking`) has no score at the level, since
    its mean would be of others. Bounds: those of the datasets, put together by MOVER (Zou & Donner 2008), which takes the datasets as they
    are and not as a sample of datasets.
    """
    scored = table.filter(pl.col("score").is_not_null())
    rows: list[dict[str, Any]] = []
    for level in LEVELS:
        part = scored.filter(pl.col("level") == level)
        wanted = part["dataset"].unique(maintain_order=True).sort().to_list()
        for who in table.filter(pl.col("level") == level)["who"].unique(maintain_order=True) if wanted else []:
            own = {row["dataset"]: row for row in part.filter(pl.col("who") == who).iter_rows(named=True)}
            lacking = [name for name in wanted if name not in own]
            row: dict[str, Any] = {"who": who, "level": level, "datasets": len(own), "lacking": ", ".join(lacking), "scored": 0}
            row["scored"] = sum(each["scored"] for each in own.values())
            rows.append(row | dict(zip(_BOUNDS, (None,) * 3 if lacking else _mover(list(own.values())), strict=True)))
    schema: dict[str, Any] = {"who": pl.String, "level": pl.String, "datasets": pl.Int64, "lacking": pl.String, "scored": pl.Int64}
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(_BOUNDS, pl.Float64)).sort("who", "level")


def _mover(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float | None, float | None]:
    """The mean of independent shares: each side's distance to its bound is the root of the sum of squares, times the weight."""
    k = len(rows)
    mean = math.fsum(row["score"] for row in rows) / k
    if any(row["score_low"] is None or row["score_high"] is None for row in rows):
        return mean, None, None
    below = math.sqrt(sum((row["score"] - row["score_low"]) ** 2 for row in rows)) / k
    above = math.sqrt(sum((row["score_high"] - row["score"]) ** 2 for row in rows)) / k
    return mean, max(0.0, mean - below), min(1.0, mean + above)


def scores_of(answers: pl.DataFrame, levels: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Scores by group (A1, A2, A3, then the three h of A3) and respondent."""
    own = answers.filter(pl.col("level") == "A3")
    by_h = accuracy(own, ("who", "h")) if own.height else pl.DataFrame()
    found: dict[str, dict[str, float]] = {}
    for level in LEVELS:
        rows = levels.filter((pl.col("level") == level) & pl.col("score").is_not_null())
        found[level] = dict(rows.select("who", "score").iter_rows())
    for h in H:
        rows = by_h.filter((pl.col("h") == h) & pl.col("of_shown").is_not_null()) if by_h.height else by_h
        found[h] = dict(rows.select("who", "of_shown").iter_rows()) if rows.height else {}
    return found


@dataclass(frozen=True)
class _Spread:
    """Bounds of Pearson's r and Spearman's ρ with models resampled; None with too few."""

    pearson: tuple[float, float] | None
    spearman: tuple[float, float] | None


def relations(scores: Mapping[str, Mapping[str, float]], level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """A row a pair of groups and source ("own", "published"): models, Pearson, Spearman, intervals.

    pearson_low, _high   Fisher's, from four models on
    …_boot_low, _high    percentiles with models resampled, from five models on
    A level is not paired with an h, which is a part of A3. All is null below three models, and where one side does not vary. The published
    rows are between the h of 16 models: its correlations between levels are not in the data that this package has.
    """
    pairs = [pair for pair in itertools.combinations((*LEVELS, *H), 2) if not (pair[0] == "A3" and pair[1] in H)]
    rows = [_related("own", pair, scores, level, seed) for pair in pairs]
    known = {h: {model["model"]: float(model[h]) for model in published()["models"]} for h in H}
    rows += [_related("published", pair, known, level, seed) for pair in itertools.combinations(H, 2)]
    return pl.DataFrame(rows, schema=_SCHEMA)


_FIGURES = ("pearson", "pearson_low", "pearson_high", "pearson_boot_low", "pearson_boot_high")
_RANKS = ("spearman", "spearman_boot_low", "spearman_boot_high")
_SCHEMA: dict[str, Any] = {"source": pl.String, "first": pl.String, "second": pl.String, "models": pl.Int64} | dict.fromkeys(
    (*_FIGURES, *_RANKS), pl.Float64
)


def _related(source: str, names: tuple[str, str], scores: Mapping[str, Mapping[str, float]], level: float, seed: int) -> dict[str, Any]:
    first, second = (scores[name] for name in names)
    models = sorted(first.keys() & second.keys())
    x, y = (np.array([each[model] for model in models], dtype=np.float64) for each in (first, second))
    row: dict[str, Any] = {"source": source, "first": names[0], "second": names[1], "models": len(models)}
    if len(models) < LEAST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return row
    r = _pearson(x, y)
    row |= {"pearson": r, "spearman": spearman(x, y)}
    if len(models) > LEAST and abs(r) < 1 - 1e-12:
        half = NormalDist().inv_cdf(0.5 + level / 2) / math.sqrt(len(models) - 3)
        row |= {"pearson_low": math.tanh(math.atanh(r) - half), "pearson_high": math.tanh(math.atanh(r) + half)}
    spread = _resampled(x, y, level, seed)
    for name, bounds in (("pearson", spread.pearson), ("spearman", spread.spearman)):
        row |= dict(zip((f"{name}_boot_low", f"{name}_boot_high"), bounds or (None, None), strict=True))
    return row


def _pearson(x: FloatArray, y: FloatArray) -> float:
    return max(-1.0, min(1.0, float(np.corrcoef(x, y)[0, 1])))


def _resampled(x: FloatArray, y: FloatArray, level: float, seed: int) -> _Spread:
    """Draws in which one side does not vary have no correlation and are left out."""
    if len(x) < _BOOTSTRAP:
        return _Spread(None, None)
    drawn = np.random.default_rng([seed, 31]).integers(0, len(x), (_DRAWS, len(x)))
    first, second = x[drawn], y[drawn]
    varied = (np.ptp(first, axis=1) > 0) & (np.ptp(second, axis=1) > 0)
    first, second = first[varied], second[varied]
    return _Spread(_bounds(_by_row(first, second), level), _bounds(_by_row(_ranks(first), _ranks(second)), level))


def _ranks(rows: FloatArray) -> FloatArray:
    """Ranks in each row of (draws, models), equal values sharing the mean of theirs."""
    below = rows[:, :, None] > rows[:, None, :]
    alike = rows[:, :, None] == rows[:, None, :]
    return np.asarray(below.sum(axis=2) + (alike.sum(axis=2) + 1) / 2, dtype=np.float64)


def _by_row(x: FloatArray, y: FloatArray) -> FloatArray:
    """Pearson's r of each row."""
    x, y = (each - each.mean(axis=1, keepdims=True) for each in (x, y))
    return np.asarray((x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1)), dtype=np.float64)


def _bounds(values: FloatArray, level: float) -> tuple[float, float]:
    low, high = np.clip(np.quantile(values, [0.5 - level / 2, 0.5 + level / 2]), -1.0, 1.0)
    return float(low), float(high)
