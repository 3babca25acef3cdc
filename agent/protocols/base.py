"""The contract of a protocol, and the pieces that all of them share: templates, cells, interpretation, the repair question."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from string import Template
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from agent.models.base import Prompt, Reply, Turn
from agent.models.schema import sent_schema
from environments.base import Action, ActionKind, Stimulus
from environments.canonical import content_hash

__all__ = [
    "AnswerState",
    "Decision",
    "FeedbackProtocol",
    "Interpretation",
    "PromptTemplate",
    "Question",
    "interpret_json",
    "no_truth_value",
    "one_turn",
    "opening",
    "opens",
    "repair_turns",
    "stimulus_slots",
]


class AnswerState(StrEnum):
    """What became of a question. Nothing downstream may merge these four."""

    ANSWERED = "answered"
    REFUSED = "refused"
    UNPARSABLE = "unparsable"
    FAILED = "failed"


@dataclass(frozen=True)
class PromptTemplate:
    """The words of one prompt cell of one stage, with `$slots`, and the form of the answer. Its hash names it in the trace."""

    system: str
    user: str
    answer: type[BaseModel]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema that is sent with the words, to providers that take one."""
        return sent_schema(self.answer)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of both texts and of the schema: all that a model is told besides the slots."""
        return _told(self.system, self.user, self.answer)

    def render(self, slots: Mapping[str, str]) -> tuple[str, str]:
        """(system, user) with the slots filled. Slot contents are never read as templates. Raises KeyError for a missing slot."""
        words = Template(self.user).substitute(slots).strip()
        return Template(self.system).substitute(slots).strip(), _EMPTY_SLOT.sub("\n\n", words)


@lru_cache(maxsize=1024)
def _told(system: str, user: str, answer: type[BaseModel]) -> str:
    return content_hash([system, user, sent_schema(answer)])


@dataclass(frozen=True)
class Question:
    """Where a protocol stands within one stimulus: what was asked and answered so far, by stage, as raw text."""

    stage: str
    cell: int
    replies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """A decision about one stimulus. `watch_fraction` in [0, 1]; `rating` on the scale of the protocol (0..5 of a clip), else None.

    `scores`: what else was answered in numbers, by name, where a protocol or strategy asks for it.
    """

    action: ActionKind
    watch_fraction: float
    rating: int | None = None
    reason: str = ""
    scores: Mapping[str, float] | None = None

    def as_action(self) -> Action:
        """What the environment is asked to do."""
        return Action(self.action, self.watch_fraction)


@dataclass(frozen=True)
class Interpretation:
    """What a reply amounts to. `decision` is set when `state` is answered; `fault` says what was wrong with an unparsable one."""

    state: AnswerState
    decision: Decision | None = None
    fault: str = ""


class FeedbackProtocol(Protocol):
    """A way of asking. All methods are pure: the same arguments give the same result, so that a resumed session is the same session."""

    # Optional, both false where a protocol does not say: `deck`, whether it asks about items of a deck and not about clips;
    # `needs_options`, whether each of them has to have options; `examples`, whether it shows those that a stimulus comes with.
    # Optional too: `opening(stimulus) -> str`, where the form of the first answer depends on what is shown (see `opening`).

    name: str
    cells: int
    first_stage: str
    first_moment: bool
    """Whether the first frame has to be the very beginning of the clip."""

    def template(self, stage: str, cell: int) -> PromptTemplate: ...

    def prompt(self, question: Question, stimulus: Stimulus, slots: Mapping[str, str], seed: int) -> Prompt: ...

    def interpret(self, stage: str, reply: Reply, stimulus: Stimulus) -> Interpretation: ...

    def next_stage(self, stage: str, decision: Decision) -> str | None: ...


def opening(protocol: FeedbackProtocol, stimulus: Stimulus) -> str:
    """The stage in which `protocol` begins here: `first_stage`, or a form of it, which is named `first_stage`, "-" and more."""
    told = getattr(protocol, "opening", None)
    return protocol.first_stage if told is None else str(told(stimulus))


def opens(protocol: FeedbackProtocol, stage: str) -> bool:
    """Whether a conversation begins with `stage`: it is the first stage or a form of it."""
    return stage == protocol.first_stage or stage.startswith(f"{protocol.first_stage}-")


_CANNOT = r"(?:can't|cannot|can not|won't|will not|(?:am|'m) (?:unable|not able) to|(?:must|have to) decline to)"
_DECLINED = (
    r"(?:(?:help|assist|comply|engage|participate|fulfil+|answer|respond)\b(?! but| \w+ing\b)"
    r"|(?:do|provide|judge|continue|proceed|role-?play|pretend|play|take on|adopt)\b[^.!?]{0,20}\b"
    r"(?:request|task|role|persona|character|person|assessment|evaluation|opinion|people|persons|anyone|others)\b"
    r"|(?:(?:do|judge|assess|rate|evaluate) (?:this|that)|continue)(?=[.!]|$))"
)
REFUSAL_OPENING = re.compile(
    r"(?:unfortunately,? |as an ai[^.!?]{0,40}[, ]+)?"
    r"(?:(?:(?:i'?m |i am )?(?:very |so )?sorry|i apologi[sz]e)[,.;:]? (?:but )?(?:i am an ai and )?)?"
    rf"(?:i ?)?(?:{_CANNOT} {_DECLINED}|(?:must|have to) (?:respectfully )?decline\b"
    r"|(?:'m|am) not comfortable (?:with|doing|judging|rating)\b)"
    r"|sorry, no\.$"
)
"""A reply without any JSON object that opens like this is a refusal, not a parse failure. Providers' own marks come first."""

_FENCE = re.compile(r"```(?:json)?|[\[\]]", re.IGNORECASE)
_EMPTY_SLOT = re.compile(r"\n{3,}")
_QUOTED = ("caption", "author", "hashtags", "sound", "counts", "transcript", "screen")


def stimulus_slots(stimulus: Stimulus) -> dict[str, str]:
    """The words of a stimulus as prompt slots, plus `post`: all of them, one a line, each as a quoted JSON string.

    Quoting is the fence: a quoted string cannot end itself, whatever a page writes into it.
    `screen` is what a page shows besides the rest.
    """
    text = stimulus.text
    slots = {
        "caption": text.caption,
        "author": text.author,
        "hashtags": " ".join(f"#{tag}" for tag in text.hashtags),
        "sound": text.sound,
        "counts": ", ".join(f"{name}: {count}" for name, count in sorted(text.counts.items())),
        "transcript": text.transcript,
    }
    slots["screen"] = _besides(text.screen, slots)
    lines = [f"{name}: {json.dumps(slots[name], ensure_ascii=False)}" for name in _QUOTED if slots[name]]
    lines.append(f"length: {stimulus.duration_s:.0f} seconds")
    count = len(stimulus.frames)
    return slots | {"post": "\n".join(lines), "frames": f"{count} frame{'' if count == 1 else 's'}"}


_WORDY = 12  # characters: a shorter line repeats only what it is all of


def _besides(screen: str, slots: Mapping[str, str]) -> str:
    """The lines of `screen` that do not repeat what another slot says."""
    said = [_plain(words) for words in slots.values() if words]
    whole = {*said, *_plain(slots["hashtags"]).split()}

    def told(words: str) -> bool:
        return words in whole or (len(words) >= _WORDY and any(words in each for each in said))

    return "\n".join(line for line in screen.splitlines() if not told(_plain(line)))


def _plain(words: str) -> str:
    """`words` for comparing: one space between them, without the marks of handles, hashtags and what was cut off."""
    return " ".join(word.lstrip("#@") for word in words.rstrip("…").casefold().split())


def interpret_json(reply: Reply, answer: type[BaseModel]) -> tuple[AnswerState, BaseModel | None, str]:
    """Read `reply` as `answer`: (state, the answer or None, what is wrong). Never raises, whatever the text holds."""
    if reply.refusal is not None:
        return AnswerState.REFUSED, None, "the provider marked it as a refusal"
    objects = list(_objects(reply.text))
    return _decided(objects, answer) if objects else _without_json(reply)


def _without_json(reply: Reply) -> tuple[AnswerState, None, str]:
    """A reply without any JSON object: a refusal in words, or nothing that can be read."""
    if REFUSAL_OPENING.match(reply.text.strip().lower().replace("’", "'")):
        return AnswerState.REFUSED, None, "it opens as a refusal and holds no JSON"
    cut = " (cut off at the token limit)" if reply.finish_reason in {"length", "max_tokens"} else ""
    return AnswerState.UNPARSABLE, None, f"no JSON object in the answer{cut}"


def _decided(objects: Sequence[tuple[dict[str, Any], bool]], answer: type[BaseModel]) -> tuple[AnswerState, BaseModel | None, str]:
    """The answer among the JSON objects of a reply.

    One that quotes another, from the post or from its own deliberation, must not be decided by which of them stands first.
    """
    own = [found for found, is_own in objects if is_own]
    if not own:
        return AnswerState.UNPARSABLE, None, "the JSON object stands within other words: it may be a quotation"
    read = [_validated(found, answer) for found in own]
    fitting = [model for model, _ in read if model is not None]
    if not fitting:
        return AnswerState.UNPARSABLE, None, read[0][1]
    if any(other.model_dump(exclude={"reason"}) != fitting[0].model_dump(exclude={"reason"}) for other in fitting):
        return AnswerState.UNPARSABLE, None, "it holds several answers that differ"
    return AnswerState.ANSWERED, fitting[0], ""


def _validated(found: dict[str, Any], answer: type[BaseModel]) -> tuple[BaseModel | None, str]:
    """`found` as `answer`, or None and what is wrong with it."""
    try:
        return answer.model_validate(found), ""
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, e['loc'])) or 'answer'}: {e['msg']}" for e in error.errors(include_input=False)[:3])
        return None, "; ".join(faults)
    except RecursionError:
        return None, "the JSON is nested too deeply"


def _objects(text: str) -> Iterator[tuple[dict[str, Any], bool]]:
    """The JSON objects in `text`, outermost only; at most 20 places are tried.

    The truth value says whether an object opens or closes the text (but for a code fence), as a reply of the model's own does.
    """
    decoder = json.JSONDecoder()
    start = text.find("{")
    for _ in range(20):
        if start < 0:
            return
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield value, not _FENCE.sub("", text[:start]).strip() or not _FENCE.sub("", text[end:]).strip()
        start = text.find("{", end)


def no_truth_value(value: Any) -> Any:
    """For pydantic's BeforeValidator: true and false are not the numbers 1 and 0. Raises ValueError."""
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


def one_turn(
    protocol: FeedbackProtocol,
    question: Question,
    stimulus: Stimulus,
    slots: Mapping[str, str],
    seed: int,
    *,
    task: str | None = None,
    max_output_tokens: int = 500,
) -> Prompt:
    """The prompt of a question that stands alone: its template with the slots filled, after the pictures. `task`: its name by default."""
    template = protocol.template(question.stage, question.cell)
    system, user = template.render(slots)
    return Prompt(
        task=task or protocol.name,
        system=system,
        turns=(Turn("user", user, stimulus.frames),),
        answer=template.answer,
        seed=seed,
        slots=slots,
        stimulus_id=stimulus.id,
        max_output_tokens=max_output_tokens,
    )


def repair_turns(prompt_turns: Sequence[Turn], raw: str, fault: str) -> tuple[Turn, ...]:
    """The same conversation with the bad answer and one request to answer again in the form asked for."""
    request = f"That answer cannot be read ({fault}). Give your answer again, as one JSON object in the form asked for and nothing else."
    return (*prompt_turns, Turn("assistant", raw[:4000] or "(empty)"), Turn("user", request))
