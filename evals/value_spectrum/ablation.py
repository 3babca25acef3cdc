"""The image against the model's own description of it: the same videos, the same questions, paired; and the published ablation beside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from scipy.stats import binomtest

from evals.value_spectrum.reading import FRAMES, TEXT, shares
from evals.value_spectrum.scoring import pairs_of, published, wilson
from evals.values.intervals import Interval, newcombe_paired, t_interval
from evals.values.loadings import Loadings
from evals.values.multiplicity import holm
from personas.schwartz import VALUES

__all__ = ["ALL", "NOTE", "ablation", "published_ablation"]

ALL = "all"
"""The row of all videos together, each once."""
NOTE = (
    "The description is all that takes the image's place: the words of the post are gone too, and a video whose question was not answered, "
    "or answered without a description, is in no pair."
)
_SCHEMA: dict[str, Any] = {
    "respondent": pl.String,
    "value": pl.String,
    "videos": pl.Int64,
    "image": pl.Float64,
    "description": pl.Float64,
    "difference": pl.Float64,
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "difference_method": pl.String,
    "image_only": pl.Int64,
    "description_only": pl.Int64,
    "p": pl.Float64,
    "p_adjusted": pl.Float64,
    "unpaired": pl.Int64,
}
_OWN = {
    "GPT-4o": ("GPT-4o_text", "GPT-4o image description + LLMs"),
    "Gemini 1.5 Pro": ("Gemini 1.5-Pro_text", "Gemini 1.5 Pro vision image description + LLMs"),
    "Claude 3.5 Sonnet": ("Claude 3.5 Sonnet_text", "Claude 3.5 Sonnet image description + LLMs"),
}
"""Published models with their own description in the image's place."""


def ablation(decisions: pl.DataFrame, members: Loadings, level: float = 0.95) -> pl.DataFrame:
    """One row a respondent and value, and one of all videos; empty without texts. Videos that were answered both ways count.

    image, description         100 × yes / videos
    difference, _low, _high    description − image, points: Newcombe's paired interval; Student's t over videos where some were shown more
                               than once
    image_only, description_only  videos liked more as an image, or more as a description
    p, p_adjusted              exact McNemar test of these two; Holm over the values of a respondent
    unpaired                   images that were answered, and have no answered description
    """
    sides = [shares(decisions.filter(pl.col("show") == show)) for show in (FRAMES, TEXT)]
    if sides[1].is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    joined = sides[0].join(sides[1], on=["respondent", "item"], how="left", suffix="_text")
    rows = []
    for (who,), own in sorted(joined.partition_by("respondent", as_dict=True).items()):
        if own["y_text"].drop_nulls().is_empty():
            continue
        mine = [{"respondent": who, "value": value} | _compared(part, level) for value, part in _parts(own, members)]
        values = [row for row in mine if row["value"] != ALL and row["p"] is not None]
        for row, p in zip(values, holm([row["p"] for row in values]) if values else (), strict=True):
            row["p_adjusted"] = float(p)
        rows += mine
    return pl.DataFrame(rows, schema=_SCHEMA)


def _parts(own: pl.DataFrame, members: Loadings) -> Iterator[tuple[str, pl.DataFrame]]:
    """All videos, then those of each value."""
    yield ALL, own
    by_value = own.join(pairs_of(members), on="item", how="inner")
    for code in [*(code for code in VALUES if code in members.values), *(code for code in members.values if code not in VALUES)]:
        yield code, by_value.filter(pl.col("value") == code)


def _compared(part: pl.DataFrame, level: float) -> dict[str, Any]:
    pairs = part.filter(pl.col("y_text").is_not_null())
    image, text = pairs["y"].to_list(), pairs["y_text"].to_list()
    found = _difference(image, text, level)
    more, less = sum(b > a for a, b in zip(image, text, strict=True)), sum(b < a for a, b in zip(image, text, strict=True))
    mean = [100 * sum(side) / len(side) if side else None for side in (image, text)]
    points = (
        [None if found is None or each is None else 100 * each for each in (found.estimate, found.low, found.high)] if found else [None] * 3
    )
    return {
        "videos": pairs.height,
        "image": mean[0],
        "description": mean[1],
        **dict(zip(("difference", "difference_low", "difference_high"), points, strict=True)),
        "difference_method": None if found is None else f"{found.method}, {level:.0%}",
        "image_only": less,
        "description_only": more,
        "p": None if found is None else float(binomtest(more, more + less).pvalue) if more + less else 1.0,
        "p_adjusted": None,
        "unpaired": part.height - pairs.height,
    }


def _difference(image: list[float], text: list[float], level: float) -> Interval | None:
    """description − image, shares."""
    if any(each not in {0.0, 1.0} for each in (*image, *text)):
        return t_interval([b - a for a, b in zip(image, text, strict=True)], level)
    counts = {(a, b): 0 for a in (0.0, 1.0) for b in (0.0, 1.0)}
    for a, b in zip(image, text, strict=True):
        counts[a, b] += 1
    return newcombe_paired(counts[1.0, 1.0], counts[0.0, 1.0], counts[1.0, 0.0], counts[0.0, 0.0], level)


def published_ablation() -> pl.DataFrame:
    """One row a published model and value: image, description (its own), difference in points. The pairs of videos were not published."""
    table = published("ablation")
    rows = []
    for model, (name, setting) in _OWN.items():
        own = dict(table.filter((pl.col("model") == name) & (pl.col("setting") == setting)).select("value", "score").iter_rows())
        for row in table.filter((pl.col("model") == model) & (pl.col("setting") == "VLM_answer")).iter_rows(named=True):
            text = own[row["value"]]
            rows.append(
                {"model": model, "value": row["value"], "image": row["score"], "description": text, "difference": text - row["score"]}
                | _independent(row["score"], text, int(row["n"]))
            )
    return pl.DataFrame(rows)


def _independent(image: float, text: float, n: int) -> dict[str, float]:
    """Bounds of the difference of two rates as if of different images, points: wider than those of pairs would be."""
    sides = [wilson(share * n / 100, n, 0.95) for share in (text, image)]
    (one, one_low, one_high), (other, other_low, other_high) = ((each or 0.0 for each in side) for side in sides)
    down = ((one - one_low) ** 2 + (other_high - other) ** 2) ** 0.5
    up = ((one_high - one) ** 2 + (other - other_low) ** 2) ** 0.5
    return {"difference_low": one - other - down, "difference_high": one - other + up}
