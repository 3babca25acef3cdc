"""`python -m environments.browser.install`: gets a Chromium by whichever way works here.

In turn: one that is there already; Playwright's download; the system's packages (as root, or through sudo without a password); the headless
build in the npm package @sparticuz/chromium (MIT), unpacked into the cache folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from environments.browser.chromium import HOW_TO_GET_IT, find_chromium, npm_build, runs
from personas.command import CommandParser
from personas.errors import FeedError

__all__ = ["main"]

UNPACK = "import('@sparticuz/chromium').then(async m => console.log(JSON.stringify(await m.default.executablePath())))"


def main(arguments: list[str] | None = None) -> int:
    """Get Chromium and print where it is. Exit code 1 when no way works, 2 when AXIOFEED_CHROMIUM names none."""
    CommandParser(prog="python -m environments.browser.install", description=__doc__).parse_args(arguments)
    try:
        return _got()
    except FeedError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _got() -> int:
    for name, way in WAYS.items():
        if way is not None and not _tried(name, way):
            continue
        runs.cache_clear()
        found = find_chromium()
        if found:
            print(f"chromium: {found}")
            return 0
    print(f"error: {HOW_TO_GET_IT}", file=sys.stderr)
    return 1


def _tried(name: str, way: Callable[[], bool]) -> bool:
    print(f"chromium: trying {name}", file=sys.stderr)
    try:
        return way()
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        print(f"chromium: {name} did not work: {error}", file=sys.stderr)
        return False


def _run(*command: str, timeout: float, cwd: Path | None = None) -> bool:
    quiet = subprocess.DEVNULL
    done = subprocess.run(command, timeout=timeout, stdout=quiet, stderr=quiet, cwd=cwd, check=False)  # noqa: S603 - commands of this file
    return done.returncode == 0


def _playwright() -> bool:
    return _run(sys.executable, "-m", "playwright", "install", "chromium", timeout=600)


def _system() -> bool:
    if shutil.which("apt-get") is None:
        return False
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    install = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
    return _run(*as_root, "apt-get", "update", "-qq", timeout=300) and _run(*install, timeout=900)


def _npm() -> bool:
    """The npm build, copied from where the package unpacks it (the temporary folder) to where it is found again."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return False
    home = npm_build().parent
    home.mkdir(parents=True, exist_ok=True)
    if not _run("npm", "install", "--no-audit", "--no-fund", "--prefix", str(home), "@sparticuz/chromium", timeout=600, cwd=home):
        return False
    done = subprocess.run(["node", "-e", UNPACK], capture_output=True, timeout=120, cwd=home, check=True, text=True)  # noqa: S603, S607
    unpacked = Path(json.loads(done.stdout))
    shutil.copy2(unpacked, npm_build())
    return True


WAYS: dict[str, Callable[[], bool] | None] = {
    "what is installed": None,
    "Playwright's download": _playwright,
    "the system's packages": _system,
    "the npm package": _npm,
}

if __name__ == "__main__":
    sys.exit(main())
