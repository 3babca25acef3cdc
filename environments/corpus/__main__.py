"""`python -m environments.corpus`: makes, searches, describes and indexes a corpus of short videos."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from environments.corpus.command import run
from personas.command import complain
from personas.errors import AxiofeedError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0 done, 1 failed, 2 bad usage, 130 interrupted."""
    try:
        code = run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except AxiofeedError as error:
        complain(str(error))
        return error.exit_code
    except ModuleNotFoundError as error:
        if error.name not in ("lancedb", "pyarrow"):
            raise
        complain(f'a corpus needs an extra ({error.name} is missing): pip install "axiofeed[corpus]"')
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at exit
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
