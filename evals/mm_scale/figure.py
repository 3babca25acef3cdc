"""Respondents beside people: order (τ-b) and distance (MAE); one rater's reach is a band, knowing nothing a dashed line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from matplotlib.axes import Axes

from evals.report.canvas import Canvas
from evals.report.figure import Figure, figure
from evals.report.style import BOUND, FAINT, INK, LINE, PAPER, SOFT, label_width, labels
from evals.report.words import tick_text

__all__ = ["MOST", "score_figure"]

MOST = 16
"""Respondents that the figure shows."""
_ROW, _TOP, _BOTTOM, _GAP = 24.0, 30.0, 26.0, 26.0
Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Panel:
    """`band`: what one rater reaches, `line`: what knowing nothing gets."""

    name: str
    title: str
    ticks: tuple[float, ...]
    band: tuple[float, float] | None
    line: float | None


def score_figure(scores: pl.DataFrame, people: pl.DataFrame) -> Figure | None:
    """The figure of the first `MOST` respondents that rated something; None where there are none."""
    rows = scores.filter(pl.col("mae").is_not_null())
    if rows.is_empty():
        return None
    left = f" The first {MOST} of {rows.height} respondents." if rows.height > MOST else ""
    bands = "Shaded: one rater against the mean of the others. Dashed: knowing nothing. Pale bars: what missing answers leave open."
    caption = f"{bands} Intervals by resampling pictures.{left}"
    return figure(
        "scores", "Order and distance", lambda: _drawn(list(rows.head(MOST).iter_rows(named=True)), people.row(0, named=True)), caption, 620
    )


def _drawn(rows: Sequence[Row], people: Row) -> Canvas:
    farthest = max(1.5, *(row["mae_high"] or row["mae"] for row in rows))
    steps = tuple(step / 2 for step in range(int(2 * farthest) + 2))
    panels = (
        _Panel("tau_b", "τ-b, higher is better", (-1, -0.5, 0, 0.5, 1), _band(people, "tau_b"), 0.0),
        _Panel("mae", "points off, lower is better", steps, _band(people, "mae"), people["mae_mean"]),
    )
    named = labels([str(row["who"]) for row in rows], 40)
    left = label_width(named) + 14
    canvas = Canvas(940, _TOP + _ROW * len(rows) + _BOTTOM)
    for line, name in enumerate(named):
        canvas.text(left - 12, _TOP + _ROW * (line + 0.5), name, fontsize=10.5, ha="right")
    across = (canvas.width - left - _GAP - 14) / 2
    for place, panel in enumerate(panels):
        x = left + place * (across + _GAP)
        canvas.text(x, 12, panel.title, fontsize=11, weight="bold", ha="left")
        _panel(canvas.axes(x, _TOP, across, _ROW * len(rows) + _BOTTOM), panel, rows)
    return canvas


def _band(people: Row, name: str) -> tuple[float, float] | None:
    low, high = people[f"{name}_low"], people[f"{name}_high"]
    return None if low is None or high is None else (low, high)


def _panel(axes: Axes, panel: _Panel, rows: Sequence[Row]) -> None:
    height = _ROW * len(rows)
    span = panel.ticks[-1] - panel.ticks[0]
    axes.set_xlim(panel.ticks[0] - 0.03 * span, panel.ticks[-1] + 0.03 * span)
    if panel.band is not None:
        axes.fill_betweenx((0, height), *panel.band, color=BOUND, lw=0, zorder=0)
    for tick in panel.ticks:
        axes.plot((tick, tick), (0, height), color=FAINT, lw=1, zorder=1)
        axes.text(tick, height + 12, tick_text(tick), fontsize=9.5, color=SOFT, ha="center", va="center_baseline")
    if panel.line is not None:
        axes.plot((panel.line, panel.line), (0, height), color=SOFT, lw=1.2, ls=(0, (4, 3)), zorder=2)
    for line, row in enumerate(rows):
        value, y = row[panel.name], _ROW * (line + 0.5)
        if row[f"{panel.name}_least"] is not None:
            open_ = (row[f"{panel.name}_least"], row[f"{panel.name}_most"])
            axes.plot(open_, (y, y), color=LINE, lw=5, solid_capstyle="butt", zorder=2)
        if value is None:
            told = "none: rated alike throughout" if row["ordered"] else "none: no order of people's"
            axes.text(panel.ticks[0], y, told, fontsize=9.5, color=SOFT, ha="left", va="center_baseline")
            continue
        if row[f"{panel.name}_low"] is not None:
            axes.plot((row[f"{panel.name}_low"], row[f"{panel.name}_high"]), (y, y), color=INK, lw=1.8, solid_capstyle="butt", zorder=3)
        axes.plot(value, y, "o", ms=5.5, mfc=INK, mec=PAPER, mew=0.8, zorder=4)
