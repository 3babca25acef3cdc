"""What must hold where an arm identifies an estimand. A gate is a sentence, a figure and whether it passed.

Coverage, type-I error and rank correlation: with 1,000 replications or more the figure itself must be inside its limits (it is a mean
over thousands to tens of thousands of cells); where it is outside by no more than its Monte-Carlo error can explain, the arm is run on to
four times as many replications and judged on all of them, again by the figure itself. With fewer than 1,000 it fails when it is outside by
more than its Monte-Carlo error can explain (one in a thousand): a short run can show a gross fault, not that there is none. Bias: the mean
over cells likewise; and no single value's bias may be outside by more than its Monte-Carlo error can explain (one in ten thousand, for of
ten values the worst is picked), in short and long runs alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evals.values.calibration.arms import FULL, Arm
from evals.values.calibration.process import ODDS
from evals.values.calibration.summary import Figure, Row
from personas.schwartz import VALUES

__all__ = ["BIAS", "COVERAGE", "SPEARMAN", "TYPE_1", "Gate", "gates"]

COVERAGE = (0.93, 0.97)
TYPE_1 = 0.06
SPEARMAN = 0.85
BIAS = 0.02
"""Scale points: a sixtieth of an SD of single answers, a thirtieth of a planted effect. For twins of likes, probability."""
BIAS_LEAKAGE = 0.10
"""A size is never below 0, so that its mean is above 0 where there is none: a sixth of a planted effect."""
UNBIASED = ("steering", "twin", "gain", "leakage", "transfer")
ALLOWED, ALLOWED_WORST = 0.999, 0.9999
"""With these probabilities Monte-Carlo error is not larger than the room it is given."""


@dataclass(frozen=True)
class Gate:
    """One requirement on one row."""

    row: Row
    what: str
    limit: str
    figure: Figure
    passed: bool
    doubtful: bool = False
    """Failed, but by no more than Monte-Carlo error can explain: more replications tell."""

    @property
    def sentence(self) -> str:
        """The gate in words."""
        row = self.row
        where = f"{row.arm}, {row.planting}, {row.estimand}, {row.kind}"
        return f"{where}: {self.what} is {self.figure.value:.3f} ± {self.figure.margin:.3f}; it must be {self.limit}"


def gates(arm: Arm, rows: Sequence[Row]) -> list[Gate]:
    """The gates of an arm's rows; none for estimands that it does not identify or only shows."""
    return [gate for row in rows if arm.gated(row.estimand) for gate in _of_row(arm, row)]


def _of_row(arm: Arm, row: Row) -> Iterator[Gate]:
    low, high = COVERAGE[0], 1.0 if arm.conservative else COVERAGE[1]
    yield from _gate(row, "coverage of 95 % intervals", f"in {low:.2f}–{high:.2f}", row.coverage, low=low, high=high)
    yield from _gate(row, "type-I error at .05", f"at most {TYPE_1:.2f}", row.type_1, low=0.0, high=TYPE_1)
    if row.planting == "dense" and arm.pool == "designed":
        yield from _gate(row, "profile Spearman", f"at least {SPEARMAN:.2f}", row.spearman, low=SPEARMAN, high=1.0)
    if row.estimand in UNBIASED:
        most, unit = _bias(arm, row.estimand)
        limit = f"within ±{most:.2f} {unit}"
        yield from _gate(row, "bias", limit, row.bias, low=-most, high=most)
        of = f"bias on {VALUES[row.worst_value]}, the worst value,"
        yield from _gate(row, of, limit + " but for Monte-Carlo error", row.worst_bias, low=-most, high=most, allowed=ALLOWED_WORST)


def _bias(arm: Arm, estimand: str) -> tuple[float, str]:
    """The largest bias that passes, and its unit."""
    if estimand == "leakage":
        return BIAS_LEAKAGE, "points"
    if arm.likes:
        return (BIAS, "of probability") if estimand == "twin" else (ODDS * BIAS, "log-odds")
    return BIAS, "points"


def _gate(row: Row, what: str, limit: str, figure: Figure, *, low: float, high: float, allowed: float | None = None) -> Iterator[Gate]:
    if figure.value is None:
        return
    slack = allowed or (None if row.replications >= FULL else ALLOWED)
    room = figure.within(slack) if slack else 0.0
    passed = low - room <= figure.value <= high + room
    explained = figure.within(ALLOWED_WORST)
    yield Gate(row, what, limit, figure, passed, not passed and low - explained <= figure.value <= high + explained)
