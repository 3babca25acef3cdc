"""Numbers as a reader takes them in: few digits, a real minus sign, an interval always with its estimate."""

from __future__ import annotations

from typing import Any

from evals.report.estimates import Estimate, finite, interval_estimate
from evals.values.intervals import Interval

__all__ = ["count", "estimate_text", "interval_text", "level_text", "number", "p_value", "percent", "plural", "signed", "tick_text"]


def number(value: Any, digits: int = 2) -> str:
    """`value` with a true minus sign; a dash for none. Never −0.00."""
    given = finite(value)
    if given is None:
        return "–"
    text = f"{given:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def signed(value: Any, digits: int = 2) -> str:
    """As `number`, with a plus sign above 0."""
    text = number(value, digits)
    given = finite(value)
    return f"+{text}" if given is not None and given > 0 and float(f"{given:.{digits}f}") else text


def tick_text(tick: float) -> str:
    """A figure of an axis, as short as it can be: 0.5, −2, 1000."""
    return f"{tick:.8g}".replace("-", "−")


def count(value: float) -> str:
    """A count with thin spaces between thousands."""
    return f"{value:,.0f}".replace(",", "\u202f")


def percent(share: float) -> str:
    """A share: 98 %, 1.2 %, < 0.1 %; never 100 % or 0 % where it is not quite."""
    points = 100 * share
    if points in {0.0, 100.0}:
        return f"{points:.0f}\u00a0%"
    if points < 0.1 or points > 99.9:
        return "<\u00a00.1\u00a0%" if points < 50 else ">\u00a099.9\u00a0%"
    return f"{points:.1f}\u00a0%" if points < 10 or points > 90 else f"{points:.0f}\u00a0%"


def p_value(p: Any) -> str:
    """.034, < .001; a dash for none."""
    given = finite(p)
    if given is None:
        return "–"
    return "<\u00a0.001" if given < 0.001 else f"{given:.3f}".removeprefix("0") if given < 1 else "1"


def estimate_text(estimate: Estimate | None, digits: int = 2, *, sign: bool = True) -> str:
    """+0.43 [0.21, 0.65]."""
    if estimate is None:
        return "–"
    centre = (signed if sign else number)(estimate.estimate, digits)
    if estimate.low is None or estimate.high is None:
        return f"{centre} (no interval)"
    return f"{centre} [{number(estimate.low, digits)}, {number(estimate.high, digits)}]"


def interval_text(interval: Interval | None, digits: int = 2) -> str:
    """As `estimate_text`."""
    return estimate_text(interval_estimate(interval), digits)


def level_text(level: float) -> str:
    """95 %."""
    return f"{100 * level:g}\u00a0%"


def plural(amount: float, one: str, many: str | None = None) -> str:
    """`3 models`, `1 model`."""
    return f"{count(amount)} {one if amount == 1 else many or one + 's'}"
