"""A figure measured in pixels from its top left corner, and how it becomes SVG and PNG.

Matplotlib's object interface with fixed settings: the same analysis gives the same bytes, and text stays text and is never markup.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as Tree

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from evals.report.style import INK, PAPER

__all__ = ["Canvas", "Drawing", "Plot", "render"]

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.image_inline": True,
    "text.parse_math": False,  # a persona may be called "$\\frac"
    "text.usetex": False,
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that layout is the same everywhere
    "font.size": 11.5,
    "text.color": INK,
    "path.simplify": False,
    "axes.unicode_minus": True,
}
_FONTS = "'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"


class Canvas:
    """A figure of `width` × `height` pixels. All places are in pixels, x from the left and y from the top."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = float(width), float(height)
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor=PAPER)

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Bare axes in that rectangle: no frame, no ticks, y growing downwards in pixels."""
        place = (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(place)
        axes.set_ylim(height, 0)
        axes.set_axis_off()
        return axes

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        """Text whose middle is at height y."""
        self.figure.text(x / self.width, 1 - y / self.height, text, va=style.pop("va", "center_baseline"), **style)

    def line(self, x: tuple[float, float], y: tuple[float, float], **style: Any) -> None:
        """A line between two points."""
        across = [place / self.width for place in x]
        down = [1 - place / self.height for place in y]
        self.figure.add_artist(Line2D(across, down, transform=self.figure.transFigure, **style))

    def mark(self, x: float, y: float, marker: str, **style: Any) -> None:
        """One marker."""
        self.line((x, x), (y, y), marker=marker, linestyle="none", **style)


@dataclass(frozen=True)
class Plot:
    """A plot to be drawn.

    name     of its files
    alt      what it shows, one sentence, for those who cannot see it
    draw     makes the canvas
    least    pixels; where the page is narrower, the plot scrolls in its own frame instead of shrinking further
    """

    name: str
    alt: str
    draw: Callable[[], Canvas]
    least: int = 0


@dataclass(frozen=True)
class Drawing:
    """A plot, drawn: `svg` and `png` (2×) as files, `inline` for a page."""

    plot: Plot
    svg: bytes
    png: bytes
    inline: str
    width: int


def render(plot: Plot) -> Drawing:
    """Draw a plot once for all three uses."""
    with _settings(plot.name):
        canvas = plot.draw()
        svg = _svg(canvas)
        png = _png(canvas)
    return Drawing(plot, svg.replace(b"'DejaVu Sans'", _FONTS.encode()), png, _inline(svg, plot), round(canvas.width))


@contextmanager
def _settings(name: str) -> Iterator[None]:
    """Matplotlib's settings, and its silence: a name may hold characters that its font lacks."""
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with mpl.rc_context(_SETTINGS | {"svg.hashsalt": f"axiofeed {name}"}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*(Glyph|glyph|font).*")
            yield
    finally:
        log.setLevel(level)


def _svg(canvas: Canvas) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasSVG(canvas.figure)
    canvas.figure.savefig(buffer, format="svg", dpi=72, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return buffer.getvalue()


def _png(canvas: Canvas) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasAgg(canvas.figure)
    canvas.figure.savefig(buffer, format="png", dpi=144, metadata={"Software": None})
    return buffer.getvalue()


def _inline(svg: bytes, plot: Plot) -> str:
    """The SVG for the inside of a page: no prologue, no style sheet of its own, ids that no other plot has, the page's fonts."""
    root = Tree.fromstring(svg)  # noqa: S314 - matplotlib wrote it a moment ago
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{_SVG}style", f"{_SVG}metadata"}:
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        for name, value in list(element.attrib.items()):
            if name == "id":
                element.set(name, f"{plot.name}-{value}")
            elif name == _LINK:
                del element.attrib[name]
                element.set("href", f"#{plot.name}-{value[1:]}")
            elif "url(#" in value:
                element.set(name, value.replace("url(#", f"url(#{plot.name}-"))
        if "font-family" in element.get("style", ""):
            element.set("style", re.sub(r"font-family: [^;]*;? ?", "", element.attrib["style"]))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib.update({"role": "img", "aria-label": plot.alt, "stroke-linejoin": "round", "stroke-linecap": "butt"})
    return Tree.tostring(root, encoding="unicode")
