"""Scores as tables: one row a respondent and value, and one row a value over respondents with α and what people answered."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from scipy.special import stdtrit

from evals.values.intervals import Interval
from evals.values.loadings import FloatArray, IntArray
from evals.values.questionnaire.scoring import HIGHER, VALUE, Scores
from evals.values.reliability import cronbach_alpha, icc

__all__ = ["ENOUGH_FOR_ALPHA", "people_table", "retest_table", "scores_table"]

ENOUGH_FOR_ALPHA = 10
"""Respondents below which α is not given: its interval would span everything."""


def scores_table(scores: Scores) -> pl.DataFrame:
    """See `Scores.table`."""
    a, v = scores.raw.shape
    kinds = [VALUE if code in scores.instrument.key else HIGHER for code in scores.codes]
    flat = {"raw": scores.raw, "centred": scores.centred, "low": scores.low, "high": scores.high}
    frame = pl.DataFrame(
        {
            "respondent": np.repeat(np.array(scores.respondents, dtype=object), v).tolist(),
            "kind": kinds * a,
            "value": list(scores.codes) * a,
            **{name: table.ravel() for name, table in flat.items()},
            "n": np.repeat(scores.times.astype(np.int64), v),
            "level": np.full(a * v, scores.level),
            "answered": scores.answered.ravel().astype(np.int64),
            "asked": (scores.times[:, None] * _sizes(scores)).ravel().astype(np.int64),
        }
    )
    given = pl.when(pl.col("low").is_not_null()).then(pl.lit("t over administrations")).otherwise(pl.lit("none"))
    order = ("respondent", "kind", "value", "raw", "centred", "low", "high", "method", "n", "level", "answered", "asked")
    return frame.with_columns(pl.col(flat.keys()).fill_nan(None)).with_columns(given.alias("method")).select(order)


def _sizes(scores: Scores) -> FloatArray:
    """(V): items of each code in one administration."""
    key, groups = scores.instrument.key, scores.instrument.groups
    return np.array([len(key[code]) if code in key else sum(len(key[each]) for each in groups[code]) for code in scores.codes], dtype=float)


def people_table(scores: Scores) -> pl.DataFrame:
    """See `Scores.people`."""
    return pl.DataFrame([_person_row(scores, column) for column in range(len(scores.codes))], schema=_PEOPLE)


_PEOPLE = {
    "kind": pl.String,
    "value": pl.String,
    "centred": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "method": pl.String,
    "n": pl.Int64,
    "level": pl.Float64,
    "sd": pl.Float64,
    "raw": pl.Float64,
    "alpha": pl.Float64,
    "alpha_low": pl.Float64,
    "alpha_high": pl.Float64,
    "alpha_n": pl.Int64,
    "items": pl.Int64,
    "reference": pl.Float64,
}


def _person_row(scores: Scores, column: int) -> dict[str, Any]:
    code = scores.codes[column]
    numbers = scores.instrument.key.get(code, ())
    there = scores.centred[:, column][np.isfinite(scores.centred[:, column])]
    raw = scores.raw[:, column][np.isfinite(scores.raw[:, column])]
    sd = float(there.std(ddof=1)) if len(there) > 1 else None
    half = sd * float(stdtrit(len(there) - 1, 0.5 + scores.level / 2)) / math.sqrt(len(there)) if sd else None
    mean = float(there.mean()) if len(there) else None
    reference = scores.instrument.reference
    return {
        "kind": VALUE if numbers else HIGHER,
        "value": code,
        "centred": mean,
        "low": mean - half if mean is not None and half is not None else None,
        "high": mean + half if mean is not None and half is not None else None,
        "method": "t over respondents" if half is not None else "none",
        "n": len(there),
        "level": scores.level,
        "sd": sd,
        "raw": float(raw.mean()) if len(raw) else None,
        **_alpha(scores, numbers),
        "items": len(numbers) or None,
        "reference": reference.centred.get(code) if reference else None,
    }


def _alpha(scores: Scores, numbers: tuple[int, ...]) -> dict[str, Any]:
    """α of the raw items of one value over respondents who answered all of them; empty where it says nothing."""
    places = [scores.instrument.numbers.index(number) for number in numbers]
    items = scores.items[:, places]
    complete = items[np.isfinite(items).all(axis=1)]
    alpha = cronbach_alpha(complete, scores.level) if len(complete) >= ENOUGH_FOR_ALPHA else None
    return {
        "alpha": alpha.estimate if alpha else None,
        "alpha_low": alpha.low if alpha else None,
        "alpha_high": alpha.high if alpha else None,
        "alpha_n": len(complete) if numbers else None,
    }


_RETEST = {
    "kind": pl.String,
    "value": pl.String,
    "icc": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "method": pl.String,
    "n": pl.Int64,
    "administrations": pl.Int64,
    "level": pl.Float64,
}


def retest_table(scores: Scores) -> pl.DataFrame:
    """See `Scores.retest`. ICC(A,1) of centred scores; empty cells where the scores of a value do not vary, or it says nothing."""
    times = _times(np.bincount(scores.owner))
    rows = []
    for column, code in enumerate(scores.codes if times else ()):
        table = _first(scores.each[:, column], scores.owner, times)
        found = icc(table, scores.level)
        one = _sound(found.agreement) if found else None
        rows.append(
            {
                "kind": VALUE if code in scores.instrument.key else HIGHER,
                "value": code,
                "icc": one.estimate if one else None,
                "low": one.low if one else None,
                "high": one.high if one else None,
                "method": f"ICC(A,1), {one.method}" if one else "none",
                "n": int(np.isfinite(table).all(axis=1).sum()),
                "administrations": times,
                "level": scores.level,
            }
        )
    return pl.DataFrame(rows, schema=_RETEST)


def _sound(one: Interval) -> Interval | None:
    """A correlation that says something: none below −1, where respondents differ far less than chance would have it and the formula runs
    away; no bounds where they leave it out, as happens with two or three respondents."""
    if one.estimate < -1:
        return None
    low, high = (-1.0 if one.low is None else max(one.low, -1.0)), (1.0 if one.high is None else min(one.high, 1.0))
    if one.low is None or one.high is None or not low <= one.estimate <= high:
        return replace(one, low=None, high=None)
    return replace(one, low=low, high=high)


def _times(administrations: IntArray) -> int:
    """How many administrations are compared: the number k with the most in n (k − 1), n respondents having k or more; 0 where n < 2."""
    best = 0, 0
    for times in np.unique(administrations[administrations > 1]):
        n = int((administrations >= times).sum())
        if n > 1:
            best = max(best, (n * (int(times) - 1), int(times)))
    return best[1]


def _first(centred: FloatArray, owner: IntArray, times: int) -> FloatArray:
    """(n, times) scores of the first administrations of each respondent that has so many."""
    rows = [centred[owner == who][:times] for who in np.flatnonzero(np.bincount(owner) >= times)]
    return np.stack(rows)
