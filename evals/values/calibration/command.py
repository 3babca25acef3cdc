"""`python -m evals.values calibrate`: does the instrument measure? Exit code 1 when a gate fails."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evals.values.calibration.arms import ARMS, FULL, PLANTINGS, Arm, arm_named
from personas.command import CommandParser, complain

if TYPE_CHECKING:
    from evals.values.calibration.overview import ArmReport
    from evals.values.calibration.run import Chunk, Part

__all__ = ["main"]

REPLICATIONS, QUICK = 1000, 60
RUN_ON = 4
"""How many times the replications an arm in doubt gets."""
EVERY_S = 10.0

_EXAMPLE = """examples:
  python -m evals.values calibrate --quick
  python -m evals.values calibrate --json > calibration.json
  python -m evals.values calibrate --arm gold --arm refusals

exit codes: 0 all gates passed, 1 a gate failed, 2 bad usage, 130 interrupted"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code."""
    options = _parser().parse_args(arguments)
    standard = QUICK if options.quick else REPLICATIONS
    replications = standard if options.replications is None else options.replications
    if replications < 2 or options.processes < 1 or options.seed < 0:
        complain("at least 2 replications and 1 process are needed, and a seed that is not negative")
        return 2
    arms = [arm_named(name) for name in dict.fromkeys(options.arm)] if options.arm else list(ARMS)
    try:
        reports = calibrate(arms, replications, options.seed, processes=options.processes)
    except KeyboardInterrupt:
        complain("interrupted; nothing is printed of the replications that were done")
        return 130
    from evals.values.calibration.report import as_json, as_text  # noqa: PLC0415 - loads with the numbers

    if options.json:
        sys.stdout.write(json.dumps(as_json(reports, replications, options.seed), indent=1, allow_nan=False) + "\n")
    else:
        sys.stdout.write(as_text(reports, replications, options.seed))
    return 1 if any(report.failures for report in reports) else 0


def calibrate(arms: Sequence[Arm], replications: int, seed: int, *, processes: int = 1) -> list[ArmReport]:
    """Run arms and judge them; in a full run, those in doubt are run on and judged on all of their replications."""
    from evals.values.calibration.run import chunks  # noqa: PLC0415 - numpy, scipy and polars, which --help does without

    parts = _run(chunks(arms, replications, seed), processes)
    reports = [_report(arm, parts) for arm in arms]
    doubtful = [report.arm for report in reports if report.doubtful] if replications >= FULL else []
    if not doubtful:
        return reports
    sys.stderr.write(f"in doubt, run on to {RUN_ON * replications:,} replications: {', '.join(arm.name for arm in doubtful)}\n")
    for key, more in _run(chunks(doubtful, RUN_ON * replications, seed, after=replications), processes).items():
        parts[key] += more
    return [_report(report.arm, parts) if report.arm in doubtful else report for report in reports]


def _run(work: Sequence[Chunk], processes: int) -> dict[tuple[str, str], list[Part]]:
    from evals.values.calibration.run import run_all  # noqa: PLC0415

    progress = _Progress(sum(chunk.last - chunk.first for chunk in work))
    parts = run_all(work, min(processes, len(work)), progress.advance)
    progress.end()
    return parts


def _report(arm: Arm, parts: dict[tuple[str, str], list[Part]]) -> ArmReport:
    from evals.values.calibration.gates import gates  # noqa: PLC0415
    from evals.values.calibration.overview import ArmReport  # noqa: PLC0415
    from evals.values.calibration.summary import summarise  # noqa: PLC0415

    mine = [parts[arm.name, planting] for planting in PLANTINGS]
    rows = [row for found in mine for row in summarise(found)]
    held, checked = (sum(part.bounds[k] for found in mine for part in found) for k in (0, 1))
    return ArmReport(arm, tuple(rows), tuple(gates(arm, rows)), (held, checked))


class _Progress:
    """Replications done and the time that is left, on stderr: one line that is rewritten on a terminal, a line now and then elsewhere."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.begun, self.said = total, 0, time.monotonic(), 0.0
        self.terminal = sys.stderr.isatty()

    def advance(self, replications: int) -> None:
        """Some more are done."""
        self.done += replications
        now = time.monotonic()
        if now - self.said >= (0.5 if self.terminal else EVERY_S):
            self.said = now
            left = (now - self.begun) * (self.total - self.done) / self.done
            self._write(f"{self.done:,} of {self.total:,} replications, about {_duration(left)} left")

    def end(self) -> None:
        """All are done."""
        self._write(f"{self.total:,} replications in {_duration(time.monotonic() - self.begun)}")
        if self.terminal:
            sys.stderr.write("\n")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}" if self.terminal else f"{text}\n")
        sys.stderr.flush()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m evals.values calibrate",
        description="Plant values in simulated respondents and see whether the estimators find them, and how sure they are.",
        epilog=_EXAMPLE,
    )
    names = [arm.name for arm in ARMS]
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} replications, gates with Monte-Carlo margins")
    parser.add_argument("--replications", type=int, metavar="N", help=f"an arm and planting (default: {REPLICATIONS})")
    parser.add_argument("--arm", action="append", choices=names, metavar="NAME", help=f"this arm only; may be repeated: {', '.join(names)}")
    parser.add_argument("--processes", type=int, default=max(1, min(2, os.cpu_count() or 1)), metavar="N", help="(default: 2)")
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser
