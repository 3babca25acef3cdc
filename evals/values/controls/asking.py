"""Controls of the asking: order of the options, wording, refusals."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import stdtrit
from scipy.stats import ttest_ind

from evals.values.controls.context import Context
from evals.values.findings import Control
from evals.values.intervals import Interval, t_interval
from evals.values.loadings import FloatArray, IntArray
from evals.values.multiplicity import tost
from evals.values.prompts import complete_rows
from evals.values.reliability import icc

__all__ = ["order_effect", "prompt_reliability", "refusals_by_value"]

FEWEST = 5
ENOUGH = 0.6
NEGLIGIBLE_SD = 0.2
DEALS = 2000


def order_effect(context: Context) -> Control | None:
    """How much the order of the options moves an answer: paired by respondent and item, t over items."""
    rows = context.decisions.filter((pl.col("channel") == context.primary.channel) & (pl.col("state") == "answered"))
    if "order" not in rows.columns or rows["order"].n_unique() < 2:
        return None
    paired = (
        rows.group_by("respondent", "item")
        .agg(
            pl.col("y").filter(pl.col("order") == 0).mean().alias("given"),
            pl.col("y").filter(pl.col("order") == 1).mean().alias("reversed"),
        )
        .drop_nulls()
        .group_by("item")
        .agg((pl.col("reversed") - pl.col("given")).mean().alias("difference"))
        .sort("item")
    )
    interval, how = t_interval(paired["difference"].to_list(), context.level), "paired by respondent and item"
    if paired.height < FEWEST:
        interval, how = _unpaired(rows, context.level), "over different items"
    if interval is None or interval.low is None or interval.high is None:
        return None
    margin = NEGLIGIBLE_SD * context.primary.panel.within_sd
    se = (interval.high - interval.low) / (2 * float(stdtrit(max(interval.n - 1, 1), 0.5 + context.level / 2)))
    same = margin > 0 and se > 0 and tost(interval.estimate, se, margin, df=max(interval.n - 1, 1), level=context.level).equivalent
    differs = not interval.low <= 0 <= interval.high and abs(interval.estimate) >= margin
    return Control(
        name="order of the options",
        question="Does reversing the options change the answers?",
        finding=(
            f"Reversed options move the mean by {interval.estimate:+.2f} [{interval.low:+.2f}, {interval.high:+.2f}] ({how}, "
            f"{interval.method}, n = {interval.n} items); {'within' if same else 'not shown to lie within'} "
            f"± {NEGLIGIBLE_SD} SD. The estimates have the cells' means taken off."
        ),
        passed=True if same else False if differs else None,
        figures={"difference": interval.estimate, "low": interval.low, "high": interval.high, "n": interval.n},
    )


def _unpaired(rows: pl.DataFrame, level: float) -> Interval | None:
    """Mean of the reversed order less that of the given one, each item seen in one of them: Welch's t over items."""
    means = rows.group_by("item", "order").agg(pl.col("y").mean()).sort("item")
    given, flipped = means.filter(pl.col("order") == 0)["y"].to_numpy(), means.filter(pl.col("order") == 1)["y"].to_numpy()
    if len(given) < FEWEST or len(flipped) < FEWEST or not (given.std() and flipped.std()):
        return None
    bounds = ttest_ind(flipped, given, equal_var=False).confidence_interval(level)
    return Interval(float(flipped.mean() - given.mean()), float(bounds.low), float(bounds.high), len(given) + len(flipped), "Welch", level)


def prompt_reliability(context: Context) -> Control | None:
    """Agreement of the prompt cells on the profile: each respondent's value scores, cell by cell."""
    name, _ = context.contrasts()
    name = "priority" if name == "absolute" else name
    cells = context.primary.cells.get(name, ())
    if len(cells) < 2:
        return None
    rows = complete_rows(cells)
    if not len(rows):
        return None
    scores = np.stack([one.theta[rows].reshape(-1) for one in cells], axis=1)
    found = icc(scores, context.level)
    if found is None:
        return None
    one, mean = found.agreement, found.agreement_mean
    sure = None if mean.low is None or mean.high is None else True if mean.low >= ENOUGH else False if mean.high < ENOUGH else None
    return Control(
        name="agreement of the prompts",
        question="Would another wording give the same profile?",
        finding=(
            f"ICC of the {name} preferences over {len(cells)} prompt cells: {_of(one)} for one cell, {_of(mean)} for their mean "
            f"(ICC(A,1), ICC(A,k), n = {found.n} scores)."
        ),
        passed=sure,
        figures={"icc_one": one.estimate, "icc_mean": mean.estimate, "cells": len(cells)},
    )


def refusals_by_value(context: Context) -> Control | None:
    """Refused and unreadable answers on items that promote each value against the rest, of everybody who was asked.

    Items with their answers are dealt out anew (repeated answers to one item are not independent); the largest standardised difference of a
    deal, over the values, is what the observed ones are compared with.
    """
    lost, asked, x, values = _lost(context)
    if not lost.any():
        return Control(
            name="refusals by value",
            question="Do refusals and unreadable answers depend on the value shown?",
            finding=f"None of the {int(asked.sum()):,} answers was refused or unreadable.",
            passed=True,
            figures={"lost": 0, "asked": int(asked.sum())},
        )
    promotes = x > 0
    tested = np.flatnonzero(promotes.any(axis=0) & ~promotes.all(axis=0))
    if not len(tested):
        return None
    p = _dealt_out(lost, asked, promotes[:, tested].astype(float), context.rng) if len(tested) else np.zeros(0)
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
        name="refusals by value",
        question="Do refusals and unreadable answers depend on the value shown?",
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


def _of(interval: Interval) -> str:
    bounds = "" if interval.low is None or interval.high is None else f" [{interval.low:.2f}, {interval.high:.2f}]"
    return f"{interval.estimate:.2f}{bounds}"
