"""Scores by platform, topic and month: where they are from enough videos, with intervals, and whether they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from evals.value_spectrum.ablation import ALL
from evals.value_spectrum.reading import shares
from evals.value_spectrum.scoring import homogeneity, pairs_of, wilson
from evals.values.loadings import Loadings
from evals.values.multiplicity import benjamini_hochberg, holm
from personas.schwartz import VALUES

__all__ = ["DIMENSIONS", "FEWEST", "breakdown", "compared", "with_months"]

DIMENSIONS = ("platform", "topic", "month")
FEWEST = 10
"""Of fewer videos a rate is not told, nor compared."""
_ROWS: dict[str, Any] = {
    "respondent": pl.String,
    "by": pl.String,
    "level": pl.String,
    "value": pl.String,
    "videos": pl.Int64,
    "yes": pl.Float64,
    "score": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "method": pl.String,
    "note": pl.String,
}
_TESTS: dict[str, Any] = {
    "respondent": pl.String,
    "by": pl.String,
    "value": pl.String,
    "levels": pl.Int64,
    "too_few": pl.Int64,
    "chi2": pl.Float64,
    "df": pl.Int64,
    "p": pl.Float64,
    "p_adjusted": pl.Float64,
    "q": pl.Float64,
}


def with_months(items: pl.DataFrame, posted: Mapping[str, str] | None) -> pl.DataFrame:
    """item, platform, topic, month ("2024-08"), each null where it is not known. `posted`: months by item, from the corpus."""
    months = pl.Series("month", [(posted or {}).get(item) for item in items["item"]], dtype=pl.String)
    return items.select("item", pl.col("source").alias("platform"), pl.col("topic")).with_columns(months)


def breakdown(decisions: pl.DataFrame, members: Loadings, about: pl.DataFrame, level: float = 0.95) -> pl.DataFrame:
    """One row a respondent, dimension, level of it, and value ("all": every video once): videos, yes, and 100 × yes / videos with Wilson's
    interval. `about`: item and a column a dimension. Of fewer than FEWEST videos there is no score, and the note says "too few".

    A dimension in which all videos are alike, or of which nothing is known, is left out.
    """
    rows = []
    for who, by, place, value, part in _parts(decisions, members, about):
        n, yes = part.height, float(part["y"].sum())
        enough = n >= FEWEST
        estimate, low, high = wilson(yes, n, level) if enough else (None, None, None)
        bounds = {"score": estimate, "low": low, "high": high, "method": f"Wilson, {level:.0%}" if enough else None}
        where = {"respondent": who, "by": by, "level": place, "value": value, "videos": n, "yes": yes}
        rows.append(where | bounds | {"note": "" if enough else "too few"})
    return pl.DataFrame(rows, schema=_ROWS)


def compared(rows: pl.DataFrame) -> pl.DataFrame:
    """Whether the levels of a dimension have one rate, by respondent and value: Pearson's test over the levels with enough videos.

    p_adjusted: Holm over the ten values of a respondent and dimension ("all" stands alone); q: Benjamini–Hochberg over the whole table.
    """
    found = []
    for (who, by, value), part in rows.group_by("respondent", "by", "value", maintain_order=True):
        enough = part.filter(pl.col("videos") >= FEWEST)
        counts = enough.select("yes", pl.col("videos").cast(pl.Float64)).to_numpy().astype(np.float64).reshape(-1, 2)
        chi2, df, p = homogeneity(counts)
        where = {"respondent": who, "by": by, "value": value, "levels": enough.height, "too_few": part.height - enough.height}
        found.append(where | {"chi2": chi2, "df": df, "p": p, "p_adjusted": None, "q": None})
    tested = [row for row in found if row["p"] is not None]
    for row, q in zip(tested, benjamini_hochberg([row["p"] for row in tested]) if tested else (), strict=True):
        row["q"] = float(q)
    for family in {(row["respondent"], row["by"], row["value"] == ALL) for row in tested}:
        own = [row for row in tested if (row["respondent"], row["by"], row["value"] == ALL) == family]
        for row, p in zip(own, holm([row["p"] for row in own]), strict=True):
            row["p_adjusted"] = float(p)
    return pl.DataFrame(found, schema=_TESTS)


def _parts(decisions: pl.DataFrame, members: Loadings, about: pl.DataFrame) -> Iterator[tuple[str, str, str, str, pl.DataFrame]]:
    """(respondent, dimension, level, value, its videos)."""
    given = shares(decisions).join(about, on="item", how="left", maintain_order="left")
    pairs = pairs_of(members)
    codes = [ALL, *(code for code in VALUES if code in members.values), *(code for code in members.values if code not in VALUES)]
    for by in DIMENSIONS:
        known = given.filter(pl.col(by).is_not_null() & (pl.col(by) != ""))
        levels = known.group_by(by).len().sort(["len", by] if by != "month" else [by], descending=[True, False] if by != "month" else False)
        if levels.height < 2:
            continue
        tagged = pl.concat([known.with_columns(value=pl.lit(ALL)), known.join(pairs, on="item", how="inner")])
        by_place = tagged.partition_by("respondent", by, "value", as_dict=True)
        empty = tagged.clear()
        for who in known["respondent"].unique().sort():
            for place in levels[by]:
                for code in codes:
                    yield who, by, place, code, by_place.get((who, place, code), empty)
