"""Text from outside on one line that no terminal obeys: for messages, tables, and the ids that name things in them."""

from __future__ import annotations

import unicodedata

__all__ = ["one_line"]

_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINER = "\u200d"
"""Holds families and flags among the emoji together, and does nothing else."""


def one_line(text: str, limit: int | None = 120, *, fold: bool = False) -> str:
    """`text` with control characters, direction marks, line ends and broken UTF-8 escaped, at most `limit` characters (None: all).

    Without `fold` every character is kept or escaped, so that two names stay two: for ids and the names of files. With `fold` each run of
    white space, line ends included, becomes one space: for prose.
    """
    kept = " ".join(text.split()) if fold else text
    escaped = kept if kept.isprintable() else "".join(map(_shown, kept))
    return escaped if limit is None or len(escaped) <= limit else escaped[: max(1, limit - 1)] + "…"


def _shown(character: str) -> str:
    steers = unicodedata.category(character) in _STEERING and character != _JOINER
    return f"\\u{ord(character):04x}" if steers else character
