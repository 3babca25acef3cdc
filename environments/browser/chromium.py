"""Finds a Chromium that runs here: Playwright's own when it is installed, the system's otherwise."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from environments.cache import default_cache_dir
from personas.errors import EnvironmentFailed, FeedError
from personas.one_line import one_line

__all__ = ["CHROMIUM_VARIABLE", "LAUNCH_ARGUMENTS", "find_chromium", "npm_build", "require_chromium", "require_surroundings", "runs"]

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CHROMIUM_VARIABLE = "AXIOFEED_CHROMIUM"
"""Environment variable: the path of the Chromium to be used, before any other."""

LAUNCH_ARGUMENTS = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
"""Flags under which Chromium makes no calls of its own. Started as root it needs `--no-sandbox` besides."""

LONGEST_TEMPORARY = 62
"""Bytes of the path of the temporary folder: Chromium puts `/org.chromium.Chromium.XXXXXX/SingletonSocket` below it, and the path of
a socket has at most 107 (unix(7), sun_path)."""

HOW_TO_GET_IT = (
    "no Chromium found: run `python -m playwright install chromium`, or install your system's (Debian: apt-get install chromium)"
)


def find_chromium() -> Path | None:
    """A Chromium that starts: the one named in AXIOFEED_CHROMIUM, Playwright's, the system's, npm's; None when there is none.

    Raises FeedError when the one that is named is none: another than the one asked for is never taken in silence.
    """
    named = os.environ.get(CHROMIUM_VARIABLE, "")
    if named:
        return _named(Path(named))
    own = _playwrights_own(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", ""))
    for path in (own, *(shutil.which(name) for name in SYSTEM_NAMES), npm_build()):
        if path and runs(Path(path)):
            return Path(path)
    return None


def _named(path: Path) -> Path:
    if runs(path):
        return path
    what = "does not start" if path.is_file() and os.access(path, os.X_OK) else "is no program" if path.exists() else "does not exist"
    raise FeedError(
        f"{CHROMIUM_VARIABLE} names {one_line(str(path))}, which {what}: name a Chromium that runs, or unset {CHROMIUM_VARIABLE}"
    )


def npm_build() -> Path:
    """Where the headless build of the npm package is kept, if it was needed."""
    return default_cache_dir() / "chromium" / "chromium"


def require_chromium() -> Path:
    """As `find_chromium`. Raises EnvironmentFailed that says how to get one, FeedError for one that is named and is none."""
    found = find_chromium()
    if found is None:
        raise EnvironmentFailed(HOW_TO_GET_IT)
    return found


def require_surroundings(*, headed: bool) -> None:
    """What else Chromium needs. Raises FeedError when a window is wanted without a screen, or the temporary folder's path is too long."""
    folder = os.fsencode(tempfile.gettempdir())
    if len(folder) > LONGEST_TEMPORARY:
        raise FeedError(
            f"the path of the temporary folder has {len(folder)} bytes, and Chromium can use at most {LONGEST_TEMPORARY}: "
            "set TMPDIR to a shorter one"
        )
    if headed and sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise FeedError(
            "--headed shows a window, and no screen is known (DISPLAY is not set): leave --headed out, or run under `xvfb-run -a`"
        )


@cache
def runs(executable: Path) -> bool:
    """Whether the program starts: a downloaded browser may lack the system's libraries."""
    if not executable.is_file():
        return False
    try:
        done = subprocess.run([executable, "--version"], capture_output=True, timeout=20, check=False)  # noqa: S603 - a path found above
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@cache
def _playwrights_own(_browsers: str) -> Path:
    """Playwright knows where it would install its own. Asked once for each folder that the user names, because it takes half a second,
    and in a thread, because its plain API refuses to work beside an event loop."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - loads when a browser is wanted

    def ask() -> str:
        with sync_playwright() as playwright:
            return playwright.chromium.executable_path

    with ThreadPoolExecutor(1) as thread:
        return Path(thread.submit(ask).result())
