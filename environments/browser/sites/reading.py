"""Reads what pages write for people: "1.2M", "12,3 Tsd.", "1 234"; hashtags out of a caption."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["LARGEST_COUNT", "hashtags_of", "one_space", "parse_count"]

LARGEST_COUNT = 10**12
"""A count above this is not one."""

_UNITS = {
    10**3: ("k", "tsd", "mil", "mila", "rb", "ribu", "тыс", "천", "千"),
    10**4: ("万", "萬", "만"),
    10**5: ("lakh", "lakhs"),
    10**6: ("m", "mio", "mln", "mn", "mi", "jt", "juta", "млн"),
    10**7: ("crore", "crores"),
    10**8: ("亿", "億", "억"),
    10**9: ("b", "bn", "mrd", "md", "mld", "млрд"),
}
_UNIT = {word: size for size, words in _UNITS.items() for word in words}
_SPACES = "\u00a0\u202f\u2009 "
_NUMBER = re.compile(rf"(\d{{1,3}}(?:[{_SPACES}'’]\d{{3}})+|\d[\d.,]*)[{_SPACES}]?([^\W\d_]+)?")
_TAG = re.compile(r"(?<![\w&/])#(\w[\w·]*)")


def parse_count(text: str) -> int | None:
    """The first number of a text as a whole number in [0, 10¹²]; None when there is none ("Like", "Gefällt mir").

    A unit may follow (English, German, French, Spanish, Italian, Portuguese, Russian, Indonesian, Chinese, Japanese, Korean, Indian).
    A dot or comma with three digits after it divides thousands, with one or two it is the decimal sign.
    """
    found = _NUMBER.search(text)
    if not found:
        return None
    size = _UNIT.get((found[2] or "").lower(), 1)
    value = round(_plain(found[1]) * size)
    return value if value <= LARGEST_COUNT else None


def _plain(digits: str) -> float:
    digits = re.sub(rf"[{_SPACES}'’]", "", digits).rstrip(".,")
    whole, mark, rest = re.match(r"(.*?)(?:([.,])(\d{1,2}))?$", digits).groups(default="")  # type: ignore[union-attr]
    whole = re.sub(r"[.,]", "", whole)
    return float(f"{whole or '0'}.{rest or '0'}") if mark else float(whole or "0")


def hashtags_of(caption: str, links: Iterable[str] = ()) -> tuple[str, ...]:
    """The hashtags, without '#', each once: those the page links first, then those that stand in the caption."""
    linked = (one_space(link).lstrip("#") for link in links)
    return tuple(dict.fromkeys(tag for tag in (*linked, *_TAG.findall(caption)) if tag))


def one_space(text: str) -> str:
    """On one line, with single spaces and without control characters, which can move text or hide it."""
    return " ".join("".join(char if char.isprintable() or char.isspace() else "" for char in text).split())
