"""Which parts of a sentence a persona turns towards, and which it turns away from ("luxury cars leave you cold").

Cues of English, not an understanding of it: what rejects without a cue ("you kept the desk beside the copier") is not noticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.models.reader.words import words

__all__ = ["segments"]

MAX_CHARACTERS = 20_000
"""Of one persona text; the rest is not read."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_TURN = re.compile(r"\b(?:but|yet|though|although|while|whereas|rather\s+than|instead\s+of)\b|[;:]", re.IGNORECASE)
_AWAY_TURN = re.compile(r"rather\s+than|instead\s+of", re.IGNORECASE)
_RATHER = re.compile(r"\b(?:rather|sooner|prefer)\b(?P<chosen>.{1,200}?)\bthan\b", re.IGNORECASE)
_NOT = r"(?:(?:do|does|did|would|will|can|could|have|has|had|is|are|am|was|were)\s+not|\w+n['’]t|cannot|never)"
_SELF = r"(?:you|me|him|her|them)"

# What is turned away from follows: "you do not care for …".
_BEFORE = re.compile(
    rf"""\b(?:
      {_NOT}(?:\s+(?:really|much|very|at\s+all|even|especially|particularly|ever))*\s+
        (?:care|cared|want|wanted|wish|like|liked|enjoy|enjoyed|love|loved|need|mind|feel|felt|follow|seek|chase|impressed|interested|drawn|keen
          |fond|moved|tempted|attached|after|ask|try|trust|believe|admire|value|worry|bother|bothered|watch|concerned|curious|ambitious
          |stand|bear|miss|compare|linger)
      |(?:hate(?!\s+to)|despise|dislike|detest|avoid|resent|distrust|loathe|shun|ignore|reject)(?:s|d|ed)?
      |(?:scroll|swipe|flick|skip|move|look)s?\s+(?:past|by|over|away\s+from|on\s+from)(?!\s+(?:them|it)\b)
      |pass(?:es)?\s+over(?!\s+(?:them|it)\b)
      |(?:tired|weary|sick|wary|suspicious|free|carefree)\s+(?:of|about)
      |(?:indifferent\s+to|untouched\s+by|unmoved\s+by|unimpressed\s+by|bored\s+(?:by|with)|content\s+without)
      |(?:no|little|any)\s+(?:interest|wish|urge|need|taste|time|use|patience|desire|ambition|sympathy|appetite|duty|point)
      |(?:would|['’]d)\s+rather\s+not|cares?\s+(?:little|nothing)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)

# What is turned away from stands before: "… leave you cold".
_AFTER = re.compile(
    rf"""\b(?:
      (?:leave|leaves|left)\s+{_SELF}\s+(?:cold|unmoved|indifferent)
      |(?:bore|annoy|irritate|tire|weary|repel|disgust|embarrass|sadden|upset)(?:s|es|d|ed)?\s+{_SELF}
      |strikes?\s+{_SELF}\s+as\s+(?:tiring|unnecessary|dull|silly|empty|pointless|vain|foolish)
      |(?:means?|says?)\s+(?:nothing|little)(?:\s+to\s+{_SELF})?|(?:all\s+the\s+same|foreign)\s+to\s+{_SELF}|hardly\s+matters?
      |{_NOT}\s+(?:\w+\s+)?(?:interest|hold|move|impress|matter|touch|excite|thrill|appeal|tempt|attract|suit|reach|concern|count|keep|trouble)
      |(?:is|are)\s+(?:not\s+(?:for|your)|dull|boring|tedious|wasted\s+on|lost\s+on|of\s+no\s+interest|no\s+reason)|does?\s+nothing\s+for
      |seems?\s+(?:thin|dull|silly|empty|pointless|tedious|vain|foolish|a\s+nuisance)
      |(?:scroll|swipe|flick|move|skip|go|pass)\s+(?:past|by|over|on|away)|loses?\s+interest|come\s+and\s+go\s+without
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_SHORT = 4
"""A rest of fewer words ("… and more") goes with what it follows."""


def segments(text: str) -> Iterator[tuple[str, int]]:
    """The parts of `text` with words in them, each with 1 (towards) or -1 (away)."""
    for sentence in _SENTENCE.split(" ".join(text[:MAX_CHARACTERS].split())):
        away = False
        position = 0
        for turn in (*_TURN.finditer(sentence), None):
            part = sentence[position : turn.start() if turn else None]
            yield from ((piece, sign) for piece, sign in _split(part, away) if words((piece,)))
            if turn:
                position, away = turn.end(), bool(_AWAY_TURN.fullmatch(turn.group()))


def _split(part: str, away: bool) -> Iterator[tuple[str, int]]:
    """One part of a sentence at its cue. `away`: it follows "rather than"."""
    if away:
        yield part, -1
    elif rather := _RATHER.search(part):
        yield part[: rather.end("chosen")], 1
        yield part[rather.end() :], -1
    elif after := _last(_AFTER, part):
        rest = part[after.end() :]
        if len(words((rest,))) < _SHORT:
            yield part, -1
        else:
            yield part[: after.end()], -1
            yield from _split(rest, away=False)
    elif before := _BEFORE.search(part):
        start = before.start() if len(words((part[: before.start()],))) >= _SHORT else 0
        yield part[:start], 1
        yield part[start:], -1
    else:
        yield part, 1


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    return found
