"""Two plots: distances by condition with the baselines as strokes, and the effects of pictures and of the name, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from evals.culture.analysis import Found
from evals.report.canvas import Canvas
from evals.report.figure import Figure, figure
from evals.report.style import BOUND, COOL, FAINT, INK, PAPER, SOFT, WARM, label_width, labels, short, ticks
from evals.report.words import level_text, tick_text

__all__ = ["figures_of"]

DRAWN = 6
"""Respondents in a plot; all are in the tables."""
ROW, TOP, FOOT = 21.0, 30.0, 46.0


@dataclass(frozen=True)
class _Line:
    """One row: `heading` alone, or a point with bounds, and strokes of baselines."""

    name: str
    point: float | None = None
    low: float | None = None
    high: float | None = None
    strokes: tuple[tuple[float, str], ...] = ()


def figures_of(found: Found) -> tuple[Figure, ...]:
    """The plots for which there is something to draw."""
    jsd = pl.col("measure") == "jsd"
    level = level_text(found.level)
    people = found.scores["respondent"].unique(maintain_order=True).to_list()[:DRAWN]
    scored = _lines(found.scores.filter(jsd), people, "condition", "distance")
    caption = (
        f"Jensen–Shannon divergence to the people, base 2: 0 is alike. Lines: {level} bootstrap by question. Strokes: a uniform guess "
        "(orange) and the mean of the other countries (blue) on the same cells."
    )
    made = [figure("culture-distance", "How far from the people", partial(_draw, scored, "divergence, base 2", zero=False), caption, 460)]
    if found.effects.height:
        changed = _lines(found.effects.filter(jsd), people, "contrast", "difference")
        told = f"Difference in divergence, paired by question and country: left of 0 is closer. Lines: {level} bootstrap by question."
        draw = partial(_draw, changed, "difference in divergence", zero=True)
        made.append(figure("culture-effects", "What the pictures and the name do", draw, told, 460))
    return tuple(made)


def _lines(table: pl.DataFrame, people: Sequence[str], name: str, column: str) -> list[_Line]:
    lines: list[_Line] = []
    for who in people:
        rows = table.filter(pl.col("respondent") == who)
        if rows.height:
            lines.append(_Line(who))
            lines += [_line(row, name, column) for row in rows.iter_rows(named=True)]
    return lines


def _line(row: Mapping[str, Any], name: str, column: str) -> _Line:
    baselines = (("uniform", WARM), ("others", COOL))
    strokes = tuple((row[each], colour) for each, colour in baselines if row.get(each) is not None)
    return _Line(row[name], row[column], row[f"{column}_low"], row[f"{column}_high"], strokes)


def _draw(lines: Sequence[_Line], unit: str, *, zero: bool) -> Canvas:
    named = labels([line.name for line in lines if line.point is not None], 26)
    left = max(110.0, label_width(named) + 20)
    canvas = Canvas(900, TOP + ROW * len(lines) + FOOT)
    axes = canvas.axes(left, TOP, 900 - left - 12, ROW * len(lines) + FOOT)
    known = [value for line in lines for value in (line.point, line.low, line.high, *(at for at, _ in line.strokes)) if value is not None]
    high = max([abs(value) for value in known] + [0.01]) * 1.06
    low = -high if zero else 0.0
    axes.set_xlim(low, high)
    for tick in ticks(low, high, 6):
        axes.plot((tick, tick), (0, ROW * len(lines)), color=SOFT if tick == 0 and zero else FAINT, lw=1, zorder=1)
        axes.text(tick, ROW * len(lines) + 12, tick_text(tick), fontsize=9.5, color=SOFT, ha="center", va="center_baseline")
    axes.text((low + high) / 2, ROW * len(lines) + 30, unit, fontsize=9.5, color=SOFT, ha="center", va="center_baseline")
    for place, line in enumerate(lines):
        middle = ROW * (place + 0.5)
        if line.point is None:
            canvas.text(6, TOP + middle, short(line.name, 100), fontsize=10.5, weight="bold", ha="left")
            continue
        canvas.text(left - 10, TOP + middle, short(line.name, 26), fontsize=10.5, ha="right")
        for at, colour in line.strokes:
            axes.plot((at, at), (middle - 8, middle + 8), color=colour, lw=2, zorder=2)
        if line.low is not None and line.high is not None:
            axes.plot((line.low, line.high), (middle, middle), color=BOUND, lw=6, solid_capstyle="butt", zorder=3)
        axes.plot(line.point, middle, "o", ms=6.5, mfc=PAPER, mec=INK, mew=1.8, zorder=4, clip_on=False)
    return canvas
