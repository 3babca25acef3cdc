"""`python -m evals.auto_bench`: curate, verify, run, judge, score, export-sft."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from evals.auto_bench.command import run
from evals.command_line import bordered

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0 done, 1 failed, 2 bad usage, 3 stopped by a limit, 130 interrupted."""
    return bordered(run, arguments)


if __name__ == "__main__":
    sys.exit(main())
