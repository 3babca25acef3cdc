"""The results as tables (one CSV each) and as JSON-able data."""

from __future__ import annotations

from typing import Any

import polars as pl

from evals.adaptive.analysis import Adaptive, conclusions
from evals.adaptive.drift import higher_order
from evals.values.intervals import Interval

__all__ = ["as_data", "tables_of"]

FORMAT = "axiofeed-adaptive/1"


def tables_of(found: Adaptive) -> dict[str, pl.DataFrame]:
    """By file name: phases.csv, drift.csv, probes.csv, scrub.csv, offpolicy.csv; those without rows are left out."""
    rows: dict[str, list[dict[str, Any]]] = {
        "phases.csv": [_phase(one) for one in found.rates],
        "drift.csv": [row for window in found.drift for row in _drift(window)],
        "probes.csv": [
            {"group": one.group, "phase": one.phase, "channel": one.channel, "pairs": one.pairs}
            | {"treated": one.treated, "control": one.control}
            | _bounds("change", one.change)
            for one in found.changes
        ],
        "scrub.csv": [
            {"group": one.group, "pairs": one.pairs, "steps": one.steps}
            | _bounds("before", one.before)
            | _bounds("after", one.after)
            | _bounds("remaining", one.remaining)
            | _bounds("half_life", one.half_life)
            | {"note": one.note}
            for one in found.scrubs
        ],
        "offpolicy.csv": [_offline(one) for one in found.offline],
    }
    return {name: pl.DataFrame(each, infer_schema_length=None) for name, each in rows.items() if each}


def as_data(found: Adaptive) -> dict[str, Any]:
    """Everything as JSON-able data."""
    tables = {name.removesuffix(".csv"): frame.to_dicts() for name, frame in tables_of(found).items()}
    return {"format": FORMAT, "level": found.level, "conclusions": conclusions(found), "notes": list(found.notes)} | tables


def _phase(one: Any) -> dict[str, Any]:
    names = ("session", "model", "seed", "phase", "persona", "policy", "learn", "shown", "answered")
    return {name: getattr(one, name) for name in names} | _bounds("like", one.like) | _bounds("rating", one.rating)


def _drift(window: Any) -> list[dict[str, Any]]:
    shown, liked = window.shown | higher_order(window.shown), window.liked | higher_order(window.liked)
    place = {"session": window.session, "phase": window.phase, "first": window.first, "last": window.last, "likes": window.likes}
    return [place | {"value": code, "shown": mean, "liked": liked.get(code)} for code, mean in shown.items()]


def _offline(one: Any) -> dict[str, Any]:
    estimate = one.estimate
    row = {name: getattr(one, name) for name in ("session", "phase", "persona", "channel")}
    row |= _bounds("on_policy", one.naive) | _bounds("snips", estimate.snips) | _bounds("doubly_robust", estimate.robust)
    counts = {"answered": estimate.answered, "pool": estimate.pool, "effective_sample_size": estimate.effective}
    return row | counts | {"largest_weight": estimate.largest, "clipped": estimate.clipped, "low_ess": estimate.low_ess}


def _bounds(name: str, interval: Interval | None) -> dict[str, Any]:
    if interval is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None, f"{name}_method": None}
    low, high = interval.low, interval.high
    return {name: interval.estimate, f"{name}_low": low, f"{name}_high": high, f"{name}_method": interval.method}
