"""A benchmark in one file: its items, the protocol that asks each, and how answers become tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.decks.questions import Question, QuestionDeck

if TYPE_CHECKING:
    import polars as pl

    from evals.benchmark.reading import ItemMaterial
    from evals.report.sections import Recipe

__all__ = ["Benchmark", "Scoring"]


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
    open_items   the deck of `--items`: "sample", or a folder. Raises FeedError
    protocol_of  the name of the protocol that asks an item
    score        (material, level, seed) to figures; None: accuracy by every name in `about`, places of answers, paired tests
    """

    name: str
    title: str
    open_items: Callable[[str], QuestionDeck]
    protocol_of: Callable[[Question], str]
    score: Callable[[ItemMaterial, float, int], Scoring] | None = None
