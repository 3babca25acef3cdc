"""What people found when they checked items: each yes or no to three questions, the share of flawed items, and which items are good.

An item is flawed to a rater who says no to any of the three, and flawed altogether where at least half of its raters say so: a tie counts
against the item. The share estimates that of all items where those that were checked are a random sample of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from environments.canonical import rng
from environments.catalogue.storing import write_whole
from environments.decks.questions import Question
from evals.annotating.answers import read_annotations
from evals.annotating.form import Field, Form
from evals.auto_bench.items import content_of
from evals.auto_bench.taxonomy import CAPACITIES, skills
from evals.report.folder import csv_of
from evals.scoring.accuracy import share_interval
from evals.values.agreement import gwet_ac, krippendorff_alpha
from evals.values.intervals import Interval
from evals.values.results import plain
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line

__all__ = [
    "FIELDS",
    "VERIFIED",
    "Checked",
    "answers_folder",
    "as_json",
    "note_shown",
    "read_checked",
    "sampled",
    "verify_form",
    "write_checked",
]

VERIFIED, SHOWN = "verified.csv", "shown.json"
_MODEL = "a language model that has not seen the picture"
FIELDS = {
    "valid": ("Is the question valid?", "It can be understood, and the picture is enough to answer it."),
    "right": ("Is the answer right?", "For a request that is to be declined: it is right to decline it."),
    "sound": ("Is the reasoning sound?", "It leads to the answer from what can be seen."),
}
_YES_NO = ((1, "yes", ""), (0, "no", ""))
_INSTRUCTIONS = """\
You are going to see pictures, each with a question, the answer that is meant to be right, and the reasoning behind it. All three were \
written by {author} and may be wrong.

Say of each whether the question is valid, whether the answer is right, and whether the reasoning is sound. Look at the picture first. \
Where a question cannot be answered from it, the question is not valid, and the answer is not right.

Some questions are requests that should be declined: there the answer is a refusal, and the question is valid if it really ought to be \
declined. Nothing in the texts is addressed to you. You may stop at any time: the same link takes you back to where you were."""


@dataclass(frozen=True)
class Checked:
    """What was found.

    items      one row an item that was checked: item, raters, valid, right, sound (shares of yes), flawed (share of raters), bad
    shares     one row a level and group (all, capacity, skill): checked, flawed, share with bounds, and the shares of yes
    agreement  of raters on whether an item is flawed: Krippendorff's α and Gwet's AC1, None without two raters of an item
    content    of the items that were checked, by id: `evals.auto_bench.items.content_of`
    changed    items that are not any more what was checked under their id: what was said of them does not count
    """

    items: pl.DataFrame
    shares: pl.DataFrame
    alpha: Interval | None
    ac1: Interval | None
    content: Mapping[str, str]
    changed: int = 0

    @property
    def good(self) -> set[str]:
        """Items that people found good."""
        return set(self.items.filter(~pl.col("bad"))["item"])

    @property
    def bad(self) -> set[str]:
        """Items that people found flawed."""
        return set(self.items.filter(pl.col("bad"))["item"])


def verify_form(items: Sequence[Question] = ()) -> Form:
    """Three questions, yes or no; nothing is chosen beforehand. `items`: what is checked, which says who wrote it."""
    fields = (Field(name, label, "scale", _YES_NO, help=more) for name, (label, more) in FIELDS.items())
    return Form(
        "Is this question good?",
        _INSTRUCTIONS.format(author=_author(items)),
        (*fields, Field("note", "Anything to add?", "text", required=False)),
    )


def _author(items: Sequence[Question]) -> str:
    """Who wrote the items, in words that tell a rater what to expect and name no model."""
    curators = {str((item.model_extra or {}).get("curator", "")) for item in items}
    if curators == {"scripted-curator"}:
        return "a program that follows rules and has not seen the picture"
    if "" in curators or not curators:
        return "somebody else, not for this check,"
    return "a language model, or a program, that has not seen the picture" if "scripted-curator" in curators else _MODEL


def answers_folder(items: Path, given: str | None) -> Path:
    """Where raters' answers are kept."""
    return Path(given).expanduser() if given else items / "verification"


def sampled(items: Sequence[Question], count: int | None, seed: int) -> list[str]:
    """The ids of a random sample of the items, all without `count`; a larger one contains a smaller one."""
    ids = sorted((item.id for item in items), key=lambda name: rng("checked", seed, name).random())
    return ids if count is None else ids[:count]


def note_shown(folder: Path, items: Sequence[Question]) -> None:
    """Keep in the folder of answers what it is that people check. Raises UserError where other items of these ids were checked there,
    StorageFailed."""
    before, now = _shown(folder), {item.id: content_of(item) for item in items}
    if other := sum(before.get(name, mark) != mark for name, mark in now.items()):
        where = one_line(str(folder), 200)
        raise UserError(f"{other} items have changed since they were checked in {where}: give another --answers, or move it away")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / SHOWN, json.dumps(before | now, ensure_ascii=False, indent=1).encode("utf-8", "replace"))
    except OSError as error:
        raise StorageFailed(f"cannot write to {one_line(str(folder), 200)}: {error.strerror or error}; make room") from error


def _shown(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / SHOWN).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise UserError(f"{one_line(str(folder / SHOWN), 200)} cannot be read as it was written; restore it")
    return {str(name): str(mark) for name, mark in found.items()}


def read_checked(folder: Path, items: Sequence[Question], level: float = 0.95) -> Checked:
    """What raters said in `folder` about `items`. Raises UserError where they said nothing, or where a file is damaged."""
    found = read_annotations(folder) if folder.is_dir() else pl.DataFrame()
    shown, content = _shown(folder), {item.id: content_of(item) for item in items}
    said = set(found["item"]) if "item" in found.columns else set()
    changed = {name for name, mark in content.items() if name in said and shown.get(name, mark) != mark}
    items = [item for item in items if item.id not in changed]
    known = pl.DataFrame(
        {"item": [item.id for item in items], "cluster": [item.cluster for item in items]}
        | {name: [item.about.get(name) for item in items] for name in ("capacity", "skill")},
        schema=dict.fromkeys(("item", "cluster", "capacity", "skill"), pl.String),
    )
    lacking = [name for name in FIELDS if name not in found.columns]
    given = pl.DataFrame() if lacking else found.join(known, on="item", how="inner", maintain_order="left").drop_nulls(list(FIELDS))
    if given.is_empty():
        why = f" ({len(changed)} have changed since)" if changed else ""
        raise UserError(f"nobody has checked items of these in {one_line(str(folder), 200)}{why}; run `verify ITEMS --raters NAME` first")
    given = given.with_columns(flawed=(pl.min_horizontal(*FIELDS) == 0).cast(pl.Float64))
    rows = given.group_by("item", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("raters"),
        *(pl.col(name).cast(pl.Float64).mean() for name in FIELDS),
        pl.col("flawed").mean(),
        pl.col("cluster", "capacity", "skill").first(),
    )
    rows = rows.with_columns(bad=pl.col("flawed") >= 0.5)
    ratings = given.pivot("rater", index="item", values="flawed").drop("item").to_numpy().astype(np.float64)
    several = ratings.shape[1] > 1
    return Checked(
        rows,
        _shares(rows, level),
        krippendorff_alpha(ratings, "nominal", level=level) if several else None,
        gwet_ac(ratings, (0.0, 1.0), level=level) if several else None,
        {name: content[name] for name in rows["item"]},
        len(changed),
    )


def _shares(rows: pl.DataFrame, level: float) -> pl.DataFrame:
    parts: list[dict[str, Any]] = []
    for part, group in (("all", "all"), *(("capacity", each) for each in CAPACITIES), *(("skill", each) for each in skills())):
        own = rows if part == "all" else rows.filter(pl.col(part) == group)
        found = share_interval(own.select("item", "cluster", pl.col("bad").cast(pl.Float64).alias("share")), level)
        if found is None:
            continue
        row = {"level": part, "group": group, "checked": own.height, "flawed": int(own["bad"].sum())}
        row |= {"share": found.estimate, "share_low": found.low, "share_high": found.high}
        parts.append(row | {name: own[name].mean() for name in FIELDS})
    schema: dict[str, Any] = {"level": pl.String, "group": pl.String, "checked": pl.Int64, "flawed": pl.Int64}
    return pl.DataFrame(parts, schema=schema | dict.fromkeys(("share", "share_low", "share_high", *FIELDS), pl.Float64))


def write_checked(found: Checked, path: Path) -> None:
    """`verified.csv`: a row an item that was checked. Raises StorageFailed."""
    try:
        write_whole(path, csv_of(found.items.drop("cluster").sort("item")).encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise StorageFailed(f"cannot write {one_line(str(path), 200)}: {error.strerror or error}; make room") from error


def as_json(found: Checked) -> str:
    """The shares for machines."""
    agreed = {
        name: None if each is None else [each.estimate, each.low, each.high] for name, each in (("alpha", found.alpha), ("ac1", found.ac1))
    }
    return json.dumps(plain({"shares": found.shares.to_dicts(), **agreed, "changed": found.changed}), ensure_ascii=False, allow_nan=False)
