"""The scores by h and domain as dots with their intervals: groups in rows, one marker a respondent."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from evals.benchmark.scoring import ALL
from evals.ch3ef.taxonomy import H, domains
from evals.report.canvas import Canvas
from evals.report.figure import Figure, figure
from evals.report.style import FAINT, INK, MARKERS, PAPER, SOFT, label_width, labels, short
from evals.report.words import tick_text

__all__ = ["MOST", "score_figure"]

MOST = 4
"""Respondents that one figure shows."""
_COLOURS = (INK, "#8a5a00", "#2a62b0", "#8a1f5c")
_TOP, _BOTTOM = 34.0, 30.0


def score_figure(scores: pl.DataFrame, people: Sequence[str]) -> Figure:
    """The figure of the first `MOST` of the respondents."""
    shown = tuple(people[:MOST])
    caption = f"The first {MOST} of {len(people)} respondents; Wilson's intervals." if len(people) > MOST else "Wilson's intervals."
    return figure("scores", "Right answers by h and domain", lambda: _drawn(scores, shown), caption, 560)


def _drawn(scores: pl.DataFrame, people: Sequence[str]) -> Canvas:
    groups = [group for group in (ALL, *H, *domains()) if group in set(scores["group"])]
    row = 12.0 + 10.0 * len(people)
    named = labels(groups, 34)
    left = label_width(named) + 10
    canvas = Canvas(900, _TOP + row * len(groups) + _BOTTOM)
    height = row * len(groups)
    axes = canvas.axes(left, _TOP, canvas.width - left - 16, height + _BOTTOM)
    axes.set_xlim(-2, 102)
    for line, name in enumerate(named):
        canvas.text(left - 12, _TOP + row * (line + 0.5), name, fontsize=10.5, ha="right", weight="bold" if line <= len(H) else "normal")
        if line % 2 == 0:
            axes.axhspan(row * line, row * (line + 1), color="#f5f6f8", lw=0, zorder=0)
    for tick in (0, 25, 50, 75, 100):
        axes.plot((tick, tick), (0, height + 4), color=FAINT, lw=1, zorder=1)
        axes.text(tick, height + 14, f"{tick_text(tick)}%", fontsize=9.5, color=SOFT, ha="center", va="center_baseline")
    found = {(each["who"], each["group"]): each for each in scores.filter(pl.col("level") != "task").iter_rows(named=True)}
    for k, who in enumerate(people):
        for line, group in enumerate(groups):
            one = found.get((who, group))
            if one is None or one["score"] is None:
                continue
            y = row * (line + 0.5) + 10.0 * (k - (len(people) - 1) / 2)
            low, high = one["score_low"], one["score_high"]
            if low is not None and high is not None:  # items of one cluster have no bounds
                axes.plot((100 * low, 100 * high), (y, y), color=_COLOURS[k], lw=1.8, solid_capstyle="butt", zorder=3)
            axes.plot(100 * one["score"], y, MARKERS[k], ms=5.5, mfc=_COLOURS[k], mec=PAPER, mew=0.8, zorder=4)
    x = left
    for k, who in enumerate(people):
        name = short(who, 30)
        canvas.mark(x + 5, 14, MARKERS[k], ms=6.5, mfc=_COLOURS[k], mec=PAPER)
        canvas.text(x + 15, 14, name, fontsize=10.5, color=SOFT, ha="left")
        x += 15 + 6.4 * len(name) + 22
    return canvas
