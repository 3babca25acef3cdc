"""A rater's place at the table: which cards, in which order, what they have answered, and what the page gets to see of it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from environments.canonical import content_hash, derived_seed
from evals.annotating.answers import AnswerBook
from evals.annotating.form import Answer, Card, Form, shown_text
from personas.errors import EnvironmentFailed

__all__ = ["CardSource", "Cards", "Desk", "order_of"]

CardSource: TypeAlias = Callable[[str], Card]
"""Gives the card of an id, when it is shown; called in a thread. Raises AxiofeedError where it cannot: the page then goes past it."""

_KEPT = 12  # cards in memory, for all raters: the ones on their screens and the next


class Cards:
    """The source, with the cards on the screens kept for a while: a page asks for a card, then for each of its pictures."""

    def __init__(self, source: CardSource, keep: int = _KEPT) -> None:
        self._source = source
        self._keep = keep
        self._cards: OrderedDict[str, Card] = OrderedDict()

    async def get(self, name: str) -> Card:
        """The card. Raises what the source raises, and EnvironmentFailed for one of another id."""
        card = self._cards.get(name)
        if card is None:
            card = await asyncio.to_thread(self._source, name)
            if card.id != name:
                raise EnvironmentFailed(f"the card of {name!r} says that it is {card.id!r}")
        self._cards[name] = card
        self._cards.move_to_end(name)
        while len(self._cards) > self._keep:
            self._cards.popitem(last=False)
        return card


def order_of(ids: Sequence[str], seed: int, rater: str) -> list[str]:
    """`ids` in the rater's own order, which derives from the seed. Ids that are added later leave the order of the others as it is."""
    return sorted(ids, key=lambda name: (derived_seed("annotation", seed, rater, name), name))


class Desk:
    """One rater, their cards and their book. Items are known to the page by keys that say nothing, since an id might."""

    def __init__(self, rater: str, ids: Sequence[str], form: Form, *, cards: Cards, book: AnswerBook, seed: int) -> None:
        self.rater, self.form, self.book = rater, form, book
        self._cards = cards
        self._items = {content_hash(["annotation", rater, name])[:20]: name for name in order_of(ids, seed, rater)}
        self._done = {name for name in self._items.values() if self._answered(name)}
        self._lock = asyncio.Lock()

    @property
    def total(self) -> int:
        """How many cards there are."""
        return len(self._items)

    @property
    def done(self) -> int:
        """How many of them are answered."""
        return len(self._done)

    @property
    def agreed(self) -> bool:
        """Whether the rater has agreed to take part, or need not."""
        return not self.form.consent or self.book.consent == self.form.consent

    def knows(self, key: str) -> bool:
        """Whether a card has this key."""
        return key in self._items

    def state(self) -> dict[str, Any]:
        """The form, and where the rater stands, as JSON-able data."""
        form = self.form
        return {
            "title": shown_text(form.title),
            "instructions": shown_text(form.instructions),
            "consent": "" if self.agreed else shown_text(form.consent),
            "rest": None if form.rest is None else {"value": form.rest[0], "label": shown_text(form.rest[1])},
            "fields": [
                {
                    "name": field.name,
                    "label": shown_text(field.label),
                    "kind": field.kind,
                    "required": field.required,
                    "help": shown_text(field.help),
                    "options": [
                        {"value": value, "label": shown_text(label), "help": shown_text(more)} for value, label, more in field.options
                    ],
                }
                for field in form.fields
            ],
            "keys": list(self._items),
            "answered": [name in self._done for name in self._items.values()],
            "begun": bool(self.book.given),
        }

    async def card(self, key: str) -> dict[str, Any]:
        """A card, and what the rater has said of it so far, as JSON-able data."""
        name = self._items[key]
        card = await self._cards.get(name)
        given = self.book.given.get(name)
        values = given.values if given is not None else {}
        return {
            "key": key,
            "heading": shown_text(card.heading, 300),
            "texts": [{"label": shown_text(label, 300), "text": shown_text(text)} for label, text in card.texts],
            "pictures": len(card.pictures),
            "values": {
                field.name: values[field.name]
                for field in self.form.fields
                if not field.fault(values.get(field.name)) and field.name in values
            },
            "seconds": given.seconds if given is not None else 0.0,
        }

    async def picture(self, key: str, number: int) -> bytes | None:
        """A card's picture, None where it has no such one."""
        pictures = (await self._cards.get(self._items[key])).pictures
        return pictures[number] if number < len(pictures) else None

    async def take(self, key: str, values: dict[str, Answer], seconds: float) -> None:
        """Answers that the form accepts. They are on the disk when this returns. Raises StorageFailed."""
        kept = {field.name: values.get(field.name) for field in self.form.fields}
        async with self._lock:
            await asyncio.to_thread(self.book.add, self._items[key], kept, seconds)
        self._done.add(self._items[key])

    async def agree(self) -> None:
        """The rater agrees to the text that the form shows. Raises StorageFailed."""
        async with self._lock:
            await asyncio.to_thread(self.book.agree, self.form.consent)

    def _answered(self, name: str) -> bool:
        """Whether what is stored answers the form as it is now: a field may have been added to it."""
        given = self.book.given.get(name)
        return given is not None and not any(field.fault(given.values.get(field.name)) for field in self.form.fields)
