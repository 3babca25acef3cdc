"""Scores by capacity and skill: a row a group, a dot with its interval a respondent, a pale line for what nobody decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from evals.auto_bench.taxonomy import CAPACITIES, skills
from evals.benchmark.scoring import ALL
from evals.report.canvas import Canvas
from evals.report.figure import Figure, figure
from evals.report.style import FAINT, INK, MARKERS, PAPER, SOFT, label_width, labels, short
from evals.report.words import tick_text

__all__ = ["MOST", "score_figure"]

MOST = 4
"""Respondents that the figure shows."""
_COLOURS = (INK, "#a4480b", "#1f6f54", "#6a3fa0")
_HEAD, _FOOT, _STEP = 32.0, 28.0, 9.0


def score_figure(scores: pl.DataFrame, people: Sequence[str]) -> Figure:
    """The figure of the first `MOST` of the respondents (`evals.benchmark.respondents.in_order`) in `.scoring.skill_scores`."""
    more = f"The first {MOST} of {len(people)} respondents. " if len(people) > MOST else ""
    told = f"{more}Wilson's intervals; the pale line runs from all undecided answers wrong to all of them right."
    return figure("scores", "Right answers by capacity and skill", lambda: _drawn(scores, people[:MOST]), told, 560)


def _order() -> Iterator[tuple[str, str, str]]:
    """(level, group, label): each capacity before its skills."""
    yield ALL, ALL, "all"
    for capacity in CAPACITIES:
        yield "capacity", capacity, capacity
        for name, skill in skills().items():
            if skill.capacity == capacity:
                yield "skill", name, name


def _drawn(scores: pl.DataFrame, people: Sequence[str]) -> Canvas:
    found = {(row["who"], row["level"], row["group"]): row for row in scores.iter_rows(named=True)}
    there = {key[1:] for key in found}
    lines = [each for each in _order() if each[:2] in there]
    pitch = 10.0 + _STEP * len(people)
    named = labels([label for _, _, label in lines], 30)
    left = label_width(named) + 12
    canvas = Canvas(900, _HEAD + pitch * len(lines) + _FOOT)
    axes = canvas.axes(left, _HEAD, canvas.width - left - 14, pitch * len(lines) + _FOOT)
    axes.set_xlim(-2, 102)
    for tick in (0, 25, 50, 75, 100):
        axes.plot((tick, tick), (0, pitch * len(lines)), color=FAINT, lw=1, zorder=1)
        axes.text(tick, pitch * len(lines) + 12, f"{tick_text(tick)}%", fontsize=9.5, color=SOFT, ha="center", va="center_baseline")
    for line, (level, group, _) in enumerate(lines):
        middle = pitch * (line + 0.5)
        weight = "normal" if level == "skill" else "bold"
        canvas.text(left - 12, _HEAD + middle, named[line], fontsize=10.5, ha="right", weight=weight)
        if level != "skill":
            axes.axhspan(pitch * line, pitch * (line + 1), color="#f2f3f6", lw=0, zorder=0)
        for place, who in enumerate(people):
            row = found.get((who, level, group))
            y = middle + _STEP * (place - (len(people) - 1) / 2)
            if row is not None and row["open"]:
                axes.plot((100 * row["least"], 100 * row["most"]), (y, y), color=FAINT, lw=4, solid_capstyle="butt", zorder=2)
            if row is None or row["score"] is None:
                continue
            if row["score_low"] is not None:
                ends = 100 * row["score_low"], 100 * row["score_high"]
                axes.plot(ends, (y, y), color=_COLOURS[place], lw=1.7, solid_capstyle="butt", zorder=3)
            axes.plot(100 * row["score"], y, MARKERS[place], ms=5.2, mfc=_COLOURS[place], mec=PAPER, mew=0.8, zorder=4)
    _legend(canvas, people, left)
    return canvas


def _legend(canvas: Canvas, people: Sequence[str], left: float) -> None:
    x = left
    for place, who in enumerate(people):
        name = short(who, 30)
        canvas.mark(x + 5, 13, MARKERS[place], ms=6.3, mfc=_COLOURS[place], mec=PAPER)
        canvas.text(x + 15, 13, name, fontsize=10.5, color=SOFT, ha="left")
        x += 37 + 6.4 * len(name)
