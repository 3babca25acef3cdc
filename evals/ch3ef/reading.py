"""What sessions say, beside what was to be asked: answers by respondent and way of asking, and the items of the runs they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from evals.benchmark.reading import read_items
from evals.ch3ef.asking import NAME
from evals.ch3ef.recipe import METRICS
from evals.ch3ef.taxonomy import tasks
from personas.errors import UserError

__all__ = ["Material", "read_material"]


@dataclass(frozen=True)
class Material:
    """Answers to items of the benchmark.

    answers   one row an item and session (`evals.scoring.answers`) with h, domain, task and `who`: the respondent, and how it was asked
              where that is not the usual way; `how`: that way alone
    items     one row a respondent and item that it was to be asked in the runs it took part in: who, item, h, domain, task
    planned   whether `items` is what the runs wrote down (else what was seen)
    metrics   those that the recipes ask for
    """

    answers: pl.DataFrame
    items: pl.DataFrame
    planned: bool
    metrics: tuple[str, ...]
    problems: tuple[str, ...]


def read_material(paths: Sequence[str | Path]) -> Material:
    """Everything in the run or session folders. Raises UserError where there is nothing of this benchmark."""
    found = read_items(paths, NAME)
    lacking = [name for name in ("h", "domain", "task") if name not in found.answers.columns]
    known = found.answers if lacking else found.answers.filter(pl.col("task").is_in(list(tasks())))
    if lacking or known.is_empty():
        raise UserError(
            "these sessions were not over items of Ch3Ef: their items name no task of it; run `python -m evals.ch3ef run` first"
        )
    problems = list(found.problems)
    if known.height < found.answers.height:
        problems.append(f"{found.answers.height - known.height} answers are left out: their items name no task of the benchmark.")
    items = found.items.filter(pl.col("task").is_in(list(tasks())))
    metrics = tuple(name for name in METRICS if not found.records or any(name in _metrics(record) for record in found.records))
    return Material(known, items, bool(found.records), metrics, tuple(problems))


def _metrics(record: Mapping[str, Any]) -> Sequence[str]:
    given = record.get("metrics")
    return given if isinstance(given, list) else METRICS
