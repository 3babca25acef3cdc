"""Where the persona stands: in the system message, or at the top of the first message of the user. Works with every protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.models.base import Prompt, Reply
from agent.protocols.base import Decision, FeedbackProtocol, Interpretation, PromptTemplate, Question, opening, opens
from environments.base import Stimulus

__all__ = ["PLACEMENTS", "UserPlaced", "placed"]

PLACEMENTS = ("system", "user")
"""The first is the default."""


def placed(protocol: FeedbackProtocol, placement: str) -> FeedbackProtocol:
    """The protocol with the persona in its place, one of `PLACEMENTS`."""
    return UserPlaced(protocol) if placement == "user" else protocol


class UserPlaced:
    """A protocol whose system message opens the first user turn; there is no system message then."""

    def __init__(self, protocol: FeedbackProtocol) -> None:
        self._protocol = protocol
        self.name = protocol.name
        self.cells = protocol.cells
        self.first_stage = protocol.first_stage
        self.first_moment = protocol.first_moment
        self.needs_options = getattr(protocol, "needs_options", False)

    def opening(self, stimulus: Stimulus) -> str:
        """As the protocol begins."""
        return opening(self._protocol, stimulus)

    def template(self, stage: str, cell: int) -> PromptTemplate:
        """The words of one cell. A later stage stands in the same conversation, whose first turn has told the persona."""
        inner = self._protocol.template(stage, cell)
        user = f"{inner.system}\n\n{inner.user}" if opens(self._protocol, stage) else inner.user
        return PromptTemplate("", user, inner.answer)

    def prompt(self, question: Question, stimulus: Stimulus, slots: Mapping[str, str], seed: int) -> Prompt:
        """The protocol's question, its opening turn made from that stage's template: words and hash cannot part.

        Examples, which are earlier turns, stay before it.
        """
        inner = self._protocol.prompt(question, stimulus, slots, seed)
        first = next((stage for stage in question.replies if opens(self._protocol, stage)), question.stage)
        first = first if opens(self._protocol, first) else self.first_stage
        _, before = self._protocol.template(first, question.cell).render(inner.slots)
        _, words = self.template(first, question.cell).render(inner.slots)
        place = next((at for at, turn in enumerate(inner.turns) if turn.text == before), 0)
        turns = (replace(turn, text=words) if at == place else turn for at, turn in enumerate(inner.turns))
        return replace(inner, system="", turns=tuple(turns))

    def interpret(self, stage: str, reply: Reply, stimulus: Stimulus) -> Interpretation:
        """As the protocol does."""
        return self._protocol.interpret(stage, reply, stimulus)

    def next_stage(self, stage: str, decision: Decision) -> str | None:
        """As the protocol says."""
        return self._protocol.next_stage(stage, decision)
