"""Gain, leakage and transfer of each persona side by side: personas in rows, one marker a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evals.report.canvas import Canvas
from evals.report.estimates import Estimate, interval_estimate
from evals.report.style import FAINT, INK, MARKERS, PAPER, SOFT, label_width, labels, short, ticks
from evals.report.words import tick_text
from evals.values.findings import PersonaFinding
from evals.values.intervals import Interval

__all__ = ["forest"]

GAP, TOP, BOTTOM, LONGEST = 26.0, 54.0, 32.0, 30
MEASURES: tuple[tuple[str, str, Callable[[PersonaFinding], Interval | None]], ...] = (
    ("Gain", "towards the target", lambda found: found.gain),
    ("Leakage", "beside the target", lambda found: found.leakage),
    ("Transfer", "along the circle", lambda found: found.transfer),
)
COLOURS = (INK, "#8a5a00", "#2a62b0", "#8a1f5c")


def forest(findings: Sequence[PersonaFinding], personas: Sequence[str], models: Sequence[str]) -> Canvas:
    """One row a persona, one panel a measure; `models` are at most four, each with a marker and colour of its own."""
    row = 12.0 + 11.0 * len(models)
    height = row * len(personas)
    named, top = labels(personas, LONGEST), TOP if len(models) > 1 else TOP - 22
    left = label_width(named)
    canvas = Canvas(1000, top + height + BOTTOM)
    by_place = {(found.persona, found.model): found for found in findings}
    across = (canvas.width - left - 2 * GAP - 8) / 3
    for number, name in enumerate(named):
        canvas.text(left - 12, top + row * (number + 0.5), name, fontsize=10.5, ha="right")
    _key(canvas, left, models)
    for column, (title, what, measure) in enumerate(MEASURES):
        x = left + column * (across + GAP)
        canvas.text(x, top - 16, title, fontsize=11, weight="bold", ha="left")
        canvas.text(x + across, top - 16, what, fontsize=10, color=SOFT, ha="right")
        axes = canvas.axes(x, top, across, height + BOTTOM)
        dots = [
            (interval_estimate(measure(found)), row * (line + 0.5) + 11.0 * (k - (len(models) - 1) / 2), k)
            for line, persona in enumerate(personas)
            for k, model in enumerate(models)
            if (found := by_place.get((persona, model))) is not None
        ]
        low, high = _range([dot for dot, _, _ in dots if dot is not None])
        axes.set_xlim(low, high)
        for line in range(0, len(personas), 2):
            axes.axhspan(row * line, row * (line + 1), color="#f5f6f8", lw=0, zorder=0)
        for tick in ticks(low, high, 4):
            axes.plot((tick, tick), (0, height + 4), color=SOFT if tick == 0 else FAINT, lw=1, zorder=1)
            axes.text(tick, height + 14, tick_text(tick), fontsize=9.5, color=SOFT, ha="center", va="center_baseline")
        for dot, y, k in dots:
            if dot is None:
                continue
            if dot.low is not None and dot.high is not None:
                axes.plot((dot.low, dot.high), (y, y), color=COLOURS[k], lw=1.8, solid_capstyle="butt", zorder=3)
            axes.plot(dot.estimate, y, MARKERS[k], ms=5.5, mfc=COLOURS[k], mec=PAPER, mew=0.8, zorder=4)
    return canvas


def _range(dots: Sequence[Estimate]) -> tuple[float, float]:
    """With 0 inside."""
    reach = [0.0, *(number for dot in dots for number in dot.reach)]
    low, high = min(reach), max(reach)
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin


def _key(canvas: Canvas, x: float, models: Sequence[str]) -> None:
    for k, model in enumerate(models if len(models) > 1 else ()):
        canvas.mark(x + 5, 12, MARKERS[k], ms=6.5, mfc=COLOURS[k], mec=PAPER)
        name = short(model, 34)
        canvas.text(x + 15, 12, name, fontsize=10.5, color=SOFT, ha="left")
        x += 15 + 6.2 * len(name) + 24
