"""What sessions say, beside what was to be asked: answers by respondent and way of asking, and the items of the runs they belong to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from environments.decks.questions import ITEMS
from evals.benchmark.asking import RECORD
from evals.benchmark.reading import decks_of, read_items
from evals.ch3ef.asking import NAME, OPEN
from evals.ch3ef.levels.scoring import placed
from evals.ch3ef.likelihoods import with_rules
from evals.ch3ef.recipe import METRICS, TEXT_METRICS
from personas.errors import UserError

__all__ = ["Material", "read_material"]

_ALL = (*METRICS, *TEXT_METRICS)


@dataclass(frozen=True)
class Material:
    """Answers to items of the benchmark, and of levels A1 and A2.

    answers   to items with options: one row an item and session (`evals.scoring.answers`) with level, dataset, h, domain, task; `who`: the
              respondent, and how it was asked where that is not the usual way; `how`: that way alone. Likelihoods by the rule of their run
    items     one row a respondent and such an item that it was to be asked in the runs it took part in, with the same names
    texts     answers in words, with `references`: what each may say; `worded`: as `items`, those to be answered in words
    planned   whether `items` is what the runs wrote down (else what was seen)
    metrics   those that the recipes ask for
    runs      the folders of the runs
    """

    answers: pl.DataFrame
    items: pl.DataFrame
    texts: pl.DataFrame
    worded: pl.DataFrame
    planned: bool
    metrics: tuple[str, ...]
    runs: tuple[str, ...]
    problems: tuple[str, ...]


def read_material(paths: Sequence[str | Path]) -> Material:
    """Everything in the run or session folders. Raises UserError where there is nothing of this benchmark."""
    found = read_items(paths, NAME)
    known, items = placed(found.answers), placed(found.items)
    if known.is_empty():
        raise UserError(
            "these sessions were not over items of Ch3Ef: their items name no task of it; run `python -m evals.ch3ef run` first"
        )
    problems = list(found.problems)
    if known.height < found.answers.height:
        problems.append(f"{found.answers.height - known.height} answers are left out: their items name no task of the benchmark.")
    known, items = (table if "domain" in table.columns else table.with_columns(domain=pl.lit(None, pl.String)) for table in (known, items))
    runs = tuple(sorted(run for run in known["run"].unique() if run is not None))
    records = {run: record for run in runs if (record := _record(run))}
    answers, texts = known.filter(pl.col("protocol") != OPEN), known.filter(protocol=OPEN)
    closed = pl.col("protocol").list.eval(pl.element() != OPEN).list.any()
    return Material(
        with_rules(answers, {run: str(each.get("normalise", "")) for run, each in records.items()}),
        items.filter(closed),
        texts.with_columns(references=_references(texts, runs)),
        items.filter(pl.col("protocol").list.contains(OPEN)),
        bool(found.records),
        tuple(name for name in _ALL if not records or any(name in _metrics(record) for record in records.values())),
        runs,
        tuple(problems),
    )


def _record(run: str) -> Mapping[str, Any]:
    """What a run wrote down, as far as it can be read."""
    try:
        data = json.loads((Path(run) / RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _metrics(record: Mapping[str, Any]) -> Sequence[str]:
    given = record.get("metrics")
    return given if isinstance(given, list) and given else _ALL


def _references(texts: pl.DataFrame, runs: Sequence[str]) -> pl.Series:
    """By answer the texts that count as right: the item's `references` in the decks of the runs, else its one reference."""
    several: dict[str, list[str]] = {}
    for deck in decks_of(runs) if texts.height else ():
        for item, found in _in_deck(deck / ITEMS):
            several.setdefault(item, found)
    rows = [several.get(item) or ([reference] if reference else []) for item, reference in texts.select("item", "reference").iter_rows()]
    return pl.Series("references", rows, dtype=pl.List(pl.String))


def _in_deck(path: Path) -> Iterable[tuple[str, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        for line in filter(None, text.split("\n")):  # and no other ends of lines, which may stand in a text
            row = json.loads(line)
            given = row.get("references") if isinstance(row, dict) else None
            if isinstance(given, list):
                yield str(row.get("id")), [text for text in given if isinstance(text, str) and text.strip()]
    except (OSError, ValueError):
        return  # a deck that was changed by hand: the trace holds one reference of each item
