"""Protocols by name. A new one is a new file and one line here."""

from __future__ import annotations

from agent.protocols.base import FeedbackProtocol
from agent.protocols.feed import FeedProtocol
from agent.protocols.likert import LikertProtocol, SvsProtocol
from agent.protocols.staged import StagedProtocol
from personas.errors import SpecError

__all__ = ["PROTOCOLS", "make_protocol"]

PROTOCOLS: dict[str, type[FeedbackProtocol]] = {
    "feed": FeedProtocol,
    "staged": StagedProtocol,
    "likert": LikertProtocol,
    "likert-svs": SvsProtocol,
}


def make_protocol(name: str) -> FeedbackProtocol:
    """The protocol of that name. Raises SpecError that lists the choices."""
    if name not in PROTOCOLS:
        raise SpecError(f"unknown protocol {name!r}; choose one of: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]()
