"""A command that is killed with kill -9 while its questions are out, and carried on."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable

from tests.agent.driving import ROOT

__all__ = ["KILLS", "carried_on"]

KILLS = 3


def killed_once(arguments: list[str], asked: Callable[[], int], after: int, delay: float) -> int | None:
    """Kill -9 once `after` more requests have come and `delay` seconds have passed; the exit code, None where it was killed."""
    already = asked()
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None and asked() < already + after:
        time.sleep(0.001)
    time.sleep(delay)
    process.kill()
    _, said = process.communicate()
    assert b"Traceback" not in said
    return None if process.returncode == -9 else process.returncode


def carried_on(main: Callable[[list[str]], int], arguments: list[str], asked: Callable[[], int], few: int) -> int:
    """Run `arguments` (python -m …) until killed `KILLS` times, after 1 to `few` requests each, then to the end; how often killed."""
    source, killed = random.Random(7), 0
    for _ in range(KILLS):
        killed += killed_once(arguments, asked, source.randint(1, few), source.uniform(0, 0.05)) is None
    assert main(arguments[3:]) == 0
    return killed
