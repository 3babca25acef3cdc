"""Controls of the asking: order of the options and wording of the prompt, on the level of the answers and on the profile."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
from scipy.special import stdtrit
from scipy.stats import ttest_ind

from evals.values.controls.context import Context, absent
from evals.values.findings import Control
from evals.values.intervals import Interval, t_interval
from evals.values.multiplicity import tost
from evals.values.prompts import complete_rows, wordings
from evals.values.reliability import icc

__all__ = ["order_effect", "prompt_reliability", "wording_effect"]

FEWEST = 5
ENOUGH = 0.6
NEGLIGIBLE_SD = 0.2


def order_effect(context: Context) -> Control:
    """How much the order of the options moves an answer: paired by respondent and item, t over items (clusters)."""
    name, question = "order of the options", "Does reversing the options change the answers?"
    rows = context.answers
    if "order" not in rows.columns or rows["order"].n_unique() < 2:
        return absent(name, question, "needs answers in both orders of the options, named in a column order")
    interval, how = _compared(rows.with_columns(arm=pl.col("order")), context.level)
    if interval is None:
        return absent(name, question, f"needs {FEWEST} items in each order, whose answers differ")
    if interval.low is None or interval.high is None:
        return _unmoved(name, question, "Reversing the options changes no item's mean answer", interval.estimate, interval.n)
    margin = NEGLIGIBLE_SD * context.primary.panel.within_sd
    se = (interval.high - interval.low) / (2 * float(stdtrit(max(interval.n - 1, 1), 0.5 + context.level / 2)))
    same = margin > 0 and se > 0 and tost(interval.estimate, se, margin, df=max(interval.n - 1, 1), level=context.level).equivalent
    differs = not interval.low <= 0 <= interval.high and abs(interval.estimate) >= margin
    taken = "" if context.binary else " The estimates have the cells' means taken off."
    return Control(
        name=name,
        question=question,
        finding=(
            f"Reversed options move the mean by {interval.estimate:+.2f} [{interval.low:+.2f}, {interval.high:+.2f}] ({how}, "
            f"{interval.method}, n = {interval.n} {_units(context)}); {_within(same)}.{taken}"
        ),
        passed=True if same else False if differs else None,
        figures={"difference": interval.estimate, "low": interval.low, "high": interval.high, "n": interval.n},
    )


def wording_effect(context: Context) -> Control:
    """How far apart the wordings' mean answers are; what wording does to profiles is `prompt_reliability`.

    Every pair is compared as the orders are, at Bonferroni's level: the interval of the largest difference holds although it was picked.
    """
    name, question = "wording of the prompt", "Does another wording change the level of the answers?"
    cells = context.primary.panel.cells
    groups = wordings(cells)
    if len(groups) < 2:
        return absent(name, question, f"needs 2 wordings of the prompt; here {len(groups)}")
    number = {cells[place]: word for word, group in enumerate(groups) for place in group}
    rows = context.answers.with_columns(wording=pl.col("cell").replace_strict(number, return_dtype=pl.Int64))
    pairs = list(combinations(range(len(groups)), 2))
    found = []
    for one, other in pairs:
        both = rows.filter(pl.col("wording").is_in([one, other])).with_columns(arm=(pl.col("wording") == other).cast(pl.Int64))
        interval, how = _compared(both, 1 - (1 - context.level) / len(pairs))
        if interval is None:
            return absent(name, question, f"needs {FEWEST} items in every wording, whose answers differ")
        found.append({"wording": one, "against": other, "difference": interval.estimate, "low": interval.low, "high": interval.high,
                      "n": interval.n, "method": f"{interval.method}, {how}"})  # fmt: skip
    table = pl.DataFrame(found, infer_schema_length=None)
    largest = table.row(int(np.abs(table["difference"].to_numpy()).argmax()), named=True)
    bounded = table.drop_nulls("low")
    if bounded.is_empty():
        return _unmoved(name, question, "Wordings do not differ in any item's mean answer", float(largest["difference"]), largest["n"])
    span, (lows, highs) = abs(float(largest["difference"])), (bounded[side].to_numpy() for side in ("low", "high"))
    low, high = max(0.0, float(lows.max()), -float(highs.min())), max(-float(lows.min()), float(highs.max()))
    margin = NEGLIGIBLE_SD * context.primary.panel.within_sd
    taken = "" if context.binary else " The estimates have the cells' means taken off."
    return Control(
        name=name,
        question=question,
        finding=(
            f"The mean answers in {len(groups)} wordings lie up to {span:.2f} [{low:.2f}, {high:.2f}] apart ({largest['method']}, "
            f"Bonferroni over {len(pairs)} pair{'s' * (len(pairs) > 1)}, n = {largest['n']} {_units(context)}); "
            f"{_within(high <= margin)}.{taken}"
        ),
        passed=True if high <= margin else False if low > 0 and span >= margin else None,
        figures={"range": span, "low": low, "high": high, "wordings": len(groups)},
        table=table,
    )


def _unmoved(name: str, question: str, finding: str, difference: float, n: int) -> Control:
    """Equal differences have no interval; where all are zero there is nothing to ask further."""
    told = f"{finding} (n = {n} items)." if difference == 0 else f"The difference is {difference:+.2f} on each of {n} items."
    return Control(name, question, told, difference == 0, {"difference": difference, "n": n})


def _units(context: Context) -> str:
    """What n counts: twins and near-duplicates are one."""
    design = context.primary.panel.design
    return "items" if design.clusters == len(design.cluster) else "clusters of items"


def _within(same: bool) -> str:
    return f"{'within' if same else 'not shown to lie within'} ± {NEGLIGIBLE_SD} SD"


def _compared(rows: pl.DataFrame, level: float) -> tuple[Interval | None, str]:
    """Mean answer of arm 1 less that of arm 0, and how: paired by respondent and item where enough were asked in both, else over items."""
    paired = (
        rows.group_by("respondent", "item", "group")
        .agg(*(pl.col("y").filter(pl.col("arm") == arm).mean().alias(str(arm)) for arm in (0, 1)))
        .drop_nulls(["0", "1"])
        .group_by("item", "group")
        .agg((pl.col("1") - pl.col("0")).mean().alias("difference"))
        .group_by("group")
        .agg(pl.col("difference").mean())
        .sort("group")
    )
    if paired.height >= FEWEST:
        return t_interval(paired["difference"].to_list(), level), "paired by respondent and item"
    means = rows.group_by("item", "group", "arm").agg(pl.col("y").mean()).group_by("group", "arm").agg(pl.col("y").mean()).sort("group")
    zero, one = (means.filter(pl.col("arm") == arm)["y"].to_numpy() for arm in (0, 1))
    if len(zero) < FEWEST or len(one) < FEWEST or not (np.ptp(zero) and np.ptp(one)):
        return None, ""
    bounds = ttest_ind(one, zero, equal_var=False).confidence_interval(level)
    difference = float(one.mean() - zero.mean())
    return Interval(difference, float(bounds.low), float(bounds.high), len(zero) + len(one), "Welch", level), "over different items"


def prompt_reliability(context: Context) -> Control:
    """Agreement of the prompt cells on the profile: each respondent's value scores, cell by cell."""
    title, question = "agreement of the prompts", "Would another wording give the same profile?"
    estimand, _ = context.contrasts()
    estimand = "priority" if estimand == "absolute" else estimand
    if len(context.primary.panel.cells) < 2:
        return absent(title, question, "needs 2 prompt cells; here 1")
    cells = context.cells(estimand)
    rows = complete_rows(cells)
    found = icc(np.stack([one.theta[rows].reshape(-1) for one in cells], axis=1), context.level) if len(cells) > 1 and len(rows) else None
    if found is None:
        return absent(title, question, "no respondent answered enough items in every prompt cell")
    one, mean = found.agreement, found.agreement_mean
    sure = None if mean.low is None or mean.high is None else True if mean.low >= ENOUGH else False if mean.high < ENOUGH else None
    return Control(
        name=title,
        question=question,
        finding=(
            f"ICC of the {estimand} preferences over {len(cells)} prompt cells: {_of(one)} for one cell, {_of(mean)} for their mean "
            f"(ICC(A,1), ICC(A,k), n = {found.n} scores{'; linear probability' if context.binary else ''})."
        ),
        passed=sure,
        figures={"icc_one": one.estimate, "icc_mean": mean.estimate, "cells": len(cells)},
    )


def _of(interval: Interval) -> str:
    bounds = "" if interval.low is None or interval.high is None else f" [{interval.low:.2f}, {interval.high:.2f}]"
    return f"{interval.estimate:.2f}{bounds}"
