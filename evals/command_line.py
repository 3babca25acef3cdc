"""What the command lines of evals share: the border where every error becomes one line and an exit code, and kinds of arguments."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence

from personas.command import complain
from personas.errors import AxiofeedError
from personas.one_line import one_line

__all__ = ["bordered", "share"]


def bordered(run: Callable[[Sequence[str]], int], arguments: Sequence[str] | None) -> int:
    """Run a command; returns its exit code: 0 done, 1 failed, 2 bad usage, 130 interrupted. `--verbose` lets a fault of ours through."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # where the terminal cannot write a persona's name
    try:
        code = run(given)
        sys.stdout.flush()
    except AxiofeedError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at exit
        return 1
    except Exception as bug:  # the border
        if "--verbose" in given:
            raise
        complain(f"{type(bug).__name__}: {one_line(str(bug), None, fold=True)} (a fault of axiofeed; --verbose shows where)")
        return 1
    return code


def share(text: str) -> float:
    """A number between 0 and 1. Raises ArgumentTypeError."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < 1:
        raise argparse.ArgumentTypeError(f"give a number between 0 and 1, such as 0.95, not {text!r}")
    return found
