"""The contract of a persona strategy: how a persona is told to the model, and what that changes in the question."""

from __future__ import annotations

from typing import Protocol

from agent.protocols.base import FeedbackProtocol
from personas.persona import Persona

__all__ = ["Strategy"]


class Strategy(Protocol):
    """A way of telling a persona. Pure: the same arguments give the same result, so that a resumed session is the same session.

    name          as in `SessionSpec.strategy`
    protocols     the protocols that it can be asked in; empty: all
    tells         whether anything of the persona is told; where nothing is, synthetic respondents are not given its target either
    """

    name: str
    protocols: tuple[str, ...]
    tells: bool

    def persona_text(self, persona: Persona, paraphrase: int) -> str:
        """What the model reads of the persona: the slot `$persona`. `paraphrase` counts from 0 and around."""
        ...

    def asked(self, protocol: FeedbackProtocol) -> FeedbackProtocol:
        """The protocol as this strategy asks it: itself where nothing changes. `protocol` is one of `protocols`."""
        ...
