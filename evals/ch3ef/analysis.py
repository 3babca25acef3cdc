"""All that a score of Ch3Ef holds: tables by file name, conclusions, and what to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from evals.benchmark.report import Findings
from evals.benchmark.scoring import ALL, audit, pairs
from evals.ch3ef.asking import NAME
from evals.ch3ef.figure import score_figure
from evals.ch3ef.reading import Material, read_material
from evals.ch3ef.scoring import beside_published, calibrations, correlations, scores
from evals.ch3ef.sections import RECIPES, TASKS
from evals.ch3ef.taxonomy import FEWEST, H, published, taxonomy
from evals.report.words import count, percent, plural

__all__ = ["FILES", "analyse"]

FILES = ("scores.csv", "published.csv", "positions.csv", "calibration.csv", "paired.csv", "correlations.csv", "answers.csv")
"""The tables there can be."""


def analyse(paths: Sequence[str | Path], *, level: float = 0.95, seed: int = 0) -> Findings:
    """Score what is in session, run and folders of runs. Raises UserError where there is nothing of this benchmark."""
    material = read_material(paths)
    table = scores(material.answers, material.items, level)
    kept = ["who", "how", "session", "repeat", "cell", "item", "h", "domain", "task", "state", "options", "place", "option", "key_place"]
    tables = {
        "scores.csv": table,
        "published.csv": beside_published(table),
        "answers.csv": material.answers.select(*kept, "right", "reason"),
    }
    if "positions" in material.metrics:
        tables["positions.csv"] = audit(material.answers)
    if "ece" in material.metrics:
        tables["calibration.csv"] = calibrations(material.answers, level, seed)
    if "paired" in material.metrics:
        tables["paired.csv"] = pairs(material.answers, level, seed)
    if "correlations" in material.metrics:
        tables["correlations.csv"] = correlations(table, material.answers)
    there = {name: tables[name] for name in FILES if name in tables and tables[name].height}
    people = table["who"].unique(maintain_order=True).to_list()
    return Findings(
        NAME,
        f"Ch3Ef: {plural(len(people), 'respondent')}, {plural(material.items['item'].n_unique(), 'sample')}",
        _conclusions(table),
        _notes(material, table, there),
        there,
        RECIPES,
        figures=(score_figure(table, people),),
        known=FILES,
        quiet=frozenset({TASKS}),
    )


def _conclusions(table: pl.DataFrame) -> tuple[str, ...]:
    return tuple(_conclusion(str(who), rows) for (who,), rows in table.partition_by("who", as_dict=True, maintain_order=True).items())


def _conclusion(who: str, rows: pl.DataFrame) -> str:
    by_group = {row["group"]: row for row in rows.iter_rows(named=True)}
    parts = [f"{h.lower()} {_share(by_group[h])}" for h in H if h in by_group]
    whole = by_group[ALL]
    lost = f"; {plural(whole['open'], 'sample')} of {count(whole['samples'])} without an answer" if whole["open"] else ""
    return f"{who}: {_share(whole)} right of {plural(whole['samples'], 'sample')} ({', '.join(parts)}){lost}."


def _share(row: Mapping[str, float | None]) -> str:
    score, low, high = row["score"], row["score_low"], row["score_high"]
    return "–" if score is None or low is None or high is None else f"{percent(score)} [{percent(low)}, {percent(high)}]"


def _notes(material: Material, table: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    few = table.filter((pl.col("level") == "task") & (pl.col("samples") < FEWEST))["group"].n_unique()
    notes = [
        "A refusal and an unreadable answer are not right; an outage is neither right nor wrong: its samples stay in the count, and "
        "“least” and “most” bound the score by what they could have been.",
        "Where “I don't know.” is an option, it is right too, besides the answer itself.",
    ]
    if few:
        notes.append(f"{plural(few, 'task')} with fewer than {FEWEST} samples: their scores are shown with intervals, and not ranked.")
    if not material.planned:
        notes.append("No run wrote down which items were to be asked: only those that were shown are counted as samples.")
    if "ece" in material.metrics and "calibration.csv" not in tables:
        notes.append(
            "No calibration: no answer came with log-probabilities of all options (vllm, compatible and llamacpp give them with "
            "--model-option logprobs=true)."
        )
    own = [] if "correlations.csv" not in tables else tables["correlations.csv"].filter(pl.col("source") == "own")["models"].to_list()
    if own:
        enough = "below three none is computed" if max(own) < 3 else "with few models intervals are wide"
        notes.append(f"Correlations between domains are over {plural(max(own), 'respondent')} of this run; {enough}.")
    notes.append(f"Published scores: {published()['source']}; {published()['measure']}. {taxonomy()['note']}")
    notes.append("A score on other items than the benchmark's own cannot be compared with the published ones.")
    return (*material.problems, *notes)
