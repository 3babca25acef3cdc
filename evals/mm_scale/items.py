"""The items: one picture with one scenario in words, and the ratings of people, which no respondent sees.

    {"id": "bus-1", "text": "…", "images": ["bus.png"], "ratings": [{"rater": "anna", "score": 2, "grounding": "both"}, …]}

`open_items` adds what follows from that: the cluster and `about.image` (the picture), `about.scenario_id`, and for synthetic respondents
the shares of the five points (`distribution`, `points`) and the ground that most raters named (`reference`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from agent.protocols.rating import GROUNDS, POINTS
from environments.decks.questions import Question, QuestionDeck, read_questions
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["BENCHMARK", "UNACCEPTABLE", "People", "Rating", "completed", "fault_of_rating", "open_items", "people_of"]

BENCHMARK = "mm-scale"
UNACCEPTABLE = 2
"""The highest point that counts as unacceptable."""


@dataclass(frozen=True)
class Rating:
    """What one rater said: a point from 1 to 5, and the ground ("" where they named none)."""

    rater: str
    score: int
    grounding: str = ""

    def row(self) -> dict[str, Any]:
        """As in a record."""
        return {"rater": self.rater, "score": self.score, "grounding": self.grounding or None}


@dataclass(frozen=True)
class People:
    """The ratings of one item. Figures of an item that nobody rated do not exist: ask `ratings` first."""

    ratings: tuple[Rating, ...]

    @property
    def mean(self) -> float:
        """The mean rating, 1 to 5."""
        return fmean(rating.score for rating in self.ratings)

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of raters at each point."""
        counts = Counter(rating.score for rating in self.ratings)
        return tuple(counts[point] / len(self.ratings) for point in POINTS)

    @property
    def unacceptable(self) -> float:
        """The share of raters at or below `UNACCEPTABLE`."""
        return sum(self.shares[:UNACCEPTABLE])

    @property
    def ground(self) -> str:
        """What more raters named than anything else; "" where two are named equally often, or none is."""
        counts = Counter(rating.grounding for rating in self.ratings if rating.grounding).most_common(2)
        return counts[0][0] if counts and (len(counts) == 1 or counts[0][1] > counts[1][1]) else ""


def people_of(item: Question) -> People:
    """The item's `ratings`. Raises FeedError that names the item and the field."""
    given = (item.model_extra or {}).get("ratings", [])
    if not isinstance(given, list):
        raise FeedError(f"item {one_line(item.id, 80)!r}, ratings: it is no list")
    found: list[Rating] = []
    for number, each in enumerate(given, 1):
        read = fault_of_rating(each, [rating.rater for rating in found])
        if not isinstance(read, Rating):
            raise FeedError(f"item {one_line(item.id, 80)!r}, ratings {number}, {read[0]}: {read[1]}")
        found.append(read)
    return People(tuple(found))


def fault_of_rating(given: Any, before: Sequence[str]) -> Rating | tuple[str, str]:
    """The rating {rater, score, grounding}, or the field that is wrong and what is wrong. `before`: raters who stand there already."""
    if not isinstance(given, dict):
        return "row", "it is no JSON object"
    rater, score, ground = given.get("rater"), given.get("score"), given.get("grounding")
    if isinstance(rater, bool) or not isinstance(rater, str | int) or not str(rater).strip():
        return "rater", "it is missing, empty, or neither a text nor a number"
    if str(rater).strip() in before:
        return "rater", f"{one_line(str(rater), 60)!r} rated this item already; give each rater one rating"
    if isinstance(score, bool) or not isinstance(score, int | float) or score not in POINTS:
        return "score", f"it has to be a whole number from {POINTS[0]} to {POINTS[-1]}, not {one_line(repr(score), 60)}"
    if ground not in (None, "", *GROUNDS):
        return "grounding", f"it has to be one of {', '.join(GROUNDS)}, not {one_line(repr(ground), 60)}"
    return Rating(str(rater).strip(), int(score), ground or "")


def open_items(given: str) -> QuestionDeck:
    """The deck in the folder `given`, or the sample, completed. Raises FeedError where an item cannot be rated, StorageFailed."""
    from evals.mm_scale.sample import SAMPLE, sample_folder  # noqa: PLC0415 - it is made of items itself

    deck = read_questions(sample_folder() if given == SAMPLE else Path(given).expanduser())
    return QuestionDeck(deck.name, deck.folder, tuple(completed(item) for item in deck.items))


def completed(item: Question) -> Question:
    """With what follows from its picture and ratings; see the module. Raises FeedError."""
    name = one_line(item.id, 80)
    if item.options:
        raise FeedError(f"item {name!r}, options: a scenario is rated from 1 to 5 and has none")
    if len(item.images) != 1:
        raise FeedError(f"item {name!r}, images: a scenario goes with one picture, not {len(item.images)}")
    people = people_of(item)
    image = item.about.get("image", item.images[0])
    about = {"image": image, "scenario_id": item.about.get("scenario_id", item.id)}
    told: dict[str, Any] = {"cluster": image, "about": {**item.about, **about}, "reference": people.ground, "points": len(POINTS)}
    told["distribution"] = list(people.shares) if people.ratings else []
    told["ratings"] = [rating.row() for rating in people.ratings]
    return Question.model_validate({**item.model_dump(), **told})
