"""`python -m evals.adaptive`: what a recommender made of a persona."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from evals.adaptive.command import run
from personas.command import complain
from personas.errors import AxiofeedError
from personas.one_line import one_line

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0 done, 1 failed, 2 bad usage, 130 interrupted."""
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


if __name__ == "__main__":
    sys.exit(main())
