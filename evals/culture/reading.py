"""From runs to one table of answers: who was asked what in which condition about which country, and what the survey's people said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from evals.culture.decks import ABOUT, FORMAT
from evals.culture.survey import Exclusion
from evals.scoring.answers import read_answers
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["Material", "Question", "read_material"]


@dataclass(frozen=True)
class Question:
    """As it was asked: `answers` by country over `options`; `scored`: the places of the options that distances are over."""

    id: str
    topic: str
    text: str
    options: tuple[str, ...]
    ordinal: bool
    dont_know: tuple[int, ...]
    answers: Mapping[str, tuple[float, ...]]
    scored: tuple[int, ...]

    @property
    def scale(self) -> tuple[int, ...]:
        """The places of the points of a scale, or of the options that are an answer."""
        return tuple(place for place in range(len(self.options)) if place not in self.dont_know)


@dataclass(frozen=True)
class Material:
    """What runs hold.

    answers   a row an answer: respondent, model, condition, country, item, state, repeat, cell, place, option, options, logprobs, run
    asked     (run, condition, country, question) that were to be asked
    pictures  country, category, income: those of the manifest
    """

    survey: str
    synthetic: bool
    dont_know: str
    countries: tuple[str, ...]
    conditions: tuple[str, ...]
    questions: Mapping[str, Question]
    answers: pl.DataFrame
    asked: Mapping[str, tuple[tuple[str, str, str], ...]]
    exclusions: tuple[Exclusion, ...]
    pictures: pl.DataFrame
    notes: tuple[str, ...]


def read_material(paths: Sequence[str]) -> Material:
    """The runs that these folders are, or hold. Raises UserError where there is none, nothing is answered yet, or surveys differ."""
    records = {run.resolve(): _record(run) for path in paths for run in _runs(Path(path))}
    first = next(iter(records.values()))
    for folder, record in records.items():
        if (record["hash"], record["dont_know"]) != (first["hash"], first["dont_know"]):
            raise UserError(f"{one_line(str(folder))} asked another survey, or treats “don't know” in another way: score the runs apart")
    plain = len({folder.name for folder in records}) == len(records)
    runs = {folder: folder.name if plain else str(folder) for folder in records}
    frames, notes = [], list(first["notes"])
    for folder, record in records.items():
        found = read_answers([folder], ["choice"])
        frames.append(_placed(found.table, record, runs[folder]))
        # A session a deck and condition is no repeat of another: what is told of equal seeds holds for feeds.
        notes += [each for each in found.problems if "they count as repeats" not in each]
    answers = _named(pl.concat(frames))
    notes += _silent(records, answers)
    asked = {
        runs[folder]: tuple((deck["condition"], deck["country"], item) for deck in record["decks"].values() for item in deck["items"])
        for folder, record in records.items()
    }
    return Material(
        survey=first["survey"],
        synthetic=bool(first["synthetic"]),
        dont_know=first["dont_know"],
        countries=_union(records.values(), "countries"),
        conditions=_union(records.values(), "conditions"),
        questions={each["id"]: _question(each, first["dont_know"]) for each in first["questions"]},
        answers=answers,
        asked=asked,
        exclusions=tuple(dict.fromkeys(Exclusion(**each) for record in records.values() for each in record["exclusions"])),
        pictures=_pictures(records.values()),
        notes=tuple(dict.fromkeys(notes)),
    )


def _runs(path: Path) -> list[Path]:
    """The run in a folder, or the runs that stand in it; the folder itself where there is none, to be told about."""
    inside = [] if (path / ABOUT).exists() else sorted(each.parent for each in path.glob(f"*/{ABOUT}"))
    return inside or [path]


def _silent(folders: Iterable[Path], answers: pl.DataFrame) -> list[str]:
    """Models that were to be asked and have no answer: no row of any table is of them."""
    there = set(answers["model"].str.split(" [").list.first())
    wanted = dict.fromkeys(model for folder in folders for model in _models(folder))
    return [
        f"{one_line(model)} was to be asked, and there is no answer of it yet: it stands in no table."
        for model in wanted
        if model not in there
    ]


def _models(folder: Path) -> list[str]:
    """As the run's experiment names them; none where that cannot be read."""
    try:
        blocks = json.loads((folder / "experiment.json").read_bytes())["experiment"]["cross"]
        return [str(model) for block in blocks for model in block["model"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _record(folder: Path) -> Mapping[str, Any]:
    try:
        data = json.loads((folder / ABOUT).read_bytes())
    except (OSError, ValueError):
        data = None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(f"{one_line(str(folder))} is no run of `python -m evals.culture run`: it has no {ABOUT}; give the run's folder")
    return data


def _placed(table: pl.DataFrame, record: Mapping[str, Any], run: str) -> pl.DataFrame:
    """The answers with condition and country of their deck. Those of other decks in the folder are none of this run's."""
    decks = pl.DataFrame(
        [{"file": file, "condition": deck["condition"], "country": deck["country"]} for file, deck in record["decks"].items()],
        schema={"file": pl.String, "condition": pl.String, "country": pl.String},
    )
    rows = table.drop("condition", "scores").with_columns(file=pl.col("deck").str.replace_all(r"\\", "/").str.split("/").list.last())
    return rows.join(decks, on="file", how="inner", maintain_order="left").with_columns(run=pl.lit(run))


def _named(answers: pl.DataFrame) -> pl.DataFrame:
    """Respondents without the persona that is none; one that several runs asked is one in each of them."""
    plain = answers.with_columns(respondent=pl.col("respondent").str.strip_suffix(" · default"))
    several = plain.group_by("respondent").agg(pl.col("run").n_unique()).filter(pl.col("run") > 1)["respondent"].to_list()
    doubled = pl.col("respondent").is_in(pl.Series(several, dtype=pl.String).implode())
    return plain.with_columns(respondent=pl.when(doubled).then(pl.format("{} ({})", "respondent", "run")).otherwise(pl.col("respondent")))


def _union(records: Any, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for record in records for each in record[name]))


def _question(data: Mapping[str, Any], dont_know: str) -> Question:
    unsaid = tuple(data["dont_know"])
    every = range(len(data["options"]))
    return Question(
        id=data["id"],
        topic=data["topic"],
        text=data["text"],
        options=tuple(data["options"]),
        ordinal=bool(data["ordinal"]),
        dont_know=unsaid,
        answers={country: tuple(shares) for country, shares in data["answers"].items()},
        scored=tuple(place for place in every if dont_know == "keep" or place not in unsaid),
    )


def _pictures(records: Any) -> pl.DataFrame:
    rows = [row for record in records for row in record["pictures"]]
    return pl.DataFrame(rows, schema={"country": pl.String, "category": pl.String, "income": pl.Float64}).unique(maintain_order=True)
