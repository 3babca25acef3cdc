"""The profiles table: its columns, its p values adjusted, its estimates in SD, its units."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from evals.values.multiplicity import benjamini_hochberg, holm
from evals.values.panel import BINARY, Panel

__all__ = ["PROFILE_COLUMNS", "RAW", "SCHEMA", "adjusted", "bound_unit", "in_sd", "unit_of"]

PROFILE_COLUMNS = ("respondent", "value", "estimand", "estimate", "low", "high", "method", "n")
"""The first columns of `profiles`; more follow."""
RAW: dict[str, Any] = {
    "respondent": pl.String,
    "value": pl.String,
    "estimand": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "method": pl.String,
    "n": pl.Int64,
    "channel": pl.String,
    "unit": pl.String,
    "se": pl.Float64,
    "p": pl.Float64,
    "identified_by": pl.String,
    "bound_low": pl.Float64,
    "bound_high": pl.Float64,
    "bound_unit": pl.String,
    "robustness": pl.Float64,
}
"""What a row is made of; `adjusted` and `in_sd` add the rest."""
_IN_SD = ("estimate", "low", "high")
SCHEMA: dict[str, Any] = {**RAW, "p_adjusted": pl.Float64, "q": pl.Float64, **{f"{name}_sd": pl.Float64 for name in _IN_SD}}


def in_sd(rows: pl.DataFrame, panel: Panel) -> pl.DataFrame:
    """Estimates and intervals in SD of the reference respondents' answers too; null for likes and skips, and where these do not vary."""
    sd = panel.within_sd if panel.channel not in BINARY and panel.within_sd > 0 else None
    return rows.with_columns((pl.col(name) / pl.lit(sd, pl.Float64)).alias(f"{name}_sd") for name in _IN_SD)


def adjusted(rows: pl.DataFrame) -> pl.DataFrame:
    """p_adjusted: Holm over the values of one respondent and estimand; q: Benjamini–Hochberg over all rows of the estimand."""
    families = np.full(rows.height, np.nan)
    q = np.full(rows.height, np.nan)
    numbered = rows.with_row_index("row").filter(pl.col("p").is_not_null() & pl.col("p").is_finite())
    for _, group in numbered.group_by("respondent", "estimand", maintain_order=True):
        families[group["row"].to_numpy()] = holm(group["p"].to_numpy())
    for _, group in numbered.group_by("estimand", maintain_order=True):
        q[group["row"].to_numpy()] = benjamini_hochberg(group["p"].to_numpy())
    return rows.with_columns(pl.Series("p_adjusted", families).fill_nan(None), pl.Series("q", q).fill_nan(None), pl.col("p").fill_nan(None))


def bound_unit(channel: str) -> str:
    """Bounds of likes and skips are those of a linear probability."""
    return "probability per unit loading" if channel in BINARY else unit_of(channel)


def unit_of(channel: str) -> str:
    """What an estimate of 1 means on a channel."""
    if channel in BINARY:
        return "log-odds per unit loading"
    return "scale points per unit loading" if channel == "rating" else "SD of normal scores per unit loading"
