"""Texts of others in a judge's prompt: each a JSON string on its own line, which cannot end itself, and all of them bounded."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence

__all__ = ["clean", "quoted"]

_ROOM = 19_000
"""Characters that all quoted texts of an item may take together; where they do not fit, each gets an equal share."""


def quoted(parts: Sequence[tuple[str, str]]) -> str:
    """A line `label: "text"` for each; what is cut, because all of them are too long, is told outside of the quotes."""
    whole = [(label, clean(text).strip()) for label, text in parts]
    lines = [f"{label}: {_json(text)}" for label, text in whole]
    if sum(map(len, lines)) <= _ROOM:
        return "\n".join(lines)
    room = _ROOM // len(whole) - 100
    return "\n".join(line if len(line) <= room else _cut(label, text, room) for line, (label, text) in zip(lines, whole, strict=True))


def _cut(label: str, text: str, room: int) -> str:
    kept = text[:room]
    while len(_json(kept)) > room:
        kept = kept[: len(kept) * 9 // 10]
    return f"{label} (cut: the first {len(kept):,} of {len(text):,} characters): {_json(kept)}"


_MARKS = re.compile(r"[^\x20-\x7e]")
_STEERING = frozenset({"Cc", "Cf", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"
"""Part of words in some scripts, and of emoji."""


def _json(text: str) -> str:
    """On one line: what ends a line, turns its direction or cannot be seen is written as its number."""
    return _MARKS.sub(lambda found: _escaped(found[0]), json.dumps(text, ensure_ascii=False))


def _escaped(mark: str) -> str:
    steers = mark not in _JOINERS and unicodedata.category(mark) in _STEERING
    return json.dumps(mark)[1:-1] if steers else mark


def clean(text: str) -> str:
    """Without halves of characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
