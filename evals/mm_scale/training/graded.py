"""Graded items for training: the scenarios of an image with people's ratings, as they would be shown, and images kept apart by a split.

Items are those of a deck (`environments.decks.questions`) with the further field `ratings` (`evals.mm_scale.items`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from agent.protocols.base import Question as Asking
from agent.protocols.base import stimulus_slots
from agent.protocols.rating import RatingProtocol
from environments.base import Action, ActionKind
from environments.canonical import content_hash, rng
from environments.decks.question_feed import QuestionFeed
from environments.decks.questions import Question, QuestionDeck
from evals.mm_scale.items import People, people_of
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["GradedItem", "ImageSet", "Shown", "image_sets", "shown_items", "split_sets"]


@dataclass(frozen=True)
class GradedItem:
    """A scenario and what people say of it. `truth`: the grade it was made with, of synthetic items only."""

    question: Question
    people: People
    truth: float | None = None

    @property
    def grade(self) -> float:
        """The mean rating, 1 to 5."""
        return self.people.mean


@dataclass(frozen=True, eq=False)
class ImageSet:
    """The scenarios of one image (or of images that belong together), which a split never parts. Each is itself alone."""

    name: str
    deck: QuestionDeck
    items: tuple[GradedItem, ...]


@dataclass(frozen=True)
class Shown:
    """An item as a model is asked it: the words before the answer (system, user) and the picture as JPEG."""

    item: str
    system: str
    words: str
    picture: bytes


def image_sets(deck: QuestionDeck) -> tuple[ImageSet, ...]:
    """The items by image, in the deck's order. Items with one cluster, or with one picture under whatever name, belong together.

    Raises FeedError that names the item: no ratings or faulty ones, or not exactly one picture.
    """
    digest = cache(lambda image: content_hash(deck.picture(image).read_bytes()))
    name_of: dict[str, str] = {}
    sets: dict[str, list[GradedItem]] = {}
    for question in deck.items:
        item = _graded(question)
        marks = [f"picture {digest(question.images[0])}"]
        if question.cluster is not None:
            marks.append(f"cluster {question.cluster}")
        found = list(dict.fromkeys(name_of[mark] for mark in marks if mark in name_of))
        name = found[0] if found else (question.cluster or question.images[0])
        for other in found[1:]:  # two sets turn out to be one
            sets[name] += sets.pop(other)
            name_of.update({mark: name for mark, old in name_of.items() if old == other})
        name_of.update(dict.fromkeys(marks, name))
        sets.setdefault(name, []).append(item)
    return tuple(ImageSet(name, deck, tuple(items)) for name, items in sets.items())


def _graded(question: Question) -> GradedItem:
    extra = question.model_extra or {}
    where = f"item {one_line(question.id, 80)!r}"
    if len(question.images) != 1:
        raise FeedError(f"{where} has {len(question.images)} pictures: training takes items with one picture each")
    people = people_of(question)
    if not people.ratings:
        raise FeedError(f"{where}, ratings: there are none; training needs people's ratings of every item")
    truth = extra.get("truth")
    return GradedItem(question, people, float(truth) if isinstance(truth, int | float) else None)


def split_sets(sets: Sequence[ImageSet], held_out: float, seed: int) -> tuple[tuple[ImageSet, ...], tuple[ImageSet, ...]]:
    """(to train on, held out): a share `held_out` of the images, drawn by the seed, at least one on each side. Raises FeedError."""
    if len(sets) < 2:
        raise FeedError("the items are all about one image: training needs others to be tested on")
    order = sorted(sets, key=lambda each: each.name)
    rng("held-out images", seed).shuffle(order)
    count = min(max(1, round(held_out * len(order))), len(order) - 1)
    return tuple(order[count:]), tuple(order[:count])


def shown_items(images: ImageSet, wording: int) -> tuple[Shown, ...]:
    """Its items as protocol `rating` asks them in that wording (0–5), in their order. Raises FeedError for a picture that is broken."""
    found: Mapping[str, Any] = asyncio.run(_stimuli(images))
    protocol, shown = RatingProtocol(), []
    for item in images.items:
        stimulus = found[item.question.id]
        slots = {**stimulus_slots(stimulus), "persona": ""}
        prompt = protocol.prompt(Asking(protocol.first_stage, wording), stimulus, slots, 0)
        shown.append(Shown(item.question.id, prompt.system, prompt.turns[0].text, stimulus.frames[0].jpeg))
    return tuple(shown)


async def _stimuli(images: ImageSet) -> dict[str, Any]:
    deck = QuestionDeck(images.deck.name, images.deck.folder, tuple(item.question for item in images.items))
    feed, found = QuestionFeed(deck), {}
    await feed.open()
    while (stimulus := await feed.observe()) is not None:
        found[stimulus.id] = stimulus
        await feed.act(Action(ActionKind.PASS, 0.0))
    if feed.problems:
        raise FeedError(f"item {one_line(feed.problems[0].name, 80)!r}: {feed.problems[0].reason}")
    return found
