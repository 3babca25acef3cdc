"""`python -m evals.values power`: how many videos are needed, as a table."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from evals.values.power import COMPONENTS, DESIGNS, Components, Need, needs, power_of, smallest_effect
from personas.command import CommandParser, complain
from personas.errors import AxiofeedError

__all__ = ["main"]

_EXAMPLE = """examples:
  python -m evals.values power --d 0.2 --cells 6
  python -m evals.values power --cells 6 --present 60 --absent 540     # what a pool of 600 can detect

An arm is the videos with the value present, or those with it absent. d is in SD of single answers (0.2 is small).
exit codes: 0 done, 2 bad usage"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code."""
    options = _parser().parse_args(arguments)
    of = Components(options.item, options.respondent_item, options.residual)
    try:
        if (options.present is None) != (options.absent is None):
            complain("give both --present and --absent, the numbers of videos with and without the value")
            return 2
        if min(of.item, of.respondent_item, of.residual) < 0 or of.respondent_item + of.residual <= 0:
            complain("variances cannot be negative, and those of --respondent-item and --residual not both 0")
            return 2
        found = needs(options.d, options.cells, models=options.models, power=options.power, level=options.level, of=of)
        detects = [] if options.present is None else _detects(options, of)
    except AxiofeedError as error:
        complain(str(error))
        return 2
    sys.stdout.write(_as_json(options, of, found, detects) if options.json else _as_text(options, of, found, detects))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m evals.values power",
        description="Videos per arm (value present, value absent) for a contrast of value-consistent preferences.",
        epilog=_EXAMPLE,
    )
    parser.add_argument("--d", type=float, default=0.2, help="effect in SD of single answers (default: 0.2)")
    parser.add_argument("--cells", type=int, default=6, help="prompt cells in which every video is answered (default: 6)")
    parser.add_argument("--models", type=int, default=5, help="models in the design over models (default: 5)")
    parser.add_argument("--power", type=float, default=0.8, help="(default: 0.8)")
    parser.add_argument("--level", type=float, default=0.95, help="level of the interval; the test is two-sided (default: 0.95)")
    parser.add_argument("--present", type=int, metavar="N", help="videos with the value, to ask what they can detect")
    parser.add_argument("--absent", type=int, metavar="N", help="videos without it")
    parser.add_argument("--item", type=float, default=COMPONENTS.item, help="variance of items (default: 0.36, points squared)")
    parser.add_argument("--respondent-item", type=float, default=COMPONENTS.respondent_item, help="of respondent × item (default: 0.32)")
    parser.add_argument("--residual", type=float, default=COMPONENTS.residual, help="of repeated answers (default: 0.72)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _detects(options: argparse.Namespace, of: Components) -> list[dict[str, float | str]]:
    """What `--present` and `--absent` videos do: the smallest d at the power, and the power at d."""
    rows: list[dict[str, float | str]] = []
    for design in DESIGNS:
        common = {"models": options.models, "level": options.level, "of": of}
        smallest = smallest_effect(design, options.cells, options.present, options.absent, power=options.power, **common)
        reached = power_of(design, options.d, options.cells, options.present, options.absent, **common)
        rows.append({"design": design, "smallest_d": smallest, "power": reached})
    return rows


def _as_json(options: argparse.Namespace, of: Components, found: Sequence[Need], detects: Sequence[dict[str, float | str]]) -> str:
    given = {key: getattr(options, key) for key in ("d", "cells", "power", "level", "present", "absent")}
    report = {**given, "variances": asdict(of), "videos_per_arm": [asdict(need) for need in found], "detects": list(detects)}
    return json.dumps(report, indent=2) + "\n"


def _as_text(options: argparse.Namespace, of: Components, found: Sequence[Need], detects: Sequence[dict[str, float | str]]) -> str:
    cells = f"{options.cells} prompt cell{'' if options.cells == 1 else 's'}"
    lines = [
        f"Videos per arm (value present, value absent) for d = {options.d:g} at {options.power:.0%} power, {cells}, two-sided at "
        f"{1 - options.level:.3g}:",
        "",
        *(f"  {_words(need.design, options.models):<44}{need.videos:>6}   (exactly {need.exact:.1f})" for need in found),
        "",
        "  videos = 2 (z₁₋α/₂ + z_power)² σ² / (d² · total); σ² = item + respondent × item + residual / cells for a single respondent,",
        "  2 (respondent × item + residual / cells) for a paired contrast, divided by the models it is paired over.",
        f"  Variances: item {of.item:g}, respondent × item {of.respondent_item:g}, residual {of.residual:g}; "
        f"d = 1 is {of.total**0.5:.2f} scale points.",
        "  One value against its absence, nothing else adjusted for; a few more where loadings overlap. See docs/calibration.md.",
    ]
    if detects:
        lines += ["", f"{options.present} videos with the value and {options.absent} without:", ""]
        for row in detects:
            words = _words(str(row["design"]), options.models)
            lines.append(f"  {words:<44}smallest d {row['smallest_d']:.3f}; power at d = {options.d:g}: {row['power']:.0%}")
    return "\n".join(lines) + "\n"


def _words(design: str, models: int) -> str:
    if design != "paired_models":
        return DESIGNS[design]
    return f"{DESIGNS['paired']} over {models} model{'' if models == 1 else 's'}"
