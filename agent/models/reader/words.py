"""Words of a text: what the reader sees of a caption, a line on the screen, a sentence of a persona. Bounded, whatever the text holds."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["MAX_CHARACTERS", "MAX_WORDS", "content_words", "words"]

MAX_CHARACTERS = 8000
"""Of one text; the rest is not read."""

MAX_WORDS = 120
"""Of one text; a viewer does not read on either."""

# A word is at most 30 letters or digits, so that a wall of letters cannot become one enormous word.
_WORD = re.compile(r"[^\W_]{1,30}(?:['’][^\W_]{1,10})?")

# English function words, and the words in which a persona speaks of viewing itself ("you watch clips that …"): they say who is addressed,
# not what is valued.
_FRAME_WORDS = """
    a an and are as at be been being but by can could did do does for from had has have he her hers him his how i if in into is it its
    just may me might more most much my no nor not of off on or other others our ours out over own she should so some such than that the
    their theirs them then there these they this those through to too under up very was we were what when where which while who whom whose
    why will with would you your yours yourself yourselves all always also any anything each ever every everything never nothing whatever
    person people somebody someone viewer clip clips video videos feed phone scroll watch watching watches look looks looking see sees
    seeing find finds like likes enjoy enjoys love loves want wants prefer prefers interest interested interests attention time thing
    things something"""
_FRAME = frozenset(_FRAME_WORDS.split())


def words(texts: Iterable[str], limit: int = MAX_WORDS) -> tuple[str, ...]:
    """The first `limit` words of `texts`, in lower case."""
    found: list[str] = []
    for text in texts:
        for match in _WORD.finditer(text[:MAX_CHARACTERS].lower()):
            if len(found) == limit:
                return tuple(found)
            found.append(match.group().replace("’", "'"))
    return tuple(found)


def content_words(text: str) -> tuple[str, ...]:
    """The words of `text` without function words and without the words of viewing itself."""
    return tuple(word for word in words((text,)) if word not in _FRAME)
