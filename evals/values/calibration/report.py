"""The calibration as text and as JSON."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evals.values.calibration.arms import PLANTINGS, SPREAD, Arm
from evals.values.calibration.gates import FULL, Gate
from evals.values.calibration.process import CELLS, EFFECT
from evals.values.calibration.summary import Figure, Row
from personas.schwartz import VALUES

__all__ = ["ArmReport", "as_json", "as_text"]

_HEAD = (
    f"  {'':<9} {'cell type':<11}{'bias':>16}{'worst value':>17}{'RMSE':>7}"
    f"{'coverage %':>14}{'type-I %':>14}{'profile ρ':>14}{'VS profile ρ':>16}"
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


def as_text(reports: Sequence[ArmReport], replications: int, seed: int) -> str:
    """Everything, the verdict last."""
    lines = [
        f"Calibration: {replications:,} replications an arm and planting, seed {seed}; 2 models × 4 personas, {CELLS} prompt cells, "
        "ratings 0–5.",
        f"Sparse: three values in common and one target for each persona, ±{EFFECT:g} scale points. Dense: full profiles, SD over values "
        f"{SPREAD:g}.",
        "Bias and RMSE in scale points; bias of targets is towards what is planted (below 0: attenuated). ± is the 95 % Monte-Carlo "
        "margin.",
        "Profile ρ: Spearman with the planted profile, mean over profiles; of the estimate, and of Value-Spectrum's score (VS), "
        "100 × yes / shown.",
        "A sparse profile has tied ranks, so that ρ cannot reach 1 there.",
    ]
    for report in reports:
        lines += ["", *_arm(report)]
    lines += ["", *_verdict(reports, replications)]
    return "\n".join(lines) + "\n"


def as_json(reports: Sequence[ArmReport], replications: int, seed: int) -> dict[str, Any]:
    """The same for machines. Figures are {value, se}; `gated` says whether a row's figures are gates."""
    return {
        "replications": replications,
        "seed": seed,
        "passed": not any(report.failures for report in reports),
        "failures": [sentence for report in reports for sentence in report.failures],
        "arms": [
            {
                **asdict(report.arm),
                "bounds_held": report.bounds[0],
                "bounds_checked": report.bounds[1],
                "gates": len(report.gates),
                "rows": [
                    {**asdict(row), "worst_value": VALUES[row.worst_value], "gated": report.arm.identifies(row.estimand)}
                    for row in report.rows
                ],
            }
            for report in reports
        ],
    }


def _arm(report: ArmReport) -> list[str]:
    arm = report.arm
    lines = [f"{arm.name}: {arm.words}"]
    if arm.why:
        lines += textwrap.wrap(arm.why, 130, initial_indent="  ", subsequent_indent="  ")
    failed = {id(gate.row) for gate in report.gates if not gate.passed}
    for planting in PLANTINGS:
        rows = [row for row in report.rows if row.planting == planting]
        if rows:
            lines += [f"  {planting} ({rows[0].replications} replications)", _HEAD]
            lines += [_line(row, arm.identifies(row.estimand), id(row) in failed) for row in rows]
    held, checked = report.bounds
    if checked:
        lines.append(f"  bounds under missing answers: {held} of {checked} hold what the complete answers give")
    return lines


def _line(row: Row, gated: bool, failed: bool) -> str:
    mark = "FAILS" if failed else ("" if gated else "not identified")
    worst = f"{VALUES[row.worst_value]} {_figure(row.worst_bias, 3)}" if row.worst_bias.value is not None else "–"
    return (
        f"  {row.estimand:<9} {row.kind:<11}{_figure(row.bias, 3):>16}{worst:>17}{row.rmse.value or 0:>7.3f}"
        f"{_figure(row.coverage, 1, 100):>14}{_figure(row.type_1, 1, 100):>14}{_figure(row.spearman, 3):>14}{_figure(row.spectrum, 3):>16}"
        f"  {mark}"
    ).rstrip()


def _figure(figure: Figure, digits: int, scale: float = 1.0) -> str:
    if figure.value is None:
        return "–"
    value = round(scale * figure.value, digits) + 0.0
    margin = scale * figure.margin
    return f"{value:.{digits}f} ±{margin:.{digits}f}" if math.isfinite(margin) else f"{value:.{digits}f} ±?"


def _verdict(reports: Sequence[ArmReport], replications: int) -> list[str]:
    failures = [sentence for report in reports for sentence in report.failures]
    gates = sum(len(report.gates) for report in reports)
    margins = f"with Monte-Carlo margins where there are fewer than {FULL:,} replications"
    exact = f"figures as they are; {margins}" if replications >= FULL else margins
    if not failures:
        return [f"All {gates} gates passed ({exact})."]
    return [f"{len(failures)} gates failed ({gates} in all, {exact}):", *(f"  {sentence}" for sentence in failures)]
