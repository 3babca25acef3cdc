"""Would another draw of images give the same ten scores? Two draws side by side: correlation, rank correlation, agreement.

Intervals resample videos (clusters of them), so that a video in both draws is in both or in neither; they are percentiles, stretched to
hold the estimate. Bounds corrected for the bias of resamples, whose correlations lie lower, cover far too seldom (docs/value_spectrum.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import rankdata

from evals.value_spectrum.reading import shares
from evals.values.loadings import FloatArray, Loadings

__all__ = ["FEWEST_VALUES", "retest"]

FEWEST_VALUES = 4
"""With fewer values with a score in both draws no correlation is computed."""
_SCHEMA: Mapping[str, Any] = {
    "respondent": pl.String,
    "values": pl.Int64,
    "videos_1": pl.Int64,
    "videos_2": pl.Int64,
    "in_both": pl.Int64,
    **{f"{name}{end}": pl.Float64 for name in ("pearson", "spearman", "icc") for end in ("", "_low", "_high")},
    "apart": pl.Float64,
    "expected": pl.Float64,
    "method": pl.String,
}


def retest(decisions: pl.DataFrame, members: Loadings, *, draws: int = 2000, seed: int = 0, level: float = 0.95) -> pl.DataFrame:
    """One row a respondent that was asked about draws 1 and 2: how its scores agree.

    pearson, spearman  correlation over values of the scores of the two draws
    icc                ICC(A,1): agreement in level too (McGraw & Wong 1996)
    apart              mean distance of the two scores of a value, points
    expected           the correlation that would be expected if only the choice of videos came between: 1 − mean sampling variance of a
                       score / variance of the scores, mean of the two draws; 0 where the scores differ no more than by chance
    in_both            videos that are in both draws: what they give agrees by itself

    Empty where there is no second draw.
    """
    two = [shares(decisions.filter(pl.col("draw") == number)) for number in (1, 2)]
    rows = []
    for who in sorted(set(two[0]["respondent"]) & set(two[1]["respondent"])):
        sides = [side.filter(pl.col("respondent") == who) for side in two]
        rows.append({"respondent": who} | _one(sides, members, draws, seed, level))
    return pl.DataFrame(rows, schema=dict(_SCHEMA))


def _one(sides: list[pl.DataFrame], members: Loadings, draws: int, seed: int, level: float) -> dict[str, Any]:
    known = {item: row for row, item in enumerate(members.items)}
    sides = [side.filter(pl.col("item").is_in(list(known))) for side in sides]
    clusters = {name: number for number, name in enumerate(sorted({_cluster(row) for side in sides for row in side.iter_rows(named=True)}))}
    parts = []
    for side in sides:
        m = members.x[[known[item] for item in side["item"]]]
        place = np.array([clusters[_cluster(row)] for row in side.iter_rows(named=True)], dtype=np.int64)
        parts.append((side["y"].to_numpy(), m, place))
    scores = [_scores(np.ones((1, len(y))), y, m)[0] for y, m, _ in parts]
    both = np.isfinite(scores[0]) & np.isfinite(scores[1])
    first, second = (set(side["item"]) for side in sides)
    about: dict[str, Any] = {"values": int(both.sum()), "videos_1": len(first), "videos_2": len(second), "in_both": len(first & second)}
    if both.sum() < FEWEST_VALUES:
        return about
    a, b = (score[both][None, :] for score in scores)
    dice = np.random.default_rng([seed, 29])
    weights = dice.multinomial(len(clusters), np.full(len(clusters), 1 / len(clusters)), size=draws).astype(np.float64)
    drawn = [_scores(weights[:, place], y, m)[:, both] for y, m, place in parts]
    for name, measure in (("pearson", _pearson), ("spearman", _spearman), ("icc", _agreement)):
        estimate = float(measure(a, b)[0])
        low, high = _bounds(estimate, measure(*drawn), level)
        about |= {name: _known(estimate), f"{name}_low": low, f"{name}_high": high}
    expected = [_reliability(y, m[:, both], score[both]) for (y, m, _), score in zip(parts, scores, strict=True)]
    about |= {"apart": float(100 * np.abs(a - b).mean()), "expected": _known(float(np.mean(expected)))}
    return about | {"method": f"bootstrap by video, percentiles, {draws} draws, {level:.0%}"}


def _cluster(row: Mapping[str, Any]) -> str:
    return f"cluster {row['cluster']}" if row["cluster"] else f"video {row['item']}"


def _scores(weights: FloatArray, y: FloatArray, m: FloatArray) -> FloatArray:
    """(B, V) share of yes of each value, videos weighted by (B, n); NaN where a value has none."""
    below = weights @ m
    with np.errstate(invalid="ignore", divide="ignore"):
        found: FloatArray = (weights @ (m * y[:, None])) / below
    return found


def _pearson(a: FloatArray, b: FloatArray) -> FloatArray:
    """(B,) correlation of the rows."""
    x, y = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: FloatArray = (x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    return np.where(np.isfinite(found), found, np.nan)


def _spearman(a: FloatArray, b: FloatArray) -> FloatArray:
    whole = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    found = np.full(len(a), np.nan)
    if whole.any():
        found[whole] = _pearson(rankdata(a[whole], axis=1), rankdata(b[whole], axis=1))
    return found


def _agreement(a: FloatArray, b: FloatArray) -> FloatArray:
    """(B,) ICC(A,1) of two columns."""
    n = a.shape[1]
    both = np.stack([a, b], axis=2)
    centred = both - both.mean(axis=(1, 2), keepdims=True)
    rows = 2 * (centred.mean(axis=2) ** 2).sum(axis=1) / (n - 1)
    columns = n * (centred.mean(axis=1) ** 2).sum(axis=1)
    error = ((centred - centred.mean(axis=2, keepdims=True) - centred.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2)) / (n - 1)
    below = rows + error + 2 * (columns - error) / n
    with np.errstate(invalid="ignore", divide="ignore"):
        found: FloatArray = (rows - error) / below
    return np.where(np.isfinite(found), found, np.nan)


def _bounds(estimate: float, drawn: FloatArray, level: float) -> tuple[float | None, float | None]:
    """Percentiles; none where too many resamples have no figure, or none differ."""
    there = drawn[np.isfinite(drawn)]
    if not np.isfinite(estimate) or len(there) < 0.95 * len(drawn) or np.ptp(there) == 0:
        return None, None
    low, high = np.quantile(there, [0.5 - level / 2, 0.5 + level / 2])
    return float(min(low, estimate)), float(max(high, estimate))


def _reliability(y: FloatArray, m: FloatArray, score: FloatArray) -> float:
    """1 − mean sampling variance / variance of the scores, at least 0."""
    n = m.sum(axis=0)
    noise = np.where(n > 1, (m * (y[:, None] - score) ** 2).sum(axis=0) / np.maximum(n - 1, 1) / np.maximum(n, 1), np.nan)
    spread = score.var(ddof=1)
    return float(max(0.0, 1 - np.nanmean(noise) / spread)) if spread > 0 else 0.0


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
