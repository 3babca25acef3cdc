"""How far judges and people agree: raw, corrected for chance, and a judge's sensitivity and specificity against people.

Two columns of verdicts on the same answers, 1 true and 0 false; several answers to an item are not independent, so every interval is
by cluster of items. Krippendorff's α and Gwet's AC1 are those of `evals.values.agreement`, for two coders and two categories in closed
form, so that the bootstrap can draw clusters.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from evals.judging.shares import FEWEST, drawn_interval, interval_columns, resampled_sums
from evals.scoring.accuracy import share_interval
from evals.values.agreement import gwet_ac, krippendorff_alpha
from evals.values.intervals import Interval
from evals.values.loadings import FloatArray

__all__ = ["PEOPLE", "agreement", "people_on", "reliability_of_people"]

PEOPLE = "people (majority)"
_DRAWS = 2000


def people_on(verdicts: pl.DataFrame) -> pl.DataFrame:
    """The majority of people on each answer that they judged, as rows of one more judge; where they are split evenly, unjudged."""
    people = verdicts.filter(pl.col("person"))
    if people.is_empty():
        return people
    votes = people.group_by("judgement", maintain_order=True).agg(
        (pl.col("verdict") == "true").sum().alias("yes"), (pl.col("verdict") == "false").sum().alias("no")
    )
    majority = pl.when(pl.col("yes") > pl.col("no")).then(pl.lit("true")).when(pl.col("yes") < pl.col("no")).then(pl.lit("false"))
    found = people.unique("judgement", keep="first", maintain_order=True).join(votes, on="judgement", maintain_order="left")
    named = found.with_columns(
        judge=pl.lit(PEOPLE), model=pl.lit(PEOPLE), verdict=majority.otherwise(pl.lit("unjudged")), reason=pl.lit("")
    )
    return named.select(people.columns)


def agreement(verdicts: pl.DataFrame, *, level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """One row for every two judges that judged the same answers, people among them: `evals.judging.verdicts.read_verdicts`' rows in.

    both, agree   answers that both judged, and the share on which they say the same, with Wilson's interval
    alpha, ac1    Krippendorff's α and Gwet's AC1; intervals by a bootstrap over clusters of items
    sensitivity, specificity   of the first against the majority of people: P(judged true | true to people), P(judged false | false to them)
    between       "judge and people", "two judges", "two wordings of a judge", "two people"
    """
    whole = pl.concat([verdicts, people_on(verdicts)])
    marked = whole.with_columns(yes=pl.when(pl.col("verdict") == "true").then(1.0).when(pl.col("verdict") == "false").then(0.0))
    judged = marked.filter(pl.col("yes").is_not_null())
    people = set(verdicts.filter(pl.col("person"))["judge"])
    several = len(people) > 1
    models = dict(judged.select("judge", "model").iter_rows())
    names = sorted(set(judged["judge"]), key=lambda name: (name == PEOPLE, name in people, name))
    rows = []
    for first, second in combinations(names, 2):
        if (first in people and second == PEOPLE) or (not several and second in people):
            continue  # a rater against a majority with the rater in it; one rater alone is the majority
        between = _between(first, second, people, models)
        both = _both(judged.filter(judge=first), judged.filter(judge=second))
        if both.height:
            rows.append({"first": first, "second": second, "between": between} | _measures(both, level, seed, against=second == PEOPLE))
    return pl.DataFrame(rows, infer_schema_length=None)


def reliability_of_people(verdicts: pl.DataFrame, *, level: float = 0.95, seed: int = 0) -> tuple[Interval | None, Interval | None]:
    """Krippendorff's α and Gwet's AC1 over all people, bootstrap by answer; None where no answer was judged by two."""
    people = verdicts.filter(pl.col("person") & pl.col("verdict").is_in(["true", "false"]))
    if people.is_empty():
        return None, None
    wide = people.with_columns(yes=(pl.col("verdict") == "true").cast(pl.Float64)).pivot("judge", index="judgement", values="yes")
    ratings = wide.drop("judgement").to_numpy().astype(np.float64)
    both = {"seed": seed, "level": level}
    return krippendorff_alpha(ratings, "nominal", **both), gwet_ac(ratings, (0.0, 1.0), **both)  # type: ignore[arg-type]


def _between(first: str, second: str, people: set[str], models: dict[str, str]) -> str:
    if first in people:
        return "two people"
    if second in people or second == PEOPLE:
        return "judge and people"
    return "two wordings of a judge" if models[first] == models[second] else "two judges"


def _both(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    kept = one.select("judgement", "item", "cluster", pl.col("yes").alias("a"))
    return kept.join(other.select("judgement", pl.col("yes").alias("b")), on="judgement", maintain_order="left")


def _measures(both: pl.DataFrame, level: float, seed: int, *, against: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"both": both.height}
    row |= interval_columns("agree", _rate(both, pl.col("a") == pl.col("b"), level))
    sums = _tables(both)
    drawn = resampled_sums(sums, _DRAWS, seed, 81) if len(sums) >= FEWEST else np.zeros((0, 3))
    row |= interval_columns("alpha", _bootstrapped(_alpha(sums.sum(axis=0)[None]), _alpha(drawn), both.height, level))
    row |= interval_columns("ac1", _bootstrapped(_ac1(sums.sum(axis=0)[None]), _ac1(drawn), both.height, level))
    row |= interval_columns("sensitivity", _rate(both.filter(b=1), pl.col("a") == 1, level) if against else None)
    return row | interval_columns("specificity", _rate(both.filter(b=0), pl.col("a") == 0, level) if against else None)


def _rate(rows: pl.DataFrame, event: pl.Expr, level: float) -> Interval | None:
    """A share of answers: the mean over items of their share, with Wilson's interval, n reduced for clusters."""
    marked = rows.with_columns(share=event.cast(pl.Float64), cluster=pl.col("cluster"))
    return share_interval(marked.select(pl.col("judgement").alias("item"), "share", "cluster"), level)


def _tables(both: pl.DataFrame) -> FloatArray:
    """(clusters, 3): how many answers both call true, the two differ on, both call false."""
    place = np.unique(both["cluster"].to_numpy(), return_inverse=True)[1]
    total = both["a"].to_numpy() + both["b"].to_numpy()
    return np.stack([np.bincount(place, total == kind).astype(np.float64) for kind in (2, 1, 0)], axis=1)


def _bootstrapped(estimate: FloatArray, drawn: FloatArray, n: int, level: float) -> Interval | None:
    """None where there is no coefficient; no bounds around perfect agreement."""
    found = float(estimate[0])
    return None if np.isnan(found) else drawn_interval(found, drawn if found < 1 else drawn[:0], n, level)


def _alpha(counts: FloatArray) -> FloatArray:
    """Nominal α of two coders: 1 − (n − 1) d / (t f), of n ratings t true and f false, and d answers on which they differ."""
    both, differ, neither = counts.T
    true, false = 2 * both + differ, 2 * neither + differ
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1 - (true + false - 1) * differ / (true * false)
    return np.where(true * false > 0, found, np.nan)


def _ac1(counts: FloatArray) -> FloatArray:
    """AC1 of two coders: chance agreement 2 q (1 − q), with q the share of ratings that are true (Gwet 2008, equation 9)."""
    both, differ, neither = counts.T
    n = both + differ + neither
    prevalence = (2 * both + differ) / (2 * n)
    chance = 2 * prevalence * (1 - prevalence)
    found: FloatArray = ((both + neither) / n - chance) / (1 - chance)
    return found
