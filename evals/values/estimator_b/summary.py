"""From posterior draws of the slopes to rows of the profile table, with equal-tailed credible intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from evals.values.estimator_a import IDENTIFIED_BY
from evals.values.estimator_b.answers import Answers
from evals.values.loadings import FloatArray, IntArray

__all__ = ["UNIT", "profile_rows", "references"]

UNIT = "logit per unit loading"


def profile_rows(
    answers: Answers, values: Sequence[str], theta: FloatArray, *, reference: Mapping[int, Sequence[int]], method: str, level: float
) -> pl.DataFrame:
    """Rows of all estimands from the draws `theta` (S, A, V). `reference` says which respondents each steered one is compared with.

    `n` is the number of items answered, for steering by both; `se` the posterior standard deviation.
    """
    answered = answers.items_answered() > 0
    each = answered.sum(axis=1)
    tables = [
        _table(answers.respondents, values, "absolute", theta, n=each, level=level),
        _table(answers.respondents, values, "priority", theta - theta.mean(axis=2, keepdims=True), n=each, level=level),
    ]
    if reference:
        steered = list(reference)
        shift = np.stack([theta[:, a] - theta[:, list(reference[a])].mean(axis=1) for a in steered], axis=1)
        both = np.array([(answered[a] & answered[list(reference[a])].any(axis=0)).sum() for a in steered])
        tables.append(_table([answers.respondents[a] for a in steered], values, "steering", shift, n=both, level=level))
    return (
        pl.concat(tables)
        .with_columns(method=pl.lit(method), channel=pl.lit(answers.channel), unit=pl.lit(UNIT))
        .select("respondent", "value", "estimand", "estimate", "low", "high", "method", "n", "channel", "unit", "se", "identified_by")
    )


def _table(
    respondents: Sequence[str], values: Sequence[str], estimand: str, draws: FloatArray, *, n: IntArray, level: float
) -> pl.DataFrame:
    """One row a respondent and value from `draws` (S, K, V) and the items `n` (K,)."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return pl.DataFrame(
        {
            "respondent": np.repeat(np.array(respondents, dtype=object), len(values)).tolist(),
            "value": list(values) * len(respondents),
            "estimand": estimand,
            "estimate": draws.mean(axis=0).ravel(),
            "low": low.ravel(),
            "high": high.ravel(),
            "n": np.repeat(n, len(values)),
            "se": draws.std(axis=0, ddof=1).ravel(),
            "identified_by": IDENTIFIED_BY[estimand],
        }
    )


def references(answers: Answers, persona: str) -> dict[int, tuple[int, ...]]:
    """For each respondent with another persona, those of the same model with the reference persona; models without one are left out."""
    by_model: dict[str, list[int]] = {}
    for number, (model, name) in enumerate(zip(answers.models, answers.personas, strict=True)):
        if name == persona:
            by_model.setdefault(model, []).append(number)
    return {
        number: tuple(by_model[model])
        for number, (model, name) in enumerate(zip(answers.models, answers.personas, strict=True))
        if name != persona and model in by_model
    }
