"""Induced preference: by how much the yes-rate on held-out videos changes when a persona has browsed, paired with control twins.

Three evaluations stand side by side: of nobody in particular before anybody has browsed ("default"), of the persona on the feed that its
control twin left ("twin"), and of the persona on the feed that it shaped itself ("browsed"). Browsed less twin is what browsing induced;
browsed less default is the published comparison, in which playing the persona at all counts too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import polars as pl

from evals.adaptive.analysis import Adaptive, analyse
from evals.adaptive.reading import PhaseRun, SessionRun
from evals.adaptive.twins import Group, Pair, two_rates
from evals.report.words import plural
from evals.value_spectrum.asking import AFTER, BEFORE, CONTROL
from evals.values.intervals import Interval, t_interval, wilson_interval

__all__ = ["InducedFound", "induced"]

_SCHEMA: dict[str, Any] = {
    "model": pl.String,
    "persona": pl.String,
    "pairs": pl.Int64,
    **{f"{name}{part}": pl.Float64 for name in ("default", "twin", "browsed") for part in ("", "_low", "_high")},
    **{
        f"{name}{part}": pl.String if part == "_method" else pl.Float64
        for name in ("induced", "against_default", "induced_snips")
        for part in ("", "_low", "_high", "_method")
    },
    "answered": pl.Int64,
    "shown": pl.Int64,
}


@dataclass(frozen=True)
class InducedFound:
    """The table, sentences on it, and the whole analysis of the adaptive feeds."""

    table: pl.DataFrame
    conclusions: tuple[str, ...]
    notes: tuple[str, ...]
    adaptive: Adaptive


def induced(folders: Sequence[Path], *, level: float = 0.95, seed: int = 0) -> InducedFound:
    """One row a model and persona, rates and differences in points.

    default, twin, browsed     100 × yes / answered in each evaluation, Wilson's interval, given the feeds that were shown
    induced, against_default   differences over pairs by Student's t (pairs have seeds of their own); of one pair Newcombe's
    induced_snips              as induced, from yes-rates weighted to all held-out videos alike (SNIPS): near zero where only the choice of
                               videos differs

    Raises UserError where no session has a decision.
    """
    found = analyse(list(folders), control=CONTROL, level=level, seed=seed)
    rows = [_row(group, found, level) for group in found.groups if _has(group, BEFORE) and _has(group, AFTER)]
    return InducedFound(pl.DataFrame(rows, schema=_SCHEMA), tuple(_conclusion(row) for row in rows), found.notes, found)


def _has(group: Group, name: str) -> bool:
    return any(phase.name == name for phase in group.pairs[0].treated.phases)


def _row(group: Group, found: Adaptive, level: float) -> dict[str, Any]:
    first = group.pairs[0].treated
    browsed = [_phase(pair.treated, AFTER) for pair in group.pairs]
    sides = {
        "default": [_phase(pair.treated, BEFORE) for pair in group.pairs],
        "twin": [_phase(pair.control, AFTER) for pair in group.pairs],
        "browsed": browsed,
    }
    row: dict[str, Any] = {"model": first.model, "persona": _phase(first, AFTER).player.name, "pairs": len(group.pairs)}
    for name, phases in sides.items():
        row |= _points(name, _rate(phases, level), method=False)
    row |= _points("induced", _change(browsed, sides["twin"], level))
    row |= _points("against_default", _change(browsed, sides["default"], level))
    row |= _points("induced_snips", _snips(group.pairs, found, level))
    every = [one for phases in sides.values() for phase in phases for one in phase.shown]
    return row | {"answered": sum(one.like is not None for one in every), "shown": len(every)}


def _phase(run: SessionRun, name: str) -> PhaseRun:
    return next(phase for phase in run.phases if phase.name == name)


def _likes(phase: PhaseRun) -> list[float]:
    return [one.like for one in phase.shown if one.like is not None]


def _rate(phases: Sequence[PhaseRun], level: float) -> Interval | None:
    """Of all sessions together."""
    likes = [like for phase in phases for like in _likes(phase)]
    return wilson_interval(sum(likes), len(likes), level)


def _change(first: Sequence[PhaseRun], second: Sequence[PhaseRun], level: float) -> Interval | None:
    """The difference of two evaluations, session by session."""
    sides = [(_likes(one), _likes(other)) for one, other in zip(first, second, strict=True)]
    sides = [(one, other) for one, other in sides if one and other]
    if len(sides) == 1:
        one, other = sides[0]
        return two_rates(sum(one), len(one), sum(other), len(other), level)
    return t_interval([fmean(one) - fmean(other) for one, other in sides], level)


def _snips(pairs: Sequence[Pair], found: Adaptive, level: float) -> Interval | None:
    """The difference of the yes-rates weighted by propensity, pair by pair; None with one pair, or where there is no weighted rate."""
    rates = {(one.session, one.phase): one.estimate.snips for one in found.offline if one.channel == "like"}
    both = [(rates.get((pair.treated.name, AFTER)), rates.get((pair.control.name, AFTER))) for pair in pairs]
    changes = [one.estimate - other.estimate for one, other in both if one is not None and other is not None]
    return t_interval(changes, level) if len(changes) > 1 else None


def _points(name: str, one: Interval | None, *, method: bool = True) -> dict[str, Any]:
    figures = [None, None, None] if one is None else [one.estimate, one.low, one.high]
    found: dict[str, Any] = {
        f"{name}{part}": None if figure is None else 100 * figure for part, figure in zip(("", "_low", "_high"), figures, strict=True)
    }
    return found | ({f"{name}_method": None if one is None else f"{one.method}, {one.level:.0%}"} if method else {})


def _conclusion(row: dict[str, Any]) -> str:
    who = f"{row['model']} as {row['persona']}"
    if row["induced"] is None:
        return f"{who}: no pair has an answered evaluation, so nothing is known of an induced preference."
    low, high = row["induced_low"], row["induced_high"]
    bounds = "no interval" if low is None or high is None else f"[{low:+.0f}, {high:+.0f}]"
    told = low is not None and high is not None and (low > 0 or high < 0)
    what = "browsing changed" if told else "no change can be told of"
    return (
        f"{who}: {what} the yes-rate on held-out videos, {row['induced']:+.0f} points {bounds} "
        f"({row['browsed']:.0f}% against its control twin's {row['twin']:.0f}%, {plural(row['pairs'], 'pair')}; "
        f"{row['default']:.0f}% as nobody, before)."
    )
