"""Logs go to stderr through structlog, one line an event, and never hold a secret."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

__all__ = ["configure_logs", "hide_secrets"]

_SECRET = re.compile(r"(sk-[A-Za-z0-9_-]{8,}|Bearer\s+\S+)", re.IGNORECASE)
_SECRET_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")


def configure_logs(level: int = 30) -> None:
    """Log from `level` (as in `logging`: 10 debug, 20 info, 30 warning) to stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            hide_secrets,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def hide_secrets(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what looks like a key, and the value of any environment variable named like one, in every field."""
    known = [value for name, value in os.environ.items() if len(value) >= 8 and name.upper().endswith(_SECRET_NAMES)]
    for field, value in event.items():
        text = str(value)
        for secret in known:
            text = text.replace(secret, "***")
        text = _SECRET.sub("***", text)
        if text != str(value):
            event[field] = text
    return event
