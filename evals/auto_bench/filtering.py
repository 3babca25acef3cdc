"""What is wrong with a triplet, if anything: rules that need no model. Each fault is one sentence; nothing is mended in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agent.protocols.curating import Triplet
from evals.auto_bench.symbols import ImageSymbols
from evals.auto_bench.taxonomy import CLOSED, VALUE, Skill

__all__ = ["NEAR", "OPTIONS", "fault_of", "near_duplicate", "words_of"]


def words_of(text: str) -> list[str]:
    """Words in small letters."""
    return re.findall(r"\w+", text.casefold())


OPTIONS = 4
"""Of a closed question."""
NEAR = 0.8
"""Two questions about one image with at least this share of content words in common (Jaccard) are near duplicates."""
_LONGEST = {"question": 600, "answer": 600, "reasoning": 1500}
"""Characters."""
_SOURCES = re.compile(
    r"\b(?:captions?|bounding|box(?:es)?(?! of\b)|co-?ordinates?|annotations?|xmin|ymin|xmax|ymax|metadata)\b"
    r"|\b(?:the|these|those|given|listed|provided) symbols\b(?! (?:on|of|in|at) (?:the|its|a)\b)"
    r"|\b(?:the|this|these|given|provided) (?:image |picture |scene )?descriptions?\b"
    r"|\b(?:symbols|descriptions?) (?:list|mention|say|state|tell|given|provided|above|below)"
    r"|\[\s*\d+\s*,\s*\d+\s*,\s*\d+\s*,\s*\d+\s*\]"
)
"""Words for what a curator has and a respondent has not. A box of chocolates, a symbol on a flag, a description that is asked for: all can
be seen or given."""
_PLACES = frozenset(words_of("left right upper lower top bottom above below front behind first second third last largest smallest"))
_SMALL = frozenset(words_of("a an the is are was were do does did in on at of to and or it its this that there be by for with as"))


def fault_of(triplet: Triplet, skill: Skill, image: ImageSymbols) -> str:
    """The first thing that is wrong with a triplet of `skill` about `image`; "" where nothing is."""
    return next(_faults(triplet, skill, image), "")


def near_duplicate(question: str, others: Sequence[str], image: ImageSymbols) -> str | None:
    """The first of `others` that asks the same about `image` in the same or nearly the same words; None without one.

    Questions that differ in a number, a place (left, upper, …) or the name of an object are two, however alike.
    """
    telling = _PLACES | {word for each in image.objects for word in words_of(each.name)}
    own = _content(question)
    for other in others:
        theirs = _content(other)
        apart = own ^ theirs
        if not apart or (len(own & theirs) / len(own | theirs) >= NEAR and not any(word in telling or word.isdigit() for word in apart)):
            return other
    return None


def _content(text: str) -> set[str]:
    """Its words, without the small ones; as they are where it has no others."""
    found = set(words_of(text))
    return found - _SMALL or found


def _faults(triplet: Triplet, skill: Skill, image: ImageSymbols) -> Iterator[str]:
    for name, most in _LONGEST.items():
        text = getattr(triplet, name)
        if not text.strip():
            yield f"the {name} is empty"
        if len(text) > most:
            yield f"the {name} has more than {most} characters"
    if not triplet.question.rstrip().endswith("?"):
        yield "the question does not end as one"
    if word := _mentions(triplet, image):
        yield f"it speaks of {word!r}, which a respondent does not have"
    yield from _kind_faults(triplet, skill)
    yield from _option_faults(triplet, skill)
    if triplet.kind != "decline" and _leaked(triplet):
        yield "the question gives its answer away"


def _mentions(triplet: Triplet, image: ImageSymbols) -> str:
    """The first word for the source; one that names what is in the picture, such as "ballot box", does not count."""
    named = [*(each.name for each in image.objects), *(each.name for each in image.texts), *image.captions]
    shown = {form for word in words_of(" ".join(named)) for form in (word, f"{word}s", f"{word}es", word.removesuffix("s"))}
    for text in (triplet.question, triplet.answer, *triplet.options, triplet.reasoning):
        for found in _SOURCES.finditer(text.casefold()):
            if found[0] == "bounding" or found[0] not in shown:
                return found[0]
    return ""


def _kind_faults(triplet: Triplet, skill: Skill) -> Iterator[str]:
    if skill.capacity == VALUE and triplet.kind == "plain":
        yield "it does not say whether it is to be declined"
    if skill.capacity != VALUE and triplet.kind != "plain":
        yield f"kind {triplet.kind} is for questions of {VALUE} alone"


def _option_faults(triplet: Triplet, skill: Skill) -> Iterator[str]:
    options = [" ".join(words_of(option)) for option in triplet.options]
    if skill.form != CLOSED:
        if options:
            yield "an open question has no options"
        return
    if len(options) != OPTIONS:
        yield f"it has {len(options)} options and not {OPTIONS}"
    if any(not option for option in options):
        yield "an option is empty"
    if any(len(option) > _LONGEST["answer"] for option in triplet.options):
        yield f"an option has more than {_LONGEST['answer']} characters"
    if len(set(options)) < len(options):
        yield "two options are the same"
    padded = [f" {option} " for option in options]
    if any(one in other for place, one in enumerate(padded) for other in (*padded[:place], *padded[place + 1 :])):
        yield "an option is part of another"
    if options and " ".join(words_of(triplet.answer)) != options[0]:
        yield "the answer is not the first option"


def _leaked(triplet: Triplet) -> bool:
    """Whether all that the answer says stands in the question, in this order; a yes and a no do not count."""
    answer = [word for word in words_of(triplet.answer) if word not in _SMALL]
    question = [word for word in words_of(triplet.question) if word not in _SMALL]
    if not answer or answer in (["yes"], ["no"]):
        return False
    return f" {' '.join(answer)} " in f" {' '.join(question)} "
