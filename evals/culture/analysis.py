"""Everything that is told of runs: scores beside baselines, effects of pictures, tables, what is left out, and sentences on all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from evals.culture.answering import COUNTS, LOGPROBS, distributions
from evals.culture.conditions import CONDITIONS, EVERYBODY
from evals.culture.distances import MEASURES, cells_of
from evals.culture.effects import effects, effects_by
from evals.culture.reading import Material, read_material
from evals.culture.scores import by_place_and_topic, overall, size_of, sizes
from evals.culture.size_effects import LEAST, size_effects
from evals.culture.survey import Exclusion
from evals.report.words import count, number, plural
from evals.scoring.accuracy import STATES, positions
from personas.errors import UserError

__all__ = ["Found", "analyse"]


@dataclass(frozen=True)
class Found:
    """The tables, and what they say. `material` is what they are made of."""

    material: Material
    cells: pl.DataFrame
    scores: pl.DataFrame
    effects: pl.DataFrame
    effects_by: pl.DataFrame
    places: pl.DataFrame
    sizes: pl.DataFrame
    size_effects: pl.DataFrame
    states: pl.DataFrame
    exclusions: pl.DataFrame
    positions: pl.DataFrame
    pictures: pl.DataFrame
    conclusions: tuple[str, ...]
    notes: tuple[str, ...]
    level: float


def analyse(
    paths: Sequence[str], *, answers: str = "auto", given_sizes: Mapping[str, float] | None = None, level: float = 0.95, seed: int = 0
) -> Found:
    """All of it, from the folders of runs. Raises UserError where there is nothing to score."""
    material = read_material(paths)
    given = dict(given_sizes or {})
    if unknown := sorted(given.keys() - set(material.answers["model"].to_list())):
        raise UserError(f"--size names {unknown[0][:80]!r}, which was not asked; name a model as it was run")
    found, unanswered = distributions(material, answers)
    cells, unscored = cells_of(material, found)
    left_out = [*material.exclusions, *unanswered, *unscored, *_not_asked(material)]
    if cells.is_empty():
        why = f": {left_out[0].reason}" if left_out else ""
        raise UserError(f"no question has been answered in two orders yet{why}; run more, or look at the sessions")
    scores = overall(cells, level=level, seed=seed)
    states = _states(material, cells)
    tables = (effects(cells, level=level, seed=seed), effects_by(cells, level=level), by_place_and_topic(cells, level=level))
    by_size = sizes(cells, given, level=level, seed=seed)
    return Found(
        material,
        cells,
        scores,
        tables[0].with_columns(size_b=_size_column(tables[0], cells, given)),
        *tables[1:],
        by_size,
        size_effects(cells, given, level=level, seed=seed),
        states,
        _exclusions(left_out),
        positions(material.answers.with_columns(pl.lit(None, dtype=pl.Int64).alias("key_place"))),
        _pictures(material.pictures),
        tuple(_conclusions(material, scores, tables[0])),
        tuple(_notes(material, cells, states, given, left_out)),
        level,
    )


def _size_column(table: pl.DataFrame, cells: pl.DataFrame, given: Mapping[str, float]) -> pl.Series:
    """The size of each row's model, in billions, so that effects can be read along it."""
    models = dict(cells.select("respondent", "model").iter_rows())
    return pl.Series([size_of(models[who], given)[0] for who in table["respondent"]], dtype=pl.Float64)


def _not_asked(material: Material) -> list[Exclusion]:
    """Of decks that are not finished: what a respondent has no answer to, refused or otherwise."""
    out = []
    shown = set(material.answers.select("respondent", "run", "condition", "country", "item").iter_rows())
    for who, run in material.answers.select("respondent", "run").unique(maintain_order=True).iter_rows():
        for condition, country, item in material.asked[run]:
            if (who, run, condition, country, item) not in shown:
                out.append(
                    Exclusion(item, country, condition, who, "not asked: the session is not complete, or its picture could not be shown")
                )
    return out


def _states(material: Material, cells: pl.DataFrame) -> pl.DataFrame:
    """By respondent and condition: answers in each state, their rates, and of what was to be scored how much is."""
    rows: list[dict[str, Any]] = []
    ordered = pl.col("condition").replace_strict(dict(zip(CONDITIONS, range(len(CONDITIONS)), strict=True)))
    answers = material.answers.sort("respondent", ordered, maintain_order=True)
    for (who, condition), part in answers.partition_by("respondent", "condition", as_dict=True, maintain_order=True).items():
        counts = {state: int((part["state"] == state).sum()) for state in STATES}
        scored = cells.filter((pl.col("respondent") == who) & (pl.col("condition") == condition)).height
        wanted = _wanted(material, str(condition), set(part["run"].to_list()))
        shares = {f"{state}_rate": counts[state] / part.height for state in STATES[1:]}
        rows.append(
            {"respondent": who, "condition": condition, "shown": part.height, **counts, **shares, "scored": scored, "wanted": wanted}
        )
    return pl.DataFrame(rows)


def _wanted(material: Material, condition: str, runs: set[str]) -> int:
    """Cells (question × country) that a condition was to give."""
    asked = {(country, item) for run in runs for name, country, item in material.asked[run] if name == condition}
    whole = 0
    for country, item in asked:
        answered = material.questions[item].answers
        whole += sum(name in answered for name in material.countries) if country == EVERYBODY else 1
    return whole


def _exclusions(left_out: Sequence[Exclusion]) -> pl.DataFrame:
    names = ("respondent", "condition", "country", "question", "reason")
    rows = [{name: getattr(each, name) or "all" for name in names} for each in dict.fromkeys(left_out)]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))


def _pictures(pictures: pl.DataFrame) -> pl.DataFrame:
    return pictures.group_by("country", maintain_order=True).agg(
        pl.len().alias("kinds"), pl.col("category").n_unique().alias("categories"), pl.col("income").median().alias("income")
    )


def _conclusions(material: Material, scores: pl.DataFrame, contrasts: pl.DataFrame) -> list[str]:
    """One sentence a respondent, on the condition that tells it most."""
    told = []
    if material.synthetic:
        told.append("Synthetic survey: countries and shares are made up, and nobody was asked. What stands here says nothing about people.")
    divergence = scores.filter(pl.col("measure") == "jsd")
    pictures = contrasts.filter((pl.col("measure") == "jsd") & (pl.col("contrast") == "both − text"))
    changes = {row["respondent"]: row for row in pictures.iter_rows(named=True)}
    for (who,), rows in divergence.partition_by("respondent", as_dict=True, maintain_order=True).items():
        known = {row["condition"]: row for row in rows.iter_rows(named=True)}
        condition = next(name for name in ("both", "text", "image", "none", "wrong") if name in known)
        row = known[condition]
        sentence = f"{who}, {_TOLD[condition]}: {number(row['distance'], 3)} from the people, {_gain(row, 'gain_uniform')} a uniform guess"
        if row["others"] is not None:
            sentence += f", {_gain(row, 'gain_others')} the mean of the other countries"
        if row["chance"] is not None:
            few = ", more than a uniform guess: with so few, the distance says little" if row["chance"] >= row["uniform"] else ""
            sentence += f" (counted from answers; as many of the people's own would be {number(row['chance'], 3)} apart by chance{few})"
        if who in changes:
            sentence += f"; the pictures change it by {_bounded(changes[who], 'difference')}"
        told.append(f"{sentence}.")
    return told


_TOLD = {
    "both": "country named and shown",
    "text": "country named",
    "image": "country shown",
    "none": "country not told",
    "wrong": "country named, another shown",
}


def _gain(row: Mapping[str, Any], name: str) -> str:
    """By how much a respondent is closer than a baseline, or farther: "0.061 [0.058, 0.066] closer than"."""
    if abs(row[name]) < 0.0005:
        return "as far as"
    if row[name] > 0:
        return f"{_bounded(row, name)} closer than"
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    farther = {name: -row[name], f"{name}_low": None if high is None else -high, f"{name}_high": None if low is None else -low}
    return f"{_bounded(farther, name)} farther than"


def _bounded(row: Mapping[str, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{number(row[name], 3)}" + (f" [{number(low, 3)}, {number(high, 3)}]" if low is not None else "")


def _notes(
    material: Material, cells: pl.DataFrame, states: pl.DataFrame, given: Mapping[str, float], left_out: Sequence[Exclusion]
) -> list[str]:
    choices = {
        "drop": "Options such as “don't know”, where there were any, were not shown; the people's shares "
        "are those of the people who gave an answer.",
        "keep": "Options such as “don't know” were shown and count as options of their own in the divergence, not in Wasserstein-1.",
        "separate": "Options such as “don't know” were shown, and distances are among the other options alone; how often each side says so "
        "stands in cells.csv.",
    }
    told = [
        f"Measures: {'; '.join(MEASURES.values())}. All baselines are on the same cells (question × country) as the score beside them.",
        "Intervals in brackets resample questions and hold for these countries; those that resample countries as well are in the files.",
        "A gain above 0 is closer to the people than the baseline; an effect below 0 is closer with what is added.",
        choices[material.dont_know],
        "Shares of people are taken as they are: their own sampling error is in no interval.",
    ]
    if (cells["others"] == 0).any():
        told.append("Some questions were answered in one country alone: the baseline of other countries leaves them out.")
    told += _method_notes(cells, states, left_out)
    told += _incomplete(material, cells)
    if material.pictures.height and material.pictures["income"].drop_nulls().len():
        told.append("Pictures of different countries show households of different incomes (pictures.csv): an effect may be one of income.")
    if "wrong" in material.conditions:
        told.append(
            "In the condition “wrong” the words say that the pictures were taken in the country, and they were not: it is a control."
        )
    models = sorted(set(cells["model"].to_list()))
    unknown = [model for model in models if size_of(model, given)[0] is None]
    if unknown:
        told.append(f"Of unknown size, and in no comparison of sizes (--size MODEL=13B says it): {', '.join(unknown)}.")
    known = {size for model in models if (size := size_of(model, given)[0]) is not None}
    if len(known) < LEAST:
        told.append(f"Effects along the size of models need {LEAST} models of different sizes; of known size there are {len(known)}.")
    else:
        told.append(
            "Effects along the size: ρ is of a few models, and its interval resamples questions alone; it says nothing of other models."
        )
    return [*told, *material.notes]


def _incomplete(material: Material, cells: pl.DataFrame) -> list[str]:
    """Which questions are counted although their respondent gives log-probabilities: a reply lacked that of an option."""
    told = []
    answered = material.answers.filter(pl.col("option").is_not_null() & pl.col("item").is_in(list(material.questions)))
    for (who,), part in answered.partition_by("respondent", as_dict=True, maintain_order=True).items():
        lacking = part.filter(pl.col("logprobs").is_null())["item"].unique(maintain_order=True).to_list()
        if not lacking or part["logprobs"].is_null().all():
            continue
        own = cells.filter((pl.col("respondent") == who) & pl.col("question").is_in(lacking) & (pl.col("method") == COUNTS))
        if own.is_empty():
            told.append(f"{who}: answers that lack the log-probability of an option are left out, of {plural(len(lacking), 'question')}.")
            continue
        named = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        told.append(
            f"{who}: {plural(len(lacking), 'question')} counted from repeated answers in all conditions ({min(own['answers'].to_list())} "
            f"answers or more a cell), since a reply lacked the log-probability of an option: {named}. More --repeats make these finer."
        )
    return told


def _method_notes(cells: pl.DataFrame, states: pl.DataFrame, left_out: Sequence[Exclusion]) -> list[str]:
    told = []
    for (who,), part in cells.partition_by("respondent", as_dict=True, maintain_order=True).items():
        counted = part.filter(pl.col("method") == COUNTS)
        if counted.height:
            least, most = counted["answers"].min(), counted["answers"].max()
            times = count(least) if least == most else f"{count(least)} to {count(most)}"  # type: ignore[arg-type]
            told.append(
                f"{who}: {plural(counted.height, 'cell')} from counts of {times} answers. As many answers drawn from the people's own "
                f"distribution would be {number(counted['chance_jsd'].mean(), 3)} apart from it by chance."
            )
        read = part.filter(pl.col("method") == LOGPROBS)
        if read.height:
            apart = number(read["apart"].mean(), 3)
            told.append(f"{who}: log-probabilities in the orders of the options are {apart} apart (divergence; 0: the order does nothing).")
    totals = {state: int(states[state].sum()) for state in STATES}
    lost = ", ".join(f"{count(totals[state])} {state}" for state in STATES[1:] if totals[state])
    if lost:
        told.append(f"Answers outside all distributions: {lost}, of {count(sum(totals.values()))}; by condition in states.csv.")
    if left_out:
        told.append(f"{plural(len(dict.fromkeys(left_out)), 'exclusion')}, each with its reason, in exclusions.csv.")
    return told
