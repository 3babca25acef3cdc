"""What is to be asked, as an experiment of the engine: the items of a recipe in decks of at most a hundred, in every wording wanted.

Names follow from what is asked, so that the same command carries on and pays for nothing twice. Beside the sessions stands `ch3ef.json`:
the recipe and every item that was to be asked, so that no denominator can shrink.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments.canonical import content_hash, rng
from environments.catalogue.storing import write_whole
from environments.decks.examples import NO_EXAMPLES
from environments.decks.questions import ITEMS, Question, QuestionDeck
from evals.ch3ef.recipe import Recipe
from evals.running import Asked, planned
from personas.errors import SpecError, StorageFailed
from personas.one_line import one_line

if TYPE_CHECKING:
    from agent.experiments.plan import Plan

__all__ = ["FORMAT", "RECORD", "Wanted", "plan_of", "record_of", "run_name", "write_decks"]

RECORD, FORMAT = "ch3ef.json", "axiofeed.ch3ef.run"
_DECKS = "items"
_BATCH = 100
_CELLS = 3
"""Wordings of the protocols that the inferencers stand for."""


@dataclass(frozen=True)
class Wanted:
    """Whom to ask what: `items` of `deck` by `recipe`, under each of `conditions`."""

    asked: Asked
    recipe: Recipe
    deck: QuestionDeck
    items: tuple[Question, ...]
    conditions: tuple[str, ...]
    seed: int = 0

    @property
    def batches(self) -> list[tuple[Question, ...]]:
        """The items, dealt by chance. Where other items are shown with one, all stand in one deck: they are drawn from it."""
        whole = self.recipe.instruction.examples != NO_EXAMPLES or "wrong" in self.conditions or len(self.items) <= _BATCH
        if whole:
            return [self.items]
        dealt = list(self.items)
        rng("batches", self.seed).shuffle(dealt)
        return [tuple(dealt[start : start + _BATCH]) for start in range(0, len(dealt), _BATCH)]


def run_name(given: str | None, wanted: Wanted) -> str:
    """The name of a run: as given, else from what is asked."""
    if given is not None:
        return given
    asked = wanted.asked
    rows = [item.model_dump(mode="json") for item in wanted.items]
    recipe = wanted.recipe.model_dump(mode="json", exclude={"metrics"})
    told = [list(asked.models), dict(asked.addresses), dict(asked.options), recipe, list(wanted.conditions), wanted.seed, rows]
    stem = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in wanted.deck.name.removeprefix("ch3ef-"))
    return f"ch3ef-{stem[:30].strip('-') or 'items'}-{content_hash(told)[:8]}"


def plan_of(name: str, wanted: Wanted, folder: Path) -> Plan:
    """The experiment; its decks are `write_decks`'s in `folder`, that of the experiment. Raises SpecError."""
    recipe = wanted.recipe
    shown = [(str(_place(folder, number)), len(batch)) for number, batch in enumerate(wanted.batches)]
    common: dict[str, Any] = {
        "environment": "deck",
        "protocol": recipe.protocol,
        "strategy": "none",
        "seed": wanted.seed,
        "examples": recipe.instruction.examples,
    }
    cross = {
        "model": list(wanted.asked.models),
        "condition": list(wanted.conditions),
        "cell": 0 if recipe.instruction.query == "standard" else list(range(_CELLS)),
        "feed": [feed for feed, _ in shown],
        "videos": [videos for _, videos in shown],
        "together": [["feed", "videos"]],
        "repeats": recipe.repeats,
    }
    return planned(name, f"Ch3Ef: {len(wanted.items)} items of {one_line(wanted.deck.name, 60)}", common, [cross], wanted.asked)


def _place(folder: Path, number: int) -> Path:
    return folder / _DECKS / f"{number:03d}"


def write_decks(wanted: Wanted, folder: Path) -> None:
    """The decks and `ch3ef.json` into the experiment's folder, where they are not there yet.

    Raises SpecError where the folder holds the decks of other items, StorageFailed.
    """
    _check_record(wanted, folder)
    try:
        for number, batch in enumerate(wanted.batches):
            place = _place(folder, number)
            for image in {image for item in batch for image in item.images}:
                _linked(wanted.deck.picture(image), place / image.replace("\\", "/"))
            lines = "".join(json.dumps(item.model_dump(mode="json"), ensure_ascii=False) + "\n" for item in batch)
            write_whole(place / ITEMS, lines.encode("utf-8", "replace"))
        write_whole(folder / RECORD, json.dumps(record_of(wanted), ensure_ascii=False, indent=1).encode("utf-8", "replace"))
    except OSError as error:
        raise StorageFailed(f"cannot write to {one_line(str(folder))}: {error.strerror or error}; choose another --runs") from error


def _check_record(wanted: Wanted, folder: Path) -> None:
    """An experiment keeps its items: with others under its name, sessions would go on over another deck."""
    try:
        before = json.loads((folder / RECORD).read_bytes())
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        before = None
    if not isinstance(before, dict) or before.get("items") != record_of(wanted)["items"]:
        raise SpecError(f"{one_line(str(folder))} was begun with other items: give another --name, or leave it out")


def record_of(wanted: Wanted) -> dict[str, Any]:
    """What `ch3ef.json` holds."""
    items = [{"id": item.id, "options": len(item.options), "key": list(item.key), **_named(item)} for item in wanted.items]
    conditions: Sequence[str] = wanted.conditions
    return {
        "format": FORMAT,
        "deck": wanted.deck.name,
        "recipe": wanted.recipe.model_dump(mode="json"),
        "models": list(wanted.asked.models),
        "conditions": list(conditions),
        "seed": wanted.seed,
        "items": items,
    }


def _named(item: Question) -> dict[str, str]:
    return {name: item.about[name] for name in ("h", "domain", "task")}


def _linked(source: Path, target: Path) -> None:
    """The picture under another name, without a second copy where the file system can."""
    if target.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
