"""`simple`: the persona as numbered sentences; the answer also says which of them decided. After Value-Spectrum (arXiv 2411.11479), whose
personas are four or five trait sentences and whose answer is a decision, a reason and a trait's number.

Six prompt cells as in `feed`. The number comes before the reason, which cannot argue it into being.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from agent.protocols.base import Decision, FeedbackProtocol, no_truth_value
from agent.protocols.feed import FeedProtocol, Rating, Reason, WatchFraction, choice, rating_scale
from environments.base import ActionKind
from personas.persona import Persona

__all__ = ["LEAD", "Simple", "SimpleAnswer", "SimpleFeed", "numbered", "sentences", "told_sentences"]

LEAD = "This is you, in numbered sentences:"
TraitNumber = Annotated[
    int,
    Field(ge=0, le=9999, description="number of the sentence about you that decided, 0 for none"),
    BeforeValidator(no_truth_value),
]

_END = re.compile(r"(?<=[.!?…][\"'”’)])\s+|(?<=[.!?…])\s+|(?<=[。！？])|\n+")
_NOT_AN_END = re.compile(r"(?:^|\s|\()(?:Mr|Mrs|Ms|Dr|Prof|St|vs|e\.g|i\.e|[A-HJ-Z])\.$")
_NUMBERED = re.compile(r"^\d+\. (.*)$", re.MULTILINE)


class SimpleAnswer(BaseModel):
    """The answer asked for."""

    action: Literal["skip", "watch", "like"]  # in the order of the even cells
    watch_fraction: WatchFraction
    rating: Rating
    trait_num: TraitNumber
    reason: Reason = ""


class SimpleAnswerReversed(SimpleAnswer):
    """The same answer for the cells with reversed options."""

    action: Literal["like", "watch", "skip"]


_FORM = (
    "Reply with one JSON object with these fields in this order: action, watch_fraction (the share of the video you watch, from 0 to 1), "
    "rating (a whole number; {scale}), trait_num (the number of the sentence about you that decided; 0 if none did), "
    "reason (one sentence).",
    "Give your reply as a single JSON object holding, in order: action, watch_fraction (0 to 1, how much of the video you watch), "
    "rating (whole number, {scale}), trait_num (which of the numbered sentences about you it came down to, by its number, or 0 for none) "
    "and reason (one sentence).",
    "Answer only with a JSON object: first action, then watch_fraction (between 0 and 1: how much of it you watch), then rating "
    "(an integer: {scale}), then trait_num (the number that stands before the sentence about you that settled it, 0 where none did), "
    "last reason (one sentence).",
)


class SimpleFeed(FeedProtocol):
    """`feed` with the number of the deciding sentence."""

    task = "feed.simple"

    def asking(self, cell: int) -> str:
        """The choice as in `feed`, and the form with one more field."""
        return f"{choice(cell)}\n{_FORM[cell // 2].format(scale=rating_scale(cell))}"

    def answer(self, cell: int) -> type[BaseModel]:
        """The form of the answer in one cell."""
        return SimpleAnswerReversed if cell % 2 else SimpleAnswer

    def decision(self, answer: BaseModel) -> Decision:
        """As in `feed`; the number goes into `scores`."""
        assert isinstance(answer, SimpleAnswer), "an answer of the form asked for"
        scores = {"trait_num": float(answer.trait_num)}
        return Decision(ActionKind(answer.action), answer.watch_fraction, answer.rating, answer.reason, scores)


class Simple:
    """See the module's docstring."""

    name = "simple"
    protocols: tuple[str, ...] = ("feed",)
    tells = True

    def persona_text(self, persona: Persona, paraphrase: int) -> str:
        """The persona's traits, the same in all paraphrases, else the sentences of the wording with this number; numbered from 1."""
        return numbered(persona.traits or sentences(persona.text(paraphrase)))

    def asked(self, protocol: FeedbackProtocol) -> FeedbackProtocol:
        """`feed` with one more field."""
        return SimpleFeed()


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of `text`: split where a sentence ends or a line does, and not after "Mr." or an initial."""
    found: list[str] = []
    for piece in _END.split(text):
        words = " ".join(piece.split())
        if not words:
            continue
        if found and _NOT_AN_END.search(found[-1]):
            found[-1] = f"{found[-1]} {words}"
        else:
            found.append(words)
    return tuple(found)


def numbered(told: tuple[str, ...]) -> str:
    """Sentences one a line, numbered from 1, under a line that says whom they are about; no words where there are none."""
    lines = [f"{number}. {' '.join(sentence.split())}" for number, sentence in enumerate(told, start=1)]
    return "\n".join([LEAD, *lines]) if lines else ""


def told_sentences(text: str) -> tuple[str, ...]:
    """The sentences in what `numbered` made, in order."""
    return tuple(_NUMBERED.findall(text))
