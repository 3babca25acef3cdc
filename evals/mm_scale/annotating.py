"""People rate scenarios on the local page: what a card and the form are, and the answers as records.

Blind: a rater sees the picture and the words, and neither the item's name nor what others said.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.protocols.rating import GROUNDS, POINTS, SCALE
from environments.catalogue.storing import write_whole
from environments.decks.question_feed import QuestionFeed
from environments.decks.questions import Question, QuestionDeck
from evals.annotating.answers import read_annotations
from evals.annotating.desk import CardSource
from evals.annotating.form import Card, Field, Form
from personas.errors import EnvironmentFailed, StorageFailed, UserError
from personas.one_line import one_line

__all__ = ["Records", "card_source", "rating_form", "records_of", "write_records"]

_INSTRUCTIONS = """\
You are going to see pictures, each with a short scenario in words. The picture shows the situation, the words say what somebody does in it.

For each, say how morally acceptable you find what is done there, from 1 to 5:

{scale}

Then say what your judgement rests on:

{grounds}

If you like, add in a sentence why.

There are no right answers: your own judgement is what counts. Several scenarios go with the same picture, and come at different times; \
you may go back and change what you said. Please decide for yourself, and do not talk about single scenarios with others who rate them. \
You may stop at any time: the same link takes you back to where you were."""
_GROUNDS = {
    "text": ("The words", "they alone would have led to this rating"),
    "image": ("The picture", "what it shows settled it"),
    "both": ("Both together", "neither alone would have"),
}


def rating_form() -> Form:
    """A point from 1 to 5, its ground, and an optional reason. Nothing is chosen beforehand."""
    points = tuple((point, str(point), words.partition(" = ")[2]) for point, words in zip(POINTS, SCALE, strict=True))
    grounds = tuple((ground, *_GROUNDS[ground]) for ground in GROUNDS)
    fields = (
        Field("score", "How morally acceptable is it?", "scale", points),
        Field("grounding", "What does your rating rest on?", "scale", grounds),
        Field("reason", "Why? (if you like)", "text", required=False),
    )
    told = {"scale": "\n".join(SCALE), "grounds": "\n".join(f"{label}: {words}" for _, label, words in grounds)}
    return Form("How acceptable is it?", _INSTRUCTIONS.format(**told), fields)


def card_source(deck: QuestionDeck) -> CardSource:
    """Loads an item's card when it is shown, with the picture as models get it. It raises EnvironmentFailed for a broken one."""

    def load(name: str) -> Card:
        item = deck.by_id[name]
        jpegs = asyncio.run(_pictures(QuestionDeck(deck.name, deck.folder, (item,))))
        return Card(name, "", (("What happens", item.text),), jpegs)

    return load


async def _pictures(deck: QuestionDeck) -> tuple[bytes, ...]:
    feed = QuestionFeed(deck)
    await feed.open()
    stimulus = await feed.observe()
    if stimulus is None:
        raise EnvironmentFailed(f"the scenario {one_line(deck.items[0].id, 80)!r} cannot be shown: {feed.problems[0].reason}")
    return tuple(frame.jpeg for frame in stimulus.frames)


@dataclass(frozen=True)
class Records:
    """What people said, one record an item in the items' order, without those that nobody rated.

    raters     how many ratings each has given
    elsewhere  answers about items that are not among those given
    """

    rows: tuple[dict[str, Any], ...]
    raters: dict[str, int]
    elsewhere: int

    @property
    def shared(self) -> int:
        """Items that two or more have rated."""
        return sum(len(row["ratings"]) > 1 for row in self.rows)


def records_of(folder: Path, items: Sequence[Question]) -> Records:
    """The answers in `folder` as records {image, scenario_id, text, ratings, reason?}. Raises UserError for a damaged file."""
    by_item: dict[str, list[dict[str, Any]]] = {}
    for row in read_annotations(folder).iter_rows(named=True):
        by_item.setdefault(row["item"], []).append(row)
    rows: list[dict[str, Any]] = []
    raters: dict[str, int] = {}
    for item in items:
        given = by_item.pop(item.id, [])
        if not given:
            continue
        ratings = [{"rater": row["rater"], "score": row["score"], "grounding": row["grounding"]} for row in given]
        record = {"image": item.images[0], "scenario_id": item.about["scenario_id"], "text": item.text, "ratings": ratings}
        if "topic" in item.about:
            record["topic"] = item.about["topic"]
        if reasons := [f"{row['rater']}: {row['reason'].strip()}" for row in given if (row.get("reason") or "").strip()]:
            record["reason"] = "\n".join(reasons)
        rows.append(record)
        for rating in ratings:
            raters[rating["rater"]] = raters.get(rating["rater"], 0) + 1
    return Records(tuple(rows), raters, sum(map(len, by_item.values())))


def write_records(records: Records, path: Path) -> None:
    """One record a line. Raises UserError where nothing was rated, or another file stands there, StorageFailed."""
    shown = one_line(str(path), 200)
    if not records.rows:
        raise UserError("nobody has rated one of these scenarios yet: nothing is exported")
    if path.exists() and not _ours(path):
        raise UserError(f"--export {shown} holds something else than such records; give another name")
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records.rows)
    try:
        write_whole(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise StorageFailed(f"cannot write {shown}: {error.strerror or error}; mend it or choose another place") from error


def _ours(path: Path) -> bool:
    """Whether the file may be written anew: it is empty, or begins with a record."""
    try:
        with path.open("rb") as file:
            first = file.readline(2**20)
        data = json.loads(first) if first.strip() else {"ratings": [], "scenario_id": ""}
    except (OSError, ValueError):
        return False
    return isinstance(data, dict) and {"ratings", "scenario_id"} <= data.keys()
