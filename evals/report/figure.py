"""A plot with its title and caption, as a page shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evals.report.canvas import Canvas, Plot

__all__ = ["Figure", "figure"]


@dataclass(frozen=True)
class Figure:
    """`title` may hold names from outside."""

    plot: Plot
    title: str
    caption: str


def figure(name: str, title: str, draw: Callable[[], Canvas], caption: str, least: int) -> Figure:
    """A figure whose alternative text is its title and caption. `least`: see `Plot`."""
    return Figure(Plot(name, f"{title}. {caption}".strip(), draw, least), title, caption)
