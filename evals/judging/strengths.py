"""Bradley–Terry: how strong respondents are, from judgements of which of two answers is better (Bradley and Terry 1952).

P(first wins) is logistic in the difference of the strengths plus an effect of standing first. A tie is half a win for each: it keeps the
order that Davidson's (1970) model gives, without a parameter for ties. Strengths are log odds around a mean of 0, with a weak prior
(`evals.judging.logit`); intervals of strengths and of ranks are by a bootstrap over clusters of items. No Elo: its ratings depend on the
order of the games.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evals.judging.logit import affordable, fitted
from evals.judging.shares import FEWEST, resampled
from evals.values.loadings import FloatArray

__all__ = ["GAMES", "games_of", "strengths"]

GAMES = {
    "judge": pl.String,
    "judgement": pl.String,
    "item": pl.String,
    "cluster": pl.String,
    "first": pl.String,
    "second": pl.String,
    "first_id": pl.String,
    "second_id": pl.String,
    "won": pl.Float64,
    "log_first": pl.Float64,
    "log_second": pl.Float64,
}
"""won: 1 where the first is better, 0 where the second is, .5 for neither, null where unjudged; log_…: log of 1 + characters; …_id: the
judgements of the two answers by themselves."""
DRAWS = 1000
_WON = {"first": 1.0, "second": 0.0, "equal": 0.5}


def games_of(judged: pl.DataFrame) -> pl.DataFrame:
    """The pairs among `evals.judging.verdicts.read_judged`'s rows, as `GAMES`."""
    rows = []
    for row in judged.filter(pl.col("kind") == "pair").iter_rows(named=True):
        about = row["about"]
        known = {name: row[name] for name in ("judge", "judgement", "item", "cluster")}
        known |= {"first": about["first_by"], "second": about["second_by"], "won": _WON.get(row["verdict"])}
        known |= {f"{which}_id": about.get(f"{which}_judgement", "") for which in ("first", "second")}
        lengths = {f"log_{which}": float(np.log1p(len(about[f"{which}_answer"]))) for which in ("first", "second")}
        rows.append(known | lengths)
    return pl.DataFrame(rows, schema=GAMES)


def strengths(games: pl.DataFrame, *, level: float = 0.95, seed: int = 0, draws: int = DRAWS) -> pl.DataFrame:
    """One row a judge and respondent: won, tied, lost, unjudged, win_share, strength, rank (1: the strongest), each with _low and _high.

    group   respondents whom no judged pair connects, not even by way of others, are of different groups: strengths and ranks compare within
            one only
    bounded whether both wins and losses (ties are both) lead from it to all others of its group and back; else the data alone set no bound
            to its strength, and the prior does (Ford 1957)
    first_effect  log odds that standing first adds, with its bounds: one figure for a judge
    """
    rows: list[dict[str, Any]] = []
    for (judge,), own in games.sort("judge").partition_by("judge", as_dict=True, maintain_order=True).items():
        names = sorted({*own["first"], *own["second"]})
        played = own.filter(pl.col("won").is_not_null())
        rows += [{"judge": judge} | row for row in _of_judge(names, own, played, level=level, seed=seed, draws=draws)]
    return pl.DataFrame(rows, infer_schema_length=None)


def _of_judge(
    names: Sequence[str], own: pl.DataFrame, played: pl.DataFrame, *, level: float, seed: int, draws: int
) -> list[dict[str, Any]]:
    place = {name: number for number, name in enumerate(names)}
    first = np.array([place[name] for name in played["first"]], dtype=np.int64)
    second = np.array([place[name] for name in played["second"]], dtype=np.int64)
    won = played["won"].to_numpy().astype(np.float64)
    groups, bounded = _connections(first, second, won, len(names))
    estimates: FloatArray = np.zeros((0, len(names) + 1))
    drawn: FloatArray = estimates
    clusters = np.unique(played["cluster"].to_numpy(), return_inverse=True)[1] if played.height else np.zeros(0, dtype=np.int64)
    if played.height:
        design = _design(first, second, len(names))
        estimates = _centred(fitted(design, won, np.ones((1, played.height))), groups)
        if (count := int(clusters.max()) + 1) >= FEWEST:
            drawn = _centred(fitted(design, won, resampled(count, affordable(draws, played.height), seed, 82)[:, clusters]), groups)
    ends = [0.5 - level / 2, 0.5 + level / 2]
    found = []
    for number, name in enumerate(names):
        counts = _counts(number, first, second, won)
        unjudged = own.filter(((pl.col("first") == name) | (pl.col("second") == name)) & pl.col("won").is_null()).height
        row: dict[str, Any] = {"respondent": name, **counts, "unjudged": unjudged, "group": int(groups[number]) + 1}
        row |= {"bounded": bool(bounded[number])}
        row |= _bounded("strength", estimates[:, number], drawn[:, number], ends)
        row |= _bounded("rank", _ranks(estimates, groups)[:, number], _ranks(drawn, groups)[:, number], ends)
        found.append(row | _bounded("first_effect", estimates[:, -1], drawn[:, -1], ends))
    return found


def _design(first: NDArray[np.int64], second: NDArray[np.int64], count: int) -> FloatArray:
    """(games, respondents + 1): +1 for the first, −1 for the second, and 1 for standing first."""
    design = np.zeros((len(first), count + 1))
    rows = np.arange(len(first))
    design[rows, first] += 1
    design[rows, second] -= 1
    design[:, -1] = 1
    return design


def _centred(coefficients: FloatArray, groups: NDArray[np.int64]) -> FloatArray:
    """Strengths around 0 within each group."""
    found = coefficients.copy()
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        found[:, members] -= found[:, members].mean(axis=1, keepdims=True)
    return found


def _ranks(coefficients: FloatArray, groups: NDArray[np.int64]) -> FloatArray:
    """Ranks from 1 within the groups; equals share the mean of theirs."""
    values = coefficients[:, : len(groups)]
    same = groups[:, None] == groups[None, :]
    above = (values[:, None, :] > values[:, :, None] + 1e-9) & same
    level = (np.abs(values[:, None, :] - values[:, :, None]) <= 1e-9) & same
    ranks: FloatArray = 1 + above.sum(axis=2) + (level.sum(axis=2) - 1) / 2
    return ranks


def _counts(number: int, first: NDArray[np.int64], second: NDArray[np.int64], won: FloatArray) -> dict[str, Any]:
    points = np.concatenate([won[first == number], 1 - won[second == number]])
    told = {"games": len(points), "won": int((points == 1).sum()), "tied": int((points == 0.5).sum()), "lost": int((points == 0).sum())}
    return told | {"win_share": float(points.mean()) if len(points) else None}


def _bounded(name: str, estimate: FloatArray, drawn: FloatArray, ends: Sequence[float]) -> dict[str, Any]:
    if not len(estimate):
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    low, high = (float(bound) for bound in np.quantile(drawn, ends)) if len(drawn) else (None, None)
    return {name: float(estimate[0]), f"{name}_low": low, f"{name}_high": high}


def _connections(
    first: NDArray[np.int64], second: NDArray[np.int64], won: FloatArray, count: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The group of each respondent, and whether the games bound its strength."""
    from scipy.sparse import coo_array  # noqa: PLC0415 - loads when used
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    beats = np.zeros((count, count))
    np.add.at(beats, (first, second), won)
    np.add.at(beats, (second, first), 1 - won)
    _, groups = connected_components(coo_array(beats), directed=False)
    _, strong = connected_components(coo_array(beats), directed=True, connection="strong")
    whole = np.array([len({*strong[groups == group]}) == 1 for group in groups], dtype=np.bool_)
    return np.asarray(groups, dtype=np.int64), whole & (np.bincount(groups)[groups] > 1)
