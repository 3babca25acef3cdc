"""Curation as a run of the engine: an item for each image and skill, in whose words stand the symbols; triplets come back in the traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.protocols.curating import Triplet, curated
from environments.decks.questions import Question, QuestionDeck
from evals.auto_bench.symbols import ImageSymbols
from evals.auto_bench.taxonomy import CLOSED, VALUE, Skill, skills, slug
from evals.benchmark.asking import ItemRun
from evals.benchmark.reading import read_items
from evals.running import Asked

__all__ = ["CURATION", "Reply", "curation_run", "read_replies", "request_of"]

CURATION = "auto-bench-curation"
"""The benchmark's name in the records of such runs."""


@dataclass(frozen=True)
class Reply:
    """What a curator gave for an image and skill: triplets in its order, or `state` other than answered and why there are none."""

    image: str
    skill: Skill
    curator: str
    state: str
    triplets: tuple[Triplet, ...]
    why: str


def request_of(image: ImageSymbols, skill: Skill, per_image: int) -> Question:
    """The item that asks for at most `per_image` triplets of `skill` (of Value: at least a pair) about `image`."""
    paired = skill.capacity == VALUE
    wanted = max(2, per_image - per_image % 2) if paired else per_image
    lines = [
        f"Skill: {skill.name} ({skill.capacity})",
        f"It asks: {skill.asks}. {skill.note}".strip(),
        f"Form: {'closed, four options' if skill.form == CLOSED else 'open'}{', in pairs' if paired else ''}",
        f"Triplets: at most {wanted}",
        "",
        image.told,
    ]
    about = {"skill": skill.name, "image": image.id}
    row = {"id": f"{image.id}.{slug(skill.name)}", "text": "\n".join(lines), "cluster": image.id, "about": about}
    return Question.model_validate(row)


def curation_run(
    images: Sequence[ImageSymbols], wanted: Sequence[Skill], asked: Asked, *, source: str, per_image: int = 2, seed: int = 0
) -> ItemRun:
    """Every image with every skill. The items have no picture: a curator is told symbols. `source`: what the images are called."""
    items = tuple(request_of(image, skill, per_image) for image in images for skill in wanted)
    deck = QuestionDeck(source, Path(), items)
    return ItemRun(CURATION, deck, items, asked, lambda _: "curate", seed=seed, facts={"per_image": per_image})


def read_replies(runs: Iterable[str | Path]) -> tuple[list[Reply], tuple[str, ...]]:
    """The replies in a run's folder, by image and skill in the order of its record, and sentences on what could not be read.

    What was not asked, because a session failed before, has a reply that says so. Raises UserError where there is none.
    """
    material = read_items(list(runs), CURATION, ["curate"])
    place = {str(item["id"]): number for record in material.records for number, item in enumerate(record["items"])}
    lacking = material.items.join(material.answers.select("item").unique(), on="item", how="anti").to_dicts()
    unasked = [{**row, "state": "unasked", "raw": "", "reason": "its session failed before", "model": ""} for row in lacking]
    rows = sorted(
        _replies([*material.answers.iter_rows(named=True), *unasked]), key=lambda pair: (place.get(pair[0], len(place)), pair[1].curator)
    )
    return [reply for _, reply in rows], material.problems


def _replies(rows: Iterable[dict[str, object]]) -> Iterator[tuple[str, Reply]]:
    for row in rows:
        skill = skills().get(str(row["skill"]))
        if skill is None:
            continue
        state = str(row["state"])
        triplets = curated(str(row["raw"])) if state == "answered" else ()
        why = "" if state == "answered" else f"{state}: {row['reason'] or 'no answer'}"
        yield str(row["item"]), Reply(str(row["image"]), skill, str(row["model"]), state, triplets, why)
