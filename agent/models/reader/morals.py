"""Words of moral praise and blame in a text, and the point of a five-point scale that they amount to. A list of words, not a judgement."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Morals", "morals", "point"]

# Beginnings of words; "\\b" ends one that is whole.
_GOOD = r"""
    help(?!less) aid(?:s|ed)?\b comfort consol rescu protect shar(?:e|es|ed|ing)\b donat volunteer charit generous kind(?:ly|ness)?\b honest
    truthful fair(?:ly|ness|er)?\b respect polite courte gent(?:le|ly)\b grateful gratitude thank apolog forgiv welcom encourag
    support car(?:es|ed|ing|eful|efully)\b safe(?:ly|ty)?\b heal(?:s|ed|ing)?\b friendly loyal patien(?:tly|ce)\b responsib
    tid(?:y|ies|ied)\b recycl praise reassur cheer(?:s|ed|ing)?\b
"""
_BAD = r"""
    steal stole theft thie(?:f|ves) rob(?:s|bed|ber|bery|bing)?\b cheat l(?:ies|ied|iar|ying)\b deceiv deceit fraud forge[sd]?\b hurt
    harm(?!less|on) hit(?:s|ting)?\b beat(?:s|ing)?\b kick punch slap(?:s|ped|ping)?\b attack abus bull(?:y|ies|ied|ying)\b insult mock
    humiliat threat tortur kill murder stab(?:s|bed|bing)?\b shoot violen cruel destroy vandal smash litter pollut poison drunk
    unfair unsafe danger reckless careless neglect abandon ignor exploit discriminat racis sexis hate[sd]?\b hatred spit(?:s|ting)?\b
    exclud betray blackmail brib corrupt illegal trespass stalk harass shout scream shov(?:e|es|ed|ing)\b
"""
_TURNS = frozenset({"not", "never", "no", "nobody", "without", "against", "cannot", "instead", "unable", "refuses", "refused"}) | {
    "avoids",
    "avoided",
    "stops",
    "stopped",
    "prevents",
    "prevented",
}
_REACH = 3
"""Words before a moral word in which a turning word reverses it."""


def _beginnings(listed: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{beginning})" for beginning in listed.split()))


_PRAISE, _BLAME = _beginnings(_GOOD), _beginnings(_BAD)


@dataclass(frozen=True)
class Morals:
    """How many words of praise and of blame were found, a reversed one counted as the other."""

    good: int = 0
    bad: int = 0

    def __bool__(self) -> bool:
        return bool(self.good or self.bad)

    def __add__(self, other: Morals) -> Morals:
        return Morals(self.good + other.good, self.bad + other.bad)


def morals(text: Sequence[str]) -> Morals:
    """The moral words among `text`: words in lower case, in order. "not", "never", "refuses" … at most three words before reverse one."""
    counts = {True: 0, False: 0}
    for place, word in enumerate(text):
        praised, blamed = bool(_PRAISE.match(word)), bool(_BLAME.match(word))
        if praised != blamed:
            before = text[max(0, place - _REACH) : place]
            turned = any(each in _TURNS or each.endswith(("n't", "n’t")) for each in before)
            counts[praised != turned] += 1
    return Morals(counts[True], counts[False])


def point(found: Morals) -> int:
    """1 (clearly unacceptable) to 5 (clearly acceptable): 3 + 2 × (good − bad) / max(2, good + bad), rounded half up; 3 without any."""
    return math.floor(3 + 2 * (found.good - found.bad) / max(2, found.good + found.bad) + 0.5)
