"""The questions of a step in the words that went out, rebuilt from the recorded template, the step's stimulus and the session's record.

A prompt is stored as a template, once. Where the session's protocol still has that very template, it makes the prompt again. Where it has
another by now, the recorded one is filled with the post (`stimulus_slots`), the persona as it was told, and what the `ask` itself holds
(memory); a later stage stands in the conversation of the earlier ones. A repair question follows the bad answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from string import Template
from typing import Any

from pydantic import BaseModel

from agent.models.base import Turn
from agent.protocols.base import AnswerState, FeedbackProtocol, PromptTemplate, Question, repair_turns, stimulus_slots
from agent.trace.events import AnswerEvent, AskEvent, FrameRef, PromptEvent, StimulusEvent
from agent.viewer.wire import clean, mapping, text_of
from environments.base import Example, Frame, Stimulus, StimulusText
from environments.canonical import content_hash

__all__ = ["Asked", "asked", "persona_slots", "stimulus_of"]

_EMPTY = ("memory", "persona", "persona_name")


@dataclass(frozen=True)
class Asked:
    """One question.

    `verified`: the template's words and schema have the hash that the trace names. `unfilled`: slots that nothing here fills.
    `given`: texts that were scored after the conversation, one by one, and after `neutral`.
    """

    ask: AskEvent
    template: PromptEvent | None
    system: str
    turns: tuple[Turn, ...]
    verified: bool
    unfilled: tuple[str, ...]
    given: tuple[str, ...] = ()
    neutral: tuple[Turn, ...] = ()

    def data(self) -> dict[str, Any]:
        """As the page takes it; `user` is what was asked last in the conversation."""
        shown = {
            "stage": self.ask.stage,
            "attempt": self.ask.attempt,
            "cell": self.ask.cell,
            "seed": str(self.ask.seed),  # beyond what a number of the page holds
            "prompt": self.ask.prompt,
            "system": self.system,
            "user": self.turns[-1].text if self.turns else "",
            "turns": _shown(self.turns),
            "schema": self.template.answer_schema if self.template else None,
            "verified": self.verified,
            "unfilled": list(self.unfilled),
            "given": list(self.given),
            "neutral": _shown(self.neutral),
            "most_usd": None if self.ask.most_usd is None else str(self.ask.most_usd),
        }
        return dict(clean(shown))


def _shown(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    return [{"role": turn.role, "text": turn.text, "images": [image.sha256 for image in turn.images]} for turn in turns]


def asked(
    asks: Sequence[AskEvent],
    answers: Sequence[AnswerEvent],
    templates: Mapping[str, PromptEvent],
    stimulus: StimulusEvent,
    slots: Mapping[str, str],
    *,
    protocol: FeedbackProtocol | None = None,
) -> list[Asked]:
    """The questions of one step in order. `slots`: those of the session (`persona_slots`). An ask that was repeated comes once.

    `protocol`: as the session asked; None where it is not known any more.
    """
    latest = {(ask.stage, ask.attempt): ask for ask in asks}
    stages = list(dict.fromkeys(ask.stage for ask in latest.values()))
    by_place = {(answer.stage, answer.attempt): answer for answer in answers}
    shown = stimulus_of(stimulus)
    filled = stimulus_slots(shown)
    found: list[Asked] = []
    opening: dict[str, Asked] = {}
    for (stage, attempt), ask in latest.items():
        told = {**dict.fromkeys(_EMPTY, ""), **filled, **slots, **ask.slots}
        before = stages[: stages.index(stage)]
        words = _words(ask, templates.get(ask.prompt), told)
        turns = (*_earlier(before, opening, by_place), Turn("user", words.user, _images(stage, shown, alone=not before)))
        system = opening[before[0]].system if before and before[0] in opening else words.system
        scored: tuple[tuple[str, ...], tuple[Turn, ...]] = ((), ())
        if words.verified and protocol is not None and _has(protocol, ask):
            prompt = protocol.prompt(Question(stage, ask.cell, _replies(before, by_place)), shown, told, ask.seed)
            system, turns, words = prompt.system, prompt.turns, replace(words, unfilled=())
            scored = prompt.given, prompt.neutral
        bad = by_place.get((stage, attempt - 1))
        if attempt and bad:
            turns = repair_turns(turns, bad.raw, bad.fault or "no answer")
        found.append(Asked(ask, templates.get(ask.prompt), system, turns, words.verified, words.unfilled, *scored))
        opening.setdefault(stage, found[-1])
    return found


def _has(protocol: FeedbackProtocol, ask: AskEvent) -> bool:
    """Whether the protocol would ask this in the very words that were recorded."""
    try:
        return ask.cell < protocol.cells and protocol.template(ask.stage, ask.cell).hash == ask.prompt
    except (KeyError, IndexError, ValueError):  # a stage that it does not have any more
        return False


def _replies(stages: Sequence[str], answers: Mapping[tuple[str, int], AnswerEvent]) -> dict[str, str]:
    """What was answered in the stages before, by stage."""
    return {at: answer.raw for (at, _), answer in answers.items() if at in stages and answer.outcome is AnswerState.ANSWERED}


def _earlier(stages: Sequence[str], opening: Mapping[str, Asked], answers: Mapping[tuple[str, int], AnswerEvent]) -> tuple[Turn, ...]:
    """The turns of the stages before: each question as it was put first, and the answer that could be read."""
    turns: list[Turn] = []
    for stage in stages:
        replies = [answer.raw for (at, _), answer in answers.items() if at == stage and answer.outcome is AnswerState.ANSWERED]
        question = opening[stage].turns[len(turns)] if stage in opening and len(opening[stage].turns) > len(turns) else Turn("user", "")
        turns += [question, Turn("assistant", replies[-1] if replies else "")]
    return tuple(turns)


def _images(stage: str, stimulus: Stimulus, *, alone: bool) -> tuple[Frame, ...]:
    """The pictures of one stage: all of them, but in `staged` the first one at the glance, and the rest after it."""
    if stage == "glance":
        return stimulus.frames[:1]
    return stimulus.frames if alone else stimulus.frames[1:]


@dataclass(frozen=True)
class _Words:
    system: str
    user: str
    verified: bool
    unfilled: tuple[str, ...]


def _words(ask: AskEvent, event: PromptEvent | None, slots: Mapping[str, str]) -> _Words:
    """The template with its slots filled; where one cannot be, it stands there by its name."""
    if event is None:
        return _Words("", "", verified=False, unfilled=())
    verified = content_hash([event.system, event.user, event.answer_schema]) == event.hash == ask.prompt
    names = {*_names(event.system), *_names(event.user)}
    missing = tuple(sorted(names - set(slots)))
    try:
        template = PromptTemplate(event.system, event.user, BaseModel)
        system, user = template.render({**slots, **{name: f"${name}" for name in missing}})
    except ValueError:  # a lone "$": no template of ours
        system, user = event.system, event.user
    return _Words(system, user, verified, missing)


def _names(text: str) -> list[str]:
    try:
        return Template(text).get_identifiers()
    except ValueError:
        return []


def persona_slots(record: Mapping[str, Any], phase: str | None) -> dict[str, str]:
    """`$persona` and `$persona_name` as they were filled in this phase (None: the session has none)."""
    spec, persona = mapping(record.get("spec")), mapping(record.get("persona"))
    phases = persona.get("phases")
    for each in phases if phase is not None and isinstance(phases, list) else ():
        if mapping(each).get("name") == phase:
            persona = mapping(each["persona"])
    words = persona.get("told", persona.get("text"))
    name = "" if spec.get("strategy") == "none" else text_of(persona.get("name"))
    return {"persona": text_of(words), "persona_name": name}


_TEXTS = ("caption", "author", "sound", "transcript", "screen")


def stimulus_of(event: StimulusEvent) -> Stimulus:
    """The stimulus as far as a prompt needs it: its words, its length, its pictures by hash."""
    held = event.text
    counts = held.get("counts")
    words: dict[str, Any] = {name: text_of(held.get(name)) for name in _TEXTS}
    words |= {name: tuple(map(str, listed)) if isinstance(listed := held.get(name), list) else () for name in ("hashtags", "options")}
    words["counts"] = {str(name): count for name, count in counts.items()} if isinstance(counts, dict) else {}
    examples = tuple(
        Example(each.id, _frames(each.frames), StimulusText(caption=each.caption, options=each.options), each.place)
        for each in event.examples or ()
    )
    shown = StimulusText(**words)
    return Stimulus(event.id, event.step, _frames(event.frames), shown, event.duration_s, event.source, examples=examples)


def _frames(refs: Sequence[FrameRef]) -> tuple[Frame, ...]:
    return tuple(Frame(b"", each.sha256, each.t) for each in refs)
