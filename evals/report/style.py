"""How plots look: colours, sizes, and which colour, name and angle a value has.

Light, print-safe, and told apart by shape or fill besides colour. The group colours stay ≥ 20 apart (CIE76) under protanopia,
deuteranopia and tritanopia (Machado et al. 2009) and have ≥ 3:1 contrast with the page; a test holds both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from personas.one_line import one_line
from personas.schwartz import ANGLES, HIGHER_ORDER, NAMES, theory

__all__ = [
    "BOUND",
    "COOL",
    "FAINT",
    "GROUP_COLOURS",
    "GROUP_NAMES",
    "INK",
    "LINE",
    "MARKERS",
    "NEUTRAL",
    "PALE",
    "PAPER",
    "SOFT",
    "WARM",
    "Value",
    "label_width",
    "labels",
    "shade",
    "short",
    "ticks",
    "values_of",
]

PAPER, INK, SOFT, LINE, BOUND, FAINT, PALE = "#ffffff", "#1b1f24", "#5b6470", "#c9ced6", "#d9dde4", "#e7eaee", "#eff1f4"
NEUTRAL = "#5b6470"
GROUP_COLOURS: Mapping[str, str] = {
    "OPENNESS": "#bf6900",
    "SELF_ENHANCEMENT": "#8a1f5c",
    "CONSERVATION": "#2a62b0",
    "SELF_TRANSCENDENCE": "#1e9c84",
}
GROUP_NAMES: Mapping[str, str] = {
    "OPENNESS": "Openness to change",
    "SELF_ENHANCEMENT": "Self-enhancement",
    "CONSERVATION": "Conservation",
    "SELF_TRANSCENDENCE": "Self-transcendence",
}
COOL, WARM = "#2a62b0", "#bf6900"
"""Below and above zero in a matrix."""
MARKERS = ("o", "s", "^", "D")
"""Of the first, second, … of several respondents in one plot."""


@dataclass(frozen=True)
class Value:
    """One value as it is drawn. `group` is None outside the four higher-order groups; `angle` in degrees, clockwise from the top."""

    code: str
    name: str
    group: str | None
    angle: float

    @property
    def colour(self) -> str:
        """Of its group."""
        return GROUP_COLOURS[self.group] if self.group else NEUTRAL


def values_of(codes: Sequence[str]) -> tuple[Value, ...]:
    """The values with these codes, in the order given. Others than the ten are spread evenly over the circle."""
    refined = theory()["refined19_to_higher4_pvqrr"]
    groups = {code: name for table in (refined, HIGHER_ORDER) for name, members in table.items() if name in GROUP_NAMES for code in members}
    ten = set(codes) <= set(ANGLES)
    return tuple(
        Value(
            code=short(code, 24),
            name=NAMES[code] if ten else short(code, 24),
            group=groups.get(code),
            angle=float(ANGLES[code]) if ten else 360.0 * place / len(codes),
        )
        for place, code in enumerate(codes)
    )


def short(text: str, width: int) -> str:
    """`text` on one line, at most `width` columns wide, cut in the middle: names often differ at the end."""
    clean = one_line(text, 4000, fold=True)
    if _columns(clean) <= width:
        return clean
    head, tail = "", ""
    for character in clean:
        if _columns(head + character) > (width - 1) * 2 // 3:
            break
        head += character
    for character in reversed(clean):
        if _columns(head + tail + character) > width - 1:
            break
        tail = character + tail
    return f"{head}…{tail}"


def labels(names: Sequence[str], width: int) -> list[str]:
    """`short` names that stay different: those that would look alike are numbered."""
    cut = [short(name, width) for name in names]
    seen: dict[str, int] = {}
    out = []
    for text in cut:
        seen[text] = seen.get(text, 0) + 1
        out.append(f"{short(text, width - 4)} ({seen[text]})" if cut.count(text) > 1 else text)
    return out


def label_width(names: Sequence[str]) -> float:
    """Pixels for a column of such names, with the space beside it."""
    return max((6.7 * _columns(name) for name in names), default=0.0) + 22


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, 0 among them where it lies between."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [0.0]
    rough = span / about
    unit = 10.0 ** math.floor(math.log10(rough))
    step = unit * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * unit >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def shade(value: float, limit: float) -> str:
    """A colour between COOL (−limit), near white (0) and WARM (+limit)."""
    part = max(-1.0, min(1.0, value / limit if limit > 0 else 0.0))
    end = WARM if part > 0 else COOL
    mixed = [round(250 + (int(end[at : at + 2], 16) - 250) * abs(part) ** 0.85) for at in (1, 3, 5)]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
