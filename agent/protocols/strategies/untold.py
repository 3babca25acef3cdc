"""`none`: nothing of the persona is told. The control of the elicitation: what answers look like that no persona can have moved.

Sessions of all personas ask the same words then, and a respondent that always answers the same answers all of them alike.
"""

from __future__ import annotations

from agent.protocols.base import FeedbackProtocol
from personas.persona import Persona

__all__ = ["Untold"]


class Untold:
    """See the module's docstring."""

    name = "none"
    protocols: tuple[str, ...] = ()
    tells = False

    def persona_text(self, persona: Persona, paraphrase: int) -> str:
        """No words."""
        return ""

    def asked(self, protocol: FeedbackProtocol) -> FeedbackProtocol:
        """As it is."""
        return protocol
