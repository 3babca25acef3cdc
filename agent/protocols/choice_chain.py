"""`choice-chain`: one conversation in three turns: what the pictures show, what the answer is, which option's letter that is.

The pictures stand in its first message, and stay in it in all turns. The options are told in the last turn alone, so that neither the
description nor the answer is written towards them. Three prompt cells: paraphrases, the same cell in all turns. The letter is read as in
`choice`; a turn that is refused or cannot be read ends the conversation, and its state is the question's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from agent.models.base import Prompt, Reply, Turn
from agent.protocols.base import AnswerState, Decision, Interpretation, PromptTemplate, Question, interpret_json
from agent.protocols.choice import LETTERS, ChoiceAnswer, ChoiceProtocol, lettered, of_letters
from agent.protocols.open import OpenAnswer
from environments.base import ActionKind, Stimulus

__all__ = ["ChoiceChainProtocol", "DescriptionAnswer"]


class DescriptionAnswer(BaseModel):
    """What the pictures show."""

    description: Annotated[str, Field(min_length=1, max_length=8000, description="what can be seen")]


_STAGES = ("describe", "question", "letter")
_WORDS = {
    "describe": (
        "Describe what can be seen in the pictures above; if there are none, say so. A question about them follows.\n"
        "Reply with one JSON object with one field: description (a few sentences).",
        "Before you are asked a question: what do the pictures above show? If none are there, say that.\n"
        "Give your reply as a single JSON object holding description: a few sentences.",
        "Look first. Say in a few sentences what is in the pictures above, or that there are none; you will be asked about it.\n"
        "Answer only with a JSON object whose one field, description, holds these sentences.",
    ),
    "question": (
        "$caption\n\nReply with one JSON object with one field: answer (your answer in your own words).",
        "$caption\n\nGive your reply as a single JSON object holding answer: what you answer, in words of your own.",
        "$caption\n\nAnswer only with a JSON object whose one field, answer, holds your answer in your own words.",
    ),
    "letter": (
        "Which of these options is the answer to the question?\n$options\n\n"
        "Reply with one JSON object with these fields in this order: answer (only the letter), reason (one sentence).",
        "Choose the option that answers the question:\n$options\n\n"
        "Give your reply as a single JSON object holding, in order: answer (the letter alone) and reason (one sentence).",
        "Now settle on one of these options:\n$options\n\n"
        "Answer only with a JSON object: first answer (its letter), last reason (one sentence).",
    ),
}
_MOST_TOKENS = {"describe": 1000, "question": 1000, "letter": 500}


class ChoiceChainProtocol:
    """See the module's docstring. A stage's name ends in the number of options, such as `letter-of-4`."""

    name = "choice-chain"
    deck = True
    needs_options = True
    cells = len(_WORDS["letter"])
    first_stage = _STAGES[0]
    first_moment = False

    def opening(self, stimulus: Stimulus) -> str:
        """`describe-of-K` for K options."""
        count = len(stimulus.text.options)
        return f"{self.first_stage}-of-{count}" if 2 <= count <= len(LETTERS) else self.first_stage

    def template(self, stage: str, cell: int) -> PromptTemplate:
        """The words of one cell of a stage, 0 ≤ cell < 3. Raises KeyError for a stage that is none of this protocol's."""
        part, _, count = stage.partition("-of-")
        forms: dict[str, type[BaseModel]] = {"describe": DescriptionAnswer, "question": OpenAnswer, "letter": ChoiceAnswer}
        form = of_letters(ChoiceAnswer, int(count)) if part == "letter" and count else forms[part]
        return PromptTemplate("$persona", _WORDS[part][cell], form)

    def prompt(self, question: Question, stimulus: Stimulus, slots: Mapping[str, str], seed: int) -> Prompt:
        """The turn of a stage, after those before it with what was replied to them."""
        filled = {**slots, "options": lettered(stimulus.text.options)}
        part, of, count = question.stage.partition("-of-")
        turns: list[Turn] = []
        for stage in _STAGES[: _STAGES.index(part) + 1]:
            _, words = self.template(f"{stage}{of}{count}", question.cell).render(filled)
            turns.append(Turn("user", words, stimulus.frames if stage == self.first_stage else ()))
            if stage != part:
                turns.append(Turn("assistant", question.replies[f"{stage}{of}{count}"]))
        template = self.template(question.stage, question.cell)
        return Prompt(
            task=f"{self.name}.{part}",
            system=template.render(filled)[0],
            turns=tuple(turns),
            answer=template.answer,
            seed=seed,
            slots=filled,
            stimulus_id=stimulus.id,
            max_output_tokens=_MOST_TOKENS[part],
        )

    def interpret(self, stage: str, reply: Reply, stimulus: Stimulus) -> Interpretation:
        """The letter as in `choice`; of the turns before it their words. Words without any JSON are taken, unless they are a refusal."""
        part = stage.partition("-of-")[0]
        if part == "letter":
            return ChoiceProtocol().interpret(stage, reply, stimulus)
        form: type[BaseModel] = DescriptionAnswer if part == "describe" else OpenAnswer
        state, answer, fault = interpret_json(reply, form)
        told = next(iter(answer.model_dump().values())) if answer is not None else reply.text
        plain = state is AnswerState.UNPARSABLE and "{" not in reply.text and reply.text.strip()
        if answer is not None or plain:
            return Interpretation(AnswerState.ANSWERED, Decision(ActionKind.PASS, 0.0, None, str(told).strip()))
        return Interpretation(state, fault=fault)

    def next_stage(self, stage: str, decision: Decision) -> str | None:
        """`question` after `describe`, then `letter`, each with the same number of options."""
        part, of, count = stage.partition("-of-")
        place = _STAGES.index(part) + 1
        return f"{_STAGES[place]}{of}{count}" if place < len(_STAGES) else None
