"""Does a judge favour respondents of its own family? Differences in differences, against judges of other families on the same answers.

That own answers do better with a judge may be because they are better; that they do better with it than with other judges is not explained
by that. Judges of the same family are no comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from evals.judging.families import family_of
from evals.judging.shares import FEWEST, drawn_interval, resampled_sums
from evals.scoring.paired import paired_difference
from evals.values.intervals import Interval
from evals.values.loadings import FloatArray

__all__ = ["favours"]

DRAWS = 1000
Favour = tuple[str, str, str, Interval]
"""Judge, of what, measure, interval."""


def favours(marked: pl.DataFrame, games: pl.DataFrame, families: Mapping[str, str], *, level: float, seed: int) -> Iterator[Favour]:
    """For each judge with respondents of its family and others, and with judges of other families beside it on the same judgements.

    Verdicts (`yes`: 1 true, 0 false): its verdicts less the mean of theirs, over own family less over others. Pairs of one of each: the
    points (0 to 1) that it gives its own family, less those that they give it.
    """
    judges = dict(marked.select("judge", "model").unique(maintain_order=True).iter_rows())
    kind = {judge: family_of(str(model), families) for judge, model in judges.items()}
    for judge, family in kind.items():
        own = _beside(marked, judge, [name for name, theirs in kind.items() if theirs != family], "yes")
        kin = _kin(own["respondent"], family, families)
        if kin.any() and not kin.all():
            gap = (own["yes"] - own["theirs"]).to_numpy()
            interval = _contrast(gap, kin, own["cluster"].to_numpy(), level=level, seed=seed)
            yield judge, "verdicts", f"own family ({family}) less others, beside other judges", interval
    players = {str(judge): family_of(str(judge), families) for judge in games["judge"].unique(maintain_order=True)}
    for judge, family in players.items():
        own = _beside(games, judge, [name for name, theirs in players.items() if theirs != family], "won")
        first, second = _kin(own["first"], family, families), _kin(own["second"], family, families)
        one = first != second
        if one.any():
            gap = np.where(first, 1.0, -1.0) * (own["won"] - own["theirs"]).to_numpy()
            interval = paired_difference(gap[one], np.zeros(int(one.sum())), own["cluster"].to_numpy()[one], level=level, seed=seed)
            yield judge, "pairs", f"points to own family ({family}), beside other judges", interval


def _beside(rows: pl.DataFrame, judge: str, others: list[str], what: str) -> pl.DataFrame:
    """The judge's rows with `theirs`: the mean of what the others say of the same."""
    compared = rows.filter(pl.col("judge").is_in(others)).group_by("judgement").agg(pl.col(what).mean().alias("theirs"))
    return rows.filter(judge=judge).join(compared, on="judgement", maintain_order="left")


def _kin(names: pl.Series, family: str, families: Mapping[str, str]) -> np.ndarray:
    return np.array([family_of(str(name), families) == family for name in names], dtype=np.bool_)


def _contrast(values: FloatArray, kin: np.ndarray, clusters: np.ndarray, *, level: float, seed: int) -> Interval:
    """Mean over `kin` less mean over the others; whole clusters are drawn."""
    place = np.unique(clusters, return_inverse=True)[1]
    parts = np.stack([np.bincount(place, part) for part in (values * kin, kin * 1.0, values * ~kin, ~kin * 1.0)], axis=1).astype(np.float64)

    def gap(sums: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            found: FloatArray = sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]
        return found

    drawn = gap(resampled_sums(parts, DRAWS, seed, 83)) if len(parts) >= FEWEST else np.zeros(0)
    return drawn_interval(float(gap(parts.sum(axis=0)[None])[0]), drawn, len(values), level)
