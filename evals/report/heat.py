"""What each persona did to each value, as a matrix: personas in rows, values in columns, one block a model.

A cell's colour is the size of the steering effect; + or − says that it differs from 0 after Holm's correction, a frame that the value
is the persona's target. Sign and significance do not rely on colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from evals.report.canvas import Canvas
from evals.report.estimates import Estimate
from evals.report.style import FAINT, INK, PAPER, SOFT, Value, label_width, labels, shade, short
from evals.report.words import number

__all__ = ["Matrix", "heat"]

TOP, ROW, BETWEEN, BOTTOM = 62.0, 20.0, 18.0, 52.0
LONGEST = 30
"""Columns of a name."""


@dataclass(frozen=True)
class Matrix:
    """What is drawn: up to three models side by side.

    cells    by model, persona and value code
    targets  weight by persona and value code
    limit    the figure with the full colour
    """

    cells: Mapping[tuple[str, str, str], Estimate]
    targets: Mapping[str, Mapping[str, float]]
    models: Sequence[str]
    personas: Sequence[str]
    limit: float
    unit: str


def heat(matrix: Matrix, values: Sequence[Value], codes: Sequence[str]) -> Canvas:
    """The matrix. With a single model the figures are written into the cells."""
    models, personas = matrix.models, matrix.personas
    named = labels(personas, LONGEST)
    left = label_width(named)
    column = 54.0 if len(models) == 1 else min(30.0, (1000 - left - BETWEEN * len(models)) / (len(models) * len(codes)))
    block = column * len(codes)
    width = left + len(models) * block + (len(models) - 1) * BETWEEN + 4
    canvas = Canvas(max(width, 520), TOP + ROW * len(personas) + BOTTOM)
    for row, name in enumerate(named):
        canvas.text(left - 10, TOP + ROW * (row + 0.5), name, fontsize=10.5, ha="right")
    for place, model in enumerate(models):
        x = left + place * (block + BETWEEN)
        canvas.text(x, 12, short(model, int(block / 6.4)), fontsize=11, weight="bold", ha="left")
        for k, value in enumerate(values):
            middle = x + column * (k + 0.5)
            canvas.text(middle, TOP - 22, value.code, fontsize=10 if column > 24 else 8, ha="center", color=INK)
            canvas.line((x + column * k + 1, x + column * (k + 1) - 1), (TOP - 8, TOP - 8), color=value.colour, lw=4, solid_capstyle="butt")
        axes = canvas.axes(x, TOP, block, ROW * len(personas))
        axes.set_xlim(0, block)
        for row, persona in enumerate(personas):
            for k, code in enumerate(codes):
                estimate, weight = matrix.cells.get((model, persona, code)), matrix.targets.get(persona, {}).get(code, 0.0)
                _cell(axes, estimate, weight, (column * k, ROW * row, column), matrix.limit)
    _scale(canvas, left, matrix.limit, matrix.unit)
    return canvas


def _cell(axes: Axes, estimate: Estimate | None, weight: float, place: tuple[float, float, float], limit: float) -> None:
    x, y, width = place
    colour = FAINT if estimate is None else shade(estimate.estimate, limit)
    axes.add_patch(Rectangle((x + 0.5, y + 0.5), width - 1, ROW - 1, facecolor=colour, edgecolor="none"))
    if weight:
        style = "-" if weight > 0 else (0, (2, 1.4))
        axes.add_patch(
            Rectangle((x + 1.2, y + 1.2), width - 2.4, ROW - 2.4, facecolor="none", edgecolor=INK, lw=1.3, linestyle=style, zorder=3)
        )
    if estimate is None:
        axes.text(x + width / 2, y + ROW / 2, "·", color=SOFT, ha="center", va="center_baseline", fontsize=9)
        return
    sign = ("+" if estimate.estimate > 0 else "−") if estimate.significant else ""
    ink = PAPER if abs(estimate.estimate) > 0.72 * limit else INK
    if width > 40:
        text = f"{sign}{number(abs(estimate.estimate))}" if sign else number(estimate.estimate)
        axes.text(
            x + width / 2,
            y + ROW / 2,
            text,
            fontsize=9.5,
            weight="bold" if sign else "normal",
            color=ink,
            ha="center",
            va="center_baseline",
        )
    elif sign:
        axes.text(x + width / 2, y + ROW / 2, sign, fontsize=10, weight="bold", color=ink, ha="center", va="center_baseline")


def _scale(canvas: Canvas, left: float, limit: float, unit: str) -> None:
    """The colours' key."""
    y, x, width, parts = canvas.height - 26, left, 150.0, 30
    axes = canvas.axes(x, y, width, 10)
    axes.set_xlim(0, parts)
    for part in range(parts):
        axes.add_patch(Rectangle((part, 0), 1.05, 10, facecolor=shade((2 * (part + 0.5) / parts - 1) * limit, limit), edgecolor="none"))
    for place, text in ((0.0, number(-limit)), (0.5, "0"), (1.0, f"+{number(limit)}")):
        canvas.text(x + width * place, y + 18, text, fontsize=9, color=SOFT, ha="center")
    canvas.text(x + width + 28, y + 5, unit, fontsize=9.5, color=SOFT, ha="left")
