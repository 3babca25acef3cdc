"""The register of pictograms: a decorator puts each drawing function under its name."""

from __future__ import annotations

from collections.abc import Callable

from environments.catalogue.canvas import Canvas
from environments.catalogue.palette import Look

__all__ = ["Drawing", "drawn", "names", "pictogram"]

Drawing = Callable[[Canvas, Look], None]

_REGISTER: dict[str, Drawing] = {}


def pictogram(name: str, fit: tuple[float, float, float] = (50, 50, 1)) -> Callable[[Drawing], Drawing]:
    """Register the decorated function as the drawing of `name`. It draws on a square of 100 × 100 units.

    `fit` is (x, y, scale) for a drawing that would else stick out: its centre goes to (x, y).
    """

    def register(function: Drawing) -> Drawing:
        assert name not in _REGISTER, f"two drawings are called {name}"

        def fitted(canvas: Canvas, look: Look) -> None:
            with canvas.at(*fit):
                function(canvas, look)

        _REGISTER[name] = fitted
        return function

    return register


def drawn(name: str) -> Drawing:
    """The function that draws `name`. Raises KeyError when there is none."""
    return _REGISTER[name]


def names() -> tuple[str, ...]:
    """Every registered name, in order of registration."""
    return tuple(_REGISTER)
