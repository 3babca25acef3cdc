"""Items as chat messages for supervised fine-tuning, with a test set that shares no image with what is trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.protocols.choice import LETTERS, lettered
from environments.canonical import rng
from environments.catalogue.storing import write_whole
from environments.decks.question_feed import shown_order
from environments.decks.questions import Question, QuestionDeck
from evals.auto_bench.items import linked, same_bytes
from evals.auto_bench.taxonomy import VALUE
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line

__all__ = ["Export", "check_place", "export", "message_row", "test_groups", "write_export"]


@dataclass(frozen=True)
class Export:
    """Rows to train on and rows that are held out; `left`: how many items were left out, by reason."""

    train: tuple[dict[str, Any], ...]
    test: tuple[dict[str, Any], ...]
    left: Mapping[str, int]
    images: tuple[str, ...]


def export(
    deck: QuestionDeck, good: set[str] | None, *, value: bool = False, reasoning: bool = False, share: float = 0.2, seed: int = 0
) -> Export:
    """The items as rows. `good`: ids that people found good, None for all; `value`: questions of Value too; `share` of images held out.

    Raises UserError where nothing is left, or where all of it falls on one side.
    """
    left: dict[str, int] = {}
    kept: list[Question] = []
    for item in deck.items:
        why = ""
        if good is not None and item.id not in good:
            why = "not checked, or found flawed"
        elif item.about.get("capacity") == VALUE and not value:
            why = "of Value"
        if why:
            left[why] = left.get(why, 0) + 1
        else:
            kept.append(item)
    if not kept:
        raise UserError("no item is left to export: check some (verify), or add --all or --value")
    held = test_groups(deck, kept, share, seed)
    rows = [(message_row(item, seed, reasoning=reasoning), item.id in held) for item in kept]
    images = tuple(dict.fromkeys(image for item in kept for image in item.images))
    return Export(tuple(row for row, test in rows if not test), tuple(row for row, test in rows if test), left, images)


def test_groups(deck: QuestionDeck, items: Sequence[Question], share: float, seed: int) -> set[str]:
    """The ids of items that are held out: whole groups of items that share a cluster, a picture, or the bytes of one.

    A random `share` of the groups, at least one where `share` > 0 and there are two; never all of them.
    """
    group = _joined(deck, items)
    names = sorted(set(group.values()), key=lambda name: rng("held out", seed, name).random())
    count = min(len(names) - 1, max(1, round(share * len(names)))) if share > 0 else 0
    held = set(names[:count])
    return {item.id for item in items if group[item.id] in held}


def _joined(deck: QuestionDeck, items: Sequence[Question]) -> dict[str, str]:
    """The group of each item, named by its first member."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    hashes: dict[str, str] = {}
    for item in items:
        marks = [f"cluster {item.cluster}"] if item.cluster is not None else []
        for image in item.images:
            if image not in hashes:
                hashes[image] = hashlib.sha256(deck.picture(image).read_bytes()).hexdigest()
            marks.append(f"bytes {hashes[image]}")
        for mark in marks:
            parent[root(mark)] = root(f"item {item.id}")
    return {item.id: root(f"item {item.id}") for item in items}


def message_row(item: Question, seed: int = 0, *, reasoning: bool = False) -> dict[str, Any]:
    """One conversation: pictures and question, then the answer, after its reasoning where that is wanted.

    Options stand under letters in an order that the seed and the item decide: else the right one would always be A.
    """
    question, answer = item.text, item.reference
    if item.options:
        order = shown_order(item, seed, 0)
        question = f"{item.text}\n\n{lettered([item.options[place] for place in order])}"
        at = order.index(item.key[0])
        answer = f"{LETTERS[at]}. {item.options[item.key[0]]}"
    why = (item.model_extra or {}).get("reasoning")
    if reasoning and isinstance(why, str) and why:
        answer = f"{why}\n\n{answer}"
    asked: list[dict[str, str]] = [{"type": "image", "image": image} for image in item.images]
    messages = [
        {"role": "user", "content": [*asked, {"type": "text", "text": question}]},
        {"role": "assistant", "content": [{"type": "text", "text": answer}]},
    ]
    curator = (item.model_extra or {}).get("curator")
    named = {"id": item.id, "skill": item.about.get("skill", ""), "curator": curator if isinstance(curator, str) else ""}
    return {**named, "messages": messages}


def check_place(path: Path) -> None:
    """Raises UserError where `path` is no .jsonl file to be written, or holds something else than such an export."""
    shown = one_line(str(path), 200)
    if path.suffix != ".jsonl" or path.is_dir():
        raise UserError(f"--out {shown}: give a file that ends in .jsonl")
    for each in (path, path.with_suffix(".test.jsonl")):
        if not each.exists():
            continue
        try:
            with each.open("rb") as file:
                first = json.loads(file.readline() or b"{}")
        except (OSError, ValueError):
            first = None
        if not isinstance(first, dict) or (first and not {"id", "messages"} <= first.keys()):
            raise UserError(f"{one_line(str(each), 200)} holds something else; give another --out")


def write_export(found: Export, deck: QuestionDeck, path: Path) -> None:
    """`path`, beside it PATH.test.jsonl and the pictures under the names in the rows. Raises UserError as `check_place`, StorageFailed."""
    check_place(path)
    places = [(deck.picture(image), path.parent / image.replace("\\", "/")) for image in found.images]
    try:
        if other := [place for source, place in places if place.exists() and not same_bytes(source, place)]:
            raise UserError(f"{one_line(str(other[0]), 200)} is another picture; give an --out in a folder of its own")
        for source, place in places:
            linked(source, place)
        write_whole(path.with_suffix(".test.jsonl"), _lines(found.test))
        write_whole(path, _lines(found.train))
    except OSError as error:
        raise StorageFailed(f"cannot write {one_line(str(path), 200)}: {error.strerror or error}; choose another --out") from error


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """One row a line, for readers also that take U+2028 for the end of one."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return text.translate({mark: f"\\u{mark:04x}" for mark in (0x85, 0x2028, 0x2029)}).encode("utf-8", "replace")
