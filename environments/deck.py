"""A deck of items as an environment: each item once, in an order drawn from the seed, and no feedback to anybody.

The items are texts (`environments.decks.items`); the pictures of an item, where it has any, are shown with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

from environments.base import Action, Outcome, PastStep, Stimulus, StimulusText
from environments.canonical import content_hash, rng
from environments.clips import Problem
from environments.decks.items import Deck, DeckItem, load_deck
from environments.request import FeedRequest
from personas.errors import EnvironmentFailed, FeedError
from personas.one_line import one_line

__all__ = ["DeckFeed", "open_environment"]


class DeckFeed:
    """An `environments.base.Environment` over the items of `deck`, at most `items` of them (None: all), shuffled by `seed`.

    Any action leads on to the next item; nothing is liked, and no time passes.
    """

    def __init__(self, deck: Deck, *, seed: int = 0, items: int | None = None) -> None:
        if items is not None and items < 1:
            raise FeedError(f"the number of items must be at least 1, not {items}")
        self.deck = deck
        order = list(deck.items)
        rng("deck", seed).shuffle(order)
        self._order = order[:items]
        self._position: int | None = None
        self._seen = False

    @property
    def problems(self) -> tuple[Problem, ...]:
        """A deck whose items can be read has none."""
        return ()

    @property
    def total(self) -> int:
        """How many items will be shown."""
        return len(self._order)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all items of the deck: ids, words, pictures, loadings."""
        described = [[item.id, item.text, item.code, item.labels, [frame.sha256 for frame in item.frames]] for item in self.deck.items]
        return content_hash([self.deck.instrument, described])

    async def open(self, history: Sequence[PastStep] = (), gone: Collection[str] = ()) -> None:
        """Goes to where the deck was after `history`. Raises EnvironmentFailed for the history of another deck or order."""
        for position, step in enumerate(history):
            if position >= len(self._order) or self._order[position].id != step.stimulus_id:
                raise EnvironmentFailed(
                    f"step {position} of the session showed {one_line(step.stimulus_id)!r}, which does not stand there in this deck: "
                    "restore the items, or begin a new session"
                )
        self._position, self._seen = len(history), False

    async def observe(self) -> Stimulus | None:
        """See `environments.base.Environment`."""
        if self._position is None:
            raise EnvironmentFailed("the deck is not open; call open() before observe()")
        self._seen = self._position < len(self._order)
        return _stimulus(self.deck, self._order[self._position], self._position) if self._seen else None

    async def act(self, action: Action) -> Outcome:
        """See `environments.base.Environment`."""
        if self._position is None or not self._seen:
            raise EnvironmentFailed("no item is shown; call observe() before act()")
        self._position, self._seen = self._position + 1, False
        return Outcome(like_registered=False, advanced=True, dwell_s=0.0)

    async def close(self) -> None:
        """Nothing to release; `open` starts anew."""
        self._position = None


def _stimulus(deck: Deck, item: DeckItem, position: int) -> Stimulus:
    return Stimulus(
        id=item.id,
        position=position,
        frames=item.frames,
        text=StimulusText(caption=item.text),
        duration_s=0.0,
        source=deck.instrument,
        labels=item.labels,
        labels_source=None if item.labels is None else f"key of {deck.instrument}",
    )


def open_environment(request: FeedRequest) -> DeckFeed:
    """The deck that a session asks for: `request.feed` names it, `videos` is the number of items at most. Raises FeedError."""
    deck = load_deck(request.feed)
    if request.labels_required and any(item.labels is None for item in deck.items):
        raise FeedError(
            "some items have no value code, and this model answers from labels: give each a code (SD, ST, …), or use another model"
        )
    return DeckFeed(deck, seed=request.seed, items=request.videos)
