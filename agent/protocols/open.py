"""`open`: a question answered in the model's own words. Three prompt cells: paraphrases. The answer is kept as the decision's reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from agent.models.base import Prompt, Reply
from agent.protocols.base import AnswerState, Decision, Interpretation, PromptTemplate, Question, interpret_json, one_turn
from environments.base import ActionKind, Stimulus

__all__ = ["OpenAnswer", "OpenProtocol"]


class OpenAnswer(BaseModel):
    """The answer in words."""

    answer: Annotated[str, Field(min_length=1, max_length=8000, description="your answer")]


_FORM = (
    "Reply with one JSON object with one field: answer (your answer, in as few words as it needs).",
    "Give your reply as a single JSON object holding answer: what you answer, no longer than necessary.",
    "Answer only with a JSON object whose one field, answer, holds your answer in brief.",
)


class OpenProtocol:
    """See the module's docstring."""

    name = "open"
    deck = True
    cells = len(_FORM)
    first_stage = "question"
    first_moment = False

    def template(self, stage: str, cell: int) -> PromptTemplate:
        """The words of one cell, 0 ≤ cell < 3."""
        return PromptTemplate("$persona", f"$caption\n\n{_FORM[cell]}", OpenAnswer)

    def prompt(self, question: Question, stimulus: Stimulus, slots: Mapping[str, str], seed: int) -> Prompt:
        """The one question about an item, its pictures before the words."""
        return one_turn(self, question, stimulus, slots, seed, max_output_tokens=1500)

    def interpret(self, stage: str, reply: Reply, stimulus: Stimulus) -> Interpretation:
        """The answer. Words without any JSON are one too, unless they are a refusal: nothing else was asked for."""
        state, answer, fault = interpret_json(reply, OpenAnswer)
        words = answer.answer if isinstance(answer, OpenAnswer) else reply.text
        plain = state is AnswerState.UNPARSABLE and "{" not in reply.text and reply.text.strip()
        if isinstance(answer, OpenAnswer) or plain:
            return Interpretation(AnswerState.ANSWERED, Decision(ActionKind.PASS, 0.0, None, words.strip()))
        return Interpretation(state, fault=fault)

    def next_stage(self, stage: str, decision: Decision) -> str | None:
        """There is only one stage."""
        return None
