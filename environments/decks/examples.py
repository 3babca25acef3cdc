"""Which questions of a deck are shown, with their answers, before each of the others: drawn, alike, or always the same.

    none        no examples                    random:K    K drawn by the seed and the question
    similar:K   the K nearest in words         fixed:K     the same K for all, drawn by the seed

A question is never an example of itself, of one of its cluster, or of one with a picture of its own; of a `fixed` set the next one then
takes its place. Nearness is that of the embedded texts (`environments.embed`); the nearest comes last, next to the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from environments.canonical import rng
from environments.decks.questions import Question
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["EXAMPLE_KINDS", "NO_EXAMPLES", "ExampleChoice", "asked_examples"]

NO_EXAMPLES = "none"
EXAMPLE_KINDS = ("random", "similar", "fixed")
MOST_EXAMPLES = 16
_ASKED = re.compile(rf"({'|'.join(EXAMPLE_KINDS)}):([1-9]\d?)")


def asked_examples(text: str) -> tuple[str, int]:
    """(kind, how many) of what was asked for; ("none", 0) without any. Raises ValueError that says what can be asked for."""
    if text == NO_EXAMPLES:
        return NO_EXAMPLES, 0
    found = _ASKED.fullmatch(text)
    if found is None or int(found[2]) > MOST_EXAMPLES:
        raise ValueError(f"use none, or random:K, similar:K or fixed:K with K from 1 to {MOST_EXAMPLES}")
    return found[1], int(found[2])


class ExampleChoice:
    """The examples of each of `items`. Raises FeedError where `asked` cannot be read, or an item has too few others."""

    def __init__(self, items: Sequence[Question], asked: str, seed: int) -> None:
        try:
            self.kind, self.count = asked_examples(asked)
        except ValueError as error:
            raise FeedError(f"examples {one_line(asked, 40)!r}: {error}") from None
        self._seed = seed
        self._items = [item for item in items if item.options and item.key]
        self._place = {item.id: place for place, item in enumerate(self._items)}
        if self.count:
            self._check(items)

    def of(self, item: Question) -> Iterator[Question]:
        """All that may be its examples, the best first: the first `count` that can be shown are taken. Nothing where none are asked for."""
        if not self.count:
            return
        barred = self._barred(item)
        for place in self._order(item):
            if self._items[place].id not in barred:
                yield self._items[place]

    def _order(self, item: Question) -> Sequence[int]:
        if self.kind == "similar":
            return self._nearest(item)
        order = list(range(len(self._items)))
        rng("examples", self._seed, *([item.id] if self.kind == "random" else [])).shuffle(order)
        return order

    def _nearest(self, item: Question) -> Sequence[int]:
        import numpy as np  # noqa: PLC0415 - loads when used

        from environments.embed import wordllama_embedder  # noqa: PLC0415

        known, rows = self._embedded
        own = rows[known[item.id]] if item.id in known else wordllama_embedder().embed_texts([item.text])[0]
        return [int(place) for place in np.argsort(-(rows @ own), kind="stable")]

    @cached_property
    def _embedded(self) -> tuple[Mapping[str, int], Any]:
        from environments.embed import wordllama_embedder  # noqa: PLC0415

        return self._place, wordllama_embedder().embed_texts([item.text for item in self._items])

    @cached_property
    def _kin(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """Ids by cluster and by picture."""
        found: dict[tuple[str, str], set[str]] = {}
        for item in self._items:
            for name in _kinship(item):
                found.setdefault(name, set()).add(item.id)
        return {name: frozenset(ids) for name, ids in found.items()}

    def _barred(self, item: Question) -> frozenset[str]:
        return frozenset({item.id}).union(*(self._kin.get(name, frozenset()) for name in _kinship(item)))

    def _check(self, items: Sequence[Question]) -> None:
        for item in items:
            left = len(self._items) - sum(name in self._place for name in self._barred(item))
            if left < self.count:
                raise FeedError(
                    f"{self.kind}:{self.count} examples: the question {one_line(item.id, 80)!r} has only {left} others with a right answer "
                    "and other pictures: ask for fewer"
                )


def _kinship(item: Question) -> Iterator[tuple[str, str]]:
    if item.cluster is not None:
        yield "cluster", item.cluster
    for image in item.images:
        yield "image", image
