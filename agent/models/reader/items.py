"""What the reader answers about the items of a deck, from words alone: the question's, the options', and those it reads on the pictures.

    choice, choice-steps             the option whose words are most like the question's and the pictures'
    open                             quotes the words read on the pictures, else the sentence of the question that is most like all of it
    rating                           words of praise and blame (`morals`), and where they stood
    verdict, verdict-pair, nearest   how many words the quoted texts share

What is asked is told by the fields of the answer. Nothing depends on where an option stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent.models.base import Prompt
from agent.models.filling import fill
from agent.models.reader.likeness import likenesses, nearest, overlap
from agent.models.reader.morals import morals, point
from agent.models.reader.words import MAX_CHARACTERS, content_words, words
from agent.models.schema import sent_schema
from agent.protocols.base import Decision
from agent.protocols.choice import LETTERS
from environments.base import ActionKind, Frame

if TYPE_CHECKING:
    from environments.embed import Embedder

__all__ = ["RIGHT_FROM", "is_item", "item_answer", "options_of", "pictures_of"]

RIGHT_FROM = 0.5
"""Overlap of words from which the reader takes an answer for right."""
EVEN = 0.05
"""Difference of overlaps below which neither of two answers is the better."""
_JUDGED: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "verdict": lambda form: form.get("type") == "boolean",
    "better": lambda form: set(form.get("enum", ())) == {"first", "second", "equal"},
    "option": lambda form: "none" in form.get("enum", ()),
}
"""Fields of a judge's answer, with the forms that are known here."""
_READ = 60
"""Words of the question that are compared, and as many of those read on the pictures."""
_QUOTED_LINES = 3
_LONGEST_QUOTE = 300
_NOTHING = "no words to read"


def is_item(prompt: Prompt) -> bool:
    """Whether the prompt asks about an item of a deck in a form that this module fills."""
    return _kind(prompt) is not None


def _kind(prompt: Prompt) -> str | None:
    fields = prompt.answer.model_fields
    if "answer" in fields and fields["answer"].annotation is str:
        listed = "enum" in sent_schema(prompt.answer)["properties"]["answer"]
        return "choice" if listed and prompt.slots.get("options") else "open"
    if set(fields) == {"description"}:
        return "open"
    if {"rating", "ground"} <= fields.keys():
        return "rating"
    listed = sent_schema(prompt.answer)["properties"]
    return next((name for name, form in _JUDGED.items() if name in fields and form(listed[name])), None)


def pictures_of(prompt: Prompt) -> tuple[Frame, ...]:
    """The pictures of the item itself, not those of examples, which stand in turns of their own before it."""
    asked = [turn for turn in prompt.turns if turn.role == "user"]
    told = [" ".join(prompt.slots.get(name, "").split()) for name in ("caption", "options")]
    whole = [turn for turn in asked if all(told) and all(each in " ".join(turn.text.split()) for each in told)]
    return tuple(frame for turn in (whole[-1:] or asked) for frame in turn.images)


def options_of(prompt: Prompt) -> list[str]:
    """The words of the options, in the order shown, without their letters."""
    return [line.partition(". ")[2] for line in prompt.slots["options"].split("\n")]


def item_answer(prompt: Prompt, lines: Sequence[str], embedder: Embedder) -> dict[str, Any]:
    """The fields of the answer. `lines`: what was read on the item's pictures. Raises ModelSetupError for a form it cannot fill."""
    kind = _kind(prompt)
    if kind == "choice":
        return _choice(prompt, lines, embedder)
    caption = prompt.slots.get("caption", "")[:MAX_CHARACTERS]
    if kind == "open":
        return _filled(prompt, _quoted(caption, lines, embedder))
    if kind == "rating":
        return _rating(prompt, caption, lines)
    return {"verdict": _verdict, "better": _better, "option": _meant}[kind or "verdict"](prompt, prompt.slots.get("caption", ""))


def _filled(prompt: Prompt, reason: str, **known: Any) -> dict[str, Any]:
    return fill(prompt.answer, Decision(ActionKind.PASS, 0.0, 0, reason), **known)


def _choice(prompt: Prompt, lines: Sequence[str], embedder: Embedder) -> dict[str, Any]:
    options = options_of(prompt)
    read = (*content_words(prompt.slots.get("caption", ""))[:_READ], *words(lines, _READ))
    degrees = likenesses(" ".join(read), options, embedder)
    place, tied = nearest(options, degrees, prompt.step_seed, prompt.stimulus_id)
    seen = f"the {len(words(lines))} words read on the picture" if lines else "no words on a picture"
    why = f"drawn among {tied} that are about equally like them" if tied > 1 else "most like them"
    reason = (
        f"I compare words and know no facts: with the words of the question and {seen}, the likenesses of the options' words are "
        f"{', '.join(f'{degree:.2f}' for degree in sorted(degrees, reverse=True))}. The chosen one, at {degrees[place]:.2f}, is {why}."
    )
    return _filled(prompt, reason, answer=LETTERS[place])


def _quoted(caption: str, lines: Sequence[str], embedder: Embedder) -> str:
    """Words of the item itself, never none."""
    parts = [line for line in lines if line.strip()]
    if parts:
        degrees = likenesses(caption, parts, embedder)
        best = sorted(sorted(range(len(parts)), key=lambda place: -degrees[place])[:_QUOTED_LINES])
        found = " / ".join(parts[place] for place in best)
    else:
        parts = [part for part in re.split(r"(?<=[.!?])\s+|\n+", caption) if words((part,))][:100]
        degrees = likenesses(caption, parts, embedder) if parts else []
        found = parts[max(range(len(parts)), key=degrees.__getitem__)] if parts else _NOTHING
    return " ".join(found.split())[:_LONGEST_QUOTE] or _NOTHING


def _rating(prompt: Prompt, caption: str, lines: Sequence[str]) -> dict[str, Any]:
    said, shown = words((caption,)), words(lines)
    text, image = morals(said), morals(shown)
    both = text + image
    in_text, in_image = (bool(text), bool(image)) if both else (bool(said), bool(shown))
    ground = "both" if in_text and in_image else "image" if in_image else "text"
    reason = f"{both.good} words of praise and {both.bad} of blame, counted; the scene itself is not seen"
    return _filled(prompt, reason, rating=point(both), ground=ground)


def _verdict(prompt: Prompt, caption: str) -> dict[str, Any]:
    quoted = _quotations(caption)
    answer, reference = _of(quoted, "answer", "prediction", "reply"), _of(quoted, "reference", "right answer")
    if answer is None or reference is None:
        return _filled(prompt, "there is no reference answer to compare with, and nothing else is known", verdict=False)
    shared = overlap(answer, reference)
    reason = f"answer and reference share {shared:.0%} of their words (F1); more is not looked at"
    return _filled(prompt, reason, verdict=shared >= RIGHT_FROM)


def _better(prompt: Prompt, caption: str) -> dict[str, Any]:
    quoted = _quotations(caption)
    known, to = _of(quoted, "reference", "right answer"), "the reference"
    if known is None:
        known, to = _of(quoted, "question") or "", "the question"
    one, two = (overlap(_of(quoted, place) or "", known) for place in ("first", "second"))
    better = "equal" if abs(one - two) < EVEN else "first" if one > two else "second"
    reason = f"the first shares {one:.0%} of its words with {to}, the second {two:.0%} (F1); more is not looked at"
    return _filled(prompt, reason, better=better)


def _meant(prompt: Prompt, caption: str) -> dict[str, Any]:
    quoted = _quotations(caption)
    options = [(label.rpartition(" ")[2].upper(), text) for label, text in quoted if label.startswith("option ")]
    reply = _of(quoted, "reply", "answer") or ""
    shared = sorted(((overlap(reply, text), letter) for letter, text in options), reverse=True)
    clear = shared and shared[0][0] >= RIGHT_FROM and (len(shared) == 1 or shared[0][0] - shared[1][0] >= EVEN)
    reason = f"the reply shares at most {shared[0][0] if shared else 0:.0%} of its words with an option (F1); more is not looked at"
    return _filled(prompt, reason, option=shared[0][1] if clear else "none")


_LABELLED = re.compile(r'^([^":\n]{1,80}?)(?: \([^"\n]{0,80}\))?: (".*")\s*$', re.MULTILINE)


def _quotations(text: str) -> list[tuple[str, str]]:
    """(label in lower case, words) of each line `label: "…"`, whose words are a JSON string: so is quoted what is to be judged."""
    found = []
    for match in _LABELLED.finditer(text):
        try:
            found.append((match[1].strip().lower(), str(json.loads(match[2]))))
        except ValueError:  # no JSON string: not quoted
            continue
    return found


def _of(quoted: Sequence[tuple[str, str]], *beginnings: str) -> str | None:
    """The words under the first label that begins so."""
    return next((text for label, text in quoted if label.startswith(beginnings)), None)
