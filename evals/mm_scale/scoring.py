"""One row a respondent and way of asking: the four answer states, measures with intervals, and what missing answers could change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from agent.protocols.rating import POINTS
from evals.mm_scale.calibrating import ShareCalibration, share_calibration
from evals.mm_scale.measures import FIGURES, mean_by_image, orders, why_no_order
from evals.scoring.accuracy import STATES, share_interval
from evals.scoring.ranking import ndcg
from evals.values.intervals import Interval
from evals.values.loadings import FloatArray

__all__ = ["bin_rows", "left_rows", "scores"]


def scores(
    answers: pl.DataFrame, expected: pl.DataFrame, asked: pl.DataFrame, people: pl.DataFrame, *, seed: int = 0, level: float = 0.95
) -> pl.DataFrame:
    """One row a `who`; a figure X stands with X_low, X_high, and with X_least, X_most where answers are missing.

    expected  of `evals.mm_scale.measures.expectations`; asked: the items (who, item, image) that each was to be asked; people: their table
    items, rated     items that it was to be asked and people rated; those of them that it rated
    images, ordered  images of these items whose people's ratings have an order; those in which it rated enough to be ranked
    tied             ordered images that it rates alike throughout: they have no τ-b and no ρ
    ndcg, tau_b, rho, mae, bias, ece, grounding  see docs/mm_scale.md
    least, most      of the measure, if the missing answers were the worst and the best there can be
    """
    rows = []
    rated = asked.join(people, on="item", how="inner", maintain_order="left")
    for (who,), wanted in rated.partition_by("who", as_dict=True, maintain_order=True).items():
        own = expected.filter(pl.col("who") == who)
        shown = answers.filter(pl.col("who") == who)
        row: dict[str, Any] = {
            "who": who,
            "items": wanted.height,
            "rated": own.height,
            "open": wanted.height - own.height,
            "shown": shown.height,
        }
        row |= {state: int((shown["state"] == state).sum()) for state in STATES}
        row |= _ranking(own, wanted, seed, level) | _distance(own, wanted, seed, level) | _calibration(own, seed, level)
        row |= _grounding(own, wanted, level) | {"by": _source(own)}
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def _columns(name: str, found: Interval | None) -> dict[str, Any]:
    if found is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: found.estimate, f"{name}_low": found.low, f"{name}_high": found.high}


def _ranking(own: pl.DataFrame, wanted: pl.DataFrame, seed: int, level: float) -> dict[str, Any]:
    """The three figures over images. `least` and `most` put the worst and the best order for each image that lacks an answer."""
    images = {
        str(image): part["mean"].to_numpy() for (image,), part in wanted.partition_by("image", as_dict=True, maintain_order=True).items()
    }
    orderly = {image: means for image, means in images.items() if not why_no_order(means)}
    answered = dict(own.group_by("image").len().iter_rows())
    lacking = [means for image, means in orderly.items() if answered.get(image, 0) < len(means)]
    found, _ = orders(own)
    whole = [order for order in found if answered[order.image] == len(images[order.image])]
    row: dict[str, Any] = {"images": len(orderly), "ordered": len(found), "tied": sum(order.figures["tau_b"] is None for order in found)}
    for name in FIGURES:
        values, names = _there([(order.figures[name], order.image) for order in found])
        row |= _columns(name, mean_by_image(values, names, seed=seed, level=level))
        complete, _ = _there([(order.figures[name], order.image) for order in whole])
        worst = [ndcg(-means, means) if name == "ndcg" else -1.0 for means in lacking]
        row |= _extremes(name, complete, np.array(worst), np.ones(len(lacking)))
    return row


def _there(pairs: list[tuple[float | None, str]]) -> tuple[FloatArray, np.ndarray]:
    known = [(value, image) for value, image in pairs if value is not None]
    return np.array([value for value, _ in known], dtype=np.float64), np.array([image for _, image in known], dtype=np.str_)


def _extremes(name: str, known: FloatArray, least: FloatArray, most: FloatArray) -> dict[str, Any]:
    """The mean of what is known with the least and the most of what is missing; null where nothing is missing."""
    if not len(least):
        return {f"{name}_least": None, f"{name}_most": None}
    return {f"{name}_least": float(np.mean([*known, *least])), f"{name}_most": float(np.mean([*known, *most]))}


def _distance(own: pl.DataFrame, wanted: pl.DataFrame, seed: int, level: float) -> dict[str, Any]:
    apart, images = (own["expected"] - own["mean"]).to_numpy(), own["image"].to_numpy()
    lacking = wanted.filter(~pl.col("item").is_in(own["item"].to_list()))["mean"].to_numpy()
    farthest = np.maximum(lacking - POINTS[0], POINTS[-1] - lacking)
    row = _columns("mae", mean_by_image(np.abs(apart), images, seed=seed, level=level))
    row |= _extremes("mae", np.abs(apart), np.zeros(len(lacking)), farthest)
    return row | _columns("bias", mean_by_image(apart, images, seed=seed, level=level))


def _calibrated(own: pl.DataFrame, seed: int, level: float) -> ShareCalibration | None:
    columns = (own[name].to_numpy() for name in ("p_unacceptable", "share", "raters", "image"))
    stated, shares, raters, images = columns
    return share_calibration(stated, shares, raters, images, seed=seed, level=level)


def _calibration(own: pl.DataFrame, seed: int, level: float) -> dict[str, Any]:
    found = _calibrated(own, seed, level)
    row = _columns("ece", None if found is None else found.ece)
    return row | {"ece_by_chance": None if found is None else found.by_chance}


def _grounding(own: pl.DataFrame, wanted: pl.DataFrame, level: float) -> dict[str, Any]:
    """Over items whose raters have a majority; Wilson's interval with n reduced for images."""
    known = own.filter(pl.col("ground_right").is_not_null()).select(
        "item", pl.col("ground_right").alias("share"), pl.col("image").alias("cluster")
    )
    lacking = wanted.filter(pl.col("ground").is_not_null() & ~pl.col("item").is_in(known["item"].to_list())).height
    row = _columns("grounding", share_interval(known, level)) | {"grounding_items": known.height}
    return row | _extremes("grounding", known["share"].to_numpy(), np.zeros(lacking), np.ones(lacking))


def _source(own: pl.DataFrame) -> str:
    """What the expected ratings are made of."""
    told, total = int(own["logprobs"].sum() or 0), int(own["answers"].sum() or 0)
    return "nothing" if not total else "probabilities" if told == total else "answers" if not told else "probabilities, some answers"


def left_rows(expected: pl.DataFrame, asked: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Every image that is left out of a ranking, by respondent: who, image, scenarios (of people), rated (by it), why."""
    rows: list[tuple[str, str, int, int, str]] = []
    joined = asked.join(people, on="item", how="inner", maintain_order="left")
    for (who,), wanted in joined.partition_by("who", as_dict=True, maintain_order=True).items():
        own = expected.filter(pl.col("who") == who)
        counts = dict(own.group_by("image").len().iter_rows())
        _, left = orders(own)
        for (image,), part in wanted.partition_by("image", as_dict=True, maintain_order=True).items():
            mine = counts.get(image, 0)
            why = why_no_order(part["mean"].to_numpy()) or (
                _of_answers(left.get(str(image), ""), mine) if mine < 2 or image in left else ""
            )
            if why:
                rows.append((str(who), str(image), part.height, mine, why))
    schema = {"who": pl.String, "image": pl.String, "scenarios": pl.Int64, "rated": pl.Int64, "why": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _of_answers(reason: str, rated: int) -> str:
    return (
        "it rated fewer than two of its scenarios"
        if rated < 2
        else f"of the scenarios that it rated, {reason}".replace("all of its scenarios", "all")
    )


def bin_rows(expected: pl.DataFrame, *, level: float = 0.95) -> pl.DataFrame:
    """The bins behind each ECE: who, bin (from 1), items, stated (mean probability), people (mean share)."""
    rows: list[Mapping[str, Any]] = []
    for (who,), own in expected.partition_by("who", as_dict=True, maintain_order=True).items():
        columns = (own[name].to_numpy() for name in ("p_unacceptable", "share", "raters", "image"))
        found = share_calibration(*columns, draws=0, level=level)
        for number, each in enumerate(found.bins if found else (), 1):
            rows.append({"who": who, "bin": number, "items": each.n, "stated": each.stated, "people": each.people})
    schema = {"who": pl.String, "bin": pl.Int64, "items": pl.Int64, "stated": pl.Float64, "people": pl.Float64}
    return pl.DataFrame(rows, schema=schema)
