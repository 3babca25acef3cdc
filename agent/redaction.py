"""Keeps secrets out of run folders and logs, whoever wrote them there: a server that echoes a key, a model that repeats one."""

from __future__ import annotations

import json
import os
import re
from typing import Any

__all__ = ["known_secrets", "may_hold_a_secret", "redact", "redact_all"]

_NAMED_LIKE_A_SECRET = re.compile(r"(^|_)(API_?KEY|KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
# With a digit in it, and not within a word: "desk-setup-for-beginners" is no key.
_SHAPED_LIKE_A_SECRET = re.compile(r"((?<![A-Za-z0-9])sk-(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{16,}|Bearer\s+[A-Za-z0-9._~+/=-]{16,})")
SHORTEST = 12
"""Shorter values are words that may stand in any text."""


def known_secrets() -> tuple[str, ...]:
    """The values of the environment variables that are named like secrets, longest first."""
    found = {value for name, value in os.environ.items() if len(value) >= SHORTEST and _NAMED_LIKE_A_SECRET.search(name)}
    return tuple(sorted(found, key=len, reverse=True))


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """`text` with `secrets`, and what is shaped like a key, replaced by stars."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _SHAPED_LIKE_A_SECRET.sub("***", text) if "sk-" in text or "Bearer" in text else text


def may_hold_a_secret(line: str, secrets: tuple[str, ...]) -> bool:
    """Whether `redact_all` could change anything in the data whose JSON text is `line`. Much faster than to call it.

    JSON escapes letter by letter: a text that holds a secret holds, escaped, the secret escaped.
    """
    return "sk-" in line or "Bearer" in line or any(json.dumps(secret, ensure_ascii=False)[1:-1] in line for secret in secrets)


def redact_all(value: Any, secrets: tuple[str, ...]) -> Any:
    """JSON data with every text in it redacted, names of fields included.

    To be called before the data becomes JSON text, whose escapes could hide a secret from the search.
    """
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, dict):
        return {redact(name, secrets): redact_all(item, secrets) for name, item in value.items()}
    return [redact_all(item, secrets) for item in value] if isinstance(value, list) else value
