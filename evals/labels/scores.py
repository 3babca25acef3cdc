"""From raw codes to loadings: the mean of the judges, halved, with its spread over judges and orders; and people's mean likewise.

A judge's codes in several orders are averaged first, so that each judge counts once however often it was asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from personas.schwartz import VALUES

__all__ = ["gold_means", "judge_loadings", "least_judges", "rater_codes"]


def rater_codes(codes: pl.DataFrame, kind: str = "judge") -> pl.DataFrame:
    """One row a video, value and rater: video, value, rater, code (mean over orders, in [-1, 2])."""
    return codes.filter(pl.col("kind") == kind).group_by("video", "value", "rater").agg(pl.col("code").cast(pl.Float64).mean())


def least_judges(codes: pl.DataFrame, least: int | None) -> int:
    """How many judges a loading needs: as asked, else 2, or 1 where there is only one judge in all."""
    if least is not None:
        return least
    return min(2, max(1, codes.filter(pl.col("kind") == "judge")["rater"].n_unique()))


def judge_loadings(codes: pl.DataFrame, least: int = 1) -> pl.DataFrame:
    """One row a video with labels of at least `least` judges: id, SD … UN in [-1, 1], SD_sd … UN_sd, judges (their names, ", " between),
    labels (how many answers that rests on).

    The SD is over all answers, judges × orders, of the halved codes (n − 1); null for a single answer.
    """
    mine = codes.filter(pl.col("kind") == "judge").with_columns(pl.col("code").cast(pl.Float64))
    per = rater_codes(mine)
    counted = mine.group_by("video").agg(
        pl.col("rater").unique().sort().str.join(", ").alias("judges"),
        pl.col("rater").n_unique().alias("many"),
        pl.struct("rater", "cell").n_unique().cast(pl.Int64).alias("labels"),
    )
    enough = counted.filter(pl.col("many") >= least).drop("many")
    mean = per.group_by("video", "value").agg((pl.col("code").mean() / 2).alias("x"))
    spread = mine.group_by("video", "value").agg((pl.col("code").std() / 2).alias("sd"))
    together = mean.join(spread, on=["video", "value"]).join(enough, on="video")
    return _wide(together, ("judges", "labels"))


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
