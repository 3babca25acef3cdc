"""Items of a benchmark as an experiment of the engine: decks of at most a hundred in the experiment's folder, a session for each.

The name follows from what is asked, so that the same command carries on and pays for nothing twice. Beside the sessions stands
`benchmark.json`: every item that was to be asked, so that no denominator can shrink.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments.canonical import content_hash, rng
from environments.catalogue.storing import write_whole
from environments.decks.examples import NO_EXAMPLES
from environments.decks.questions import ITEMS, Question, QuestionDeck
from evals.running import Asked, planned
from personas.errors import SpecError, StorageFailed
from personas.one_line import one_line

if TYPE_CHECKING:
    from agent.experiments.plan import Plan

__all__ = ["DECKS", "FORMAT", "RECORD", "Batch", "ItemRun", "plan_of", "record_of", "run_name", "write_decks"]

RECORD, FORMAT = "benchmark.json", "axiofeed.benchmark.run"
DECKS = "items"
"""The folder of a run's decks, in the experiment's."""
_BATCH = 100


@dataclass(frozen=True)
class Batch:
    """Items that one session shows, and the protocol that asks them."""

    protocol: str
    items: tuple[Question, ...]


@dataclass(frozen=True)
class ItemRun:
    """Whom to ask what.

    benchmark    begins the run's name
    items        those of `deck` that are asked
    protocol_of  the name of the protocol that asks an item
    conditions   shown, none, wrong: what is done with the pictures
    cells        prompt wordings, from 0
    facts        what else the run writes down; part of what is asked
    aside        the same, but for what does not change what is asked, such as metrics
    """

    benchmark: str
    deck: QuestionDeck
    items: tuple[Question, ...]
    asked: Asked
    protocol_of: Callable[[Question], str]
    conditions: tuple[str, ...] = ("shown",)
    repeats: int = 1
    cells: tuple[int, ...] = (0,)
    examples: str = NO_EXAMPLES
    seed: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    aside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def batches(self) -> list[Batch]:
        """The items by protocol, dealt by chance into decks of nearly one size; in one where examples are drawn from it."""
        apart: dict[str, list[Question]] = {}
        for item in self.items:
            apart.setdefault(self.protocol_of(item), []).append(item)
        found = []
        for protocol, items in apart.items():
            decks = 1 if self.examples != NO_EXAMPLES else math.ceil(len(items) / _BATCH)
            dealt = list(items)
            if decks > 1:
                rng("batches", self.seed).shuffle(dealt)
            found += [Batch(protocol, tuple(dealt[number::decks])) for number in range(decks)]
        return found


def run_name(given: str | None, run: ItemRun) -> str:
    """The name of a run: as given, else from what is asked."""
    if given is not None:
        return given
    asked = run.asked
    rows = [[item.model_dump(mode="json"), run.protocol_of(item)] for item in run.items]
    how = [list(run.conditions), run.repeats, list(run.cells), run.examples, run.seed, dict(run.facts)]
    told = [list(asked.models), dict(asked.addresses), dict(asked.options), how, rows]
    stem = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in run.deck.name.removeprefix(f"{run.benchmark}-"))
    return f"{run.benchmark}-{stem[:30].strip('-') or 'items'}-{content_hash(told)[:8]}"


def plan_of(name: str, run: ItemRun, folder: Path) -> Plan:
    """The experiment; its decks are `write_decks`'s in `folder`, that of the experiment. Raises SpecError."""
    common = {"environment": "deck", "strategy": "none", "seed": run.seed, "examples": run.examples}
    places: dict[str, list[tuple[str, int]]] = {}
    for number, batch in enumerate(run.batches):
        places.setdefault(batch.protocol, []).append((str(_place(folder, number)), len(batch.items)))
    blocks: list[dict[str, Any]] = [
        {
            "model": list(run.asked.models),
            "condition": list(run.conditions),
            "cell": list(run.cells),
            "protocol": protocol,
            "feed": [feed for feed, _ in shown],
            "videos": [videos for _, videos in shown],
            "together": [["feed", "videos"]],
            "repeats": run.repeats,
        }
        for protocol, shown in places.items()
    ]
    return planned(name, f"{run.benchmark}: {len(run.items)} items of {one_line(run.deck.name, 60)}", common, blocks, run.asked)


def _place(folder: Path, number: int) -> Path:
    return folder / DECKS / f"{number:03d}"


def write_decks(run: ItemRun, folder: Path) -> None:
    """The decks and `benchmark.json` into the experiment's folder, where they are not there yet.

    Raises SpecError where the folder holds the decks of other items, StorageFailed.
    """
    _check_record(run, folder)
    try:
        for number, batch in enumerate(run.batches):
            place = _place(folder, number)
            for image in {image for item in batch.items for image in item.images}:
                _linked(run.deck.picture(image), place / image.replace("\\", "/"))
            lines = "".join(json.dumps(item.model_dump(mode="json"), ensure_ascii=False) + "\n" for item in batch.items)
            write_whole(place / ITEMS, lines.encode("utf-8", "replace"))
        write_whole(folder / RECORD, json.dumps(record_of(run), ensure_ascii=False, indent=1).encode("utf-8", "replace"))
    except OSError as error:
        raise StorageFailed(f"cannot write to {one_line(str(folder))}: {error.strerror or error}; choose another --runs") from error


def _check_record(run: ItemRun, folder: Path) -> None:
    """An experiment keeps its items: with others under its name, sessions would go on over another deck."""
    try:
        before = json.loads((folder / RECORD).read_bytes())
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        before = None
    if not isinstance(before, dict) or before.get("items") != record_of(run)["items"]:
        raise SpecError(f"{one_line(str(folder))} was begun with other items: give another --name, or leave it out")


def record_of(run: ItemRun) -> dict[str, Any]:
    """What `benchmark.json` holds."""
    items = [
        {
            "id": item.id,
            "images": len(item.images),
            "options": len(item.options),
            "key": list(item.key),
            "cluster": item.cluster,
            "protocol": run.protocol_of(item),
            "about": dict(item.about),
            "content": _content(run.deck, item),
        }
        for item in run.items
    ]
    return {
        "format": FORMAT,
        "benchmark": run.benchmark,
        "deck": run.deck.name,
        "models": list(run.asked.models),
        "conditions": list(run.conditions),
        "repeats": run.repeats,
        "cells": list(run.cells),
        "examples": run.examples,
        "seed": run.seed,
        **run.facts,
        **run.aside,
        "items": items,
    }


def _content(deck: QuestionDeck, item: Question) -> str:
    """Of what a respondent sees and what is right: words, options, key, and pictures by name and size."""
    pictures = [[image, deck.picture(image).stat().st_size] for image in item.images]
    return content_hash([item.text, list(item.options), list(item.key), item.scale, pictures])[:16]


def _linked(source: Path, target: Path) -> None:
    """The picture under another name, without a second copy where the file system can."""
    if target.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # a link that leads nowhere
    try:
        os.link(os.path.realpath(source), target)  # of a link the file: the link itself leads nowhere from here
    except OSError:
        shutil.copyfile(source, target)
