"""A profile on Schwartz's circle: each value in its direction, further out the more it is preferred, with its interval."""

from __future__ import annotations

import math

from matplotlib.axes import Axes

from evals.report.canvas import Canvas
from evals.report.estimates import Series
from evals.report.style import FAINT, GROUP_COLOURS, GROUP_NAMES, INK, LINE, PAPER, SOFT, Value, ticks
from evals.report.words import tick_text

__all__ = ["circle", "place"]

WIDTH, HEIGHT = 440, 380
HUB, RIM = 22.0, 126.0
"""Radii of the lowest and of the highest figure."""


def circle(series: Series, values: tuple[Value, ...], codes: tuple[str, ...], limit: float) -> Canvas:
    """The ring of dots is `series`; the dark ring is 0, the radius goes from −limit to +limit. Values without an estimate have no dot."""
    canvas = Canvas(WIDTH, HEIGHT)
    axes = canvas.axes(0, 0, WIDTH, HEIGHT)
    axes.set_xlim(-WIDTH / 2, WIDTH / 2)
    axes.set_ylim(-HEIGHT / 2, HEIGHT / 2)
    _rings(axes, limit, values)
    outline = []
    for value, code in zip(values, codes, strict=True):
        axes.plot(*zip(place(HUB, value.angle), place(RIM, value.angle), strict=True), color=FAINT, lw=1, zorder=1)
        _name(axes, value, 330 / len(values))
        one = series.by_value.get(code)
        if one is None:
            continue
        outline.append(place(_radius(one.estimate, limit), value.angle))
        if one.low is not None and one.high is not None:
            ends = [place(_radius(end, limit), value.angle) for end in (one.low, one.high)]
            axes.plot(*zip(*ends, strict=True), color=value.colour, lw=2.4, solid_capstyle="butt", zorder=4)
        face = value.colour if one.designed else PAPER
        axes.plot(*outline[-1], "o", ms=7.5, mfc=face, mec=value.colour, mew=2, zorder=5)
    if len(outline) == len(codes) and outline:
        axes.plot(*zip(*outline, outline[0], strict=True), color=LINE, lw=1.2, zorder=2)
    _groups(canvas, values)
    return canvas


def _radius(figure: float, limit: float) -> float:
    return HUB + (RIM - HUB) * (max(-limit, min(limit, figure)) + limit) / (2 * limit)


def place(radius: float, angle: float) -> tuple[float, float]:
    """Clockwise from the top."""
    return radius * math.sin(math.radians(angle)), radius * math.cos(math.radians(angle))


def _rings(axes: Axes, limit: float, values: tuple[Value, ...]) -> None:
    """Rings at round figures, that of 0 darker, with their figures between the last value and the first."""
    between = -180.0 / max(len(values), 1)
    for tick in ticks(-limit, limit, 4):
        zero = abs(tick) < limit * 1e-9
        radius = _radius(tick, limit)
        turn = [place(radius, angle) for angle in range(0, 361, 3)]
        axes.plot(*zip(*turn, strict=True), color=SOFT if zero else FAINT, lw=1.1 if zero else 1, zorder=1)
        box = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.8}
        text = "0" if zero else f"{'+' * (tick > 0)}{tick_text(tick)}"
        axes.text(*place(radius, between), text, fontsize=9, color=SOFT, ha="center", va="center", zorder=3, bbox=box)


def _name(axes: Axes, value: Value, width: float) -> None:
    """The value's arc, `width` degrees, and its name outside."""
    arc = [place(RIM + 9, value.angle + width * (part / 10 - 0.5)) for part in range(11)]
    axes.plot(*zip(*arc, strict=True), color=value.colour, lw=3.5, solid_capstyle="butt", zorder=3)
    x, y = place(RIM + 20, value.angle)
    side = "center" if abs(x) < 20 else "left" if x > 0 else "right"
    axes.text(x, y, value.name, fontsize=11, color=INK, ha=side, va="center")


def _groups(canvas: Canvas, values: tuple[Value, ...]) -> None:
    """The higher-order groups in the corners, next to their values."""
    for group, name in GROUP_NAMES.items():
        angles = [value.angle for value in values if value.group == group]
        if not angles:
            continue
        x, y = place(1, sum(angles) / len(angles))
        edge, height = (canvas.width - 2, 12.0 if y > 0 else canvas.height - 12)
        for line, part in enumerate(_lines(name)):
            across = edge if x > 0 else 2.0
            down = height + 13 * (line if y > 0 else line - len(_lines(name)) + 1)
            canvas.text(across, down, part, fontsize=10, color=GROUP_COLOURS[group], ha="right" if x > 0 else "left", weight="bold")


def _lines(name: str) -> list[str]:
    """Openness / to change; Self- / transcendence."""
    first, sign, rest = name.partition(" ") if " " in name else name.partition("-")
    return [first + sign.strip(), rest] if rest else [first]
