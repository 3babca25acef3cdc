"""How far answers are from the people's, cell by cell (respondent × condition × country × question), beside baselines on the same cells.

Jensen–Shannon divergence to base 2, in [0, 1], and its root; Wasserstein-1 on scales as a share of the scale's length. On such figures a
uniform guess looks good, so each cell has the distance of a uniform guess and of the mean of the other countries with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from environments.canonical import derived_seed
from evals.culture.answering import COUNTS, Answered, Key
from evals.culture.conditions import CONDITIONS, EVERYBODY
from evals.culture.reading import Material, Question
from evals.culture.survey import Exclusion
from evals.scoring.distributions import js_divergence, wasserstein_1
from evals.values.loadings import FloatArray

__all__ = ["BASE", "MEASURES", "cells_of"]

BASE = 2.0
MEASURES: Mapping[str, str] = {
    "jsd": "Jensen–Shannon divergence, base 2",
    "jsd_root": "its square root, base 2",
    "w1": "Wasserstein-1, share of the scale",
}
_DRAWS = 200
_DIGITS = 12
"""Beyond these stands the rounding of floating-point numbers, which would turn a distance of 0 into one of 1e-17."""


def cells_of(material: Material, found: Mapping[Key, Answered]) -> tuple[pl.DataFrame, list[Exclusion]]:
    """A row a cell, and what could not be scored.

    jsd, jsd_root, w1             respondent to people; w1 for scales alone
    uniform_…, others_…           the baselines to people; others: the mean of the other countries of the survey, null where there is none
    others                        how many those are
    chance_jsd                    mean divergence of as many answers drawn from the people's own distribution: what counts cannot go below
    apart                         divergence of the answers between the orders of the options
    dont_know, people_dont_know   shares of "don't know", where it was shown
    """
    people = _People()
    models = dict(material.answers.select("respondent", "model").iter_rows())
    out: list[Exclusion] = []
    rows: list[dict[str, Any]] = []
    for (respondent, condition, asked_of, item), answered in found.items():
        question = material.questions[item]
        whole = answered.shares[list(question.scored)]
        if not whole.sum() > 0 or not answered.shares[list(question.scale)].sum() > 0:
            out.append(Exclusion(item, asked_of, condition, respondent, "all of its answers are don't know"))
            continue
        for country in material.countries if asked_of == EVERYBODY else (asked_of,):
            if country not in question.answers:
                continue
            row = {
                "respondent": respondent,
                "model": models[respondent],
                "condition": condition,
                "country": country,
                "topic": question.topic,
                "question": item,
                "ordinal": question.ordinal,
                "answers": answered.answers,
                "method": answered.method,
                **_distances(question, answered.shares, country, ""),
                **people.baselines(question, country),
                "chance_jsd": people.chance(question, country, answered.answers) if answered.method == COUNTS else None,
                "apart": answered.apart,
                "dont_know": _unsaid(question, answered.shares),
                "people_dont_know": _unsaid(question, np.asarray(question.answers[country])),
            }
            rows.append(row)
    table = pl.DataFrame(rows, schema=_SCHEMA).with_columns(
        place=pl.col("condition").replace_strict(dict(zip(CONDITIONS, range(5), strict=True)))
    )
    return table.sort("respondent", "place", "country", "question", maintain_order=True).drop("place"), out


_FIGURES = [f"{who}{measure}" for who in ("", "uniform_", "others_") for measure in MEASURES]
_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("respondent", "model", "condition", "country", "topic", "question"), pl.String),
    "ordinal": pl.Boolean,
    "answers": pl.Int64,
    "method": pl.String,
    **dict.fromkeys(_FIGURES, pl.Float64),
    "others": pl.Int64,
    **dict.fromkeys(("chance_jsd", "apart", "dont_know", "people_dont_know"), pl.Float64),
}


def _distances(question: Question, shares: FloatArray, country: str, who: str) -> dict[str, float | None]:
    """The distances of shares over all options to the people's."""
    people = np.asarray(question.answers[country])
    scored, scale = list(question.scored), list(question.scale)
    jsd = round(js_divergence(shares[scored], people[scored], BASE), _DIGITS)
    w1 = round(wasserstein_1(shares[scale], people[scale]), _DIGITS) if question.ordinal else None
    return {f"{who}jsd": jsd, f"{who}jsd_root": float(np.sqrt(jsd)), f"{who}w1": w1}


def _unsaid(question: Question, shares: FloatArray) -> float | None:
    return float(shares[list(question.dont_know)].sum()) if question.dont_know else None


class _People:
    """The baselines of a question and country, each worked out once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        self._chances: dict[tuple[str, str, int], float] = {}

    def baselines(self, question: Question, country: str) -> dict[str, Any]:
        """The distances of a uniform guess, and of the mean of the other countries."""
        if (question.id, country) not in self._known:
            count = len(question.options)
            known: dict[str, Any] = _distances(question, np.full(count, 1 / count), country, "uniform_")
            others = [np.asarray(shares) for name, shares in question.answers.items() if name != country]
            mean = _mean_of(question, others)
            known |= dict.fromkeys(("others_jsd", "others_jsd_root", "others_w1")) if mean is None else {}
            known |= {} if mean is None else _distances(question, mean, country, "others_")
            self._known[question.id, country] = known | {"others": len(others)}
        return self._known[question.id, country]

    def chance(self, question: Question, country: str, answers: int) -> float:
        """How far as many answers would be, drawn from the people's own distribution."""
        key = (question.id, country, answers)
        if key not in self._chances:
            people = np.asarray(question.answers[country])[list(question.scored)]
            dice = np.random.default_rng(derived_seed("chance", *key))
            drawn = dice.multinomial(answers, people / people.sum(), size=_DRAWS)
            self._chances[key] = float(np.mean([js_divergence(each, people, BASE) for each in drawn]))
        return self._chances[key]


def _mean_of(question: Question, others: list[FloatArray]) -> FloatArray | None:
    """The mean of distributions, each country alike, over the options that are scored; the rest keep their mean as well."""
    if not others:
        return None
    scored = list(question.scored)
    normed = [each / each[scored].sum() for each in others if each[scored].sum() > 0]
    return np.asarray(np.mean(normed, axis=0), dtype=np.float64) if normed else None
