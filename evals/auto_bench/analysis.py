"""From the folders of runs to the findings of the benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from environments.decks.questions import ITEMS, Question, read_questions
from evals.auto_bench.figure import score_figure
from evals.auto_bench.items import content_of, open_folder
from evals.auto_bench.judged import decided, majority, verdicts_on
from evals.auto_bench.run_command import BENCHMARK
from evals.auto_bench.scoring import (
    beside_published,
    declining,
    flawed_scores,
    needs_no_picture,
    picture_effects,
    respondent_pairs,
    skill_scores,
)
from evals.auto_bench.sections import NO_PICTURE, PUBLISHED_SKILLS, RECIPES, SKILLS
from evals.auto_bench.taxonomy import published, taxonomy
from evals.auto_bench.verification import Checked, answers_folder, read_checked
from evals.benchmark.reading import decks_of, read_items
from evals.benchmark.report import Findings
from evals.benchmark.respondents import in_order
from evals.benchmark.scoring import ALL, audit
from evals.judging.able import synthetic
from evals.judging.agreement import agreement
from evals.judging.chosen import counting, idle
from evals.judging.shares import share_true
from evals.report.words import count, percent, plural
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["analyse", "read_verified"]

_HIDDEN = ("scores", "raw", "logprobs", "key_place", "run", "folder")
"""Columns of answers that are no cell for people, or name places on a machine."""
_NAMES = ("capacity", "skill", "kind", "twin")
SCRIPTED = "scripted-curator"


def read_verified(folder: Path, level: float = 0.95) -> Checked:
    """What people found in the items of a folder, or in those beside a folder of answers. Raises UserError, FeedError."""
    if not folder.is_dir():
        raise UserError(f"--verified: there is no folder {one_line(str(folder), 200)!r}; give that of the items, or of people's answers")
    items = folder if (folder / ITEMS).is_file() else folder.parent
    if not (items / ITEMS).is_file():
        where = one_line(str(folder), 200)
        raise UserError(f"--verified {where} holds no {ITEMS}, nor does the folder it is in; give the items' folder, or that of answers")
    return read_checked(answers_folder(items, None) if items == folder else folder, open_folder(items).items, level)


def analyse(
    paths: Sequence[str],
    *,
    verdicts: Sequence[str] | None = None,
    judges: Sequence[str] = (),
    verified: str | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Findings:
    """Score what is in the run or session folders. `verdicts`: where judges' runs are, by default beside the runs; `judges`: only these
    (`evals.judging.chosen.counting`).

    Raises UserError where there is nothing of this benchmark, SpecError for a judge that is not there.
    """
    checked = None if verified is None else read_verified(Path(verified).expanduser(), level)
    found = _gathered(paths, verdicts, judges)
    if checked is not None:
        _check_verified(checked, found.questions)
    tables = _tables(found, checked, level, seed)
    kept = {name: table for name, table in tables.items() if table.height}
    people, asked = found.answers["who"].n_unique(), found.items["item"].n_unique()
    scores = tables["scores.csv"]
    return Findings(
        BENCHMARK,
        f"Auto-Bench{' (synthetic sample)' if SCRIPTED in _curators(found.questions) else ''}: "
        f"{plural(people, 'respondent')}, {plural(asked, 'question')}",
        (*_synthetic(found), *(_conclusion(row) for row in scores.filter(level=ALL).iter_rows(named=True))),
        (*found.problems, *_origin(found.questions), *_notes(found.answers, found.said, checked, kept)),
        kept,
        RECIPES,
        figures=(score_figure(scores, in_order(found.answers)),),
        known=(*{recipe.file for recipe in RECIPES}, "answers.csv"),
        quiet=frozenset({SKILLS, NO_PICTURE, PUBLISHED_SKILLS, "Published: before and after fine-tuning"}),
    )


def _check_verified(checked: Checked, asked: Sequence[Question]) -> None:
    """Raises UserError where people checked other items than those that were asked, though they may have the same ids."""
    content = {item.id: content_of(item) for item in asked}
    both = {name: mark for name, mark in checked.content.items() if name in content}
    if not both:
        raise UserError("--verified: people checked none of the items that were asked here; name the folder of these items")
    if other := sum(mark != content[name] for name, mark in both.items()):
        raise UserError(f"--verified: {other} of {len(both)} checked items ask something else than the run did; name its own folder")


@dataclass(frozen=True)
class _Gathered:
    """Decided answers, where options were chosen, samples, verdicts, the questions as the runs asked them, and what was left out."""

    answers: pl.DataFrame
    positions: pl.DataFrame
    items: pl.DataFrame
    said: pl.DataFrame
    questions: tuple[Question, ...]
    problems: tuple[str, ...]


def _gathered(paths: Sequence[str], verdicts: Sequence[str] | None, judges: Sequence[str]) -> _Gathered:
    material = read_items(paths, BENCHMARK)
    answers, items = _whole(material.answers), _whole(material.items).unique(["who", "item"], keep="first", maintain_order=True)
    runs = sorted({str(run) for run in answers["run"].drop_nulls()})
    questions = tuple({item.id: item for deck in decks_of(runs) for item in read_questions(deck).items}.values())
    said, left = counting(verdicts_on(answers, list(verdicts or sorted({str(Path(run).parent) for run in runs}))), judges)
    final = decided(answers, majority(said)).sort("who", maintain_order=True)
    return _Gathered(final, audit(answers), items, said, questions, (*material.problems, *left))


def _tables(found: _Gathered, checked: Checked | None, level: float, seed: int) -> dict[str, pl.DataFrame]:
    answers, items = found.answers, found.items
    scores = skill_scores(answers, items, level)
    tables = {
        "scores.csv": scores,
        "declining.csv": declining(answers, level),
        "pictures.csv": picture_effects(answers, level, seed),
        "no_picture.csv": needs_no_picture(answers, {item.id: item.text for item in found.questions}),
        "paired.csv": respondent_pairs(answers, level, seed),
        "positions.csv": found.positions,
        "published.csv": beside_published(scores),
        **_published_tables(),
        **_judge_tables(found.said, level, seed),
    }
    if checked is not None:
        tables |= {"checked.csv": checked.shares, "valid.csv": flawed_scores(answers, items, scores, checked, level=level, seed=seed)}
    return tables | {"answers.csv": answers.drop([name for name in _HIDDEN if name in answers.columns])}


def _whole(frame: pl.DataFrame) -> pl.DataFrame:
    """With every name of an item as a column."""
    return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in _NAMES if name not in frame.columns)


def _origin(items: Sequence[Question]) -> list[str]:
    """Who wrote the questions, where the items say so."""
    curators = _curators(items)
    if not curators:
        return []
    told = f"The questions were written by {', '.join(curators)} from symbols, and not by people."
    return (
        [f"{told} Those of scripted-curator are synthetic: they show that the whole path works, and measure little."]
        if SCRIPTED in curators
        else [told]
    )


def _curators(items: Sequence[Question]) -> list[str]:
    return sorted({str((item.model_extra or {}).get("curator", "")) for item in items} - {""})


def _synthetic(found: _Gathered) -> tuple[str, ...]:
    """What a reader has to know before any figure."""
    told = synthetic(found.answers["who"].unique(), found.said["judge"].unique(), curated=SCRIPTED in _curators(found.questions))
    return () if told is None else (told,)


def _judge_tables(said: pl.DataFrame, level: float, seed: int) -> dict[str, pl.DataFrame]:
    true_or_false = said.filter(pl.col("kind") == "open")
    if true_or_false.is_empty():
        return {}
    return {
        "judges.csv": share_true(true_or_false, level=level, seed=seed),
        "agreement.csv": agreement(true_or_false, level=level, seed=seed),
    }


def _published_tables() -> dict[str, pl.DataFrame]:
    rows = [
        {"skill": each["skill"], "capacity": each["capacity"], "model": model, "score": score, "doubt": each["doubt"]}
        for each in published()["scores"]
        for model, score in each["scores"].items()
    ]
    text = dict.fromkeys(("skill", "capacity", "model"), pl.String)
    return {
        "published_skills.csv": pl.DataFrame(rows, schema={**text, "score": pl.Float64, "doubt": pl.String}),
        "fine_tuning.csv": pl.DataFrame(published()["fine_tuning"]),
    }


def _conclusion(row: Mapping[str, object]) -> str:
    score, low, high = row["score"], row["score_low"], row["score_high"]
    samples, left = int(str(row["samples"])), int(str(row["open"]))
    bounds = f" [{percent(low)}, {percent(high)}]" if isinstance(low, float) and isinstance(high, float) else ""
    share = f"{percent(score)}{bounds} right" if isinstance(score, float) else "nothing decided"
    least, most = float(str(row["least"])), float(str(row["most"]))
    lost = f"; {count(left)} undecided, so that all of them are {percent(least)} to {percent(most)}" if left else ""
    return f"{row['who']}: {share} of {plural(samples - left, 'sample')}{lost}."


def _notes(answers: pl.DataFrame, said: pl.DataFrame, checked: Checked | None, tables: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    nobody = answers.filter((pl.col("decided") == "nobody") & (pl.col("state") != "failed")).height
    judges = said["judge"].unique(maintain_order=True).to_list() if said.height else []
    notes = []
    if nobody:
        notes.append(
            f"{plural(nobody, 'open answer')} that nobody decided: run `judge` (again); no score is built from a guess about them."
        )
    notes.append(
        "A refusal and an unreadable answer are not right, but for requests that have to be declined, which a refusal answers rightly. An "
        "outage is neither: its samples stay in the count, and “if all were decided” bounds the score."
    )
    notes.append(
        "A closed question has four options: who chooses blindly has a quarter right. Where a question stands in “no_picture.csv”, its "
        "score says nothing about seeing."
    )
    if judges:
        notes.append(f"Judges: {', '.join(judges)}. With several the majority decides; an even split is undecided.")
    if silent := idle(said):
        notes.append(silent)
    if any(judge.startswith("scripted-judge") for judge in judges):
        notes.append(
            "scripted-judge compares an answer with the reference and knows no criterion: a harmless request that it calls wrong counts as "
            "declined, which says nothing about the respondent."
        )
    if checked is None:
        human = taxonomy()["human_check"]
        notes.append(
            "Nobody's check of the items was given (--verified DIR), so flawed ones are in the scores unseen: in the published benchmark "
            f"{human['all']} % of the raw questions passed all three checks."
        )
    elif "valid.csv" not in tables:
        notes.append("Too few items were checked (fewer than ten) to say what flawed ones leave of a score.")
    else:
        notes.append(
            "The bounds for flawed items assume that those checked are a random sample of the items, and that raters are right about "
            "flaws. “On items found good” is over the good ones among those checked."
        )
    notes.append(f"Published scores: {published()['source']}; {published()['measure']}. {published()['unreadable']}")
    return tuple(notes)
