"""All that a score of MM-SCALE holds: tables by file name, conclusions, and what to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from environments.decks.questions import Question, read_questions
from evals.benchmark.reading import ItemMaterial, decks_of, read_items
from evals.benchmark.report import Findings
from evals.mm_scale.comparing import MOST_PAIRS, conditions, pairs
from evals.mm_scale.conclusions import SYNTHETIC, conclusions_of, notes_of
from evals.mm_scale.figure import score_figure
from evals.mm_scale.items import BENCHMARK, People, completed, open_items, people_of
from evals.mm_scale.measures import expectations, people_table
from evals.mm_scale.people import MEASURES, agreement, baselines, ceiling, rater_rows
from evals.mm_scale.scoring import bin_rows, left_rows, scores
from evals.mm_scale.sections import BINS, LEFT_OUT, RATERS, RECIPES
from evals.report.words import plural
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["FILES", "analyse"]

PROTOCOL = "rating"
FILES = (
    "scores.csv",
    "people.csv",
    "raters.csv",
    "conditions.csv",
    "paired.csv",
    "left_out.csv",
    "bins.csv",
    "expected.csv",
    "answers.csv",
)
"""The tables there can be."""


@dataclass(frozen=True)
class _Rated:
    """The items that people rated: their ratings and pictures by item; `unrated`: how many others there are."""

    people: Mapping[str, People]
    images: Mapping[str, str]
    unrated: int
    synthetic: bool


def analyse(paths: Sequence[str | Path], *, items: str | None = None, seed: int = 0, level: float = 0.95) -> Findings:
    """Score what is in the run or session folders. `items`: take the people's ratings from there, not from what the runs hold.

    Raises UserError where there is nothing of this benchmark, or nothing that people rated.
    """
    material = read_items(paths, BENCHMARK, (PROTOCOL,))
    rated = _rated(material, items)
    named = pl.DataFrame({"item": list(rated.images), "image": list(rated.images.values())}, schema={"item": pl.String, "image": pl.String})
    answers = material.answers.drop("image", strict=False).join(named, on="item", how="inner", maintain_order="left")
    asked = _in_order(material).join(named, on="item", how="inner", maintain_order="left")
    table = people_table(rated.people)
    expected = expectations(answers, table)
    people = _people(rated, seed, level)
    kept = ["who", "how", "session", "repeat", "cell", "item", "image", "state", "rating", "ground", "reason"]
    tables = {
        "scores.csv": scores(answers, expected, asked, table, seed=seed, level=level),
        "people.csv": people,
        "raters.csv": rater_rows(rated.people, rated.images),
        "conditions.csv": conditions(answers, expected, seed=seed, level=level),
        "paired.csv": pairs(answers, expected, seed=seed, level=level),
        "left_out.csv": left_rows(expected, asked, table),
        "bins.csv": bin_rows(expected, level=level),
        "expected.csv": expected,
        "answers.csv": _told(answers).select(kept),
    }
    there = {name: frame for name, frame in tables.items() if frame.height}
    drawn = score_figure(there["scores.csv"], people)
    images = len(set(rated.images.values()))
    return Findings(
        BENCHMARK,
        f"MM-SCALE{', synthetic ratings' * rated.synthetic}: {_whom(answers)}, {plural(len(rated.people), 'scenario')} with "
        f"{plural(images, 'picture')}",
        (*([SYNTHETIC] if rated.synthetic else []), *conclusions_of(there["scores.csv"], people)),
        (*material.problems, *notes_of(there, rated.unrated, most_pairs=MOST_PAIRS)),
        there,
        RECIPES,
        figures=() if drawn is None else (drawn,),
        known=FILES,
        bulky=frozenset({"answers.csv", "expected.csv"}),
        quiet=frozenset({LEFT_OUT, BINS, RATERS}),
    )


def _whom(answers: pl.DataFrame) -> str:
    """How many were asked, in how many conditions."""
    ways = answers["condition"].n_unique()
    return plural(answers["respondent"].n_unique(), "respondent") + (f" in {plural(ways, 'condition')}" if ways > 1 else "")


def _in_order(material: ItemMaterial) -> pl.DataFrame:
    """(who, item): the respondents in order, each as shown, without and with a wrong picture."""
    ways = material.answers.select("who", "respondent", "condition").unique("who")
    place = pl.col("condition").replace_strict({"shown": 0, "none": 1, "wrong": 2}, default=3, return_dtype=pl.Int64)
    joined = material.items.select("who", "item").join(ways, on="who", how="left", maintain_order="left")
    return joined.sort("respondent", place, "who", maintain_order=True).select("who", "item")


def _rated(material: ItemMaterial, given: str | None) -> _Rated:
    """The ratings of the items that the answers are about. Raises UserError."""
    runs = material.answers["run"].drop_nulls().unique(maintain_order=True)
    own = (completed(item) for place in decks_of(runs) for item in read_questions(place).items)
    source = _one_each(own) if given is None else _newer(own, open_items(given).items)
    if not source:
        raise UserError("the runs hold no items: give the folder that was asked with --items DIR")
    seen = set(material.items["item"])
    items = [item for name, item in source.items() if name in seen]
    people = {item.id: each for item in items if (each := people_of(item)).ratings}
    if not people:
        raise UserError(
            "nobody has rated these items: `python -m evals.mm_scale annotate` serves them to people, then score with --items DIR"
        )
    images = {item.id: item.about["image"] for item in items if item.id in people}
    synthetic = any(item.about.get("synthetic") == "yes" for item in items)
    return _Rated(people, images, len(items) - len(people), synthetic)


def _one_each(items: Iterable[Question]) -> dict[str, Question]:
    """By id. Raises UserError where two runs hold different items, or ratings, under one."""
    found: dict[str, Question] = {}
    for item in items:
        if found.setdefault(item.id, item) != item:
            raise UserError(
                f"two runs hold different items called {one_line(item.id, 80)!r}: score them apart, or give the ratings with --items DIR"
            )
    return found


def _newer(own: Iterable[Question], given: Sequence[Question]) -> dict[str, Question]:
    """The given items by id. Raises UserError where one asks something else than what was asked."""
    found = {item.id: item for item in given}
    for item in own:
        if item.id in found and item.text != found[item.id].text:
            raise UserError(
                f"--items: {one_line(item.id, 80)!r} has other words there than those that were asked: give the items of the run"
            )
    return found


def _people(rated: _Rated, seed: int, level: float) -> pl.DataFrame:
    """One row: raters, ratings, items, images, α, what one of them reaches against the mean of the others, what nobody needs eyes for."""
    ratings = [rating for each in rated.people.values() for rating in each.ratings]
    shared = [each for each in rated.people.values() if len(each.ratings) > 1]
    row: dict[str, float | int | None] = {
        "raters": len({rating.rater for rating in ratings}),
        "ratings": len(ratings),
        "items": len(rated.people),
        "shared": len(shared),
        "images": len(set(rated.images.values())),
        "no_majority": sum(not each.ground for each in rated.people.values()),
    }
    found = {"alpha": agreement(rated.people, seed=seed, level=level), **ceiling(rated.people, rated.images, seed=seed, level=level)}
    for name in ("alpha", *MEASURES):
        one = found.get(name)
        row |= {name: None, f"{name}_low": None, f"{name}_high": None}
        if one is not None:
            row |= {name: one.estimate, f"{name}_low": one.low, f"{name}_high": one.high}
    row |= baselines(rated.people, rated.images)
    counts = dict.fromkeys(("raters", "ratings", "items", "shared", "images", "no_majority"), pl.Int64)
    return pl.DataFrame([row], schema={name: counts.get(name, pl.Float64()) for name in row})


def _told(answers: pl.DataFrame) -> pl.DataFrame:
    """With rating and ground as columns, null where there is none."""
    scores_ = answers["scores"].to_list()
    return answers.with_columns(
        rating=pl.Series([each.get("rating") for each in scores_], dtype=pl.Float64),
        ground=pl.Series([each.get("ground") for each in scores_], dtype=pl.Float64).replace_strict(
            {0.0: "text", 1.0: "image", 2.0: "both"}, default=None, return_dtype=pl.String
        ),
    )
