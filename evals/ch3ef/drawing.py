"""Pictures of the sample items, drawn from a few lines of text each, so that the repository holds words and no pictures.

A picture is 800 × 600 pixels, 100 × 75 units, x to the right and y downwards. One command a line, words in quotes, colours as #RRGGBB:

    bg NAME | bg COLOUR                        a background of the catalogue, or one colour
    pic NAME X Y SIZE [flip] [turn=D] [seed=N] a pictogram of the catalogue around (X, Y)
    text|left X Y SIZE "WORDS" [COLOUR]        words around (X, Y), or from X on; | begins a new line
    hand X Y SIZE "WORDS" [COLOUR]             the same from X on, as if written by hand
    rect X Y W H FILL [EDGE]    oval X Y RX RY FILL [EDGE]    box X Y W H COLOUR
    line X Y X Y … COLOUR       arrow X Y X Y COLOUR          shape X Y X Y X Y … FILL
    bars|curve X Y W H "NAME=N|NAME=N" [COLOUR]               a chart
    table X Y W "A|B // C|D"                                  rows, the first in bold
    blur R    noise SHARE    gray    sketch                   what is done with all that was drawn before
"""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from environments.canonical import rng
from environments.catalogue.backgrounds import backgrounds, draw_background
from environments.catalogue.pictograms import draw_pictogram
from environments.catalogue.vocabulary import PICTOGRAMS

__all__ = ["HEIGHT", "WIDTH", "draw"]

WIDTH, HEIGHT = 800, 600
_SCALE = 2
"""Drawn this much larger, and reduced."""
_UNIT = WIDTH * _SCALE / 100
_INK = "#22242A"
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
Words = Sequence[str]


def draw(commands: str) -> bytes:
    """The picture as PNG bytes. Raises ValueError that names the line and what is wrong with it."""
    picture = _Picture()
    for number, line in enumerate(commands.strip().splitlines(), 1):
        if not line.strip():
            continue
        try:
            name, *rest = shlex.split(line)
            _COMMANDS[name](picture, rest)
        except (KeyError, IndexError, ValueError) as error:
            told = f"there is no {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"line {number} of a picture, {line.strip()!r}: {told}") from error
    out = io.BytesIO()
    picture.image.reduce(_SCALE).save(out, "PNG", compress_level=3)
    return out.getvalue()


class _Picture:
    """What was drawn so far."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), "#F4F1EA")

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def paste(self, other: Image.Image, x: float, y: float) -> None:
        """`other`, RGBA, around (x, y) in pixels."""
        self.image.paste(other, (round(x - other.width / 2), round(y - other.height / 2)), other)


def _px(number: str) -> float:
    return float(number) * _UNIT


def _colour(words: Words, default: str) -> str:
    found = [word for word in words if word.startswith("#")]
    if found and not _COLOUR.fullmatch(found[0]):
        raise ValueError(f"{found[0]} is no colour: write #RRGGBB")
    return found[0] if found else default


@lru_cache(maxsize=64)
def _font(pixels: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(max(8, pixels))
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return font.font_variant(layout_engine=ImageFont.Layout.BASIC)


def _bg(picture: _Picture, words: Words) -> None:
    if words[0].startswith("#"):
        picture.image.paste(_colour(words, ""), (0, 0, *picture.image.size))
        return
    if words[0] not in backgrounds():
        raise ValueError(f"there is no background {words[0]}")
    picture.image = _background(words[0]).resize(picture.image.size, Image.Resampling.BILINEAR)


@lru_cache(maxsize=32)
def _background(name: str) -> Image.Image:
    return ImageOps.fit(draw_background(name, 1).convert("RGB"), (WIDTH, HEIGHT), centering=(0.5, 0.6))


@lru_cache(maxsize=128)
def _pictogram(name: str, size: int, seed: int) -> Image.Image:
    """At the size of the finished picture: drawing is what takes the time."""
    return draw_pictogram(name, size, seed).resize((size * _SCALE, size * _SCALE), Image.Resampling.BICUBIC)


def _pic(picture: _Picture, words: Words) -> None:
    if words[0] not in PICTOGRAMS:
        raise ValueError(f"there is no pictogram {words[0]}")
    given = dict(word.split("=") for word in words[4:] if "=" in word)
    found = _pictogram(words[0], round(_px(words[3]) / _SCALE), int(given.get("seed", 1)))
    found = ImageOps.mirror(found) if "flip" in words else found
    turned = found.rotate(-float(given["turn"]), expand=True, resample=Image.Resampling.BICUBIC) if "turn" in given else found
    picture.paste(turned, _px(words[1]), _px(words[2]))


def _text(picture: _Picture, words: Words, anchor: str = "mm") -> None:
    size, body = round(_px(words[2])), words[3].split("|")
    for place, line in enumerate(body):
        down = (place - (len(body) - 1) / 2 * (anchor == "mm")) * size * 1.3
        where = (_px(words[0]), _px(words[1]) + down)
        picture.pen.text(where, line, _colour(words[4:], _INK), _font(size), anchor=anchor)


def _left(picture: _Picture, words: Words) -> None:
    _text(picture, words, "lm")


def _hand(picture: _Picture, words: Words) -> None:
    """Each letter a little off the line, turned and sized anew, in a slant."""
    size, dice = round(_px(words[2])), rng("handwriting", words[3])
    for place, line in enumerate(words[3].split("|")):
        x, y = _px(words[0]), _px(words[1]) + place * size * 1.45
        for letter in line:
            font = _font(round(size * dice.uniform(0.9, 1.1)))
            tile = Image.new("RGBA", (size * 2, size * 2), (0, 0, 0, 0))
            ImageDraw.Draw(tile).text((size, size), letter, _colour(words[4:], "#1B2F6B"), font, anchor="mm")
            slanted = tile.transform(tile.size, Image.Transform.AFFINE, (1, 0.25, -0.25 * size, 0, 1, 0), Image.Resampling.BICUBIC)
            width = font.getlength(letter)
            picture.paste(slanted.rotate(dice.uniform(-6, 6)), x + width / 2, y + dice.uniform(-0.05, 0.05) * size)
            x += width * dice.uniform(0.98, 1.08)


def _rect(picture: _Picture, words: Words) -> None:
    x, y, w, h = map(_px, words[:4])
    picture.pen.rectangle((x, y, x + w, y + h), fill=_colour(words[4:], "#FFFFFF"), outline=_colour(words[5:], _INK), width=4)


def _oval(picture: _Picture, words: Words) -> None:
    x, y, rx, ry = map(_px, words[:4])
    picture.pen.ellipse((x - rx, y - ry, x + rx, y + ry), fill=_colour(words[4:], "#FFFFFF"), outline=_colour(words[5:], _INK), width=4)


def _box(picture: _Picture, words: Words) -> None:
    x, y, w, h = map(_px, words[:4])
    picture.pen.rectangle((x, y, x + w, y + h), outline=_colour(words[4:], "#D92D20"), width=10)


def _points(words: Words) -> list[tuple[float, float]]:
    numbers = [_px(word) for word in words if not word.startswith("#")]
    if len(numbers) < 4 or len(numbers) % 2:
        raise ValueError("give x and y of two points or more")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _line(picture: _Picture, words: Words) -> None:
    picture.pen.line(_points(words), fill=_colour(words, _INK), width=10, joint="curve")


def _shape(picture: _Picture, words: Words) -> None:
    picture.pen.polygon(_points(words), fill=_colour(words, _INK), outline=_INK)


def _arrow(picture: _Picture, words: Words) -> None:
    (x0, y0), (x1, y1) = _points(words)[:2]
    length = max(1.0, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
    dx, dy = (x1 - x0) / length * 44, (y1 - y0) / length * 44
    colour = _colour(words, "#D92D20")
    picture.pen.line([(x0, y0), (x1 - dx, y1 - dy)], fill=colour, width=16)
    picture.pen.polygon([(x1, y1), (x1 - dx - dy * 0.6, y1 - dy + dx * 0.6), (x1 - dx + dy * 0.6, y1 - dy - dx * 0.6)], fill=colour)


def _series(words: Words) -> list[tuple[str, float]]:
    pairs = [part.split("=") for part in words[4].split("|")]
    return [(name, float(value)) for name, value in pairs]


def _chart(picture: _Picture, words: Words) -> tuple[list[tuple[str, float, float]], float, float]:
    """Axes with names below; (figure, x, y) of each value, the floor, the width of a step."""
    x, y, w, h = map(_px, words[:4])
    series = _series(words)
    top = max(value for _, value in series) * 1.15
    step, floor = w / len(series), y + h
    picture.pen.line([(x, y), (x, floor), (x + w, floor)], fill=_INK, width=6)
    places = []
    for number, (name, value) in enumerate(series):
        middle, height = x + (number + 0.5) * step, floor - h * value / top
        picture.pen.text((middle, floor + 34), name, _INK, _font(44), anchor="mm")
        places.append((f"{value:g}", middle, height))
    return places, floor, step


def _bars(picture: _Picture, words: Words) -> None:
    places, floor, step = _chart(picture, words)
    for told, x, y in places:
        picture.pen.rectangle((x - step * 0.32, y, x + step * 0.32, floor), fill=_colour(words[5:], "#2A62B0"))
        picture.pen.text((x, y - 28), told, _INK, _font(42), anchor="mm")


def _curve(picture: _Picture, words: Words) -> None:
    places, _, _ = _chart(picture, words)
    picture.pen.line([(x, y) for _, x, y in places], fill=_colour(words[5:], "#B4482A"), width=12, joint="curve")
    for told, x, y in places:
        picture.pen.ellipse((x - 14, y - 14, x + 14, y + 14), fill=_colour(words[5:], "#B4482A"))
        picture.pen.text((x, y - 44), told, _INK, _font(40), anchor="mm")


def _table(picture: _Picture, words: Words) -> None:
    x, y, w = map(_px, words[:3])
    rows = [[cell.strip() for cell in row.split("|")] for row in words[3].split("//")]
    column, height = w / max(map(len, rows)), 84.0
    for place, row in enumerate(rows):
        above = y + place * height
        picture.pen.rectangle((x, above, x + w, above + height), fill="#DCE3EE" if place == 0 else "#FFFFFF", outline=_INK, width=3)
        for number, cell in enumerate(row):
            picture.pen.text((x + number * column + 18, above + height / 2), cell, _INK, _font(46), anchor="lm")


def _blur(picture: _Picture, words: Words) -> None:
    picture.image = picture.image.filter(ImageFilter.GaussianBlur(_px(words[0])))


def _noise(picture: _Picture, words: Words) -> None:
    """That share of the picture becomes speckles."""
    dice = rng("noise", words[0])
    dots = bytes(dice.choices((0, 255), (1 - float(words[0]), float(words[0])), k=200 * 150))
    mask = Image.frombytes("L", (200, 150), dots).resize(picture.image.size, Image.Resampling.NEAREST)
    speckles = Image.frombytes("L", (200, 150), dice.randbytes(200 * 150)).resize(picture.image.size, Image.Resampling.NEAREST)
    picture.image.paste(speckles.convert("RGB"), mask=mask)


def _gray(picture: _Picture, words: Words) -> None:
    picture.image = ImageOps.grayscale(picture.image).convert("RGB")


def _sketch(picture: _Picture, words: Words) -> None:
    """Pencil lines where the drawing had edges."""
    edges = ImageOps.invert(ImageOps.grayscale(picture.image).filter(ImageFilter.GaussianBlur(2)).filter(ImageFilter.FIND_EDGES))
    picture.image = ImageOps.autocontrast(edges.filter(ImageFilter.MinFilter(5)), cutoff=2).convert("RGB")


_COMMANDS: dict[str, Callable[[_Picture, Any], None]] = {
    "bg": _bg,
    "pic": _pic,
    "text": _text,
    "left": _left,
    "hand": _hand,
    "rect": _rect,
    "oval": _oval,
    "box": _box,
    "line": _line,
    "shape": _shape,
    "arrow": _arrow,
    "bars": _bars,
    "curve": _curve,
    "table": _table,
    "blur": _blur,
    "noise": _noise,
    "gray": _gray,
    "sketch": _sketch,
}
