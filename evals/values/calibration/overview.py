"""A calibration in a minute: one line an arm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evals.values.calibration.arms import Arm
from evals.values.calibration.estimates import KINDS
from evals.values.calibration.gates import Gate
from evals.values.calibration.summary import Figure, Row

__all__ = ["ArmReport", "overview"]

_LEGEND = (
    "In short. Bias and RMSE of steering effects where something is planted (scale points; likes: log-odds; personas: their gain).",
    "Coverage of 95 % intervals by cell type, what is furthest from 95, and the highest type-I error, over all estimands that are gated.",
    "ρ: dense profiles recovered, beside it by Value-Spectrum's score (VS). [In brackets: shown, not gated.]",
)
_HEAD = (
    f"  {'':<17}{'':>9}{'':>9}  {'coverage %':^26}{'':>9}  {'ρ priority':^17}{'ρ steering':^17}\n"
    f"  {'arm':<17}{'bias':>9}{'RMSE':>9}  {'target':>8}{'off-t.':>9}{'null':>9}{'type-I %':>9}  {'ours':>8}{'VS':>7}  {'ours':>8}{'VS':>7}"
    f"  gates passed"
)


@dataclass(frozen=True)
class ArmReport:
    """An arm with its rows and gates. `bounds`: how many bounds held what the complete answers give, of how many checked."""

    arm: Arm
    rows: tuple[Row, ...]
    gates: tuple[Gate, ...]
    bounds: tuple[int, int]

    @property
    def doubtful(self) -> bool:
        """Whether gates failed, and each by no more than Monte-Carlo error can explain."""
        failed = [gate for gate in self.gates if not gate.passed]
        return bool(failed) and all(gate.doubtful for gate in failed)

    @property
    def failures(self) -> list[str]:
        """A sentence for each gate that failed."""
        failed = [gate.sentence for gate in self.gates if not gate.passed]
        held, checked = self.bounds
        if held < checked:
            failed.append(
                f"{self.arm.name}: {checked - held} of {checked} bounds under missing answers do not hold what complete answers give"
            )
        return failed


def overview(reports: Sequence[ArmReport]) -> list[str]:
    """A legend, a head and a line for each arm."""
    return [*_LEGEND, *_HEAD.split("\n"), *(_line(report) for report in reports)]


def _line(report: ArmReport) -> str:
    arm, rows = report.arm, report.rows
    contrast = "gain" if arm.metrics else "steering"
    aimed = [row for row in rows if row.estimand == contrast and (row.kind == "target" or arm.shuffled)]
    bias = _worst(arm, aimed, lambda row: row.bias, abs, ".3f", signed=True)
    rmse = _worst(arm, aimed, lambda row: row.rmse, lambda value: value, ".3f")
    covered = [_coverage(arm, [row for row in rows if row.kind == kind]) for kind in KINDS]
    wrong = _worst(arm, rows, lambda row: row.type_1, lambda value: value, ".1f", scale=100)
    dense = {row.estimand: row for row in rows if row.planting == "dense" and row.kind == "target"}
    recovered = "".join(f"  {_rho(report, dense.get(name))}" for name in ("priority", "steering"))
    passed = sum(gate.passed for gate in report.gates)
    gates = f"{passed} of {len(report.gates)}" if report.gates else "none"
    if report.failures:
        gates += "  FAILS"
    return (
        f"  {arm.name:<17}{bias:>9}{rmse:>9}  {covered[0]:>8}{covered[1]:>9}{covered[2]:>9}{wrong:>9}{recovered}  {gates}{_shown(report)}"
    )


def _shown(report: ArmReport) -> str:
    """Which estimands have no gates, and whether that is because they are not identified."""
    arm, there = report.arm, list(dict.fromkeys(row.estimand for row in report.rows))
    lost = [name for name in there if not arm.identifies(name)]
    only = [name for name in there if arm.identifies(name) and not arm.gated(name)]
    told = []
    for words, names in (("not identified", lost), ("shown only", only)):
        if names:
            told.append(f"{words}: {'all' if names == there else ', '.join(names)}")
    return f"  ({'; '.join(told)})" if told else ""


def _worst(
    arm: Arm,
    rows: Sequence[Row],
    of: Callable[[Row], Figure],
    bad: Callable[[float], float],
    digits: str,
    *,
    scale: float = 1,
    signed: bool = False,
) -> str:
    """The worst figure of the rows that are gated, or of all, in brackets, where none is."""
    for gated in (True, False):
        values = [value for row in rows if arm.gated(row.estimand) or not gated if (value := of(row).value) is not None]
        if values:
            value = scale * max(values, key=bad)
            text = f"{value + 0.0:{'+' if signed else ''}{digits}}"
            return text if gated else f"[{text}]"
    return "–"


def _coverage(arm: Arm, rows: Sequence[Row]) -> str:
    return _worst(arm, rows, lambda row: row.coverage, lambda value: abs(value - 0.95), ".1f", scale=100)


def _rho(report: ArmReport, row: Row | None) -> str:
    if row is None or row.spearman.value is None:
        return f"{'–':>8}{'–':>7}"
    gated = any(gate.row is row and gate.figure is row.spearman for gate in report.gates)
    ours = f"{row.spearman.value:.3f}"
    beside = "–" if row.spectrum.value is None else f"{row.spectrum.value:.3f}"
    return f"{ours if gated else f'[{ours}]':>8}{beside:>7}"
