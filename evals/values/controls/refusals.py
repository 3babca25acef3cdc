"""Are answers refused or unreadable more often where a certain value is shown?"""

from __future__ import annotations

import numpy as np
import polars as pl

from evals.values.controls.context import Context, absent
from evals.values.findings import Control
from evals.values.intervals import t_interval
from evals.values.loadings import FloatArray, IntArray

__all__ = ["refusals_by_value"]

DEALS = 2000


def refusals_by_value(context: Context) -> Control:
    """Refused and unreadable answers on items that promote each value against the rest, of everybody who was asked.

    Items with their answers are dealt out anew (repeated answers to one item are not independent); the largest standardised difference of a
    deal, over the values, is what the observed ones are compared with.
    """
    name, question = "refusals by value", "Do refusals and unreadable answers depend on the value shown?"
    lost, asked, x, values = _lost(context)
    if not lost.any():
        return Control(
            name=name,
            question=question,
            finding=f"None of the {int(asked.sum()):,} answers was refused or unreadable.",
            passed=True,
            figures={"lost": 0, "asked": int(asked.sum())},
        )
    promotes = x > 0
    tested = np.flatnonzero(promotes.any(axis=0) & ~promotes.all(axis=0))
    if not len(tested):
        return absent(name, question, "no value is promoted by some items and not by others")
    p = _dealt_out(lost, asked, promotes[:, tested].astype(float), context.rng)
    rows = []
    for place, v in enumerate(tested):
        there = promotes[:, v]
        interval = t_interval((lost[there] / asked[there]).tolist(), context.level)
        assert interval is not None
        rows.append(
            {
                "value": values[v],
                "lost": int(lost[there].sum()),
                "asked": int(asked[there].sum()),
                "rate": interval.estimate,
                "low": None if interval.low is None else max(0.0, interval.low),
                "high": None if interval.high is None else min(1.0, interval.high),
                "items": interval.n,
                "p_adjusted": p[place],
            }
        )
    unequal = [str(row["value"]) for row in rows if row["p_adjusted"] < 1 - context.level]
    where = f"at another rate than elsewhere on {', '.join(unequal)}" if unequal else "not detectably more or less often on any value"
    return Control(
        name=name,
        question=question,
        finding=(
            f"{int(lost.sum())} of {int(asked.sum()):,} answers ({lost.sum() / asked.sum():.1%}) were refused or unreadable, {where} "
            f"({DEALS:,} deals of the items, largest difference over values)."
        ),
        passed=not unequal,
        figures={"lost": int(lost.sum()), "asked": int(asked.sum()), "rate": float(lost.sum() / asked.sum())},
        table=pl.DataFrame(rows) if rows else None,
    )


def _lost(context: Context) -> tuple[FloatArray, FloatArray, FloatArray, tuple[str, ...]]:
    """(lost (n,), asked (n,), loadings (n, V), values) over the items of the primary channel, whoever was left out of the estimates."""
    loadings = context.primary.panel.labelled or context.primary.panel.loadings
    rows = context.decisions.filter((pl.col("channel") == context.primary.channel) & (pl.col("state") != "failed"))
    counted = rows.group_by("item").agg((pl.col("state") != "answered").sum().alias("lost"), pl.len().alias("asked"))
    both = pl.DataFrame({"item": loadings.items}).join(counted, on="item", how="left", maintain_order="left").fill_null(0)
    asked = both["asked"].cast(pl.Float64).to_numpy()
    kept = asked > 0
    return both["lost"].cast(pl.Float64).to_numpy()[kept], asked[kept], loadings.x[kept], loadings.values


def _dealt_out(lost: FloatArray, asked: FloatArray, promotes: FloatArray, rng: np.random.Generator) -> FloatArray:
    """(T,) p of the difference in rate between items that promote each value and the rest, adjusted over the values by the largest."""

    def differences(places: IntArray) -> FloatArray:
        gone, put = lost[places], asked[places]
        return gone @ promotes / np.maximum(put @ promotes, 1) - gone @ (1 - promotes) / np.maximum(put @ (1 - promotes), 1)

    observed = differences(np.arange(len(lost)))
    null = np.stack([differences(rng.permutation(len(lost))) for _ in range(DEALS)])
    spread = null.std(axis=0)
    spread = np.where(spread > 0, spread, np.inf)
    largest = (np.abs(null - null.mean(axis=0)) / spread).max(axis=1)
    seen = np.abs(observed - null.mean(axis=0)) / spread
    return (1 + (largest[:, None] >= seen - 1e-12).sum(axis=0)) / (1 + DEALS)
