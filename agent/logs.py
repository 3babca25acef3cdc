"""Logs go to stderr through structlog, one line an event, and never hold a secret."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from agent.redaction import known_secrets, redact

__all__ = ["configure_logs", "hide_secrets", "logger"]


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
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # looked up each time: a live view redirects it
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of a module. Where nobody has set logging up, warnings go to stderr."""
    if not structlog.is_configured():
        configure_logs()
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(name, part=name)
    return bound


def hide_secrets(_: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace secrets in every field."""
    secrets = known_secrets()
    for name, value in event.items():
        text = redact(str(value), secrets)
        if text != str(value):
            event[name] = text
    return event
