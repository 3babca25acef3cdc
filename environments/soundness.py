"""Checks many video files at once and remembers the answers, so that a folder opens quickly the second time."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments.canonical import canonical_json, content_hash

if TYPE_CHECKING:
    from environments.video import VideoFacts

__all__ = ["check_all"]

_VERSION = 2  # raised when `environments.video.check` learns to see more
_KEEP = 50_000


def check_all(paths: Sequence[Path], cache_dir: Path) -> list[VideoFacts | str]:
    """For each file its facts, or the reason why it cannot be shown.

    Answers are kept in `cache_dir/checked-videos.json` by path, size and time of change, but for those of files that took too long: a
    machine may be busy. A cache that cannot be read or written is done without.
    """
    from environments.video import SlowVideo, UnplayableVideo, VideoFacts, check  # noqa: PLC0415 - PyAV loads when used

    store = cache_dir / "checked-videos.json"
    known = _load(store)
    keys = [_key(path) for path in paths]

    slow: set[Path] = set()

    def answer(path: Path) -> VideoFacts | str:
        try:
            return check(path)
        except UnplayableVideo as error:
            if isinstance(error, SlowVideo):
                slow.add(path)
            return error.reason

    missing = [index for index, key in enumerate(keys) if key is None or _remembered(known.get(key), VideoFacts) is None]
    with ThreadPoolExecutor(max_workers=4) as pool:
        fresh = dict(zip(missing, pool.map(answer, [paths[index] for index in missing]), strict=True))
    found: list[VideoFacts | str] = []
    for index, key in enumerate(keys):
        result = fresh[index] if index in fresh else _remembered(known.get(key or ""), VideoFacts)
        assert result is not None
        found.append(result)
    new = {
        key: {"reason": fact} if isinstance(fact, str) else asdict(fact)
        for i, fact in fresh.items()
        if (key := keys[i]) and paths[i] not in slow
    }
    if new:
        _save(store, {**known, **new})
    return found


def _key(path: Path) -> str | None:
    try:
        status = path.stat()
        return content_hash([_VERSION, os.path.abspath(path), status.st_size, status.st_mtime_ns])[:32]  # noqa: PTH100 - no symlink is followed
    except (OSError, UnicodeEncodeError):
        return None


def _remembered(entry: Any, facts: type[VideoFacts]) -> VideoFacts | str | None:
    if not isinstance(entry, dict):
        return None
    if isinstance(entry.get("reason"), str):
        return str(entry["reason"])
    try:
        return facts(**entry)
    except TypeError:
        return None


def _load(store: Path) -> dict[str, Any]:
    try:
        data = json.loads(store.read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _save(store: Path, known: dict[str, Any]) -> None:
    """Writes beside and renames, so that another process never reads half a file."""
    newest = dict(list(known.items())[-_KEEP:])
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=store.parent, prefix=".checked-", suffix=".json")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(canonical_json(newest))
        Path(name).replace(store)
    except OSError:
        return
