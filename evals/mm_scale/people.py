"""What people reach: how far raters agree, and what one of them gets when scored as a respondent against the mean of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from evals.mm_scale.items import UNACCEPTABLE, People, Rating
from evals.mm_scale.measures import orders, why_no_order
from evals.scoring.ranking import ndcg
from evals.values.agreement import krippendorff_alpha
from evals.values.intervals import Interval
from evals.values.loadings import FloatArray

__all__ = ["MEASURES", "agreement", "baselines", "ceiling", "left_out", "rater_rows"]

MEASURES = ("ndcg", "tau_b", "rho", "mae", "grounding")


def agreement(people: Mapping[str, People], *, seed: int = 0, level: float = 0.95) -> Interval | None:
    """Ordinal Krippendorff α over items × raters; `n` items that two or more rated. None where there is nothing to agree on."""
    raters = {rater: column for column, rater in enumerate(_by_rater(people))}
    matrix = np.full((len(people), len(raters)), np.nan)
    for row, each in enumerate(people.values()):
        for rating in each.ratings:
            matrix[row, raters[rating.rater]] = rating.score
    return krippendorff_alpha(matrix, "ordinal", seed=seed, level=level) if matrix.size else None


def _by_rater(people: Mapping[str, People]) -> dict[str, list[tuple[str, Rating]]]:
    """(item, rating) of each rater, in order of names."""
    found: dict[str, list[tuple[str, Rating]]] = {}
    for item, each in people.items():
        for rating in each.ratings:
            found.setdefault(rating.rater, []).append((item, rating))
    return {rater: found[rater] for rater in sorted(found)}


def left_out(people: Mapping[str, People], images: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Each rater as a respondent: item, image, expected (their score), mean of the others, ground_right against the others' majority.

    Only items that the rater and at least one other rated. `images`: by item.
    """
    schema = {"item": pl.String, "image": pl.String, "expected": pl.Float64, "mean": pl.Float64, "ground_right": pl.Float64}
    found = {}
    for rater, given in _by_rater(people).items():
        rows = []
        for item, own in given:
            others = People(tuple(rating for rating in people[item].ratings if rating.rater != rater))
            if others.ratings:
                right = float(own.grounding == others.ground) if own.grounding and others.ground else None
                rows.append((item, images[item], float(own.score), others.mean, right))
        found[rater] = pl.DataFrame(rows, schema=schema, orient="row")
    return found


def rater_rows(people: Mapping[str, People], images: Mapping[str, str]) -> pl.DataFrame:
    """One row a rater: items, images with an order, tied images, ratings' mean, share at or below 2, and the five measures."""
    rows: list[dict[str, Any]] = []
    alone = left_out(people, images)
    for rater, given in _by_rater(people).items():
        own, scores = alone[rater], [rating.score for _, rating in given]
        found, _ = orders(own)
        row: dict[str, Any] = {"rater": rater, "rated": len(scores), "items": own.height, "images": len(found)}
        row |= {"tied": sum(order.figures["tau_b"] is None for order in found), "mean": float(np.mean(scores))}
        row["unacceptable"] = float(np.mean([score <= UNACCEPTABLE for score in scores]))
        values = {name: [order.figures[name] for order in found] for name in ("ndcg", "tau_b", "rho")}
        values |= {"mae": (own["expected"] - own["mean"]).abs().to_list(), "grounding": own["ground_right"].to_list()}
        rows.append(row | {name: _mean([each for each in values[name] if each is not None]) for name in MEASURES})
    counts = dict.fromkeys(("rated", "items", "images", "tied"), pl.Int64)
    schema: dict[str, Any] = {"rater": pl.String, **counts, "mean": pl.Float64, "unacceptable": pl.Float64}
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(MEASURES, pl.Float64))


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def ceiling(
    people: Mapping[str, People], images: Mapping[str, str], *, draws: int = 2000, seed: int = 0, level: float = 0.95
) -> dict[str, Interval]:
    """Each measure of one rater against the mean of the others, averaged over raters; by name, those that exist.

    The interval is a percentile bootstrap that draws whole images for all raters at once, so that it holds for these raters; `n`: images.
    """
    names = list(dict.fromkeys(images[item] for item, each in people.items() if len(each.ratings) > 1))
    place = {image: row for row, image in enumerate(names)}
    alone = left_out(people, images)
    sums = {name: np.zeros((len(names), len(alone))) for name in MEASURES}
    sizes = {name: np.zeros((len(names), len(alone))) for name in MEASURES}

    def add(name: str, image: str, column: int, value: float | None) -> None:
        if value is not None:
            sums[name][place[image], column] += value
            sizes[name][place[image], column] += 1

    for column, own in enumerate(alone.values()):
        for order in orders(own)[0]:
            for name, figure in order.figures.items():
                add(name, order.image, column, figure)
        for row in own.iter_rows(named=True):
            add("mae", row["image"], column, abs(row["expected"] - row["mean"]))
            add("grounding", row["image"], column, row["ground_right"])
    if not names:
        return {}
    drawn = np.random.default_rng([seed, 60]).multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws).astype(np.float64)
    found = {name: _over_raters(sums[name], sizes[name], drawn, level) for name in MEASURES}
    return {name: each for name, each in found.items() if each is not None}


def baselines(people: Mapping[str, People], images: Mapping[str, str]) -> dict[str, float | None]:
    """What a respondent gets that knows nothing of an item: ndcg_alike, mae_mean, grounding_common.

    ndcg_alike: rating all alike (the mean over all orders); mae_mean: always the mean of all items; grounding_common: always the ground
    that the most items have.
    """
    means = {item: each.mean for item, each in people.items()}
    by_image: dict[str, list[float]] = {}
    for item, mean in means.items():
        by_image.setdefault(images[item], []).append(mean)
    alike = [ndcg(np.zeros(len(each)), each) for each in by_image.values() if not why_no_order(np.array(each))]
    grounds = Counter(each.ground for each in people.values() if each.ground)
    apart = np.abs(np.array(list(means.values())) - np.mean(list(means.values())))
    common = max(grounds.values()) / grounds.total() if grounds else None
    return {"ndcg_alike": _mean(alike), "mae_mean": float(apart.mean()), "grounding_common": common}


def _over_raters(sums: FloatArray, sizes: FloatArray, drawn: FloatArray, level: float) -> Interval | None:
    """The mean over raters of their means over (images, raters) sums / sizes, with the bootstrap counts (draws, images)."""
    if not sizes.any():
        return None
    ones = np.ones((1, len(sums)))
    estimate = float(_averaged(ones, sums, sizes)[0])
    low = high = None
    again = _averaged(drawn, sums, sizes)
    if int(sizes.any(axis=1).sum()) > 2 and np.nanmax(again) - np.nanmin(again) > 1e-9:
        low, high = (float(q) for q in np.nanquantile(again, [0.5 - level / 2, 0.5 + level / 2]))
    return Interval(estimate, low, high, int(sizes.any(axis=1).sum()), "bootstrap by image", level)


def _averaged(counts: FloatArray, sums: FloatArray, sizes: FloatArray) -> FloatArray:
    """(draws,) by counts (draws, images); a rater without a value in a draw is left out of it."""
    below = counts @ sizes
    means = np.divide(counts @ sums, below, out=np.full(below.shape, np.nan), where=below > 0)
    there = ~np.isnan(means)
    total = np.where(there, means, 0.0).sum(axis=1)
    found: FloatArray = np.divide(total, there.sum(axis=1), out=np.full(len(total), np.nan), where=there.any(axis=1))
    return found
