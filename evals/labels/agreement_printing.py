"""Agreement as tables on a terminal, and as rows of one long table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape

from evals.labels.agreeing import RARE, Compared
from evals.labels.evidence import NOT_THERE
from evals.labels.judge_printing import console, table_of
from evals.values.intervals import Interval
from personas.one_line import one_line
from personas.schwartz import NAMES

__all__ = ["evidence_counts", "print_agreement", "rows_of"]

FEW = 30


def rows_of(found: Sequence[Compared]) -> list[dict[str, Any]]:
    """One row a comparison, value and coefficient: comparison, raters, value, prevalence, rare, coefficient, estimate, low, high, n."""
    rows: list[dict[str, Any]] = []
    for each in found:
        for number, value in enumerate(each.values):
            told: list[tuple[str, Interval | None]] = [("alpha", value.alpha), ("AC2", value.ac2), ("ICC(A,1)", value.icc)]
            if each.found:
                against = each.found[number]
                told += [("sensitivity", against.sensitivity), ("specificity", against.specificity)]
                told.append(("bias", Interval(against.bias, None, None, against.n, "weighted mean")))
            about = {
                "comparison": each.name,
                "raters": len(each.raters),
                "value": value.value,
                "prevalence": round(value.prevalence, 6),
                "rare": value.rare,
            }
            rows += [about | {"coefficient": name} | _numbers(interval) for name, interval in told]
    return rows


def _numbers(interval: Interval | None) -> dict[str, Any]:
    if interval is None:
        return {"estimate": None, "low": None, "high": None, "n": 0}
    return {"estimate": interval.estimate, "low": interval.low, "high": interval.high, "n": interval.n}


def evidence_counts(codes: pl.DataFrame) -> dict[str, dict[str, int]]:
    """By judge: codes other than 0, how many of them with evidence, without any, and with evidence that stands nowhere."""
    mine = codes.filter((pl.col("kind") == "judge") & (pl.col("code") != 0)).with_columns(pl.col("evidence").fill_null(""))
    nowhere, empty = pl.col("evidence").str.starts_with(NOT_THERE), pl.col("evidence") == ""
    counted = mine.group_by("rater").agg(
        pl.len().alias("codes"), nowhere.sum().alias("not_there"), empty.sum().alias("missing"), (~nowhere & ~empty).sum().alias("with")
    )
    return {
        row["rater"]: {name: int(row[name]) for name in ("codes", "with", "missing", "not_there")}
        for row in counted.sort("rater").to_dicts()
    }


def print_agreement(found: Sequence[Compared], evidence: Mapping[str, Mapping[str, int]], *, each: bool = False) -> None:
    """Judges, people, and judges against people, value by value; single judges as means over values, in full with `each`."""
    out = console()
    whole = [one for one in found if each or not one.detail]
    for one in whole:
        _print_one(one, out)
    if details := [one for one in found if one.detail and not each]:
        out.print("\nsingle judges, means over values", style="bold")
        table = table_of("comparison", "ordinal alpha", "AC2", "ICC(A,1)")
        for one in details:
            table.add_row(escape(one_line(one.name, 90)), *(_mean(one.mean(name)) for name in ("alpha", "ac2", "icc")))
        out.print(table)
    if any(value.rare for one in whole for value in one.values):
        out.print(f"\n* carried by fewer than {RARE:.0%} of the videos: read AC2, for alpha is unstable there")
    if any(one.found for one in found):
        out.print(
            "finds: share of the promoted videos that judges call so; leaves alone: share of the others; weighted by 1/π of the sample"
        )
    for judge, counts in evidence.items():
        told = f"{counts['with']:,} with evidence, {counts['missing']:,} without, {counts['not_there']:,} with evidence that stands nowhere"
        out.print(f"{one_line(judge, 80)}: {counts['codes']:,} codes other than 0, {told}", markup=False)


def _print_one(one: Compared, out: Console) -> None:
    who = f" ({len(one.raters)})" if len(one.raters) > 1 else ""
    out.print(f"\n{one_line(one.name, 110)}{who}", markup=False, style="bold")
    columns = ["value", "videos", "carry it", "ordinal alpha", "AC2", "ICC(A,1)"]
    table = table_of(*columns, *(["finds", "leaves alone", "bias"] if one.found else []))
    for number, value in enumerate(one.values):
        cells = [
            f"{value.units:,}",
            f"{value.prevalence:.1%}{'*' if value.rare else ''}",
            *map(_shown, (value.alpha, value.ac2, value.icc)),
        ]
        if one.found:
            against = one.found[number]
            cells += [_shown(against.sensitivity), _shown(against.specificity), f"{against.bias:+.2f}"]
        table.add_row(f"{value.value} {NAMES[value.value]}", *cells)
    out.print(table)
    if one.found and (few := one.found[0].n) < FEW:
        out.print(f"{few} videos labelled by people: far too few to tell", markup=False)


def _mean(found: float | None) -> str:
    return "-" if found is None else f"{found:.2f}"


def _shown(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    if interval.low is None or interval.high is None:
        return f"{interval.estimate:.2f}"
    return f"{interval.estimate:.2f} [{interval.low:.2f}, {interval.high:.2f}]"
