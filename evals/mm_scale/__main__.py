"""`python -m evals.mm_scale`: run, annotate, import, score, train."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from evals.command_line import bordered
from evals.mm_scale.command import run

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0 done, 1 failed, 2 bad usage, 3 stopped by a limit, 130 interrupted."""
    return bordered(run, arguments)


if __name__ == "__main__":
    sys.exit(main())
