"""Dot plots with intervals, values in rows: one panel, or several side by side.

A filled dot is identified by design, an open one only given the covariates. The pale bar behind is what refusals leave open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.axes import Axes

from evals.report.canvas import Canvas
from evals.report.estimates import Estimate, Series, limit_of
from evals.report.style import BOUND, FAINT, INK, MARKERS, PALE, PAPER, SOFT, Value, short, ticks
from evals.report.words import estimate_text, tick_text

__all__ = ["Panel", "dot_panels", "dot_plot"]

STEP = 12.5
"""Pixels from one series of a row to the next."""
NAME, NUMBERS, GAP, FOOT = 128.0, 138.0, 22.0, 52.0
"""Widths of the column of names, of the column of figures, and between panels; height of what is below a panel."""


@dataclass(frozen=True)
class Panel:
    """One panel: up to four series in each row.

    aim    codes of values that are marked, such as a persona's target
    scale  lowest and highest figure; None: symmetric about 0, as far as the figures go
    ticks  reference figures by code, drawn as thin strokes
    """

    title: str
    series: tuple[Series, ...]
    unit: str = ""
    aim: frozenset[str] = frozenset()
    scale: tuple[float, float] | None = None
    strokes: dict[str, tuple[float, ...]] = field(default_factory=dict)


def dot_plot(panel: Panel, values: Sequence[Value], codes: Sequence[str], *, names: Sequence[str] = (), width: float = 640) -> Canvas:
    """One panel across the page, with the figures of the first series at its right. `names` are those of the series, for the key."""
    rows = _Rows.of(values, codes, 24.0 + STEP * (len(panel.series) - 1))
    keys = _places([short(name, 44) for name in names], width)
    top = 14.0 + 20.0 * (keys[-1][1] + 1) if keys else 10.0
    canvas = Canvas(width, top + rows.height + FOOT)
    numbers = NUMBERS if len(panel.series) == 1 or names else 0.0
    across = width - NAME - numbers - 8
    _names(canvas, rows, top)
    _key(canvas, keys, names, panel.series)
    _panel(canvas, panel, rows, (NAME, top, across))
    for code, middle in rows.middle.items():
        for step, one in enumerate(panel.series if numbers else ()):
            if (estimate := one.by_value.get(code)) is not None:
                signed = panel.scale is None or panel.scale[0] < 0
                text = estimate_text(estimate, 2 if signed else 0, sign=signed)
                place = top + middle + _offset(step, len(panel.series))
                canvas.text(width - 2, place, text, fontsize=10, color=INK if estimate.significant else SOFT, ha="right")
    return canvas


def dot_panels(
    panels: Sequence[Panel], values: Sequence[Value], codes: Sequence[str], *, columns: int, width: float = 1000, row: float = 19
) -> Canvas:
    """Panels in a grid, the names of the values at the left of each line of it. Panels without a scale of their own share one."""
    rows = _Rows.of(values, codes, row + STEP * (max(len(panel.series) for panel in panels) - 1))
    lines = -(-len(panels) // columns)
    block = 28 + rows.height + (FOOT + 6 if any(panel.unit for panel in panels) else 36)
    canvas = Canvas(width, lines * block)
    across = (width - NAME - GAP * (columns - 1) - 6) / columns
    shared = limit_of([one for panel in panels for one in panel.series]) * 1.04
    for place, panel in enumerate(panels):
        line, column = divmod(place, columns)
        x, y = NAME + column * (across + GAP), line * block + 28
        if column == 0:
            _names(canvas, rows, y)
        canvas.text(x, y - 14, short(panel.title, int(across / 6.4)), fontsize=11, weight="bold", ha="left")
        _panel(canvas, panel, rows, (x, y, across), shared)
    return canvas


@dataclass(frozen=True)
class _Rows:
    """Where the rows lie, from the top of a panel: groups of values stand a little apart."""

    values: dict[str, Value]
    middle: dict[str, float]
    row: float
    height: float

    @classmethod
    def of(cls, values: Sequence[Value], codes: Sequence[str], row: float) -> _Rows:
        middle, at = {}, 0.0
        for place, (value, code) in enumerate(zip(values, codes, strict=True)):
            at += 8.0 if place and value.group != values[place - 1].group else 0.0
            middle[code] = at + row / 2
            at += row
        return cls(dict(zip(codes, values, strict=True)), middle, row, at)


def _names(canvas: Canvas, rows: _Rows, top: float) -> None:
    for code, value in rows.values.items():
        y = top + rows.middle[code]
        half = rows.row / 2
        canvas.line((3, 3), (y - half, y + half), color=value.colour, lw=4, solid_capstyle="butt")
        canvas.text(13, y, short(value.name, 17), fontsize=11.5, ha="left")


def _places(names: Sequence[str], width: float) -> list[tuple[float, int]]:
    """Where the names of the key lie: x, and the line, a new one where the width ends."""
    found: list[tuple[float, int]] = []
    x, line = NAME, 0
    for name in names:
        wide = 15 + 6.2 * len(name) + 22
        if x + wide > width and x > NAME:
            x, line = NAME, line + 1
        found.append((x, line))
        x += wide
    return found


def _key(canvas: Canvas, places: Sequence[tuple[float, int]], names: Sequence[str], series: Sequence[Series]) -> None:
    """Which marker is which series."""
    for step, ((x, line), name) in enumerate(zip(places, names, strict=True)):
        y = 12 + 20 * line
        canvas.mark(x + 5, y, MARKERS[step], ms=7, mfc=INK if series[step].designed else PAPER, mec=INK, mew=1.6)
        canvas.text(x + 15, y, short(name, 44), fontsize=10.5, color=SOFT, ha="left")


def _panel(canvas: Canvas, panel: Panel, rows: _Rows, place: tuple[float, float, float], shared: float | None = None) -> None:
    x, y, across = place
    axes = canvas.axes(x, y, across, rows.height + FOOT)
    limit = shared or limit_of(panel.series) * 1.04
    low, high = panel.scale or (-limit, limit)
    axes.set_xlim(low, high)
    for tick in ticks(low, high, max(4, round(across / 90))):
        axes.plot((tick, tick), (0, rows.height + 5), color=SOFT if tick == 0 and low < 0 else FAINT, lw=1, zorder=1)
        axes.text(tick, rows.height + 14, tick_text(tick), fontsize=9.5, color=SOFT, ha="center", va="center_baseline")
    for line, part in enumerate(_unit(panel.unit, across)):
        axes.text((low + high) / 2, rows.height + 31 + 13 * line, part, fontsize=9.5, color=SOFT, ha="center", va="center_baseline")
    for code, middle in rows.middle.items():
        if code in panel.aim:
            axes.axhspan(middle - rows.row / 2, middle + rows.row / 2, color=PALE, lw=0, zorder=0)
        for stroke in panel.strokes.get(code, ()):
            axes.plot((stroke, stroke), (middle - 5, middle + 5), color=SOFT, lw=0.9, alpha=0.5, zorder=2)
        for step, one in enumerate(panel.series):
            if (estimate := one.by_value.get(code)) is not None:
                _dot(axes, estimate, middle + _offset(step, len(panel.series)), rows.values[code].colour, MARKERS[step])


def _unit(unit: str, across: float) -> list[str]:
    """On two lines where the panel is narrow."""
    if len(unit) * 5.6 <= across or " per " not in unit:
        return [unit] if unit else []
    first, _, second = unit.partition(" per ")
    return [first, f"per {second}"]


def _dot(axes: Axes, estimate: Estimate, y: float, colour: str, marker: str) -> None:
    if estimate.bound_low is not None and estimate.bound_high is not None:
        axes.plot((estimate.bound_low, estimate.bound_high), (y, y), color=BOUND, lw=9, solid_capstyle="butt", zorder=2)
    if estimate.low is not None and estimate.high is not None:
        axes.plot((estimate.low, estimate.high), (y, y), color=colour, lw=2, solid_capstyle="butt", zorder=3)
    axes.plot(
        estimate.estimate, y, marker, ms=6.5, mfc=colour if estimate.designed else PAPER, mec=colour, mew=1.8, zorder=4, clip_on=False
    )


def _offset(step: int, of: int) -> float:
    return STEP * (step - (of - 1) / 2)
