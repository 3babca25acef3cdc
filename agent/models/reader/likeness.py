"""How alike texts are to the reader: the cosine of their mean word vectors, and the overlap of their words. Neither knows what is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.models.reader.words import content_words, words
from environments.canonical import rng

if TYPE_CHECKING:
    from environments.embed import Embedder

__all__ = ["NEAR", "likenesses", "nearest", "overlap"]

NEAR = 0.02
"""Likenesses that differ by less are a tie: between them the seed decides."""


def likenesses(text: str, others: Sequence[str], embedder: Embedder) -> list[float]:
    """The cosine of `text` with each of `others`, in [-1, 1], on their content words; 0 where one has none."""
    rows = embedder.embed_texts([" ".join(content_words(each) or words((each,))) for each in (text, *others)])
    return [round(float(row @ rows[0]), 4) for row in rows[1:]]


def nearest(texts: Sequence[str], degrees: Sequence[float], *seed: str | int) -> tuple[int, int]:
    """(place, how many tied): the text with the highest degree, and where several lie within `NEAR` of it, one of them by the seed.

    It is drawn among the words of the tied, in alphabetical order: where they stand does not matter.
    """
    best = max(degrees)
    tied = sorted((place for place, degree in enumerate(degrees) if best - degree < NEAR), key=lambda place: texts[place])
    return rng("reader nearest", *seed).choice(tied), len(tied)


def overlap(one: str, other: str) -> float:
    """The F1 of the words that two texts share, each as often as it stands in both, in [0, 1] (Rajpurkar et al. 2016, arXiv 1606.05250)."""
    first, second = Counter(words((one,))), Counter(words((other,)))
    shared = (first & second).total()
    return 2 * shared / (first.total() + second.total()) if shared else 0.0
