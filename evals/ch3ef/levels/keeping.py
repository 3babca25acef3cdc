"""From drafts to a folder of items: drawn or all, pictures copied or turned into PNG, everything left out listed; whole or not there."""

from __future__ import annotations

import csv
import heapq
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from environments.canonical import derived_seed
from environments.decks.questions import ITEMS, Question
from evals.ch3ef.levels.base import Aside, Draft, Fault, Faulty, Found
from evals.ch3ef.levels.pictures import Pictures
from evals.report.words import plural
from personas.errors import FeedError, StorageFailed
from personas.one_line import one_line
from personas.spreadsheet import harmless_cell

__all__ = ["LEFT_OUT", "Kept", "keep"]

LEFT_OUT = "left_out.csv"
_REASONS = 3


@dataclass
class Kept:
    """What was kept of `rows`: items by h (level A3), else by task; what was wrong, and what is no item."""

    rows: int = 0
    items: int = 0
    groups: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    asides: list[Fault] = field(default_factory=list)


def keep(found: Iterable[Found], out: Path, *, sample: int | None = None, seed: int = 0, skip_faulty: bool = False) -> Kept:
    """Write `items.jsonl`, pictures, and `left_out.csv` where anything is left out, into an empty or a new folder.

    sample  as many items, drawn by `seed` and the id alone; items of one cluster together, as far as the number allows. The rows of all
            are checked, the pictures of those drawn
    Raises FeedError for the first fault unless `skip_faulty`, and where nothing is left; then nothing is written. Raises StorageFailed.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FeedError(f"--out {one_line(str(out), 200)} is not empty: give an empty or a new folder")
    kept = Kept()
    place = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=".import-", dir=out.parent))
        drafts = _sound(found, kept, skip_faulty)
        _write(_drawn(drafts, sample, seed) if sample is not None else drafts, kept, place, skip_faulty)
        if not kept.items:
            raise FeedError(f"no row can be used, so nothing is written{_reasons(kept)}")
        _list(kept, place)
        place.chmod(0o755)
        if out.exists():
            out.rmdir()
        place.rename(out)
    except OSError as error:
        raise StorageFailed(f"cannot write to {one_line(str(out))}: {error.strerror or error}; mend it or choose another folder") from error
    finally:
        if place is not None:
            shutil.rmtree(place, ignore_errors=True)
    return kept


def _sound(found: Iterable[Found], kept: Kept, skip_faulty: bool) -> Iterator[Draft]:
    """The drafts, each id once."""
    seen: set[str] = set()
    for each in found:
        kept.rows += 1
        if isinstance(each, Draft) and each.item.id not in seen:
            seen.add(each.item.id)
            yield each
        elif isinstance(each, Draft):
            _fault(Fault(each.file, each.row, "id", f"it stands there already, as {one_line(each.item.id, 80)}"), kept, skip_faulty)
        else:
            _fault(each, kept, skip_faulty)


def _fault(fault: Fault, kept: Kept, skip_faulty: bool) -> None:
    if isinstance(fault, Aside):
        kept.asides.append(fault)
        return
    if not skip_faulty:
        raise FeedError(f"{fault}; mend it, or leave such rows out with --skip-faulty, which lists them")
    kept.faults.append(fault)


def _drawn(drafts: Iterable[Draft], sample: int, seed: int) -> list[Draft]:
    """Those with the lowest of numbers that follow from seed and cluster (or id), in the order of the files."""

    def rank(place: int, draft: Draft) -> tuple[int, int]:
        return derived_seed("sample", seed, draft.item.cluster or draft.item.id), place

    lowest = heapq.nsmallest(sample, ((*rank(place, draft), draft) for place, draft in enumerate(drafts)), key=lambda each: each[:2])
    return [draft for _, _, draft in sorted(lowest, key=lambda each: each[1])]


def _write(drafts: Iterable[Draft], kept: Kept, place: Path, skip_faulty: bool) -> None:
    pictures = Pictures(place)
    with (place / ITEMS).open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        for draft in drafts:
            try:
                images = tuple(pictures.stored(each) for each in draft.pictures)
            except Faulty as fault:
                _fault(Fault(draft.file, draft.row, *fault.args), kept, skip_faulty)
                continue
            item = draft.item.model_copy(update={"images": images})
            file.write(json.dumps(item.model_dump(mode="json"), ensure_ascii=False) + "\n")
            kept.items += 1
            kept.groups[_group(item)] += 1


def _group(item: Question) -> str:
    return item.about.get("h") or item.about.get("task", "")


def _reasons(kept: Kept) -> str:
    """The first row with each of the first few reasons, and how many rows have each: there is no folder to list them in."""
    rows = [*kept.faults, *kept.asides]
    many = Counter((each.field, each.what) for each in rows)
    first = {(each.field, each.what): each for each in reversed(rows)}
    told = [f"{first[why]}" + (f" (and {plural(count - 1, 'row')} like it)" if count > 1 else "") for why, count in many.items()]
    more = f"; and {plural(len(told) - _REASONS, 'reason')} more" if len(told) > _REASONS else ""
    return f": {'; '.join(told[:_REASONS])}{more}" if told else ""


def _list(kept: Kept, place: Path) -> None:
    """`left_out.csv`: faults, then rows that are no items."""
    left = [*kept.faults, *kept.asides]
    if not left:
        return
    with (place / LEFT_OUT).open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "row", "field", "what"))
        for each in left:
            writer.writerow((harmless_cell(each.file), each.row, harmless_cell(each.field), harmless_cell(each.what)))
