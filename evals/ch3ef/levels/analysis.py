"""All that is told of levels: scores by level and dataset, how they go together, and what to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from evals.benchmark.report import Findings
from evals.benchmark.respondents import asked_alike, in_order, named
from evals.ch3ef.levels.scoring import LEAST, by_dataset, by_level, relations, scores_of
from evals.ch3ef.levels.sections import RECIPES
from evals.ch3ef.reading import read_material
from evals.ch3ef.recipe import INFERENCERS
from evals.ch3ef.taxonomy import published
from evals.report.words import percent, plural
from personas.errors import UserError

__all__ = ["FILES", "NAME", "analyse"]

NAME = "ch3ef-levels"
"""Of its reports."""

FILES = ("levels.csv", "datasets.csv", "relations.csv")
"""The tables there can be."""
_CHOICE = INFERENCERS["direct"]


def analyse(paths: Sequence[str | Path], *, level: float = 0.95, seed: int = 0) -> Findings:
    """Everything about levels in the run or session folders. Raises UserError where no answer is to an item of a level."""
    material = read_material(paths)
    answers, items = _plainly(material.answers), _plainly(material.items)
    if answers.is_empty():
        raise UserError(
            "all answers in these sessions are in words: a level's score is over questions with options; `score` has metrics of text"
        )
    alike, _ = asked_alike(answers)
    datasets = by_dataset(answers, items, level)
    levels = by_level(datasets)
    own = by_level(datasets.join(alike.select("who").unique(), on="who", how="semi", maintain_order="left"))
    related = relations(scores_of(alike, own), level, seed)
    tables = {"levels.csv": levels, "datasets.csv": datasets, "relations.csv": related}
    return Findings(
        NAME,
        f"Ch3Ef by level: {plural(levels['who'].n_unique(), 'respondent')}, {plural(datasets['dataset'].n_unique(), 'dataset')}",
        _conclusions(levels),
        (*material.problems, *_notes(material.texts["dataset"].unique().sort().to_list(), levels, related, answers)),
        {name: table for name, table in tables.items() if table.height},
        RECIPES,
        known=FILES,
        bulky=frozenset(),
    )


def _plainly(table: pl.DataFrame) -> pl.DataFrame:
    """Respondents without the protocol that chooses, which stands in their name where others of theirs answered in words."""
    return table.with_columns(who=pl.col("who").str.replace(f" [{_CHOICE}]", "", literal=True))


def _conclusions(levels: pl.DataFrame) -> tuple[str, ...]:
    def share(row: Mapping[str, Any]) -> str:
        if row["score"] is None:
            return f"{row['level']} –"
        bounds = "" if row["score_low"] is None else f" [{percent(row['score_low'])}, {percent(row['score_high'])}]"
        return f"{row['level']} {percent(row['score'])}{bounds}"

    parts = levels.partition_by("who", as_dict=True, maintain_order=True)
    return tuple(f"{who}: {', '.join(share(row) for row in rows.iter_rows(named=True))}." for (who,), rows in parts.items())


def _notes(in_words: Sequence[str], levels: pl.DataFrame, related: pl.DataFrame, answers: pl.DataFrame) -> list[str]:
    told = [
        "A level's score is the mean over its datasets, one vote each; the interval is that of these datasets (MOVER), not of others.",
        "A refusal and an unreadable answer are not right; an outage is in no score, and stands under “without an answer”.",
    ]
    if in_words:
        told.append(f"Answered in words, and so in no score here: {', '.join(in_words)}. `score` has metrics of text.")
    if (lacking := levels.filter(pl.col("lacking") != "")).height:
        row = lacking.row(0, named=True)
        told.append(f"No score at a level of which datasets are lacking, such as {row['lacking']} for {row['who']}.")
    models = max(related.filter(source="own")["models"])
    alike, way = asked_alike(answers)
    inside = in_order(alike)
    told.append(
        f"Relations are over {models} models, asked alike ({way}: {named(inside)}); below {LEAST} none is computed, and with few an "
        "interval is wide."
    )
    if others := [who for who in in_order(answers) if who not in inside]:
        told.append(f"Asked in another way, and in no relation: {named(others)}.")
    told.append(f"Published relations are between the three h of 16 models ({published()['source']}), over the benchmark's own items.")
    told.append("The correlations between A1, A2 and A3 that the paper describes are not in the data that came with it: none is shown.")
    return told
