"""What was answered about an item of a deck, in the words in which lists and cards say it, and whether it is right."""

from __future__ import annotations

from typing import Any

from agent.protocols.choice import CHOICE, LETTERS
from agent.protocols.curating import FOUND
from agent.protocols.likert import LIKENESS
from agent.protocols.nearest import NO_OPTION
from agent.protocols.rating import GROUND, GROUNDS, POINTS, RATING
from agent.protocols.verdict import VERDICT
from agent.trace.events import DecisionRecord, StimulusEvent
from agent.viewer.wire import brief

__all__ = ["chosen_words", "item_facts", "rating_of"]

_MOST = {"rating": POINTS[-1], "likert": len(LIKENESS.points)}
"""The highest point of a scale that begins at 1, by protocol."""
_VERDICTS: dict[str, dict[float, str]] = {"verdict": {1: "true", 0: "false"}, "verdict-pair": {1: "first", -1: "second", 0: "equal"}}
_OPEN = "open"


def chosen_words(decision: DecisionRecord | None, stimulus: StimulusEvent | None, protocol: str) -> str | None:
    """Words of the option that was chosen, wherever it stood; a letter, a point, a verdict. None of a clip and of an open answer.

    Sessions are compared by it, so that it holds the answer and not what the answer rests on.
    """
    scores = (decision.scores if decision else None) or {}
    options = _options(stimulus)
    if CHOICE in scores and options is not None and 0 <= scores[CHOICE] < len(options):
        return brief(str(options[int(scores[CHOICE])]), 200)
    if CHOICE in scores and stimulus is not None and options is None:  # which of the options that a judge read about
        return _letter(scores[CHOICE]) or NO_OPTION
    if RATING in scores:
        return f"{scores[RATING]:g} of {POINTS[-1]}"
    if VERDICT in scores:
        return _VERDICTS.get(protocol, {}).get(scores[VERDICT], f"{VERDICT} {scores[VERDICT]:g}")
    return f"{FOUND} {scores[FOUND]:g}" if FOUND in scores else None


def rating_of(decision: DecisionRecord | None) -> int | None:
    """The rating of a clip, or the point of the scale on which an item was rated."""
    if decision is None or decision.rating is not None or RATING not in (decision.scores or {}):
        return decision.rating if decision else None
    return int((decision.scores or {})[RATING])


def item_facts(decision: DecisionRecord | None, stimulus: StimulusEvent | None, protocol: str) -> dict[str, Any] | None:
    """Of an item of a deck; None of a clip.

    `letter`: of the chosen option, as shown. `right`: whether it is the key, None where no key is known. `ground`: what a rating rests on.
    `most`: the highest point of its scale. `words`: whether the reason is the answer itself. `condition`: what became of the pictures.
    """
    item = stimulus.item if stimulus else None
    if item is None and protocol not in _MOST:
        return None
    scores = (decision.scores if decision else None) or {}
    place, ground = scores.get(CHOICE), scores.get(GROUND)
    keyed = item is not None and bool(item.key) and place is not None and _options(stimulus) is not None
    return {
        "letter": None if place is None or _options(stimulus) is None else _letter(place),
        "right": place in item.key if keyed and item is not None else None,
        "ground": next((word for number, word in enumerate(GROUNDS) if number == ground), None),
        "most": _MOST.get(protocol),
        "words": protocol == _OPEN and decision is not None,
        "condition": brief(item.condition, 40) if item is not None else None,
    }


def _options(stimulus: StimulusEvent | None) -> list[Any] | None:
    options = stimulus.text.get("options") if stimulus else None
    return options if isinstance(options, list) else None


def _letter(place: float) -> str | None:
    return next((letter for number, letter in enumerate(LETTERS) if number == place), None)
