"""`narrative`: the persona's text as it stands. The default."""

from __future__ import annotations

from agent.protocols.base import FeedbackProtocol
from personas.persona import Persona

__all__ = ["Narrative"]


class Narrative:
    """See the module's docstring."""

    name = "narrative"
    protocols: tuple[str, ...] = ()
    tells = True

    def persona_text(self, persona: Persona, paraphrase: int) -> str:
        """The wording with this number."""
        return persona.text(paraphrase)

    def asked(self, protocol: FeedbackProtocol) -> FeedbackProtocol:
        """As it is."""
        return protocol
