"""From a run's folder to the findings of a benchmark that stands in one file."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from evals.benchmark.base import Benchmark, Scoring
from evals.benchmark.columns import PAIRED, POSITIONS, scores_recipe
from evals.benchmark.reading import ItemMaterial, read_items
from evals.benchmark.report import Findings
from evals.benchmark.scoring import ALL, audit, left_pairs, pairs, scores
from evals.report.words import count, percent, plural
from evals.scoring.answers import SCHEMA
from personas.errors import UserError

__all__ = ["NOTES", "accuracy_scoring", "analyse", "conclusion", "kept_answers"]

NOTES = (
    "A refusal and an unreadable answer are not right; an outage is neither right nor wrong: its samples stay in the count, and “if "
    "outages decided” bounds the score by what they could have been.",
)
_HIDDEN = ("scores", "raw", "logprobs", "content")


def analyse(benchmark: Benchmark, paths: Sequence[str], level: float = 0.95, seed: int = 0) -> Findings:
    """Score what is in the run or session folders. Raises UserError where there is nothing of this benchmark."""
    material = read_items(paths, benchmark.name)
    found = (benchmark.score or accuracy_scoring)(material, level, seed)
    tables = {name: table for name, table in found.tables.items() if table.height} | {"answers.csv": kept_answers(material)}
    people, items = material.answers["who"].n_unique(), material.items["item"].n_unique()
    return Findings(
        benchmark.name,
        f"{benchmark.title}: {plural(people, 'respondent')}, {plural(items, 'item')}",
        found.conclusions,
        (*material.problems, *found.notes),
        tables,
        found.recipes,
        known=tuple(found.tables),
    )


def kept_answers(material: ItemMaterial) -> pl.DataFrame:
    """The answers for a file: without what is no cell of a table."""
    return material.answers.drop(_HIDDEN)


def accuracy_scoring(material: ItemMaterial, level: float = 0.95, seed: int = 0) -> Scoring:
    """Accuracy of closed items, over all and by every name in `about`; where answers and keys stand; respondents in pairs."""
    answers, items, told = _keyed(material)
    names = [name for name in material.items.columns if name not in SCHEMA and name != "who"]
    groups = {name: sorted(material.items[name].drop_nulls().unique().to_list()) for name in names}
    table = scores(answers, items, groups, level)
    tables = {"scores.csv": table, "paired.csv": pairs(answers, level, seed), "positions.csv": audit(answers)}
    whole = table.filter(pl.col("level") == ALL)
    sentences = tuple(conclusion(row) for row in whole.iter_rows(named=True))
    return Scoring(tables, (scores_recipe("Scores"), PAIRED, POSITIONS), sentences, (*NOTES, *told, *left_pairs(answers)))


def _keyed(material: ItemMaterial) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Answers and items where an option is right; of the others a sentence: they are in no score, and no outage. Raises UserError."""
    recorded = {
        str(item.get("id")) for each in material.records for item in each["items"] if isinstance(item, dict) and not item.get("key")
    }
    keyless = recorded | set(material.answers.filter(pl.col("key_place").is_null())["item"])
    if not keyless:
        return material.answers, material.items, []
    answers, items = (table.filter(~pl.col("item").is_in(list(keyless))) for table in (material.answers, material.items))
    if answers.is_empty():
        raise UserError("no option of these items is right, so that there is nothing to score: give each a key")
    return answers, items, [f"{plural(len(keyless), 'item')} without a right option: asked, and in no score."]


def conclusion(row: dict[str, object]) -> str:
    """One sentence on a respondent, from its row of `evals.benchmark.scoring.scores`."""
    score, low, high = row["score"], row["score_low"], row["score_high"]
    samples, left = int(str(row["samples"])), int(str(row["open"]))
    bounds = f" [{percent(low)}, {percent(high)}]" if isinstance(low, float) and isinstance(high, float) else ""
    share = f"{percent(score)}{bounds}" if isinstance(score, float) else "no share"
    lost = f"; {plural(left, 'sample')} of {count(samples)} without an answer" if left else ""
    return f"{row['who']}: {share} right of {plural(samples, 'sample')}{lost}."
