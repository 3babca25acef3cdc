"""Decks as environments: the items of a questionnaire (`environments.decks.items`), or a benchmark's (`environments.decks.questions`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from environments.base import Stimulus, StimulusText
from environments.decks.in_order import ItemFeed
from environments.decks.items import Deck, DeckItem, load_deck
from environments.decks.question_feed import QuestionFeed
from environments.decks.questions import read_questions
from environments.request import FeedRequest
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["DeckFeed", "holds_questions", "open_environment"]


class DeckFeed(ItemFeed[DeckItem]):
    """The items of a questionnaire."""

    def __init__(self, deck: Deck, *, seed: int = 0, items: int | None = None) -> None:
        self.deck = deck
        super().__init__(deck.items, lambda item, position: _stimulus(deck, item, position), self._made_of, seed=seed, count=items)

    def _made_of(self) -> list[object]:
        """Ids, words, pictures, loadings."""
        items = self.deck.items
        described = [[item.id, item.text, item.code, item.labels, [frame.sha256 for frame in item.frames]] for item in items]
        return [self.deck.instrument, described]


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


def holds_questions(name: str) -> bool:
    """Whether a deck of that name is one of a benchmark's questions: a folder, or a .jsonl file."""
    return name.endswith((".jsonl", "/")) or ("\0" not in name and Path(name).expanduser().is_dir())


def open_environment(request: FeedRequest) -> ItemFeed[Any]:
    """The deck that a session asks for: `request.feed` names it, `videos` is the number of items at most. Raises FeedError."""
    if holds_questions(request.feed):
        if request.labels_required:
            raise FeedError("a benchmark's questions have no value labels, and this model answers from labels: use another model")
        questions = read_questions(Path(request.feed).expanduser())
        if request.options_required and (open_one := next((item for item in questions.items if not item.options), None)):
            raise FeedError(f"the question {one_line(open_one.id, 80)!r} has no options, and this protocol asks to choose: use another one")
        return QuestionFeed(
            questions,
            seed=request.seed,
            items=request.videos,
            repeat=request.repeat,
            condition=request.condition,
            examples=request.examples,
        )
    if request.options_required:
        raise FeedError("the items of a questionnaire have no options: use --protocol likert, or a folder or .jsonl file of questions")
    deck = load_deck(request.feed)
    if request.labels_required and any(item.labels is None for item in deck.items):
        raise FeedError(
            "some items have no value code, and this model answers from labels: give each a code (SD, ST, …), or use another model"
        )
    return DeckFeed(deck, seed=request.seed, items=request.videos)
