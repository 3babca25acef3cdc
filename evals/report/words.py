"""How every number is written for a reader, on the page, in plots and on the terminal: 7,124; 95%; −0.31; an interval with its estimate.

Files for machines (CSV, JSON, Parquet) hold the numbers themselves and take nothing from here.
"""

from __future__ import annotations

import math
import re
from typing import Any, Protocol

__all__ = [
    "count",
    "estimate_text",
    "finite",
    "level_text",
    "number",
    "p_value",
    "percent",
    "plural",
    "prose",
    "range_text",
    "signed",
    "tick_text",
]

_MINUS = re.compile(r"(?<![\w.\-/=])-(?=\.?\d)|(?<=\de)-(?=\d)")
"""A hyphen that is a sign: before a digit, and behind no word, date, path or option."""
_ZERO = re.compile(r"(?<![\w.,])[+−](?=0\.0+(?![\d%]))")
"""The sign of a number that was rounded to 0."""
_PERCENT = re.compile(r"(?<=\d)[ \u00a0\u202f]%")


class Bounded(Protocol):
    """An estimate with its bounds: `intervals.Interval` and `estimates.Estimate`."""

    @property
    def estimate(self) -> float: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def finite(number: Any) -> float | None:
    """`number` as a float, None for None, NaN and infinity."""
    if number is None:
        return None
    as_float = float(number)
    return as_float if math.isfinite(as_float) else None


def number(value: Any, digits: int = 2) -> str:
    """`value` with a true minus sign; a dash for none. Never −0.00."""
    given = finite(value)
    if given is None:
        return "–"
    text = f"{given:,.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text.replace("-", "−")


def signed(value: Any, digits: int = 2) -> str:
    """As `number`, with a plus sign above 0."""
    text = number(value, digits)
    given = finite(value)
    return f"+{text}" if given is not None and given > 0 and text.strip("0.,") else text


def tick_text(tick: float) -> str:
    """A figure of an axis, as short as it can be: 0.5, −2, 1,000."""
    return f"{tick:,.8g}".replace("-", "−")


def count(value: float) -> str:
    """A count with commas between thousands: 7,124."""
    return f"{value:,.0f}".replace("-", "−")


def percent(share: float) -> str:
    """A share: 98.3%, 12%, <0.1%; never 100% or 0% where it is not quite."""
    points = 100 * share
    if points in {0.0, 100.0}:
        return f"{points:.0f}%"
    if points < 0.1 or points > 99.9:
        return "<0.1%" if points < 50 else ">99.9%"
    return f"{points:.1f}%" if points < 10 or points > 90 else f"{points:.0f}%"


def p_value(p: Any) -> str:
    """0.034, < 0.001; a dash for none."""
    given = finite(p)
    if given is None:
        return "–"
    return "<\u00a00.001" if given < 0.001 else f"{given:.3f}" if given < 0.9995 else "1"


def estimate_text(estimate: Bounded | None, digits: int = 2, *, sign: bool = True) -> str:
    """+0.43 [0.21, 0.65]."""
    if estimate is None or finite(estimate.estimate) is None:
        return "–"
    centre = (signed if sign else number)(estimate.estimate, digits)
    bounds = range_text(estimate, digits)
    return f"{centre} [{bounds}]" if bounds else f"{centre} (no interval)"


def range_text(estimate: Bounded, digits: int = 2) -> str:
    """0.21, 0.65; empty without bounds."""
    low, high = finite(estimate.low), finite(estimate.high)
    return "" if low is None or high is None else f"{number(low, digits)}, {number(high, digits)}"


def level_text(level: float) -> str:
    """95%."""
    return f"{100 * level:g}%"


def plural(amount: float, one: str, many: str | None = None) -> str:
    """`3 models`, `1 model`."""
    return f"{count(amount)} {one if amount == 1 else many or one + 's'}"


def prose(sentence: str) -> str:
    """A sentence made elsewhere, its numbers as here: true minus signs, none before 0.00, 95% without a space."""
    return _PERCENT.sub("%", _ZERO.sub("", _MINUS.sub("−", sentence)))
