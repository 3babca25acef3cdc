"""What sessions over a benchmark's items say, beside what was to be asked: answers by respondent and way of asking, and their samples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from agent.trace.reader import find_sessions
from evals.benchmark.asking import DECKS, FORMAT, RECORD
from evals.benchmark.respondents import PLAIN, synthetic_note
from evals.scoring.answers import SCHEMA, read_answers
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["PLAIN", "ItemMaterial", "decks_of", "read_items"]

_STEPS = {"choice-steps": "step by step", "choice-chain": "by a chain", "likelihood": "by likelihood"}
_PICTURES = {"none": "no pictures", "wrong": "wrong pictures"}


@dataclass(frozen=True)
class ItemMaterial:
    """Answers to items of a benchmark.

    answers   one row an item and session (`evals.scoring.answers`) with the names in `about` as columns, `who`: the respondent, and how it
              was asked where that is not the usual way; `how`: that way alone; `run`: the folder of the run
    items     one row a `who` and `item` that it was to be asked in the runs it took part in, with the names in `about`;
              `protocol`: the list of those by which it was to be asked, "" where not recorded
    records   what the runs wrote down; empty where sessions were made without this benchmark's command
    """

    answers: pl.DataFrame
    items: pl.DataFrame
    records: tuple[Mapping[str, Any], ...]
    problems: tuple[str, ...]


def read_items(paths: Sequence[str | Path], benchmark: str, protocols: Iterable[str] = ()) -> ItemMaterial:
    """Everything of `benchmark` in the session folders, run folders, and folders of runs. Raises UserError where there is nothing of it.

    Sessions that belong to a run of another benchmark are left out, and said so. UserError too where two runs asked different items under
    one name: their answers are none to the same question.
    """
    places = [place for path in paths for place in (Path(path), *_runs_within(Path(path), benchmark))]
    nothing = UserError(f"there is no answer to items of {benchmark} in {one_line(', '.join(map(str, paths)), 200)}; run it first")
    ways = _sessions(places)
    if not ways:
        raise nothing
    runs = {session: Path(session).parent for session in ways}
    records = {run: record for run in sorted(set(runs.values())) if (record := _record(run)) is not None}
    other = [session for session, run in runs.items() if run in records and records[run].get("benchmark") != benchmark]
    found = read_answers([place for place in places if place.is_dir()], protocols, unnamed=("protocol",))  # `how` says it
    table = found.with_names().filter(~pl.col("folder").is_in(other))
    if table.is_empty():
        raise nothing
    problems = synthetic_note(table)
    problems += [each for each in found.problems if "they count as repeats" not in each]  # decks and pictures set these apart
    if other:
        problems.append(f"{len(other)} sessions are left out: they are of another benchmark.")
    answers = _named(table, ways)
    own = {run: record for run, record in records.items() if record.get("benchmark") == benchmark}
    _check_same(answers, own)
    problems += _silent(answers, own)
    return ItemMaterial(answers, _samples(answers, own), tuple(own.values()), tuple(problems))


def _check_same(answers: pl.DataFrame, records: Mapping[Path, Mapping[str, Any]]) -> None:
    """Raises UserError where one name stands for two items."""
    asked = [*answers.select("item", "content", pl.col("run").fill_null("")).unique(maintain_order=True).iter_rows()]
    for run, record in records.items():  # what was recorded knows the pictures too
        rows = [item for item in record["items"] if isinstance(item, dict) and "content" in item]
        asked += [(str(item.get("id")), f"recorded {item['content']}", str(run)) for item in rows]
    first: dict[tuple[str, bool], tuple[str, str]] = {}
    for item, content, run in asked:
        known, where = first.setdefault((item, content.startswith("recorded")), (content, run))
        if known != content:
            places = " and ".join(one_line(Path(each).name, 60) for each in (where, run))
            raise UserError(f"{places} asked different items called {one_line(item, 80)!r}: score these runs apart")


def _silent(answers: pl.DataFrame, records: Mapping[Path, Mapping[str, Any]]) -> list[str]:
    """Who was to be asked under which condition, and has no answer there: no row of any table is of it."""
    there = {*answers.select(pl.col("model").str.split(" [").list.first(), "condition").unique().iter_rows()}
    wanted = [(model, way) for each in records.values() for model in each.get("models", ()) for way in each.get("conditions", ("shown",))]
    told = []
    for model, condition in dict.fromkeys(wanted):
        if (model, condition) not in there:
            how = f" ({_PICTURES[condition]})" if condition in _PICTURES else ""
            told.append(f"{one_line(model)}{how} was to be asked, and there is no answer of it yet: it stands in no table.")
    return told


def _runs_within(path: Path, benchmark: str) -> list[Path]:
    """The runs of `benchmark` directly in a folder of runs."""
    inside = sorted(each.parent for each in path.glob(f"*/{RECORD}")) if path.is_dir() else []
    return [run for run in inside if (record := _record(run)) is not None and record.get("benchmark") == benchmark]


def _named(table: pl.DataFrame, ways: Mapping[str, str]) -> pl.DataFrame:
    """With `how`, `who` and `run`; names in `about` that are called so give way."""
    table = table.drop("how", "who", "run", strict=False)
    sessions = pl.DataFrame(
        {"folder": list(ways), "how": list(ways.values()), "run": [str(Path(folder).parent) for folder in ways]},
        schema={"folder": pl.String, "how": pl.String, "run": pl.String},
    )
    answers = table.join(sessions, on="folder", how="left", maintain_order="left").with_columns(pl.col("how").fill_null(PLAIN))
    plain = pl.col("respondent").str.replace(" · default", "", literal=True)
    return answers.with_columns(who=pl.when(pl.col("how") == PLAIN).then(plain).otherwise(pl.format("{} ({})", plain, pl.col("how"))))


def _sessions(places: Sequence[Path]) -> dict[str, str]:
    """By session folder, how its items were put. Raises UserError for a folder that is not there."""
    found: dict[str, str] = {}
    for path in places:
        for folder in find_sessions(path):
            try:
                spec = folder.record()["spec"]
                steps = _STEPS.get(spec.get("protocol", ""))
                pictures = _PICTURES.get(spec.get("condition", "shown"))
                examples = f"examples {spec['examples']}" if spec.get("examples", "none") != "none" else None
            except (UserError, KeyError, TypeError, AttributeError):
                continue  # read_answers names it
            found[str(folder.path.resolve())] = ", ".join(filter(None, (steps, pictures, examples))) or PLAIN
    return found


def _record(run: Path) -> Mapping[str, Any] | None:
    """What a run wrote down beside its sessions."""
    try:
        data = json.loads((run / RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    known = isinstance(data, dict) and data.get("format") == FORMAT and isinstance(data.get("items"), list)
    return data if known else None


def _samples(answers: pl.DataFrame, records: Mapping[Path, Mapping[str, Any]]) -> pl.DataFrame:
    """The items of the runs that each respondent took part in, and those that it was shown besides."""
    names = [name for name in answers.columns if name not in SCHEMA and name not in ("who", "how", "run")]
    parts = [answers.select("who", "item", "cluster", "protocol", *names)]
    for who, run, condition in answers.select("who", "run", "condition").unique(maintain_order=True).iter_rows():
        record = records.get(Path(run)) if run is not None else None
        listed = [item for item in (record["items"] if record else ()) if isinstance(item, dict) and "id" in item]
        # An item without a picture has none that could be exchanged: under `wrong` it is not asked.
        rows = [_sample(who, item, names) for item in listed if condition != "wrong" or item.get("images")]
        parts.append(pl.DataFrame(rows, schema=parts[0].schema))
    rest = [pl.col(name).first() for name in ("cluster", *names)]
    protocols = pl.col("protocol").drop_nulls().unique().sort()
    return pl.concat(parts).group_by("who", "item", maintain_order=True).agg(*rest[:1], protocols, *rest[1:])


def _sample(who: str, item: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    about = item.get("about")
    told = about if isinstance(about, dict) else {}
    found = {"who": who, "item": str(item["id"]), "cluster": item.get("cluster"), "protocol": str(item.get("protocol", ""))}
    return found | {name: told.get(name) for name in names}


def decks_of(runs: Iterable[str | Path]) -> list[Path]:
    """The decks that runs asked, in order: a benchmark's scorer finds there the fields that no model sees."""
    return [place for run in runs for place in sorted((Path(run) / DECKS).glob("*")) if place.is_dir()]
