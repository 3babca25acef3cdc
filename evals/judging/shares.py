"""Shares of answers that are judged true, what the unjudged could change, and what people's verdicts on a sample of them correct.

With a random sample that people judged, the share is corrected to the people's mean: the judge's share over all answers less its mean
error in the sample. This is the difference estimator with known inclusion probabilities (Särndal, Swensson and Wretman 1992, section 6.3),
the same as prediction-powered inference with a weight of one (Angelopoulos et al. 2023, arXiv 2301.09633). It assumes nothing of the
judge's errors. Beside it stands Rogan and Gladen's estimate (1978, Am. J. Epidemiol. 107: 71), which takes the judge's sensitivity and
specificity to be the same for all respondents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evals.scoring.accuracy import share_interval
from evals.values.intervals import Interval
from evals.values.loadings import FloatArray

__all__ = ["FEWEST", "GOLD", "drawn_interval", "interval_columns", "resampled", "resampled_sums", "share_true"]

GOLD = {"judgement": pl.String, "gold": pl.Float64, "raters": pl.Int64}
"""People's verdicts on a random sample of the answers: `gold`, the mean over raters (1 true, 0 false), and how many raters."""
DRAWS = 2000
_CELLS = 4_000_000
"""Draws × clusters in memory at once."""
FEWEST = 3
"""Clusters below which no interval is claimed."""


def share_true(
    verdicts: pl.DataFrame,
    gold: pl.DataFrame | None = None,
    by: Sequence[str] = ("judge", "respondent"),
    *,
    level: float = 0.95,
    seed: int = 0,
) -> pl.DataFrame:
    """One row a group of `by` among `evals.judging.verdicts.read_verdicts`' rows: answers, judged, unjudged, true, and shares in [0, 1].

    share       true / judged with Wilson's interval, n reduced where items come in clusters; several answers to an item count as their mean
    least, most true / answers if all unjudged were false, and if all were true
    corrected   the share of judged answers that people would call true, from `gold` (columns `GOLD`); null without
    rogan_gladen  the same from sensitivity and specificity, which are of the judge over all respondents; null where it tells nothing apart
    in_gold     judged answers of the group that people judged
    Intervals are columns _low, _high, _n and _method; they resample or sum by cluster of items.
    """
    marked = verdicts.with_columns(yes=pl.when(pl.col("verdict") == "true").then(1.0).when(pl.col("verdict") == "false").then(0.0))
    marked = marked.join(_gold(gold), on="judgement", how="left", maintain_order="left")
    rows = []
    for names, group in marked.sort(by).partition_by(*by, as_dict=True, maintain_order=True).items():
        judged = group.filter(pl.col("yes").is_not_null())
        true = int(judged["yes"].sum())
        row: dict[str, Any] = dict(zip(by, names, strict=True))
        row |= {"answers": group.height, "judged": judged.height, "unjudged": group.height - judged.height, "true": true}
        row |= interval_columns("share", share_interval(_by_item(judged), level))
        row |= {"least": true / group.height, "most": (true + group.height - judged.height) / group.height}
        if gold is not None:
            own = judged.filter(pl.col("gold").is_not_null())
            everybody = marked.filter(pl.col("judge").is_in(group["judge"].unique().implode()) & pl.col("yes").is_not_null())
            row |= {"in_gold": own.height}
            row |= interval_columns("corrected", _difference(judged, level))
            row |= interval_columns("rogan_gladen", _rogan_gladen(judged, everybody, level, seed))
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def interval_columns(name: str, found: Interval | None) -> dict[str, Any]:
    """An interval as columns."""
    if found is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None, f"{name}_n": 0, f"{name}_method": None}
    told = f"{found.method}, {found.level:.0%}"
    return {name: found.estimate, f"{name}_low": found.low, f"{name}_high": found.high, f"{name}_n": found.n, f"{name}_method": told}


def resampled(clusters: int, draws: int, seed: int, stream: int) -> FloatArray:
    """(draws, clusters) how often each cluster is drawn."""
    return np.random.default_rng([seed, stream]).multinomial(clusters, np.full(clusters, 1 / clusters), size=draws).astype(np.float64)


def resampled_sums(parts: FloatArray, draws: int, seed: int, stream: int) -> FloatArray:
    """(draws, k) sums over the clusters of each draw of `parts` (clusters, k); a part of the draws at a time, so that memory is bounded."""
    clusters = len(parts)
    block = max(1, _CELLS // clusters)
    dice, even = np.random.default_rng([seed, stream]), np.full(clusters, 1 / clusters)
    sizes = [min(block, draws - start) for start in range(0, draws, block)]
    return np.concatenate([dice.multinomial(clusters, even, size=size) @ parts for size in sizes])


def drawn_interval(estimate: float, drawn: FloatArray, n: int, level: float, method: str = "bootstrap by item") -> Interval:
    """Percentile bounds of `drawn` (draws,); none where there are no draws, one in twenty gives nothing (NaN), or all give the same."""
    known = drawn[~np.isnan(drawn)]
    if not len(known) or len(known) < 0.95 * len(drawn) or np.ptp(known) == 0:
        return Interval(estimate, None, None, n, method, level)
    low, high = (float(bound) for bound in np.quantile(known, [0.5 - level / 2, 0.5 + level / 2]))
    return Interval(estimate, low, high, n, method, level)


def _gold(gold: pl.DataFrame | None) -> pl.DataFrame:
    known = pl.DataFrame(schema={"judgement": pl.String, "gold": pl.Float64}) if gold is None else gold
    return known.select("judgement", pl.col("gold").cast(pl.Float64)).unique("judgement", keep="first")


def _by_item(judged: pl.DataFrame) -> pl.DataFrame:
    return judged.group_by("item", maintain_order=True).agg(pl.col("yes").mean().alias("share"), pl.col("cluster").first())


def _difference(judged: pl.DataFrame, level: float) -> Interval | None:
    """The judge's mean less its mean error in the sample, with a variance by cluster of items; None without a sample."""
    sampled = judged["gold"].is_not_null().to_numpy()
    if not sampled.any():
        return None
    yes, gold = judged["yes"].to_numpy(), judged["gold"].to_numpy()
    error = np.where(sampled, yes - np.nan_to_num(gold), 0.0)
    count = int(sampled.sum())
    mean_error = float(error.sum() / count)
    estimate = float(yes.mean()) - mean_error
    influence = (yes - yes.mean()) / len(yes) - np.where(sampled, error - mean_error, 0.0) / count
    place = _places(judged)
    sums = np.bincount(place, influence)
    clusters, known = len(sums), len(np.unique(place[sampled]))
    centre, method = min(1.0, max(0.0, estimate)), "difference estimator, by cluster"
    spread = float((sums**2).sum()) * clusters / max(clusters - 1, 1)
    if known < FEWEST or not np.ptp(error[sampled]):
        return Interval(centre, None, None, count, method, level)  # no error seen, or hardly any looked for: its variance is not known
    from scipy.special import stdtrit  # noqa: PLC0415 - loads when an interval is wanted

    half = float(stdtrit(known - 1, 0.5 + level / 2)) * math.sqrt(spread)
    return Interval(centre, max(0.0, estimate - half), min(1.0, estimate + half), count, method, level)


def _rogan_gladen(judged: pl.DataFrame, everybody: pl.DataFrame, level: float, seed: int) -> Interval | None:
    """(p + specificity − 1) / (sensitivity + specificity − 1), within [0, 1]; the bootstrap draws clusters of items."""
    known = everybody.filter(pl.col("gold").is_not_null() & (pl.col("gold") != 0.5))
    if judged.is_empty() or known.is_empty():
        return None
    columns = pl.concat([judged.with_columns(part=pl.lit("group")), known.with_columns(part=pl.lit("gold"))], how="diagonal")
    place = _places(columns)
    yes, gold = columns["yes"].to_numpy(), columns["gold"].to_numpy()
    in_group = (columns["part"] == "group").to_numpy()
    right, wrong = ~in_group & (gold > 0.5), ~in_group & (gold < 0.5)
    parts = (in_group, in_group & (yes == 1), right, right & (yes == 1), wrong, wrong & (yes == 0))
    sums = np.stack([np.bincount(place, part) for part in parts], axis=1).astype(np.float64)
    estimate = float(_corrected(sums.sum(axis=0)[None])[0])
    if np.isnan(estimate):
        return None
    _, _, count, found, opposed, left = sums.sum(axis=0)
    seen = found < count or left < opposed  # no error: how often the judge errs is not known, and not to be taken for never
    drawn = _corrected(resampled_sums(sums, DRAWS, seed, 80)) if seen and len(sums) >= FEWEST else np.zeros(0)
    return drawn_interval(estimate, drawn, known.height, level, "Rogan–Gladen, bootstrap by item")


def _corrected(sums: FloatArray) -> FloatArray:
    """(draws, 6) counts to (draws,) estimates; NaN where the judge does not tell true from false."""
    group, true, right, found, wrong, left = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        sensitivity, specificity, share = found / right, left / wrong, true / group
        youden = sensitivity + specificity - 1
        estimate = (share + specificity - 1) / youden
    return np.where(youden > 1e-9, np.clip(estimate, 0, 1), np.nan)


def _places(rows: pl.DataFrame) -> NDArray[np.int64]:
    """The number of each row's cluster of items."""
    found: NDArray[np.int64] = np.unique(rows["cluster"].to_numpy(), return_inverse=True)[1]
    return found
