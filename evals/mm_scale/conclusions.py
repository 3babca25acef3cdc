"""What a score says in sentences: one on the people, one a respondent, and what to know before concluding more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from evals.report.words import count, number, plural

__all__ = ["SYNTHETIC", "conclusions_of", "notes_of"]

SYNTHETIC = "The ratings are synthetic: they were drawn by a rule (docs/mm_scale.md), and say nothing of any people."

Row = Mapping[str, Any]


def conclusions_of(scores: pl.DataFrame, people: pl.DataFrame) -> tuple[str, ...]:
    """People first: they are what respondents are held to."""
    return (_people(people.row(0, named=True)), *(_respondent(row) for row in scores.iter_rows(named=True)))


def _figure(row: Row, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    bounds = "" if low is None or high is None else f" [{number(low)}, {number(high)}]"
    return f"{number(row[name])}{bounds}"


def _people(row: Row) -> str:
    who = f"People: {plural(row['raters'], 'rater')} of {plural(row['items'], 'scenario')}"
    if row["alpha"] is None and row["mae"] is None:
        return f"{who}; no two rated the same scenario differently, so their agreement is not known."
    agree = f", ordinal α {_figure(row, 'alpha')}" if row["alpha"] is not None else ""
    if row["mae"] is None:
        return f"{who}{agree}."
    order = f"τ-b {_figure(row, 'tau_b')}, NDCG {_figure(row, 'ndcg')}, " if row["tau_b"] is not None else ""
    blind = f"NDCG {number(row['ndcg_alike'])}, " if row["ndcg_alike"] is not None else ""
    reach = f"one of them against the mean of the others: {order}{_figure(row, 'mae')} points off"
    return f"{who}{agree}; {reach}; knowing nothing: {blind}{number(row['mae_mean'])} points off."


def _respondent(row: Row) -> str:
    told = [f"{row['who']}: "]
    if row["mae"] is None:
        told.append("no rating")
    elif row["ndcg"] is None:
        told.append(f"{_figure(row, 'mae')} points off the people's mean, no picture with an order to reproduce")
    elif row["tau_b"] is None:
        told.append(f"{_figure(row, 'mae')} points off the people's mean; no τ-b, as it rates the scenarios of every picture alike")
    else:
        told.append(f"τ-b {_figure(row, 'tau_b')}, NDCG {_figure(row, 'ndcg')} over {plural(row['ordered'], 'picture')}, ")
        told.append(f"{_figure(row, 'mae')} points off the people's mean")
        if row["tied"]:
            told.append(f"; {plural(row['tied'], 'picture')} without τ-b, rated alike throughout")
    if row["open"]:
        why = ", ".join(f"{count(row[state])} {state}" for state in ("refused", "unparsable", "failed") if row[state])
        told.append(f"; {count(row['open'])} of {plural(row['items'], 'scenario')} without a rating{f' (answers: {why})' if why else ''}")
    return f"{''.join(told)}."


def notes_of(tables: Mapping[str, pl.DataFrame], unrated: int, *, most_pairs: int) -> tuple[str, ...]:
    """What cannot be concluded, and what to know."""
    scores, people = tables["scores.csv"], tables["people.csv"].row(0, named=True)
    notes = []
    if unrated:
        notes.append(f"{plural(unrated, 'scenario')} that nobody rated: asked, and in no figure.")
    if "left_out.csv" in tables:
        for why, rows in tables["left_out.csv"].sort("why").partition_by("why", as_dict=True, maintain_order=True).items():
            notes.append(f"Left out of the ranking: {why[0]} ({plural(rows['image'].n_unique(), 'picture')}; left_out.csv names them).")
    if scores["tied"].sum():
        notes.append(
            "Where a respondent rates all scenarios of a picture alike, τ-b and ρ do not exist there: these pictures are counted, and are "
            "not taken for 0. A respondent with many of them is judged on the others alone."
        )
    if scores["open"].sum():
        notes.append(
            "A refusal, an unreadable answer and an outage are no rating: the scenario stays in the count, and least and most bound each "
            "measure by the worst and the best that could stand there."
        )
    notes += [
        "One rater is noisier than a mean of answers, and is held to a mean of fewer people: a respondent above the figures of one rater "
        "is not more right than people.",
        "The respondents' expected ratings come from log-probabilities where all five points have one, else from the answers.",
        "P(unacceptable) is the probability of a rating of 1 or 2, against the share of raters who gave one; with few raters the ECE is "
        "above 0 by chance alone.",
    ]
    if people["no_majority"]:
        notes.append(f"{plural(people['no_majority'], 'scenario')} without a ground that most raters name: left out of grounding.")
    ways = scores.height * (scores.height - 1) // 2
    if ways > most_pairs:
        notes.append(f"Only the first {count(most_pairs)} pairs of respondents under each condition are compared.")
    return tuple(notes)
