"""The items that a command is given: a folder, or the sample that comes with the package."""

from __future__ import annotations

from pathlib import Path

from environments.decks.questions import Question, QuestionDeck, read_questions
from evals.ch3ef.levels.registry import LEVELS
from evals.ch3ef.sample_items import SAMPLE, sample_folder
from evals.ch3ef.taxonomy import key_of, tasks
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["faults_of", "open_items"]


def open_items(given: str) -> QuestionDeck:
    """The deck in the folder `given`, or the sample. Raises FeedError where an item is none of this benchmark, StorageFailed."""
    deck = read_questions(sample_folder() if given == SAMPLE else Path(given).expanduser())
    if faults := faults_of(deck):
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise FeedError(f"{faults[0]}{more}")
    return deck


def _below(item: Question, level: str) -> list[str]:
    """Of an item of level A1 or A2: it is of a dataset, and has an answer to score by. One sentence at most."""
    if level not in LEVELS:
        return [f"about.level: there is no level {one_line(level, 40)!r}; the choices are {', '.join(LEVELS)}"]
    if not item.about.get("dataset"):
        return [f"about.dataset: it is missing; an item of level {level} says which dataset it is of"]
    if item.options and not item.key:
        return ["key: it has options, and none is right"]
    return [] if item.options or item.reference else ["options: there are none, and no reference"]


def faults_of(deck: QuestionDeck) -> list[str]:
    """What keeps items from being scored, one sentence each: every fault of an item, and pictures that are not there."""
    lacking: dict[str, list[str]] = {}
    for name, image in deck.lacking_pictures():
        lacking.setdefault(name, []).append(f"images: there is no file {one_line(image, 100)!r} beside the items")
    found = []
    for item in deck.items:
        level = item.about.get("level", LEVELS[-1])
        faults = _below(item, level) if level != LEVELS[-1] else [*_of_task(item), *_of_options(item)]
        found += [f"item {one_line(item.id, 80)!r}, {what}" for what in (*faults, *lacking.get(item.id, ()))]
    return found


def _of_task(item: Question) -> list[str]:
    task = item.about.get("task", "")
    if not task:
        return ["about.task: it is missing; an item names a task of the taxonomy"]
    if task not in tasks():
        return [f"about.task: there is no task {one_line(task, 60)!r} in the taxonomy"]
    if any(item.about.get(field) != value for field, value in tasks()[task].about.items()):
        return [f"about: the task {task} is of {tasks()[task].h}, {tasks()[task].domain}"]
    return []


def _of_options(item: Question) -> list[str]:
    if len(item.options) < 2:
        return ["options: there have to be two or more"]
    if tuple(sorted(item.key)) != key_of(item.options):
        return [f"key: {list(item.key)} where the rule of the benchmark makes {list(key_of(item.options))} right"]
    return []
