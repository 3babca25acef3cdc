"""Runs one command and ends it, with all it started, when whoever holds the other end of our standard input is gone.

    python -I process_guard.py COMMAND ARGUMENT…

A parent that is killed outright can clean up nothing, but its end of the pipe closes. Exits with the command's own code.
Standard library only: it runs apart from the package.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

GRACE_S = 10.0
LINGER_S = 2.0


def main(command: list[str]) -> int:
    """Run `command` in a process group of its own until it ends or standard input does; returns its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - the caller's own command
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: end(child))
    threading.Thread(target=watch, args=(child,), daemon=True).start()
    code = child.wait()
    sweep(child.pid)
    return code if code >= 0 else 128 - code


def watch(child: subprocess.Popen[bytes]) -> None:
    """Wait for the end of standard input, then end the child."""
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    end(child)


def end(child: subprocess.Popen[bytes]) -> None:
    """Ask the child's group to stop; a timer kills what is left of it after `GRACE_S`."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGTERM)
        timer = threading.Timer(GRACE_S, kill, args=(child.pid,))
        timer.daemon = True
        timer.start()


def sweep(group: int) -> None:
    """End the workers that outlive their leader: asked first, killed after `LINGER_S`."""
    deadline = time.monotonic() + LINGER_S
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGTERM)
        while time.monotonic() < deadline:
            os.killpg(group, 0)  # raises when nobody is left
            time.sleep(0.02)
        kill(group)


def kill(group: int) -> None:
    """End the group without asking."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
