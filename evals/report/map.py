"""The values as respondents' profiles arrange them: the ordinal map of the structure test, on the ideal circle."""

from __future__ import annotations

import numpy as np

from evals.report.canvas import Canvas
from evals.report.style import INK, LINE, Value
from evals.values.structure import Circle

__all__ = ["value_map"]

WIDTH, HEIGHT = 460, 340


def value_map(found: Circle, values: tuple[Value, ...]) -> Canvas:
    """The points lie as the circle of profiles does: clockwise from the top."""
    points = found.scaling.points[:, ::-1]  # the map is turned towards (cos, sin): exchanged, 0° is at the top
    canvas = Canvas(WIDTH, HEIGHT)
    axes = canvas.axes(0, 0, WIDTH, HEIGHT)
    reach = 1.3 * max(1.0, float(np.abs(points).max(initial=0.0)))
    axes.set_xlim(-reach * WIDTH / HEIGHT, reach * WIDTH / HEIGHT)
    axes.set_ylim(-reach, reach)
    turn = np.linspace(0, 2 * np.pi, 121)
    axes.plot(np.sin(turn), np.cos(turn), color=LINE, lw=1, zorder=1)
    for value, (x, y) in zip(values, points, strict=True):
        axes.plot(x, y, "o", ms=8, color=value.colour, zorder=3)
        away = np.array([x, y]) / max(float(np.hypot(x, y)), 1e-9)
        side = "center" if abs(away[0]) < 0.35 else "left" if away[0] > 0 else "right"
        axes.text(x + 0.08 * away[0], y + 0.13 * away[1], value.name, fontsize=11, color=INK, ha=side, va="center", zorder=4)
    return canvas
