"""What sways a judge besides the answers: where an answer stands, how long it is, whose it is, how the judge was asked.

Each audit is a figure that is 0 for a judge that is not swayed, with a bootstrap interval over clusters of items; `beyond` says whether the
interval leaves 0 out. Each stands alone: among twenty, one may do so by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from evals.judging.favour import favours
from evals.judging.logit import affordable, fitted
from evals.judging.shares import FEWEST, drawn_interval, resampled
from evals.scoring.accuracy import share_interval
from evals.scoring.paired import paired_difference
from evals.values.intervals import Interval
from evals.values.loadings import FloatArray

__all__ = ["MAY_BE_QUALITY", "SAME", "audits"]

COLUMNS: Mapping[str, Any] = {
    "audit": pl.String,
    "judge": pl.String,
    "of": pl.String,
    "measure": pl.String,
    "estimate": pl.Float64,
    "estimate_low": pl.Float64,
    "estimate_high": pl.Float64,
    "n": pl.Int64,
    "method": pl.String,
    "beyond": pl.Boolean,
}
DRAWS = 1000
_ENOUGH = 20
"""Judged pairs, below which no slope is given of a part of them."""


def audits(
    verdicts: pl.DataFrame,
    games: pl.DataFrame,
    gold: pl.DataFrame | None = None,
    families: Mapping[str, str] | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> pl.DataFrame:
    """One row a judge and measure, for the judges that are models: verdicts of `read_verdicts` and `games` of `strengths.games_of`.

    position         of pairs judged in both orders: the share with the same outcome (n: pairs), and the share of points that go to the
                     first less one half
    length           verdicts: log length of the true less the false answers to an item, and the slope of being true on log length within
                     it; with `gold`, a slope over all items with people's verdict held. Pairs: winner less loser, and the slope of winning
                     on the difference: alone, with the respondents' strengths held, and among answers that people (else the judge itself,
                     one by one) call alike. Slopes are in log odds a unit of log length; what is in `MAY_BE_QUALITY` may be quality
    self-preference  `evals.judging.favour`: own family less others, in this judge less judges of other families on the same answers
    wording          of two wordings of one judge: the share of same verdicts, and the difference in the share of true ones
    """
    models = verdicts.filter(~pl.col("person"))
    marked = models.with_columns(
        yes=pl.when(pl.col("verdict") == "true").then(1.0).when(pl.col("verdict") == "false").then(0.0),
        log_length=(pl.col("prediction").str.len_chars() + 1).log(),
    ).filter(pl.col("yes").is_not_null())
    played = games.filter(pl.col("won").is_not_null())
    sure = None if gold is None else gold.filter(pl.col("gold").is_in([0.0, 1.0]))  # what people differ on holds less
    rows: list[dict[str, Any]] = []
    for judge in played["judge"].unique(maintain_order=True).to_list():
        own = played.filter(judge=judge)
        rows += _rows("position", judge, "pairs", _position(own, level=level, seed=seed))
        rows += _rows(
            "length", judge, "pairs", _length_of_pairs(own, *_alike(own, marked.filter(judge=judge), sure), level=level, seed=seed)
        )
    for judge in marked["judge"].unique(maintain_order=True).to_list():
        rows += _rows("length", judge, "verdicts", _length_of_verdicts(marked.filter(judge=judge), sure, level=level, seed=seed))
    for judge, of, told, interval in favours(marked, played, families or {}, level=level, seed=seed):
        rows += _rows("self-preference", judge, of, [(told, interval)])
    rows += _wordings(marked, level=level, seed=seed)
    return pl.DataFrame(rows, schema=dict(COLUMNS))


_LONGER_TRUE, _SLOPE_TRUE = "true less false, log length", "slope of true on log length"
_LONGER_WINS, _SLOPE_WINS = "winner less loser, log length", "slope of winning on log length"
_SLOPE_HELD = "slope of winning on log length, strengths held"
MAY_BE_QUALITY = (_LONGER_TRUE, _SLOPE_TRUE, _LONGER_WINS, _SLOPE_WINS, _SLOPE_HELD)
"""Measures that better answers being longer would move as well."""
Measured = Iterable[tuple[str, Interval | None]]
SAME = ("same outcome in both orders", "same verdicts in both wordings")
"""Measures that are shares, for which 0 is no absence of anything."""


def _rows(audit: str, judge: str, of: str, measured: Measured) -> list[dict[str, Any]]:
    found = []
    for measure, interval in measured:
        if interval is None:
            continue
        low, high = interval.low, interval.high
        beyond = None if measure in SAME or low is None or high is None else not low <= 0 <= high
        method = f"{interval.method}, {interval.level:.0%}"
        row = {"audit": audit, "judge": judge, "of": of, "measure": measure, "estimate": interval.estimate, "n": interval.n}
        found.append(row | {"estimate_low": low, "estimate_high": high, "method": method, "beyond": beyond})
    return found


def _position(games: pl.DataFrame, *, level: float, seed: int) -> list[tuple[str, Interval | None]]:
    turned = pl.col("first_id") > pl.col("second_id")
    pairs = (
        games.with_columns(one=pl.min_horizontal("first_id", "second_id"), other=pl.max_horizontal("first_id", "second_id"), turned=turned)
        .with_columns(points=pl.when("turned").then(1 - pl.col("won")).otherwise(pl.col("won")))
        .group_by("item", "one", "other", maintain_order=True)
        .agg(pl.len(), pl.col("points").n_unique().alias("kinds"), pl.col("won").mean(), pl.col("cluster").first())
        .filter(pl.col("len") == 2)
    )
    if pairs.is_empty():
        return []
    same = pairs.select(
        pl.format("{} {} {}", "item", "one", "other").alias("item"), (pl.col("kinds") == 1).cast(pl.Float64).alias("share"), "cluster"
    )
    first = paired_difference(pairs["won"].to_numpy(), np.full(pairs.height, 0.5), pairs["cluster"].to_numpy(), level=level, seed=seed)
    if first.low is None and first.estimate:  # the same in all pairs: Wilson's interval of the points bounds it
        points = share_interval(same.with_columns(share=pairs["won"]), level)
        if points is not None and points.low is not None and points.high is not None:
            first = Interval(first.estimate, points.low - 0.5, points.high - 0.5, points.n, points.method, level)
    return [(SAME[0], share_interval(same, level)), ("preference for the first", first)]


def _alike(games: pl.DataFrame, verdicts: pl.DataFrame, gold: pl.DataFrame | None) -> tuple[pl.DataFrame, str]:
    """The pairs of two answers that people call alike; where people judged too few of them, that the judge itself does, one by one."""
    for who, known in (("people call", gold), ("it calls by itself", verdicts.select("judgement", pl.col("yes").alias("gold")))):
        if known is None:
            continue
        of = dict(known.select("judgement", "gold").iter_rows())
        alike = [
            of.get(one) is not None and of.get(one) == of.get(other) for one, other in games.select("first_id", "second_id").iter_rows()
        ]
        if sum(alike) >= _ENOUGH:
            return games.filter(pl.Series(alike, dtype=pl.Boolean)), f"slope of winning on log length, answers that {who} alike"
    return games.clear(), ""


def _length_of_pairs(games: pl.DataFrame, alike: pl.DataFrame, told: str, *, level: float, seed: int) -> list[tuple[str, Interval | None]]:
    longer = (games["log_first"] - games["log_second"]).to_numpy()
    won, clusters = games["won"].to_numpy(), games["cluster"].to_numpy()
    decided = won != 0.5
    signed = np.where(won == 1, longer, -longer)[decided]
    names = sorted({*games["first"], *games["second"]})
    place = {name: number for number, name in enumerate(names)}
    design = np.zeros((games.height, len(names) + 2))
    rows = np.arange(games.height)
    design[rows, [place[name] for name in games["first"]]] += 1
    design[rows, [place[name] for name in games["second"]]] -= 1
    design[:, -2], design[:, -1] = 1, longer
    alone = design[:, -2:]
    return [
        (_LONGER_WINS, _mean(signed, clusters[decided], level=level, seed=seed)),
        (_SLOPE_WINS, _slope(alone, won, clusters, level=level, seed=seed)),
        (_SLOPE_HELD, _slope(design, won, clusters, level=level, seed=seed)),
        *_slope_of_alike(alike, told, level=level, seed=seed),
    ]


def _slope_of_alike(alike: pl.DataFrame, told: str, *, level: float, seed: int) -> list[tuple[str, Interval | None]]:
    if alike.is_empty():
        return []
    longer = (alike["log_first"] - alike["log_second"]).to_numpy()
    design = np.stack([np.ones(len(longer)), longer], axis=1)
    return [(told, _slope(design, alike["won"].to_numpy(), alike["cluster"].to_numpy(), level=level, seed=seed))]


def _length_of_verdicts(rows: pl.DataFrame, gold: pl.DataFrame | None, *, level: float, seed: int) -> list[tuple[str, Interval | None]]:
    pairs = rows.filter(yes=1).join(
        rows.filter(yes=0).select("item", pl.col("log_length").alias("of_false")), on="item", maintain_order="left"
    )
    longer = (pairs["log_length"] - pairs["of_false"]).to_numpy()
    per_item = pairs.with_columns(longer=pl.Series(longer, dtype=pl.Float64)).group_by("item", maintain_order=True)
    means = per_item.agg(pl.col("longer").mean(), pl.col("cluster").first())
    found = [
        (_LONGER_TRUE, _mean(means["longer"].to_numpy(), means["cluster"].to_numpy(), level=level, seed=seed)),
        # A true and a false answer to one item: which of the two is the true one is the outcome, so there is no intercept.
        (_SLOPE_TRUE, _slope(longer[:, None], np.ones(len(longer)), pairs["cluster"].to_numpy(), level=level, seed=seed)),
    ]
    if gold is None or gold.is_empty():
        return found
    known = rows.join(gold.select("judgement", "gold"), on="judgement", maintain_order="left")
    length = known["log_length"].to_numpy()
    design = np.stack([np.ones(known.height), known["gold"].to_numpy() - 0.5, length - (length.mean() if len(length) else 0.0)], axis=1)
    held = _slope(design, known["yes"].to_numpy(), known["cluster"].to_numpy(), level=level, seed=seed)
    return [*found, ("slope of true on log length over items, people's verdict held", held)]


def _wordings(marked: pl.DataFrame, *, level: float, seed: int) -> list[dict[str, Any]]:
    found = []
    for own in marked.partition_by("model", maintain_order=True):
        for first, second in combinations(own["judge"].unique(maintain_order=True).to_list(), 2):
            one, other = own.filter(judge=first), own.filter(judge=second)
            if one["cell"][0] == other["cell"][0]:
                continue  # settings that differ, not wordings
            both = one.join(other.select("judgement", pl.col("yes").alias("also")), on="judgement", maintain_order="left")
            if both.is_empty():
                continue
            same = both.select(
                pl.col("judgement").alias("item"), (pl.col("yes") == pl.col("also")).cast(pl.Float64).alias("share"), "cluster"
            )
            apart = paired_difference(both["yes"].to_numpy(), both["also"].to_numpy(), both["cluster"].to_numpy(), level=level, seed=seed)
            measured = [(SAME[1], share_interval(same, level)), (f"share of true, less that of {second}", apart)]
            found += _rows("wording", first, "verdicts", measured)
    return found


def _mean(values: FloatArray, clusters: np.ndarray, *, level: float, seed: int) -> Interval | None:
    return paired_difference(values, np.zeros(len(values)), clusters, level=level, seed=seed) if len(values) else None


def _slope(design: FloatArray, outcome: FloatArray, clusters: np.ndarray, *, level: float, seed: int) -> Interval | None:
    """The last coefficient of the logistic regression; None where its column does not vary."""
    if not len(outcome) or not np.abs(design[:, -1]).max() > 0:
        return None
    place = np.unique(clusters, return_inverse=True)[1]
    count = int(place.max()) + 1
    estimate = float(fitted(design, outcome, np.ones((1, len(outcome))))[0, -1])
    drawn: FloatArray = np.zeros(0)
    if count >= FEWEST:
        drawn = fitted(design, outcome, resampled(count, affordable(DRAWS, len(outcome)), seed, 84)[:, place])[:, -1]
    return drawn_interval(estimate, drawn, len(outcome), level)
