"""Where things are kept that can be made again: rendered clips, text read from frames, checks of files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["CACHE_VARIABLE", "default_cache_dir"]

CACHE_VARIABLE = "AXIOFEED_CACHE"
"""Environment variable: the cache folder, before the platform's own."""


def default_cache_dir() -> Path:
    """AXIOFEED_CACHE, else `axiofeed` in the platform's cache folder for this user (XDG_CACHE_HOME or ~/.cache on Linux)."""
    named = os.environ.get(CACHE_VARIABLE, "")
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "axiofeed" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "axiofeed"
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "axiofeed"
