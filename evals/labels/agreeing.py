"""How far those who label agree, value by value: judges with each other, a judge's orders, people with each other, judges with people.

Krippendorff's α with ordinal distances and Gwet's AC2 with ordinal weights (for values that few videos carry, where α says little), both
on codes: a mean over orders or raters is rounded, halves away from 0. The intraclass correlation ICC(A,1), on the means. Against people
also how many of the promoted videos the judges find (sensitivity) and how many of the others they leave alone (specificity), weighted by
1/π to the videos from which the gold sample was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from evals.labels.gold_weights import coded_probabilities
from evals.labels.scores import rater_codes
from evals.values.agreement import gwet_ac, krippendorff_alpha
from evals.values.intervals import Interval, wilson_interval
from evals.values.loadings import FloatArray
from evals.values.reliability import icc
from personas.schwartz import VALUES

__all__ = ["PRESENT", "RARE", "Agreement", "Compared", "Found", "agreement_table", "compare", "confusion", "ratings_of"]

RARE = 0.05
"""Where fewer videos carry a value, AC2 is the coefficient to read."""

PRESENT = 0.5
"""From which mean code on a video promotes a value (in units of codes): half of those who label say 1."""

CODES = (-1.0, 0.0, 1.0, 2.0)
DRAWS = 500


@dataclass(frozen=True)
class Agreement:
    """Of one value. `prevalence`: share of units that carry it, promoting or opposing, in the mean of those who label; `units`: videos."""

    value: str
    units: int
    prevalence: float
    alpha: Interval | None
    ac2: Interval | None
    icc: Interval | None

    @property
    def rare(self) -> bool:
        """Whether α says little."""
        return self.prevalence < RARE


@dataclass(frozen=True)
class Found:
    """How judges do against people, of one value: shares of the promoted videos found, and of the others left alone, weighted by 1/π.

    `bias`: mean of judges less that of people, in loadings, weighted likewise; `n`: videos that people labelled; `promoted`: of these.
    """

    value: str
    n: int
    promoted: int
    sensitivity: Interval | None
    specificity: Interval | None
    bias: float


@dataclass(frozen=True)
class Compared:
    """One comparison over all values: who (`name`), how many label, and what came of it. `detail`: it is of a single judge."""

    name: str
    raters: tuple[str, ...]
    values: tuple[Agreement, ...]
    found: tuple[Found, ...] = ()
    detail: bool = False

    def mean(self, coefficient: Literal["alpha", "ac2", "icc"]) -> float | None:
        """Over the values that have it."""
        told = [interval.estimate for value in self.values if (interval := getattr(value, coefficient)) is not None]
        return float(np.mean(told)) if told else None


def ratings_of(long: pl.DataFrame, by: str, value: str) -> tuple[list[str], list[str], FloatArray]:
    """(videos, raters, ratings (videos, raters), NaN where there is none) of one value; `by`: the column that says who labels."""
    mine = long.filter(pl.col("value") == value)
    videos, raters = sorted(mine["video"].unique().to_list()), sorted(mine[by].unique().to_list())
    row, column = ({name: place for place, name in enumerate(names)} for names in (videos, raters))
    found = np.full((len(videos), len(raters)), np.nan)
    rows = [row[name] for name in mine["video"].to_list()]
    found[rows, [column[name] for name in mine[by].to_list()]] = mine["code"].to_numpy()
    return videos, [str(name) for name in raters], found


def agreement_table(ratings: FloatArray, value: str, seed: int = 0) -> Agreement:
    """The coefficients of ratings (units, raters); units that only one rated say nothing and are left out of `units`."""
    several = ratings[(~np.isnan(ratings)).sum(axis=1) > 1]
    mean = np.nanmean(several, axis=1) if len(several) else np.zeros(0)
    correlation = icc(several) if len(several) else None
    codes = np.sign(several) * np.floor(np.abs(several) + 0.5)
    return Agreement(
        value=value,
        units=len(several),
        prevalence=float((np.abs(mean) >= PRESENT).mean()) if len(mean) else 0.0,
        alpha=krippendorff_alpha(codes, "ordinal", draws=DRAWS, seed=seed) if len(several) else None,
        ac2=gwet_ac(codes, CODES, "ordinal", draws=DRAWS, seed=seed) if len(several) else None,
        icc=None if correlation is None else correlation.agreement,
    )


def confusion(judged: FloatArray, gold: FloatArray, inclusion: FloatArray, value: str) -> Found:
    """Judges' mean codes (n,) against people's mean codes (n,) of the gold sample, each video weighing 1/π.

    Intervals are Wilson's with Kish's effective number of videos in place of their number.
    """
    weight = 1 / inclusion
    there, said = gold >= PRESENT, judged >= PRESENT
    return Found(
        value=value,
        n=len(gold),
        promoted=int(there.sum()),
        sensitivity=_share(said[there], weight[there]),
        specificity=_share(~said[~there], weight[~there]),
        bias=float(((judged - gold) * weight).sum() / weight.sum() / 2) if len(gold) else 0.0,
    )


def _share(hits: FloatArray | np.ndarray, weight: FloatArray) -> Interval | None:
    """A weighted share with Wilson's interval at the effective sample size (Σw)²/Σw² (Kish 1965)."""
    if not len(hits):
        return None
    rate = float((hits * weight).sum() / weight.sum())
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    whole = max(1, round(effective))
    found = wilson_interval(min(rate * whole, whole), whole)
    assert found is not None, "there is at least one video"
    return Interval(rate, found.low, found.high, len(hits), "Wilson, effective sample size", found.level)


def compare(codes: pl.DataFrame, sample: pl.DataFrame | None, seed: int = 0) -> list[Compared]:
    """All comparisons that the raw labels allow: judges, each judge's orders, people, judges against people."""
    found: list[Compared] = []
    judges = rater_codes(codes)
    names = sorted(judges["rater"].unique().to_list())
    if len(names) > 1:
        found.append(_among("judges", judges, "rater", seed))
    for name in names:
        mine = codes.filter((pl.col("kind") == "judge") & (pl.col("rater") == name)).with_columns(pl.col("code").cast(pl.Float64))
        if mine["cell"].n_unique() > 1:
            found.append(replace(_among(f"orders of {name}", mine, "cell", seed), detail=True))
    people = rater_codes(codes, "gold")
    if people["rater"].n_unique() > 1:
        found.append(_among("people", people, "rater", seed))
    if not judges.is_empty() and not people.is_empty() and sample is not None:
        pooled = _against(judges, people, sample, seed)
        found.append(replace(pooled, name="judges' mean against people's mean", raters=tuple(names)))
        for name in names if len(names) > 1 else ():
            alone = _against(judges.filter(pl.col("rater") == name), people, sample, seed)
            found.append(replace(alone, name=f"{name} against people", raters=(name,), detail=True))
    return found


def _among(name: str, long: pl.DataFrame, by: str, seed: int) -> Compared:
    raters: Sequence[str] = ()
    values: list[Agreement] = []
    for value in VALUES:
        _, raters, ratings = ratings_of(long, by, value)
        values.append(agreement_table(ratings, value, seed))
    return Compared(name, tuple(raters), tuple(values))


def _against(judges: pl.DataFrame, people: pl.DataFrame, sample: pl.DataFrame, seed: int) -> Compared:
    """Two raters, who are the means; only videos of the gold sample, for the others were not drawn with a known probability."""
    weights = coded_probabilities(sample, set(people["video"].to_list()))
    drawn = pl.DataFrame(list(weights.items()), schema={"video": pl.String, "inclusion": pl.Float64}, orient="row")
    means = [each.group_by("video", "value").agg(pl.col("code").mean()) for each in (judges, people)]
    both = means[0].join(means[1], on=["video", "value"], suffix="_gold").join(drawn, on="video").sort("video")
    values, found = [], []
    for value in VALUES:
        mine = both.filter(pl.col("value") == value)
        judged, gold = mine["code"].to_numpy(), mine["code_gold"].to_numpy()
        values.append(agreement_table(np.column_stack([judged, gold]), value, seed))
        found.append(confusion(judged, gold, mine["inclusion"].to_numpy(), value))
    return Compared("", (), tuple(values), tuple(found))
