"""Two plots of the structure tests: mean correlation by distance with its null, and where respondents' waves peak."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.patches import Polygon

from evals.report.canvas import Canvas
from evals.report.circle import place
from evals.report.style import BOUND, FAINT, INK, LINE, PAPER, SOFT, Value, ticks
from evals.report.words import tick_text
from evals.values.structure import AtDistance, Circle, Waves, angles_of
from evals.values.structure.circular import circular_distance, relabellings

__all__ = ["distance_plot", "null_band", "wave_plot"]

RELABELLED = 2000


def null_band(values: Sequence[str], best: Circle, relabelled: int = RELABELLED) -> tuple[tuple[float, float], ...] | None:
    """At each distance the middle 95% of mean r over relabellings of the values; None where the distances are not equally spaced."""
    distance = circular_distance(angles_of(values))
    rows, columns = np.triu_indices(len(values), 1)
    apart = distance[rows, columns]
    degrees = [one.degrees for one in best.by_distance]
    if not np.array_equal(np.unique(apart), degrees):
        return None
    labels = relabellings(len(values), relabelled, np.random.default_rng(0))
    drawn = best.correlations[labels[:, rows], labels[:, columns]]
    ends = [np.quantile(drawn[:, apart == each].mean(axis=1), [0.025, 0.975]) for each in degrees]
    return tuple((float(low), float(high)) for low, high in ends)


def distance_plot(by_distance: Sequence[AtDistance], band: Sequence[tuple[float, float]] | None) -> Canvas:
    """Mean r down the page, distance across; the band is what exchanged labels give."""
    width, height, left, top, foot = 460, 340, 48, 16, 52
    canvas = Canvas(width, height)
    axes = canvas.axes(left, top, width - left - 12, height - top - foot)
    tall = height - top - foot
    bounds = [end for one in by_distance for end in (one.r.low, one.r.high, one.r.estimate) if end is not None]
    bounds += [end for pair in band or () for end in pair]
    low, high = min(0.0, *bounds), max(0.0, *bounds)
    margin = 0.06 * (high - low) or 0.1
    low, high = max(-1.0, low - margin), min(1.0, high + margin)
    degrees = [one.degrees for one in by_distance]
    axes.set_xlim(degrees[0] - 14, degrees[-1] + 14)

    def down(r: float) -> float:
        return tall * (high - r) / (high - low)

    for tick in ticks(low, high, 5):
        axes.plot((degrees[0] - 14, degrees[-1] + 14), (down(tick), down(tick)), color=SOFT if abs(tick) < 1e-9 else FAINT, lw=1, zorder=1)
        canvas.text(left - 8, top + down(tick), tick_text(round(tick, 6)), fontsize=9.5, color=SOFT, ha="right")
    if band is not None:
        edge = [(x, down(ends[1])) for x, ends in zip(degrees, band, strict=True)]
        edge += [(x, down(ends[0])) for x, ends in reversed(list(zip(degrees, band, strict=True)))]
        axes.add_patch(Polygon(edge, closed=True, facecolor=BOUND, edgecolor="none", alpha=0.7, zorder=0))
    axes.plot(degrees, [down(one.r.estimate) for one in by_distance], color=LINE, lw=1.2, zorder=2)
    for one in by_distance:
        if one.r.low is not None and one.r.high is not None:
            axes.plot((one.degrees, one.degrees), (down(one.r.low), down(one.r.high)), color=INK, lw=2, solid_capstyle="butt", zorder=3)
        axes.plot(one.degrees, down(one.r.estimate), "o", ms=7, mfc=INK, mec=PAPER, mew=1, zorder=4)
        axes.text(one.degrees, tall + 14, f"{one.degrees:g}°", fontsize=9.5, color=SOFT, ha="center", va="center_baseline")
    canvas.text(left + (width - left - 12) / 2, height - 12, "distance on the circle", fontsize=9.5, color=SOFT, ha="center")
    canvas.text(2, 8, "r", fontsize=10, color=SOFT, ha="left", style="italic")
    return canvas


def wave_plot(waves: Waves, values: tuple[Value, ...], null: float) -> Canvas:
    """Peaks around the circle, R² outwards."""
    width, height, rim = 460, 380, 138.0
    canvas = Canvas(width, height)
    axes = canvas.axes(0, 0, width, height)
    axes.set_xlim(-width / 2, width / 2)
    axes.set_ylim(-height / 2, height / 2)
    for radius, style in ((rim, "-"), (rim / 2, "-"), (rim * null, (0, (3, 2)))):
        turn = [place(radius, angle) for angle in range(0, 361, 3)]
        axes.plot(*zip(*turn, strict=True), color=FAINT if style == "-" else SOFT, lw=1, linestyle=style, zorder=1)
    for value in values:
        axes.plot(*zip(place(0, value.angle), place(rim, value.angle), strict=True), color=FAINT, lw=0.8, zorder=0)
        arc = [place(rim + 8, value.angle + 330 / len(values) * (part / 10 - 0.5)) for part in range(11)]
        axes.plot(*zip(*arc, strict=True), color=value.colour, lw=3.5, solid_capstyle="butt", zorder=2)
        x, y = place(rim + 22, value.angle)
        axes.text(x, y, value.name, fontsize=11, color=INK, ha="center" if abs(x) < 20 else "left" if x > 0 else "right", va="center")
    for peak, r2, p in zip(waves.peak, waves.r2, waves.p, strict=True):
        x, y = place(rim * float(r2), float(peak))
        axes.plot(x, y, "o", ms=4.6, mfc=INK if p < 0.05 else PAPER, mec=INK, mew=1, alpha=0.75, zorder=3)
    return canvas
