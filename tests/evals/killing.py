"""A command that is killed with kill -9 while its questions are out, and carried on."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.ready import begin

__all__ = ["KILLS", "carried_on"]

KILLS = 3


def killed_once(arguments: list[str], asked: Callable[[], int], after: int, delay: float) -> int | None:
    """Kill -9 once `after` more requests have come and `delay` seconds have passed; the exit code, None where it was killed."""
    already = asked()
    with tempfile.TemporaryDirectory() as place:
        said = Path(place) / "stderr"
        process = begin(arguments, said)
        while process.exitcode is None and asked() < already + after:
            time.sleep(0.001)
        time.sleep(delay)
        process.kill()
        process.join()
        assert not said.exists() or "Traceback" not in said.read_text(encoding="utf-8")
    return None if process.exitcode == -9 else process.exitcode


def carried_on(main: Callable[[list[str]], int], arguments: list[str], asked: Callable[[], int], few: int) -> int:
    """Run `arguments` (python -m …) until killed `KILLS` times, after 1 to `few` requests each, then to the end; how often killed."""
    source, killed = random.Random(7), 0
    for _ in range(KILLS):
        killed += killed_once(arguments, asked, source.randint(1, few), source.uniform(0, 0.05)) is None
    assert main(arguments[3:]) == 0
    return killed
