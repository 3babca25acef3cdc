"""Whether a span that a judge gives as evidence stands in what the judge has read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Literal

from agent.protocols.judging import SEEN

__all__ = ["KINDS", "NOT_THERE", "Kind", "kind_of", "plain", "post_words", "stored"]

Kind = Literal["quoted", "seen", "missing", "not there"]
KINDS: tuple[Kind, ...] = ("quoted", "seen", "missing", "not there")
"""quoted: it stands in the text; seen: it tells what is in the pictures, which nobody checks; missing: a code without evidence; not there:
it stands neither in the post nor in the script."""

NOT_THERE = "[not in the text] "
"""How evidence begins, as it is stored, that stands nowhere."""

_MOST = 500
_GAP = re.compile(r"\s*(?:…|\.\.\.|\[\.\.\.\]|\[…\]|\s/\s|\n)\s*")
_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "})


def plain(text: str) -> str:
    """`text` for comparing: letters and figures only, in lower case, one space between words; marks, emoji and accents' forms apart."""
    folded = unicodedata.normalize("NFKC", text.translate(_SAME)).casefold()
    return " ".join("".join(letter if letter.isalnum() else " " if letter != "'" else "" for letter in folded).split())


def post_words(text: Mapping[str, Any]) -> str:
    """All words of a post, as a trace holds them, for comparing."""
    parts: list[str] = []
    for held in text.values():
        parts += [str(each) for each in held] if isinstance(held, list | tuple) else [str(held)]
    return f" {plain(' | '.join(parts))} "


def kind_of(evidence: str, words: str, *, pictures: bool) -> Kind:
    """What the evidence of a code other than 0 is. `words`: of the post and the script, made with `plain`, a space at either end.

    `pictures`: whether the judge saw any. A quotation with gaps ("… one … two") is there when each of its parts is.
    """
    told = evidence.strip()
    if pictures and told.lower().startswith(SEEN):
        return "seen" if plain(told[len(SEEN) :]) else "missing"
    spans = [span for part in _GAP.split(told) if (span := plain(part))]
    if not spans:
        return "missing"
    return "quoted" if all(_stands(span, words) for span in spans) else "not there"


def _stands(span: str, words: str) -> bool:
    """Whole words, but for scripts that put no space between them."""
    return f" {span} " in words or (not span.isascii() and span in words)


def stored(evidence: str, kind: Kind) -> str:
    """The evidence as it is kept with its code."""
    told = evidence.strip()[:_MOST]
    return f"{NOT_THERE}{told}" if kind == "not there" else told
