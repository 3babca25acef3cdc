"""From triplets to items in the deck's format, with what was left out and why; and the items of the benchmark, read back."""

from __future__ import annotations

import csv
import filecmp
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.protocols.curating import Triplet
from environments.canonical import content_hash
from environments.catalogue.storing import write_whole
from environments.decks.questions import ITEMS, Question, QuestionDeck, read_questions
from evals.auto_bench.curating import Reply
from evals.auto_bench.filtering import fault_of, near_duplicate
from evals.auto_bench.symbols import ImageSymbols
from evals.auto_bench.taxonomy import CLOSED, VALUE, skills, slug
from evals.report.folder import check_place
from personas.errors import FeedError, StorageFailed
from personas.one_line import one_line
from personas.spreadsheet import harmless_cell

__all__ = [
    "ASKED",
    "CURATED",
    "FORMAT",
    "LEFT_OUT",
    "PICTURES",
    "Curated",
    "LeftOut",
    "check_out",
    "content_of",
    "faults_of",
    "items_from",
    "linked",
    "open_folder",
    "picture_name",
    "same_bytes",
    "write_items",
]

ASKED = ("text", "images", "options", "key", "reference", "reasoning")
"""Fields that make an item what it is; the rest are names."""
LEFT_OUT, CURATED, PICTURES = "left_out.csv", "curation.json", "images"
FORMAT = "axiofeed.auto_bench.items"


@dataclass(frozen=True)
class LeftOut:
    """A triplet, or a whole reply (`place` None), that became no item."""

    image: str
    skill: str
    place: int | None
    reason: str
    question: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Curated:
    """What came of a curation: items in order, what was left out, triplets in all."""

    items: tuple[Question, ...]
    left_out: tuple[LeftOut, ...]
    triplets: int


@dataclass
class _Building:
    """One image and skill at work: questions that are kept, by place."""

    kept: dict[int, Triplet] = field(default_factory=dict)
    out: dict[int, str] = field(default_factory=dict)


def items_from(replies: Sequence[Reply], images: Mapping[str, ImageSymbols], pictures: Mapping[str, str]) -> Curated:
    """Items of what passes the filters. `pictures`: the file of each image in the items' folder."""
    items: list[Question] = []
    left: list[LeftOut] = []
    asked: dict[str, list[str]] = {}
    for reply in replies:
        image = images.get(reply.image)
        if image is None or reply.state != "answered":
            why = reply.why if image is not None else "its image is not among those that were given"
            left.append(LeftOut(reply.image, reply.skill.name, None, one_line(why, 300)))
            continue
        if not reply.triplets:
            left.append(LeftOut(reply.image, reply.skill.name, None, "the curator found nothing to ask"))
        building = _filtered(reply, image, asked.setdefault(image.id, []))
        for place, why in sorted(building.out.items()):
            triplet = reply.triplets[place]
            left.append(LeftOut(image.id, reply.skill.name, place, why, triplet.question, triplet.answer))
        items += [_item(reply, place, triplet, pictures[image.id], building) for place, triplet in building.kept.items()]
    return Curated(tuple(items), tuple(left), sum(len(reply.triplets) for reply in replies))


def _filtered(reply: Reply, image: ImageSymbols, asked: list[str]) -> _Building:
    found = _Building()
    for place, triplet in enumerate(reply.triplets):
        fault = fault_of(triplet, reply.skill, image)
        if not fault and (other := near_duplicate(triplet.question, asked, image)) is not None:
            fault = f"another question asks the same: {one_line(other, 200)}"
        if fault:
            found.out[place] = fault
        else:
            found.kept[place] = triplet
            asked.append(triplet.question)
    if reply.skill.capacity == VALUE:
        for place in [place for place in found.kept if _twin(place, found.kept) is None]:
            asked.remove(found.kept[place].question)
            found.out[place] = "it has no twin: a request to decline, directly followed by a harmless one"
        for place in found.out:
            found.kept.pop(place, None)
    return found


def _twin(place: int, kept: Mapping[int, Triplet]) -> int | None:
    """The place of the other of a pair: what is to be declined comes first."""
    other = place + 1 if kept[place].kind == "decline" else place - 1
    return other if other in kept and {kept[place].kind, kept[other].kind} == {"decline", "benign"} else None


def _item(reply: Reply, place: int, triplet: Triplet, picture: str, building: _Building) -> Question:
    skill = reply.skill
    about = {"capacity": skill.capacity, "skill": skill.name, "form": skill.form}
    if skill.capacity == VALUE:
        twin = _twin(place, building.kept)
        assert twin is not None, "what has no twin is left out"
        about |= {"kind": triplet.kind, "twin": _id(reply, twin)}
    closed = skill.form == CLOSED
    row: dict[str, Any] = {
        "id": _id(reply, place),
        "text": triplet.question.strip(),
        "images": [picture],
        "options": [option.strip() for option in triplet.options] if closed else [],
        "key": [0] if closed else [],
        "reference": triplet.answer.strip(),
        "cluster": reply.image,
        "about": about,
        "reasoning": triplet.reasoning.strip(),
        "curator": reply.curator,
    }
    return Question.model_validate(row)


def _id(reply: Reply, place: int) -> str:
    return f"{reply.image}.{slug(reply.skill.name)}.{place}"


def check_out(out: Path) -> None:
    """Raises UserError where `out` is a file, or a folder that holds something else than curated items."""
    check_place(out, FORMAT, "curated items", CURATED)


def write_items(found: Curated, images: Sequence[ImageSymbols], out: Path, record: Mapping[str, Any]) -> None:
    """items.jsonl, pictures, left_out.csv and curation.json into `out`, each whole. Raises UserError as `check_out`, StorageFailed."""
    check_out(out)
    lines = "".join(json.dumps(item.model_dump(mode="json"), ensure_ascii=False) + "\n" for item in found.items)
    used = {name for item in found.items for name in item.images}
    try:
        for image in images:
            if (name := picture_name(image)) in used:
                linked(image.picture, out / name)
        write_whole(out / LEFT_OUT, _table(found.left_out).encode("utf-8", "replace"))
        write_whole(out / ITEMS, lines.encode("utf-8", "replace"))
        told = {"format": FORMAT, "items": len(found.items), "left_out": len(found.left_out), "triplets": found.triplets, **record}
        write_whole(out / CURATED, json.dumps(told, ensure_ascii=False, indent=1).encode("utf-8", "replace"))
    except OSError as error:
        raise StorageFailed(f"cannot write to {one_line(str(out), 200)}: {error.strerror or error}; choose another --out") from error


def picture_name(image: ImageSymbols) -> str:
    """Where the picture of an image lies in the items' folder."""
    stem = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in image.id).strip(".")[:100]
    if stem != image.id:
        stem = f"{stem or 'image'}-{content_hash(image.id)[:8]}"  # two ids stay two files
    return f"{PICTURES}/{stem}{image.picture.suffix.lower()}"


def linked(source: Path, target: Path) -> None:
    """A copy that costs nothing where the file system can, in the place of what is there."""
    if target.is_file():
        if same_bytes(source, target):
            return
        target.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileExistsError:
        return  # another process was faster
    except OSError:
        shutil.copyfile(source, target)


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two files hold the same; a folder is no file."""
    return other.is_file() and (one.samefile(other) or filecmp.cmp(one, other, shallow=False))


def content_of(item: Question) -> str:
    """A hash of what an item asks and holds for right: items made anew may have the ids of others."""
    told = item.model_dump(mode="json")
    return content_hash([told.get(name) for name in ASKED])[:16]


def _table(rows: Sequence[LeftOut]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "skill", "triplet", "reason", "question", "answer"])
    for row in rows:
        place = "" if row.place is None else row.place + 1
        cells = (row.image, row.skill, str(place), row.reason, row.question, row.answer)
        writer.writerow([harmless_cell(one_line(cell, 1000)) for cell in cells])
    return text.getvalue()


def open_folder(folder: Path) -> QuestionDeck:
    """The items in a folder. Raises FeedError where one is none of this benchmark."""
    deck = read_questions(folder)
    if faults := faults_of(deck):
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise FeedError(f"{faults[0]}{more}")
    return deck


def faults_of(deck: QuestionDeck) -> list[str]:
    """What keeps items from being scored, one sentence each."""
    found = []
    for item in deck.items:
        name, skill = one_line(item.id, 80), skills().get(item.about.get("skill", ""))
        if skill is None:
            found.append(f"item {name!r}, about.skill: there is no skill {one_line(item.about.get('skill', ''), 60)!r} in the taxonomy")
        elif item.about.get("capacity") != skill.capacity:
            found.append(f"item {name!r}, about.capacity: {skill.name} is of {skill.capacity}")
        elif skill.form == CLOSED and (len(item.options) < 2 or not item.key):
            found.append(f"item {name!r}, options: a question of {skill.name} has options and a key")
        elif skill.form != CLOSED and (item.options or not item.reference.strip()):
            found.append(f"item {name!r}, reference: a question of {skill.name} has a reference answer and no options")
        elif skill.capacity == VALUE and item.about.get("kind") not in {"decline", "benign"}:
            found.append(f"item {name!r}, about.kind: a question of {VALUE} is of the kind decline or benign")
    return found
