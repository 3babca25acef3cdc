"""`judge` and `judge-script`: a model labels what a video promotes, value by value; no action on any feed.

`judge` asks once, over pictures and words. `judge-script` first has a neutral script written (stage `script`), and then asks about the
script alone (stage `values`), in a conversation of its own. A code is -1 (opposes), 0, 1 (promotes) or 2 (the main point).

Twelve prompt cells: three wordings × two starting points each × two directions of the list of values, whose order is also that of the
answer's fields. Cell 1 is cell 0 read backwards, so that two cells are both orders of one wording.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, create_model

from agent.models.base import Prompt, Reply, Turn
from agent.protocols.base import AnswerState, Decision, Interpretation, PromptTemplate, Question, interpret_json
from agent.protocols.judging_words import CODES, DEFINITIONS, FORMS, INTRODUCTIONS, LABELLER, SCRIPT, SCRIPT_WRITER, SUBJECTS, TASKS
from environments.base import ActionKind, Stimulus
from personas.schwartz import NAMES, VALUES

__all__ = [
    "CELLS",
    "SEEN",
    "JudgeProtocol",
    "Label",
    "ScriptAnswer",
    "ScriptedJudgeProtocol",
    "field_of",
    "order_of",
    "read_script_answer",
    "read_values",
    "values_answer",
]

CELLS = 12
"""Prompt cells of both protocols."""

MOST_TOKENS = 2000
"""Of an answer: ten codes with their evidence take 300 to 700."""

SEEN = "seen:"
"""How evidence begins that is no quotation, but tells what is in the pictures."""

_QUOTED = (
    f'The evidence is a short passage quoted exactly from the post, or, for what is only in the pictures, "{SEEN}" followed by a few words '
    'on what is there; it is "" where the code is 0.'
)
_OF_SCRIPT = 'The evidence is a short passage quoted exactly from the script; it is "" where the code is 0.'


def _whole(value: Any) -> Any:
    """Truth values are no codes; a number may come as text."""
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
        return int(value)
    return value


def _text(value: Any) -> Any:
    return "" if value is None else value


Evidence = Annotated[str, BeforeValidator(_text), Field(json_schema_extra={"maxLength": 300})]
Passage = Annotated[str, BeforeValidator(_text), Field(json_schema_extra={"maxLength": 3000})]


class Label(BaseModel):
    """What is said of one value: the evidence first, so that the code follows from it."""

    evidence: Evidence = ""
    code: Annotated[Literal[-1, 0, 1, 2], BeforeValidator(_whole)]


class ScriptAnswer(BaseModel):
    """What is in a video, without a judgement."""

    scene: Passage
    speech: Passage = ""
    on_screen_text: Passage = ""
    caption: Passage = ""
    sound: Passage = ""


def field_of(value: str) -> str:
    """The answer's field of a value's code, such as `self_direction` of SD."""
    return NAMES[value].lower().replace("-", "_").replace(" ", "_")


def order_of(cell: int) -> tuple[str, ...]:
    """The codes of the ten values in the order of a prompt cell, 0 ≤ cell < 12."""
    pair = cell // 2
    start = (pair % 3 * 3 + pair // 3 * 5) % len(VALUES)
    order = (*VALUES[start:], *VALUES[:start])
    return order[::-1] if cell % 2 else order


@lru_cache(maxsize=CELLS)
def values_answer(cell: int) -> type[BaseModel]:
    """The form of the ten labels, its fields in the order of the cell."""
    fields: dict[str, Any] = {field_of(value): (Label, ...) for value in order_of(cell)}
    return create_model("ValuesAnswer", **fields)


def read_values(raw: str) -> dict[str, Label] | None:
    """The labels in an answer as it was recorded, by value code; None where there are none."""
    _, answer, _ = interpret_json(Reply(text=raw), values_answer(0))
    return None if answer is None else {value: getattr(answer, field_of(value)) for value in VALUES}


def read_script_answer(raw: str) -> ScriptAnswer | None:
    """The script in an answer as it was recorded; None where there is none."""
    _, answer, _ = interpret_json(Reply(text=raw), ScriptAnswer)
    return answer if isinstance(answer, ScriptAnswer) else None


class JudgeProtocol:
    """See the module's docstring."""

    name = "judge"
    cells = CELLS
    first_stage = "values"
    first_moment = False

    def template(self, stage: str, cell: int) -> PromptTemplate:
        """The words of one cell, 0 ≤ cell < 12."""
        wording = cell // 2 % len(TASKS)
        opening = f"$seen {INTRODUCTIONS[wording]}\n\n$post"
        return PromptTemplate(LABELLER, f"{opening}\n\n{_asked(cell, _QUOTED)}", values_answer(cell))

    def prompt(self, question: Question, stimulus: Stimulus, slots: Mapping[str, str], seed: int) -> Prompt:
        """The pictures and words of the video, and the question about all ten values."""
        told = {**slots, "seen": _seen(stimulus)}
        return self._prompt(question, stimulus, told, seed)

    def _prompt(self, question: Question, stimulus: Stimulus, slots: Mapping[str, str], seed: int, *, pictures: bool = True) -> Prompt:
        template = self.template(question.stage, question.cell)
        system, user = template.render(slots)
        return Prompt(
            task=self.name if self.first_stage == "values" else f"{self.name}.{question.stage}",
            system=system,
            turns=(Turn("user", user, stimulus.frames if pictures else ()),),
            answer=template.answer,
            seed=seed,
            slots=slots,
            stimulus_id=stimulus.id,
            max_output_tokens=MOST_TOKENS,
        )

    def interpret(self, stage: str, reply: Reply, stimulus: Stimulus) -> Interpretation:
        """The ten codes as scores, or why there are none. Whatever it is, the feed goes on: the action is `pass`."""
        state, answer, fault = interpret_json(reply, values_answer(0))
        if answer is None:
            return Interpretation(state, fault=fault)
        scores = {value: float(getattr(answer, field_of(value)).code) for value in VALUES}
        return Interpretation(AnswerState.ANSWERED, Decision(ActionKind.PASS, 0.0, scores=scores))

    def next_stage(self, stage: str, decision: Decision) -> str | None:
        """There is only one stage."""
        return None


class ScriptedJudgeProtocol(JudgeProtocol):
    """The same in two steps: see the module's docstring."""

    name = "judge-script"
    first_stage = "script"

    def template(self, stage: str, cell: int) -> PromptTemplate:
        """The words of one cell of a stage, `script` or `values`."""
        wording = cell // 2 % len(TASKS)
        if stage == "script":
            return PromptTemplate(SCRIPT_WRITER, SCRIPT.format(introduction=INTRODUCTIONS[wording]), ScriptAnswer)
        return PromptTemplate(LABELLER, f"{SUBJECTS[wording]}\n\n$script\n\n{_asked(cell, _OF_SCRIPT)}", values_answer(cell))

    def prompt(self, question: Question, stimulus: Stimulus, slots: Mapping[str, str], seed: int) -> Prompt:
        """The script is written from pictures and words; the values are read from the script alone, with neither beside it."""
        if question.stage == "script":
            return super().prompt(question, stimulus, slots, seed)
        script = read_script_answer(question.replies.get("script", ""))
        told = {**slots, "script": "(there is none)" if script is None else _as_quoted(script)}
        return self._prompt(question, stimulus, told, seed, pictures=False)

    def interpret(self, stage: str, reply: Reply, stimulus: Stimulus) -> Interpretation:
        """Whether there is a script, or the ten codes."""
        if stage == "values":
            return super().interpret(stage, reply, stimulus)
        state, answer, fault = interpret_json(reply, ScriptAnswer)
        return Interpretation(state, fault=fault) if answer is None else Interpretation(state, Decision(ActionKind.PASS, 0.0))

    def next_stage(self, stage: str, decision: Decision) -> str | None:
        """`values` follows the script."""
        return "values" if stage == "script" else None


def _asked(cell: int, evidence: str) -> str:
    """The question about the ten values, in the order and wording of a cell."""
    wording, order = cell // 2 % len(TASKS), order_of(cell)
    values = "\n".join(f"{NAMES[value]}: {DEFINITIONS[value]}" for value in order)
    form = FORMS[wording].format(fields=", ".join(field_of(value) for value in order), evidence=evidence)
    return f"{TASKS[wording]}\n\n{values}\n\nThe codes:\n" + "\n".join(CODES) + f"\n\n{form}"


def _seen(stimulus: Stimulus) -> str:
    count = len(stimulus.frames)
    if not count:
        return "There are no pictures of this short video, only its words."
    return f"Above you see {count} frame{'' if count == 1 else 's'} of a short video, in order."


def _as_quoted(script: ScriptAnswer) -> str:
    """A script, a field a line, each as a quoted JSON string, which cannot end itself."""
    told = script.model_dump()
    return "\n".join(f"{name}: {json.dumps(words, ensure_ascii=False)}" for name, words in told.items() if words)
