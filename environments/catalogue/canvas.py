"""A small vector canvas: shapes in units, flattened to polygons, drawn several times too large with Pillow and scaled down.

Coordinates grow to the right and downwards. A pictogram's canvas is a square of 100 × 100 units; a background's is 100 units wide.
"""

# ruff: noqa: PLR0917 - coordinates read best by position

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw

__all__ = ["Canvas", "Point", "dark", "hex_rgb", "light", "mix"]

Point = tuple[float, float]
_Matrix = tuple[float, float, float, float, float, float]


def hex_rgb(colour: str) -> tuple[int, int, int]:
    """ "#RRGGBB" as three integers 0..255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(a: str, b: str, share: float) -> str:
    """The colour between `a` (share 0) and `b` (share 1), as "#RRGGBB"."""
    parts = (round(x + (y - x) * share) for x, y in zip(hex_rgb(a), hex_rgb(b), strict=True))
    return "#" + "".join(f"{min(255, max(0, part)):02X}" for part in parts)


def light(colour: str, share: float = 0.25) -> str:
    """`colour` mixed with a warm white."""
    return mix(colour, "#FFFAF0", share)


def dark(colour: str, share: float = 0.22) -> str:
    """`colour` mixed with a warm, dark violet: shadows stay coloured."""
    return mix(colour, "#2B2140", share)


class Canvas:
    """Draws filled and stroked shapes. Every shape is turned into a polygon first, so that `at` can move, scale and turn them all."""

    def __init__(self, width_px: int, height_px: int, *, units: float = 100.0, oversample: int = 4) -> None:
        self._oversample = oversample
        self._unit = width_px * oversample / units
        self._matrix: _Matrix = (1, 0, 0, 1, 0, 0)
        self._image = Image.new("RGBA", (width_px * oversample, height_px * oversample), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._image)
        self.width = units
        self.height = units * height_px / width_px

    def image(self) -> Image.Image:
        """What was drawn, RGBA, at the size asked for."""
        return self._image.reduce(self._oversample)

    # Where to draw

    @contextmanager
    def at(self, x: float, y: float, scale: float = 1.0, angle: float = 0.0, flip: bool = False) -> Iterator[None]:
        """Draw a 100 × 100 square's content so that its centre is at (x, y): scaled, turned clockwise by `angle`°, mirrored."""
        before = self._matrix
        cos, sin = math.cos(math.radians(angle)) * scale, math.sin(math.radians(angle)) * scale
        mirror = -1.0 if flip else 1.0
        a, b, c, d = cos * mirror, sin * mirror, -sin, cos
        self._matrix = _compose(before, (a, b, c, d, x - 50 * (a + c), y - 50 * (b + d)))
        try:
            yield
        finally:
            self._matrix = before

    @contextmanager
    def group(self) -> Iterator[None]:
        """A layer of its own, put on what is there when the block ends. Inside, `atop` sees this layer alone."""
        below, self._image = self._image, Image.new("RGBA", self._image.size, (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._image)
        try:
            yield
        finally:
            below.alpha_composite(self._image)
            self._image, self._draw = below, ImageDraw.Draw(below)

    @contextmanager
    def atop(self, opacity: float = 1.0) -> Iterator[None]:
        """What is drawn in the block shows only where the layer has paint already; `opacity` is 0..1."""
        below, self._image = self._image, Image.new("RGBA", self._image.size, (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._image)
        try:
            yield
        finally:
            alpha = ImageChops.darker(self._image.getchannel("A"), below.getchannel("A"))
            self._image.putalpha(alpha.point(lambda a: round(a * opacity)) if opacity < 1 else alpha)
            below.alpha_composite(self._image)
            self._image, self._draw = below, ImageDraw.Draw(below)

    # Shapes

    def polygon(self, points: Sequence[Point], fill: str) -> None:
        """A filled polygon."""
        self._draw.polygon(self._pixels(points), fill=fill)

    def line(self, points: Sequence[Point], colour: str, width: float, *, closed: bool = False) -> None:
        """A stroke along `points`, with round ends and joints."""
        pixels = self._pixels([*points, points[0]] if closed else points)
        radius = width * self._unit * self._scale() / 2
        for x, y in pixels:
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        for (x0, y0), (x1, y1) in pairwise(pixels):
            length = math.hypot(x1 - x0, y1 - y0)
            if length > 0:
                dx, dy = (y1 - y0) / length * radius, (x0 - x1) / length * radius
                self._draw.polygon([(x0 + dx, y0 + dy), (x1 + dx, y1 + dy), (x1 - dx, y1 - dy), (x0 - dx, y0 - dy)], fill=colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float | None = None, fill: str = "#000000", angle: float = 0.0) -> None:
        """A filled ellipse (a circle without `ry`) with centre (x, y), turned clockwise by `angle` degrees."""
        self.polygon(_arc_points(x, y, rx, rx if ry is None else ry, 0, 360, angle), fill)

    def ring(self, x: float, y: float, rx: float, ry: float | None, colour: str, width: float) -> None:
        """A stroked ellipse."""
        self.line(_arc_points(x, y, rx, rx if ry is None else ry, 0, 360), colour, width, closed=True)

    def pie(self, x: float, y: float, r: float, start: float, end: float, fill: str, ry: float | None = None) -> None:
        """A filled sector between two angles: degrees, clockwise from the right."""
        self.polygon([(x, y), *_arc_points(x, y, r, r if ry is None else ry, start, end)], fill)

    def arc(self, x: float, y: float, r: float, start: float, end: float, colour: str, width: float, ry: float | None = None) -> None:
        """A stroked arc between two angles: degrees, clockwise from the right."""
        self.line(_arc_points(x, y, r, r if ry is None else ry, start, end), colour, width)

    def rect(self, x: float, y: float, w: float, h: float, fill: str, r: float = 0.0) -> None:
        """A rectangle with its upper left corner at (x, y), its corners rounded by `r`."""
        r = min(r, w / 2, h / 2)
        if r <= 0:
            self.polygon([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], fill)
            return
        corners = ((x + r, y + r, 180), (x + w - r, y + r, 270), (x + w - r, y + h - r, 0), (x + r, y + h - r, 90))
        self.polygon([p for cx, cy, start in corners for p in _arc_points(cx, cy, r, r, start, start + 90)], fill)

    def path(self, commands: str, fill: str) -> None:
        """A filled path in the manner of SVG: absolute M, L, H, V, Q, C and Z."""
        for points in _flatten(commands):
            self.polygon(points, fill)

    def stroke(self, commands: str, colour: str, width: float) -> None:
        """A stroked path; Z closes it."""
        for points in _flatten(commands):
            self.line(points, colour, width)

    def gradient(self, top: str, bottom: str, y: float = 0.0, h: float | None = None) -> None:
        """A vertical gradient over the whole width, from `y` over `h` units (default: to the bottom)."""
        self.gradient_box(0, y, self.width, self.height - y if h is None else h, top, bottom)

    def gradient_box(self, x: float, y: float, w: float, h: float, top: str, bottom: str) -> None:
        """A vertical gradient in a rectangle. `at` does not move it."""
        x0, y0, x1, y1 = (round(value * self._unit) for value in (x, y, x + w, y + h))
        size = (max(1, x1 - x0), max(1, y1 - y0))
        ramp = Image.linear_gradient("L").resize((1, size[1]), Image.Resampling.BILINEAR).resize(size)
        pairs = zip(hex_rgb(top), hex_rgb(bottom), strict=True)
        bands = [ramp.point([round(p + (q - p) * i / 255) for i in range(256)]) for p, q in pairs]
        self._image.paste(Image.merge("RGB", bands), (x0, y0))

    # From units to pixels

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        a, b, c, d, e, f = self._matrix
        u = self._unit
        return [((a * x + c * y + e) * u, (b * x + d * y + f) * u) for x, y in points]

    def _scale(self) -> float:
        a, b, c, d, _, _ = self._matrix
        return math.sqrt(abs(a * d - b * c))


def _compose(outer: _Matrix, inner: _Matrix) -> _Matrix:
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = inner
    return (a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * t + c * u + e, b * t + d * u + f)


def _arc_points(x: float, y: float, rx: float, ry: float, start: float, end: float, angle: float = 0.0) -> list[Point]:
    steps = max(6, round(abs(end - start) / 5))
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    points = []
    for i in range(steps + 1):
        t = math.radians(start + (end - start) * i / steps)
        px, py = rx * math.cos(t), ry * math.sin(t)
        points.append((x + px * cos - py * sin, y + px * sin + py * cos))
    return points


def _flatten(commands: str) -> list[list[Point]]:
    """The subpaths of an SVG-like path as lists of points; a curve becomes 16 segments."""
    tokens = re.findall(r"[MLHVQCZ]|-?\d*\.?\d+", commands)
    paths: list[list[Point]] = []
    i = 0
    command = ""
    while i < len(tokens):
        if tokens[i].isalpha():
            command = tokens[i]
            i += 1
            if command == "Z":
                paths[-1].append(paths[-1][0])
                continue
        count = {"M": 2, "L": 2, "H": 1, "V": 1, "Q": 4, "C": 6}[command]
        numbers = [float(token) for token in tokens[i : i + count]]
        i += count
        if command == "M":
            paths.append([(numbers[0], numbers[1])])
        else:
            paths[-1].extend(_segment(command, paths[-1][-1], numbers))
    return paths


def _segment(command: str, start: Point, numbers: Sequence[float]) -> list[Point]:
    x, y = start
    if command == "H":
        return [(numbers[0], y)]
    if command == "V":
        return [(x, numbers[0])]
    controls = [start, *zip(numbers[::2], numbers[1::2], strict=True)]
    if command == "L":
        return controls[1:]
    return [_bezier(controls, step / 16) for step in range(1, 17)]


def _bezier(points: Sequence[Point], t: float) -> Point:
    """De Casteljau's construction."""
    while len(points) > 1:
        points = [(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t) for (x0, y0), (x1, y1) in pairwise(points)]
    return points[0]
