"""Controls of the asking: order of the options, wording, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy.stats import fisher_exact, ttest_ind

from evals.values.controls.context import Context
from evals.values.findings import Control
from evals.values.intervals import Interval, t_interval, wilson_interval
from evals.values.multiplicity import holm
from evals.values.reliability import icc

__all__ = ["order_effect", "prompt_reliability", "refusals_by_value"]

FEWEST = 5


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
    small = 0.1 * context.primary.panel.within_sd
    return Control(
        name="order of the options",
        question="Does reversing the options change the answers?",
        finding=(
            f"Reversed options move the mean by {interval.estimate:+.2f} [{interval.low:+.2f}, {interval.high:+.2f}] ({how}, "
            f"{interval.method}, n = {interval.n} items); the estimates have the cells' means taken off."
        ),
        passed=None if abs(interval.estimate) < small else interval.low <= 0 <= interval.high,
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
    scores = np.stack([one.theta.reshape(-1) for one in cells], axis=1)
    found = icc(scores, context.level)
    if found is None:
        return None
    one, mean = found.agreement, found.agreement_mean
    return Control(
        name="agreement of the prompts",
        question="Would another wording give the same profile?",
        finding=(
            f"ICC of the {name} preferences over {len(cells)} prompt cells: {_of(one)} for one cell, {_of(mean)} for their mean "
            f"(ICC(A,1), ICC(A,k), n = {found.n} scores)."
        ),
        passed=bool(mean.estimate >= 0.6),
        figures={"icc_one": one.estimate, "icc_mean": mean.estimate, "cells": len(cells)},
    )


def refusals_by_value(context: Context) -> Control | None:
    """Refused and unreadable answers on items that promote each value against the rest (Fisher's exact test, Holm over values)."""
    panel = context.primary.panel
    lost, asked = panel.missing.sum(axis=0), (panel.missing + panel.count).sum(axis=0)
    if not lost.any():
        return Control(
            name="refusals by value",
            question="Do refusals and unreadable answers depend on the value shown?",
            finding=f"None of the {int(asked.sum()):,} answers was refused or unreadable.",
            passed=True,
            figures={"lost": 0, "asked": int(asked.sum())},
        )
    rows: list[dict[str, Any]] = []
    p: list[float] = []
    for v, value in enumerate(panel.values):
        promotes = panel.loadings.x[:, v] > 0
        if not promotes.any() or promotes.all():
            continue
        there = (int(lost[promotes].sum()), int(asked[promotes].sum()))
        rest = (int(lost[~promotes].sum()), int(asked[~promotes].sum()))
        rate = wilson_interval(*there, context.level)
        assert rate is not None
        rows.append({"value": value, "lost": there[0], "asked": there[1], "rate": rate.estimate, "low": rate.low, "high": rate.high})
        p.append(float(fisher_exact([[there[0], there[1] - there[0]], [rest[0], rest[1] - rest[0]]])[1]))
    adjusted = holm(p)
    table = pl.DataFrame(rows).with_columns(pl.Series("p_adjusted", adjusted)) if rows else None
    unequal = [row["value"] for row, each in zip(rows, adjusted, strict=True) if each < 0.05]
    overall = float(lost.sum() / asked.sum())
    where = f"more or less often than elsewhere on {', '.join(unequal)}" if unequal else "not detectably more often on any value"
    return Control(
        name="refusals by value",
        question="Do refusals and unreadable answers depend on the value shown?",
        finding=f"{int(lost.sum())} of {int(asked.sum()):,} answers ({overall:.1%}) were refused or unreadable, {where} (Fisher, Holm).",
        passed=not unequal,
        figures={"lost": int(lost.sum()), "asked": int(asked.sum()), "rate": overall},
        table=table,
    )


def _of(interval: Interval) -> str:
    bounds = "" if interval.low is None or interval.high is None else f" [{interval.low:.2f}, {interval.high:.2f}]"
    return f"{interval.estimate:.2f}{bounds}"
