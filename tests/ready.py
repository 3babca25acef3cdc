"""Commands in processes of their own that find everything imported: importing takes longer than what most tests let them do."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path

__all__ = ["begin"]

ROOT = Path(__file__).parents[1]
IMPORTED = ("agent.session", "agent.graph", "agent.experiments.command", "openai", "PIL.Image", "evals.benchmark.running")
"""Nothing that starts a thread: the process that has these is forked for each command."""

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(list(IMPORTED))


def begin(command: Sequence[str], said: Path) -> BaseProcess:
    """Start `python -m MODULE …` in the environment as it is now; stderr goes to the file `said`, stdout nowhere."""
    process = _forking.Process(target=_run, args=(list(command[2:]), str(said), dict(os.environ)), daemon=True)
    process.start()
    return process


def _run(command: list[str], said: str, environment: dict[str, str]) -> None:
    """In the new process: what Python does for `-m`."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for number, path, how in ((1, os.devnull, os.O_WRONLY), (2, said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)):
        file = os.open(path, how, 0o600)
        os.dup2(file, number)
        os.close(file)
    module = import_module(command[0])
    main = import_module(f"{command[0]}.__main__").main if hasattr(module, "__path__") else module.main
    sys.exit(main(command[1:]))
