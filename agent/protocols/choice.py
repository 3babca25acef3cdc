"""`choice` and `choice-steps`: a question with options under letters; the answer is a letter. `choice-steps` asks for the thinking first.

Letters stand for places, and the deck decides which option stands where: no letter is right more often than another. Three prompt cells:
paraphrases. A reply that is no JSON is read by rule: a letter that stands alone, or the words of one option. A reply that names two is
unparsable, and nothing is guessed. Examples that the stimulus comes with are earlier turns, answered by their letter alone.

The form of the answer has exactly the letters that are shown, so that a server that holds a model to its schema offers no other. The stage
says how many: `question-of-4`. Plain `question` has all twenty, as sessions recorded before did; they go on as they began.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, create_model

from agent.models.base import Prompt, Reply, Turn
from agent.protocols.base import (
    AnswerState,
    Decision,
    Interpretation,
    PromptTemplate,
    Question,
    interpret_json,
)
from agent.protocols.feed import Reason
from environments.base import ActionKind, Example, Stimulus

__all__ = [
    "CHOICE",
    "LETTERS",
    "ChoiceAnswer",
    "ChoiceProtocol",
    "ChoiceStepsAnswer",
    "ChoiceStepsProtocol",
    "chosen_by_rule",
    "lettered",
    "of_letters",
]

LETTERS = "ABCDEFGHIJKLMNOPQRST"
_COUNTS = range(2, len(LETTERS) + 1)
"""How many options there may be."""
CHOICE = "choice"
"""The name, among a decision's scores, of the place that was chosen, from 0."""


def _letter(value: object) -> object:
    """As B are read: b, "B." and "(B)"."""
    return value.strip().strip("().:").upper() if isinstance(value, str) else value


def _one_of(letters: str) -> Any:
    """The type of one of `letters`, which follow on each other."""
    listed: dict[str, Any] = {"enum": list(letters)}
    form = Field(pattern=f"^[{letters[0]}-{letters[-1]}]$", description="letter of the option", json_schema_extra=listed)
    return Annotated[str, BeforeValidator(_letter), form]


Letter = Annotated[
    str,
    BeforeValidator(_letter),
    Field(pattern=f"^[{LETTERS[0]}-{LETTERS[-1]}]$", description="letter of the option", json_schema_extra={"enum": list(LETTERS)}),
]


class ChoiceAnswer(BaseModel):
    """A letter, and why."""

    answer: Letter
    reason: Reason = ""


class ChoiceStepsAnswer(BaseModel):
    """The thinking, then a letter."""

    reasoning: Annotated[str, Field(max_length=6000, description="your reasoning, step by step")]
    answer: Letter


@cache
def of_letters(answer: type[ChoiceAnswer] | type[ChoiceStepsAnswer], count: int) -> type[BaseModel]:
    """`answer` with the first `count` letters only, 2 ≤ count ≤ 20. Raises KeyError for another count: there is no such form."""
    if count not in _COUNTS:
        raise KeyError(count)
    letter = _one_of(LETTERS[:count])
    return create_model(f"{answer.__name__}Of{count}", __base__=answer, answer=(letter, ...))


_ASK = (
    "Answer the question with one of these options:",
    "Which of these options is the answer to the question?",
    "Choose the option that answers the question:",
)
_FORM = (
    "Reply with one JSON object with these fields in this order: answer (only the letter), reason (one sentence).",
    "Give your reply as a single JSON object holding, in order: answer (the letter alone) and reason (one sentence).",
    "Answer only with a JSON object: first answer (its letter), last reason (one sentence).",
)
_FORM_STEPS = (
    "Think it through first. Reply with one JSON object with these fields in this order: reasoning (your steps), answer (only the letter).",
    "Work through it step by step. Give your reply as a single JSON object: first reasoning (the steps), then answer (the letter alone).",
    "Reason before you decide. Answer only with a JSON object: first reasoning (step by step), last answer (its letter).",
)


def lettered(options: Sequence[str]) -> str:
    """The options, one a line, each on one line after its letter."""
    return "\n".join(f"{LETTERS[place]}. {' '.join(option.split())}" for place, option in enumerate(options))


class ChoiceProtocol:
    """See the module's docstring."""

    name = "choice"
    deck = True
    needs_options = True
    examples = True
    cells = len(_ASK)
    first_stage = "question"
    first_moment = False
    form: tuple[str, ...] = _FORM
    answer: type[ChoiceAnswer] | type[ChoiceStepsAnswer] = ChoiceAnswer

    def opening(self, stimulus: Stimulus) -> str:
        """`question-of-K` for K options."""
        count = len(stimulus.text.options)
        return f"{self.first_stage}-of-{count}" if count in _COUNTS else self.first_stage

    def template(self, stage: str, cell: int) -> PromptTemplate:
        """The words of one cell, 0 ≤ cell < 3, with the letters that the stage names. Raises KeyError for a stage of no such form."""
        return PromptTemplate("$persona", f"$caption\n\n{_ASK[cell]}\n$options\n\n{self.form[cell]}", self._answer(stage))

    def _answer(self, stage: str) -> type[BaseModel]:
        _, of, count = stage.partition(f"{self.first_stage}-of-")
        if not of:
            return self.answer
        if not (count.isascii() and count.isdigit()):
            raise KeyError(stage)
        return of_letters(self.answer, int(count))

    def prompt(self, question: Question, stimulus: Stimulus, slots: Mapping[str, str], seed: int) -> Prompt:
        """The one question about an item, its pictures before the words."""
        template = self.template(question.stage, question.cell)
        filled = {**slots, "options": lettered(stimulus.text.options)}
        system, user = template.render(filled)
        return Prompt(
            task=self.name,
            system=system,
            turns=(*_answered(stimulus.examples, question.cell), Turn("user", user, stimulus.frames)),
            answer=template.answer,
            seed=seed,
            slots=filled,
            stimulus_id=stimulus.id,
            max_output_tokens=2000 if self.answer is ChoiceStepsAnswer else 500,
        )

    def interpret(self, stage: str, reply: Reply, stimulus: Stimulus) -> Interpretation:
        """The place that was chosen, as `scores[CHOICE]`, or why there is none. Whatever it is, the deck goes on."""
        state, answer, fault = interpret_json(reply, self.answer)
        options = stimulus.text.options
        if isinstance(answer, ChoiceAnswer | ChoiceStepsAnswer):
            place = LETTERS.index(answer.answer)
            if place >= len(options):
                return Interpretation(AnswerState.UNPARSABLE, fault=f"there is no option {answer.answer}")
            reason = answer.reason if isinstance(answer, ChoiceAnswer) else answer.reasoning
            return _chosen(place, reason)
        if state is AnswerState.UNPARSABLE and "{" not in reply.text:
            found = chosen_by_rule(reply.text, options)
            if found is not None:
                return _chosen(found, "")
        return Interpretation(state, fault=fault)

    def next_stage(self, stage: str, decision: Decision) -> str | None:
        """There is only one stage."""
        return None


class ChoiceStepsProtocol(ChoiceProtocol):
    """The same with the thinking before the answer."""

    name = "choice-steps"
    form = _FORM_STEPS
    answer = ChoiceStepsAnswer


def _answered(examples: Sequence[Example], cell: int) -> Iterator[Turn]:
    """Each example as a question in the words of the cell, and its answer in the form asked for, as far as it is known."""
    for example in examples:
        words = f"{example.text.caption}\n\n{_ASK[cell]}\n{lettered(example.text.options)}"
        yield Turn("user", words, example.frames)
        yield Turn("assistant", json.dumps({"answer": LETTERS[example.place]}))


def _chosen(place: int, reason: str) -> Interpretation:
    return Interpretation(AnswerState.ANSWERED, Decision(ActionKind.PASS, 0.0, None, reason, {CHOICE: float(place)}))


_END = r"(?=[\s\"'*_)\]]*(?:[.!;,:]|$|\n))"
_LETTER = (
    re.compile(r"^\W*([A-T])\W*$"),  # nothing else
    re.compile(r"^[\W_]*([A-T])[.):](?:\s|$)"),  # in front of an option's words
    re.compile(rf"\b(?:[Aa]nswer|ANSWER|[Oo]ption|OPTION)(?:\s+is)?\s*[:=]?\s*[\"'*_(\[]{{0,3}}([A-T]){_END}"),
)
_LONE = re.compile(r"(?<![\w'’])([B-T])(?![\w'’])|(?<![\w'’])(A)(?![\w'’]|\s+[a-z])")  # "A bird" has an article
_LEAD = re.compile(r"^(?:(?:the|my) (?:correct |right )?answer is|answer|it is|it s|that is|this is|i think|i would say|i choose)\s+")


def chosen_by_rule(text: str, options: Sequence[str]) -> int | None:
    """The place of the one option that a free reply names: by a letter alone or in front, by "answer is B", or by its own words; else None.

    Nothing is guessed: a reply that names another letter as well, or says more than the words of an option, is not decided.
    """
    words = text.strip()
    named = {match for pattern in _LETTER for match in pattern.findall(words)}
    lone = {letter for letter in ("".join(pair) for pair in _LONE.findall(words)) if LETTERS.index(letter) < len(options)}
    places = {LETTERS.index(letter) for letter in named | lone} if named else set()
    plain = _plain(words)
    if lone and not named:
        return None
    told = {plain, _LEAD.sub("", plain), _LEAD.sub("", _LEAD.sub("", plain))}
    said = {place for place, option in enumerate(options) if _plain(option) and _plain(option) in told}
    if len(places) == 1:
        (place,) = places
        after = _plain(words.partition(LETTERS[place])[2])
        said |= {other for other, option in enumerate(options) if _plain(option) == after}
    found = places | said
    return found.pop() if len(found) == 1 and next(iter(found)) < len(options) else None


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
