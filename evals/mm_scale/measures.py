"""What is measured of a respondent, each over images with the bootstrap by image: ranking, distance, calibration, ground.

A respondent is the table `expectations`: one row an item it answered, with the people's figures beside. Ranking is per image over its
scenarios, then the mean over images. An image with fewer than two scenarios, or whose people's means are all equal, has no order and is
left out by name; one that the respondent rates alike throughout has no τ-b and ρ, which is counted and is not a 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from agent.protocols.rating import GROUND, GROUNDS, POINTS, RATING, SHARES
from evals.mm_scale.items import UNACCEPTABLE, People
from evals.scoring.paired import paired_difference
from evals.scoring.ranking import kendall_tau_b, ndcg, spearman
from evals.values.intervals import Interval
from evals.values.loadings import FloatArray

__all__ = ["FIGURES", "Order", "expectations", "mean_by_image", "orders", "people_table", "why_no_order"]

FIGURES: Mapping[str, Callable[[FloatArray, FloatArray], float]] = {"ndcg": ndcg, "tau_b": kendall_tau_b, "rho": spearman}
"""Of (expected ratings, people's means) of one image."""
_TOLERANCE = 1e-9
"""Means of the same ratings in another order differ by less: they are tied."""


def people_table(people: Mapping[str, People]) -> pl.DataFrame:
    """One row an item that people rated: item, mean, unacceptable (share), raters, ground (null without a majority)."""
    rows = [
        (item, each.mean, each.unacceptable, len(each.ratings), each.ground or None, any(rating.grounding for rating in each.ratings))
        for item, each in people.items()
        if each.ratings
    ]
    schema = {"item": pl.String, "mean": pl.Float64, "share": pl.Float64, "raters": pl.Int64, "ground": pl.String, "grounded": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def expectations(answers: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """One row a `who` and item that it answered and people rated: image, expected, p_unacceptable, ground_right, answers, logprobs, mean …

    expected        the mean over answers (repeats, wordings); of one, Σ point × probability where all five points have one, else its rating
    p_unacceptable  likewise the probability of a rating of at most 2
    ground_right    the share of answers that name the people's ground; null where people have no majority
    logprobs        how many of the answers came with probabilities
    """
    scored = [_figures(scores) for scores in answers.filter(pl.col("state") == "answered")["scores"]]
    columns = ("expected", "p_unacceptable", "named", "logprobs")
    figures = pl.DataFrame(
        scored, schema={columns[0]: pl.Float64, columns[1]: pl.Float64, columns[2]: pl.String, columns[3]: pl.Int64}, orient="row"
    )
    rows = answers.filter(pl.col("state") == "answered").select("who", "item", "image").hstack(figures)
    joined = rows.join(people, on="item", how="inner", maintain_order="left")
    right = (pl.col("named") == pl.col("ground")).cast(pl.Float64)
    return joined.group_by("who", "item", maintain_order=True).agg(
        pl.col("image").first(),
        pl.col("expected", "p_unacceptable").mean(),
        right.mean().alias("ground_right"),
        pl.len().cast(pl.Int64).alias("answers"),
        pl.col("logprobs").sum(),
        pl.col("mean", "share", "raters", "ground").first(),
    )


def _figures(scores: Mapping[str, float]) -> tuple[float, float, str | None, int]:
    """(expected rating, P(unacceptable), ground, whether by probabilities) of one answer."""
    ground = scores.get(GROUND)
    named = None if ground is None else GROUNDS[int(ground)]
    if all(name in scores for name in SHARES):
        shares = [scores[name] for name in SHARES]
        return sum(p * point for p, point in zip(shares, POINTS, strict=True)), min(1.0, sum(shares[:UNACCEPTABLE])), named, 1
    return float(scores[RATING]), float(scores[RATING] <= UNACCEPTABLE), named, 0


@dataclass(frozen=True)
class Order:
    """One image: how well its order is reproduced. `figures`: by name; τ-b and ρ are None where all of its scenarios are rated alike."""

    image: str
    scenarios: int
    figures: Mapping[str, float | None]


def why_no_order(means: FloatArray) -> str:
    """Why an image with these means of people is left out of the ranking; "" where it is not."""
    if len(means) < 2:
        return "fewer than two scenarios"
    return "people rate all of its scenarios alike" if np.ptp(means) < _TOLERANCE else ""


def orders(own: pl.DataFrame) -> tuple[list[Order], dict[str, str]]:
    """The images of one respondent's `expectations` that have an order, and the others with the reason."""
    found, left = [], {}
    for (image,), rows in own.partition_by("image", as_dict=True, maintain_order=True).items():
        expected, means = rows["expected"].to_numpy().round(9), rows["mean"].to_numpy().round(9)
        if reason := why_no_order(means):
            left[str(image)] = reason
            continue
        tied = np.ptp(expected) < _TOLERANCE
        figures = {name: None if tied and name != "ndcg" else figure(expected, means) for name, figure in FIGURES.items()}
        found.append(Order(str(image), rows.height, figures))
    return found, left


def mean_by_image(values: FloatArray, images: np.ndarray, *, seed: int = 0, level: float = 0.95) -> Interval | None:
    """The mean over items (n,) with the percentile bootstrap that draws whole images; None without items. No bounds below three images."""
    if not len(values):
        return None
    found = paired_difference(values.round(9), np.zeros(len(values)), images, seed=seed, level=level)
    return Interval(found.estimate, found.low, found.high, found.n, "bootstrap by image", level)
