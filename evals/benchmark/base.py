"""A benchmark in one file: its items, the protocol that asks each, and how answers become tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments.cache import default_cache_dir
from environments.canonical import content_hash
from environments.catalogue.storing import storage, write_whole
from environments.decks.questions import ITEMS, Question, QuestionDeck, read_questions
from personas.errors import FeedError
from personas.one_line import one_line

if TYPE_CHECKING:
    import polars as pl

    from evals.benchmark.reading import ItemMaterial
    from evals.report.sections import Recipe

__all__ = ["SAMPLE", "Benchmark", "Scoring"]

SAMPLE = "sample"


@dataclass(frozen=True)
class Scoring:
    """How answers become figures: `tables` by file name, `recipes` for the page, `conclusions` one sentence each."""

    tables: Mapping[str, pl.DataFrame]
    recipes: Sequence[Recipe]
    conclusions: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Benchmark:
    """A benchmark that `python -m evals.benchmark NAME` runs and scores.

    name         letters, digits and dashes: begins its runs' names
    title        what it measures, and its source
    sample       items that come with it, as lines of items.jsonl (`environments.decks.questions`), or a folder of them with pictures
    protocol_of  the name of the protocol that asks an item
    check        what is wrong with an item besides, as a sentence; "" for nothing
    score        (material, level, seed) to figures; None: accuracy by every name in `about`, places of answers, paired tests
    """

    name: str
    title: str
    sample: Callable[[], Sequence[Mapping[str, Any]] | Path]
    protocol_of: Callable[[Question], str]
    check: Callable[[Question], str] = lambda item: ""
    score: Callable[[ItemMaterial, float, int], Scoring] | None = None

    def open_items(self, given: str) -> QuestionDeck:
        """The deck in the folder `given`, or "sample". Raises StorageFailed, and FeedError that names an item which is none of these."""
        deck = read_questions(self._sample_folder() if given == SAMPLE else Path(given).expanduser())
        for item in deck.items:
            if fault := self.check(item):
                raise FeedError(one_line(f"item {item.id!r} of {given}: {fault}", 400))
        return deck

    def _sample_folder(self) -> Path:
        """The sample on disk: rows are written into the cache, once for each content."""
        rows = self.sample()
        if isinstance(rows, Path):
            return rows
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
        folder = default_cache_dir() / "benchmarks" / f"{self.name}-{content_hash([dict(row) for row in rows])[:12]}"
        if not (folder / ITEMS).is_file():
            with storage(folder, "set AXIOFEED_CACHE to a folder that can be written"):
                write_whole(folder / ITEMS, lines)
        return folder
