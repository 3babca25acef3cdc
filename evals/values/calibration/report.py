"""The calibration as text and as JSON."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from evals.values.calibration.arms import FULL, PLANTINGS, SPREAD, Arm
from evals.values.calibration.overview import ArmReport, overview
from evals.values.calibration.process import CELLS, EFFECT
from evals.values.calibration.summary import Figure, Row
from personas.schwartz import VALUES

__all__ = ["ArmReport", "as_json", "as_text"]

_HEAD = (
    f"  {'':<9} {'cell type':<11}{'bias':>16}{'worst value':>17}{'RMSE':>7}"
    f"{'coverage %':>14}{'type-I %':>14}{'profile ρ':>14}{'VS profile ρ':>16}"
)


def as_text(reports: Sequence[ArmReport], replications: int, seed: int) -> str:
    """Everything, then an overview, the verdict last."""
    lines = [
        f"Calibration: {replications:,} replications an arm and planting, seed {seed}; 2 models × 4 personas, {CELLS} prompt cells, "
        "ratings 0–5.",
        f"Sparse: three values in common and one target for each persona, ±{EFFECT:g} scale points. Dense: full profiles, SD over values "
        f"{SPREAD:g}.",
        "Bias and RMSE in scale points, of likes in log-odds, of their twins in probability; bias of targets is towards what is planted "
        "(below 0: attenuated).",
        "± is the 95 % Monte-Carlo margin.",
        "Profile ρ: Spearman with the planted profile, mean over profiles; of the estimate, and of Value-Spectrum's score (VS), "
        "100 × yes / shown.",
        "A sparse profile has tied ranks, so that ρ cannot reach 1 there.",
    ]
    for report in reports:
        lines += ["", *_arm(report)]
    lines += ["", *overview(reports), "", *_verdict(reports, replications)]
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
                    {**asdict(row), "worst_value": VALUES[row.worst_value], "gated": report.arm.gated(row.estimand)} for row in report.rows
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
            lines += [_line(row, _mark(arm, row, id(row) in failed)) for row in rows]
    held, checked = report.bounds
    if checked:
        lines.append(f"  bounds under missing answers: {held} of {checked} hold what the complete answers give")
    return lines


def _mark(arm: Arm, row: Row, failed: bool) -> str:
    if failed:
        return "FAILS"
    if not arm.identifies(row.estimand):
        return "not identified"
    return "" if arm.gated(row.estimand) else "shown, not gated"


def _line(row: Row, mark: str) -> str:
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
    if not gates:
        return ["There are no gates here: figures are shown."]
    exact = f"figures as they are; {margins}" if replications >= FULL else margins
    if not failures:
        return [f"All {gates} gates passed ({exact})."]
    return [f"{len(failures)} gates failed ({gates} in all, {exact}):", *(f"  {sentence}" for sentence in failures)]
