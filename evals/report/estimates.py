"""Estimates of an analysis in the form in which plots and tables take them: by respondent, estimand and value, without a NaN."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from evals.report.words import count, finite
from evals.values.intervals import Interval
from evals.values.panel import BINARY

__all__ = ["ALPHA", "BY_DESIGN", "Estimate", "Series", "estimates_of", "how", "in_sd", "interval_estimate", "limit_of", "series_of"]

BY_DESIGN = frozenset({"persona", "relative", "steering", "twin"})
"""Estimands that the design identifies; the others are only given the covariates."""
ALPHA = 0.05
_SD = {"estimate_sd": "estimate", "low_sd": "low", "high_sd": "high"}


@dataclass(frozen=True)
class Estimate:
    """One estimate with its interval and the bounds that refusals leave open; None where there is none.

    designed     identified by design, and not only given the covariates
    significant  p after Holm's correction is below ALPHA
    """

    estimate: float
    low: float | None = None
    high: float | None = None
    bound_low: float | None = None
    bound_high: float | None = None
    p_adjusted: float | None = None
    designed: bool = False

    @property
    def significant(self) -> bool:
        return self.p_adjusted is not None and self.p_adjusted < ALPHA

    @property
    def reach(self) -> tuple[float, ...]:
        """All figures that a plot has to hold."""
        return tuple(each for each in (self.estimate, self.low, self.high, self.bound_low, self.bound_high) if each is not None)


@dataclass(frozen=True)
class Series:
    """Estimates of one respondent and estimand, by value code."""

    name: str
    by_value: Mapping[str, Estimate]

    @property
    def designed(self) -> bool:
        return all(each.designed for each in self.by_value.values())


def series_of(profiles: pl.DataFrame, respondent: str, estimand: str) -> Series | None:
    """One respondent's estimates of one estimand; None where there are none."""
    return estimates_of(profiles.filter(pl.col("respondent") == respondent), estimand).get(respondent)


def estimates_of(profiles: pl.DataFrame, estimand: str) -> dict[str, Series]:
    """The estimates of one estimand by respondent, in the order of the table."""
    found: dict[str, dict[str, Estimate]] = {}
    for row in profiles.filter(pl.col("estimand") == estimand).iter_rows(named=True):
        one = _estimate(row, estimand)
        if one is not None:
            found.setdefault(row["respondent"], {})[row["value"]] = one
    return {name: Series(name, by_value) for name, by_value in found.items()}


def how(profiles: pl.DataFrame, estimand: str) -> str:
    """What the intervals of an estimand are, one sentence: method with its level, and the number of clips behind them."""
    rows = profiles.filter(pl.col("estimand") == estimand)
    if rows.is_empty():
        return ""
    least, most = rows["n"].min(), rows["n"].max()
    n = _count(least) if least == most else f"{_count(least)} to {_count(most)}"
    return f"Lines are intervals: {'; '.join(rows['method'].unique(maintain_order=True).to_list()[:3])}; n = {n} clips."


def in_sd(profiles: pl.DataFrame) -> pl.DataFrame:
    """The rows with an estimate in SD units, that in place of the outcome's; none where the table lacks the columns."""
    if not set(_SD) <= set(profiles.columns):
        return profiles.clear()
    rows = profiles.filter(pl.col("estimate_sd").is_not_null())
    return rows.with_columns(**{plain: pl.col(sd) for sd, plain in _SD.items()}, bound_low=pl.lit(None), bound_high=pl.lit(None))


def interval_estimate(interval: Interval | None) -> Estimate | None:
    """An interval as an estimate by design; None for none."""
    if interval is None or finite(interval.estimate) is None:
        return None
    return Estimate(interval.estimate, finite(interval.low), finite(interval.high), designed=True)


def limit_of(series: Sequence[Series], least: float = 1e-6) -> float:
    """The largest figure in any of them, whatever its sign."""
    return max((abs(number) for number in _figures(series)), default=least) or least


def _count(n: Any) -> str:
    return "–" if n is None else count(n)


def _figures(series: Sequence[Series]) -> Iterator[float]:
    for one in series:
        for estimate in one.by_value.values():
            yield from estimate.reach


def _estimate(row: Mapping[str, Any], estimand: str) -> Estimate | None:
    """Bounds only where they have the unit of the estimate: those of likes and skips are of a probability."""
    centre = finite(row["estimate"])
    if centre is None:
        return None
    bounded = row.get("channel") not in BINARY
    return Estimate(
        estimate=centre,
        low=finite(row["low"]),
        high=finite(row["high"]),
        bound_low=finite(row.get("bound_low")) if bounded else None,
        bound_high=finite(row.get("bound_high")) if bounded else None,
        p_adjusted=finite(row.get("p_adjusted")),
        designed=estimand in BY_DESIGN,
    )
