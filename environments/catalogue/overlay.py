"""On-screen text: wrapped, on an opaque plate, in Aileron Regular (Sora Sagano, CC0), the font that Pillow carries.

That font has plain letters only, so accents are set on their letters here, and dashes become hyphens.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from environments.catalogue.canvas import hex_rgb

__all__ = ["PLATES", "draw_plate", "set_text"]

PLATES = (
    ("#FFFDF8", "#2B2140"),
    ("#2B2140", "#FFFDF8"),
    ("#FFE08A", "#3A2430"),
    ("#6E2846", "#FFF4EC"),
    ("#1D5552", "#F4FFFB"),
    ("#2A4272", "#F5F8FF"),
    ("#FBDCD3", "#4A1F2E"),
)
"""Plate and text colour; the contrast of each pair is above 7:1 (WCAG 2 level AAA)."""

_OVERSAMPLE = 3
_SIZES = (34, 32, 30, 28, 26, 24, 22, 20)
_MAX_LINES = 3
_MARKS = {"\u0300": "grave", "\u0301": "acute", "\u0302": "hat", "\u0303": "tilde", "\u0308": "dots", "\u030a": "ring", "\u0327": "cedilla"}


@dataclass(frozen=True)
class SetText:
    """Text broken into lines at a font size in pixels."""

    lines: tuple[str, ...]
    size: int


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return font.font_variant(layout_engine=ImageFont.Layout.BASIC)  # the same everywhere, with and without libraqm


def set_text(text: str, width: int) -> SetText:
    """`text` at the largest size at which at most three lines of `width` pixels hold it; lines are as even as they can be."""
    words = _plain(text).split()
    for size in _SIZES:
        lines = _wrap(words, size, width)
        if len(lines) <= _MAX_LINES and all(_length(line, size) <= width for line in lines):
            narrow = width
            while narrow > 40 and len(_wrap(words, size, narrow - 6)) == len(lines) and max(_length(w, size) for w in words) <= narrow - 6:
                narrow -= 6
            return SetText(_wrap(words, size, narrow), size)
    return SetText(_wrap(_broken(words, _SIZES[-1], width), _SIZES[-1], width), _SIZES[-1])


def draw_plate(text: str, width: int, colours: tuple[str, str]) -> Image.Image:
    """The plate with its text as an RGBA image not wider than `width` pixels."""
    plate, ink = colours
    pad_x, pad_y = 17, 12
    body = set_text(text, width - 2 * pad_x)
    line_height = round(body.size * 1.22)
    inner = max(round(_length(line, body.size)) for line in body.lines) + 2
    size = (inner + 2 * pad_x, line_height * len(body.lines) + 2 * pad_y)
    big = Image.new("RGBA", (size[0] * _OVERSAMPLE, size[1] * _OVERSAMPLE), (*hex_rgb(plate), 0))
    ImageDraw.Draw(big).rounded_rectangle((0, 0, big.width - 1, big.height - 1), 18 * _OVERSAMPLE, fill=plate)
    for number, line in enumerate(body.lines):
        mask = _line_mask(line, body.size * _OVERSAMPLE)
        x = (big.width - round(_length(line, body.size) * _OVERSAMPLE)) // 2
        y = (pad_y + number * line_height) * _OVERSAMPLE - round(0.06 * body.size * _OVERSAMPLE)
        big.paste(Image.new("RGBA", mask.size, ink), (x - _margin(body.size * _OVERSAMPLE), y), mask)
    return big.reduce(_OVERSAMPLE)


def _plain(text: str) -> str:
    return text.replace("–", "-").replace("—", "-")


def _base(text: str) -> str:
    """`text` without its accents: what the font can draw."""
    return "".join(char for char in unicodedata.normalize("NFD", text) if char not in _MARKS)


def _length(text: str, size: int) -> float:
    return _font(size * _OVERSAMPLE).getlength(_base(text)) / _OVERSAMPLE


def _wrap(words: list[str], size: int, width: int) -> tuple[str, ...]:
    lines: list[str] = []
    for word in words:
        if lines and _length(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)


def _broken(words: list[str], size: int, width: int) -> list[str]:
    """Words too long for a line, cut where the line ends."""
    pieces: list[str] = []
    for word in words:
        rest = word
        while rest:
            cut = next((n for n in range(len(rest), 1, -1) if _length(rest[:n], size) <= width), 1)
            pieces.append(rest[:cut])
            rest = rest[cut:]
    return pieces


def _margin(size: int) -> int:
    return size // 4


def _line_mask(line: str, size: int) -> Image.Image:
    """The line as a mask, a little bolder than the font's regular weight, with accents."""
    font, margin, bold = _font(size), _margin(size), max(1, size // 48)
    base = _base(line)
    mask = Image.new("L", (round(font.getlength(base)) + 2 * margin, round(size * 1.5)), 0)
    draw = ImageDraw.Draw(mask)
    top = round(size * 0.12)
    draw.text((margin, top), base, fill=255, font=font, stroke_width=bold)
    for at, char in enumerate(unicodedata.normalize("NFC", line)):
        decomposed = unicodedata.normalize("NFD", char)
        for mark in decomposed[1:]:
            place = (margin + font.getlength(base[:at]), top)
            _draw_mark(draw, _MARKS[mark], decomposed[0], place, size)
    return mask


def _draw_mark(draw: ImageDraw.ImageDraw, mark: str, letter: str, place: tuple[float, float], size: int) -> None:
    """One accent, centred on its letter; the dot of i and j makes room for it."""
    font, (left, top) = _font(size), place
    box = font.getbbox(letter)
    x = left + (box[0] + box[2]) / 2
    u, stroke = size / 34, max(2, round(size / 13))
    if letter in "ij":
        roof = top + font.getbbox("x")[1]
        draw.rectangle((left, 0, left + font.getlength(letter), roof - 2 * u), fill=0)
        y = roof - 5 * u
    else:
        y = top + box[1] - 4 * u
    if mark == "cedilla":
        base = top + box[3]
        draw.line(
            [(x, base), (x, base + 3 * u), (x + 2 * u, base + 5 * u), (x - 2.4 * u, base + 7 * u)], fill=255, width=stroke, joint="curve"
        )
    elif mark == "dots":
        for dx in (-4 * u, 4 * u):
            draw.ellipse((x + dx - 2.1 * u, y - 3.1 * u, x + dx + 2.1 * u, y + 1.1 * u), fill=255)
    elif mark == "ring":
        draw.ellipse((x - 3.6 * u, y - 5.6 * u, x + 3.6 * u, y + 1.6 * u), outline=255, width=max(2, stroke * 3 // 4))
    else:
        shapes = {
            "acute": [(-2.4, 0.6), (3, -5.4)],
            "grave": [(2.4, 0.6), (-3, -5.4)],
            "hat": [(-4.6, 0.6), (0, -4.6), (4.6, 0.6)],
            "tilde": [(-5.4, -0.6), (-2.6, -3.2), (2.2, -0.8), (5.2, -3.4)],
        }
        draw.line([(x + dx * u, y + dy * u) for dx, dy in shapes[mark]], fill=255, width=stroke, joint="curve")
