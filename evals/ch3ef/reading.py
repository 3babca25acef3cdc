"""What sessions say, beside what was to be asked: answers by respondent and way of asking, and the items of the runs they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from agent.trace.reader import find_sessions
from evals.ch3ef.asking import FORMAT, RECORD
from evals.ch3ef.recipe import METRICS
from evals.ch3ef.taxonomy import tasks
from evals.scoring.answers import read_answers
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["Material", "read_material"]

PROTOCOLS = ("choice", "choice-steps")
_PLAIN = "shown, no examples"


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
    found = read_answers(paths, PROTOCOLS)
    how, runs = _sessions(paths)
    table = found.with_names()
    lacking = [name for name in ("h", "domain", "task") if name not in table.columns]
    known = table if lacking else table.filter(pl.col("task").is_in(list(tasks())))
    if lacking or known.is_empty():
        raise UserError(
            "these sessions were not over items of Ch3Ef: their items name no task of it; run `python -m evals.ch3ef run` first"
        )
    problems = [each for each in found.problems if "they count as repeats" not in each]  # decks and pictures set these apart
    if known.height < table.height:
        problems.append(f"{table.height - known.height} answers are left out: their items name no task of the benchmark.")
    ways = pl.DataFrame({"session": list(how), "how": list(how.values())}, schema={"session": pl.String, "how": pl.String})
    answers = known.join(ways, on="session", how="left", maintain_order="left").with_columns(pl.col("how").fill_null(_PLAIN))
    plain = pl.col("respondent").str.replace(" · default", "", literal=True)
    shown = pl.when(pl.col("how") == _PLAIN).then(plain).otherwise(pl.format("{} ({})", plain, pl.col("how")))
    answers = answers.with_columns(who=shown)
    records = {run: record for run in sorted(set(runs.values())) if (record := _record(run)) is not None}
    items = _samples(answers, records, runs)
    metrics = tuple(name for name in METRICS if not records or any(name in _metrics(record) for record in records.values()))
    silent = [
        model for record in records.values() for model in record.get("models", ()) if not answers["model"].str.starts_with(model).any()
    ]
    problems += [f"{one_line(model)} was to be asked, and there is no answer of it yet." for model in dict.fromkeys(silent)]
    return Material(answers, items, bool(records), metrics, tuple(problems))


def _sessions(paths: Sequence[str | Path]) -> tuple[dict[str, str], dict[str, Path]]:
    """How the items of each session were put, and the folder of the run that it stands in. Raises UserError for two of one name."""
    found: dict[str, str] = {}
    runs: dict[str, Path] = {}
    for path in paths:
        for folder in find_sessions(Path(path)):
            try:
                record = folder.record()
                spec = record["spec"]
                steps = ["step by step"] if spec.get("protocol") == "choice-steps" else []
                pictures = {"none": ["no pictures"], "wrong": ["wrong pictures"]}.get(spec.get("condition", "shown"), [])
                examples = [f"examples {spec['examples']}"] if spec.get("examples", "none") != "none" else []
                name = one_line(str(record.get("session", folder.path.name)))
            except (UserError, KeyError, TypeError, AttributeError):
                continue  # read_answers has named it
            found[name] = ", ".join([*steps, *pictures, *examples]) or _PLAIN
            if runs.setdefault(name, place := folder.path.resolve().parent) != place:
                raise UserError(
                    f"two sessions are called {name}, in {one_line(str(runs[name]))} and {one_line(str(place))}: score them apart"
                )
    return found, runs


def _record(run: Path) -> Mapping[str, Any] | None:
    """What a run wrote down beside its sessions."""
    try:
        data = json.loads((run / RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    known = isinstance(data, dict) and data.get("format") == FORMAT and isinstance(data.get("items"), list)
    return data if known else None


def _samples(answers: pl.DataFrame, records: Mapping[Path, Mapping[str, Any]], runs: Mapping[str, Path]) -> pl.DataFrame:
    """The items of the runs that each respondent took part in, and those that it was shown besides."""
    parts = [answers.select("who", "item", "h", "domain", "task")]
    for who, session in answers.select("who", "session").unique(maintain_order=True).iter_rows():
        record = records.get(runs.get(session, Path()))
        rows = [
            {"who": who, "item": str(item["id"]), **tasks()[item["task"]].about}
            for item in (record["items"] if record else ())
            if isinstance(item, dict) and "id" in item and item.get("task") in tasks()
        ]
        parts.append(pl.DataFrame(rows, schema=parts[0].schema))
    return pl.concat(parts).unique(["who", "item"], keep="first", maintain_order=True)


def _metrics(record: Mapping[str, Any]) -> Sequence[str]:
    recipe = record.get("recipe")
    given = recipe.get("metrics") if isinstance(recipe, dict) else None
    return given if isinstance(given, list) else METRICS
