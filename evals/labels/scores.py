"""From raw codes to loadings: the mean of the judges, halved, with its spread over judges and orders; and people's mean likewise.

A judge's codes in several orders are averaged first, then those of the same model with and without a script, so that each model counts
once however often, and in whichever way, it was asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from evals.labels.judges import TWO_STEP
from personas.schwartz import VALUES

__all__ = ["BOTH_WAYS", "gold_means", "judge_loadings", "judge_names", "least_judges", "rater_codes"]

BOTH_WAYS = " and "
"""Between the two names of a model that labelled both in one step and by way of a script."""


def _model() -> pl.Expr:
    """The model of each rater: a model with a script is no witness of its own beside the same one without."""
    return pl.col("rater").str.strip_suffix(TWO_STEP)


def judge_names(raters: Iterable[str]) -> str:
    """Judges by name, ", " between them: as many as there are models, "x and x+script" being one."""
    models: dict[str, list[str]] = {}
    for rater in sorted(set(raters)):
        models.setdefault(rater.removesuffix(TWO_STEP), []).append(rater)
    return ", ".join(BOTH_WAYS.join(names) for names in models.values())


def rater_codes(codes: pl.DataFrame, kind: str = "judge") -> pl.DataFrame:
    """One row a video, value and rater: video, value, rater, code (mean over orders, in [-1, 2])."""
    return codes.filter(pl.col("kind") == kind).group_by("video", "value", "rater").agg(pl.col("code").cast(pl.Float64).mean())


def least_judges(codes: pl.DataFrame, least: int | None) -> int:
    """How many judges, that is models, a loading needs: as asked, else 2, or 1 where there is only one in all."""
    if least is not None:
        return least
    return min(2, max(1, codes.filter(pl.col("kind") == "judge").select(_model())["rater"].n_unique()))


def judge_loadings(codes: pl.DataFrame, least: int = 1) -> pl.DataFrame:
    """One row a video with labels of at least `least` models: id, SD … UN in [-1, 1], SD_sd … UN_sd, judges (as `judge_names` has them),
    labels (how many answers that rests on).

    The SD is over all answers, judges × orders, of the halved codes (n − 1); null for a single answer.
    """
    mine = codes.filter(pl.col("kind") == "judge").with_columns(pl.col("code").cast(pl.Float64))
    per = rater_codes(mine).group_by("video", "value", _model()).agg(pl.col("code").mean())
    counted = mine.group_by("video").agg(
        pl.col("rater").unique().sort().alias("raters"),
        _model().n_unique().alias("many"),
        pl.struct("rater", "cell").n_unique().cast(pl.Int64).alias("labels"),
    )
    together = {tuple(raters): judge_names(raters) for raters in counted["raters"].unique().to_list()}
    named = pl.Series("judges", [together[tuple(raters)] for raters in counted["raters"].to_list()], dtype=pl.String)
    enough = counted.with_columns(named).filter(pl.col("many") >= least).drop("many", "raters")
    mean = per.group_by("video", "value").agg((pl.col("code").mean() / 2).alias("x"))
    spread = mine.group_by("video", "value").agg((pl.col("code").std() / 2).alias("sd"))
    return _wide(mean.join(spread, on=["video", "value"]).join(enough, on="video"), ("judges", "labels"))


def gold_means(codes: pl.DataFrame) -> pl.DataFrame:
    """One row a video that people coded: id, SD … UN in [-1, 1] (the raters' mean, halved), SD_sd … UN_sd, raters (how many)."""
    per = rater_codes(codes, "gold")
    together = per.group_by("video", "value").agg(
        (pl.col("code").mean() / 2).alias("x"), (pl.col("code").std() / 2).alias("sd"), pl.len().cast(pl.Int64).alias("raters")
    )
    return _wide(together, ("raters",))


def _wide(long: pl.DataFrame, kept: Sequence[str]) -> pl.DataFrame:
    """Rows of (video, value, x, sd) as one row a video. A video without one of the ten values is left out: its codes are not whole."""
    by = pl.col("value")
    picked = [pl.col("x").filter(by == value).first().alias(value) for value in VALUES]
    spreads = [pl.col("sd").filter(by == value).first().alias(f"{value}_sd") for value in VALUES]
    wide = long.group_by("video").agg(*picked, *spreads, *(pl.col(name).first() for name in kept))
    return wide.drop_nulls(list(VALUES)).rename({"video": "id"}).sort("id")
