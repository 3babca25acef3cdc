"""Right answers / samples by task, domain and h; calibration, correlations between domains; the published scores beside."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl

from evals.benchmark.respondents import asked_alike
from evals.benchmark.scoring import ALL
from evals.benchmark.scoring import scores as scored
from evals.ch3ef.levels.registry import LEVELS as _NAMES
from evals.ch3ef.taxonomy import FEWEST, H, domains, published, tasks
from evals.scoring.calibration import calibration
from evals.scoring.ranking import spearman

__all__ = ["LEVELS", "beside_published", "calibrations", "correlations", "scores"]

LEVELS: Mapping[str, Sequence[str]] = {"h": H, "domain": domains(), "task": tuple(tasks())}
"""Groupings of the items, each with its groups in order."""
_A3 = _NAMES[-1]


def scores(answers: pl.DataFrame, items: pl.DataFrame, level: float = 0.95) -> pl.DataFrame:
    """`evals.benchmark.scoring.scores` by all, h, domain and task; ranks from `FEWEST` samples on.

    Where items of levels A1 and A2 are among them, by `level` and `dataset` too; h, domain and task are of A3's alone.
    """
    below = items.filter(pl.col("level") != _A3)
    if below.is_empty():
        return scored(answers, items, LEVELS, level, fewest=FEWEST)
    own = {name: pl.when(pl.col("level") == _A3).then(pl.col(name)) for name in LEVELS}
    answers, items = answers.with_columns(**own), items.with_columns(**own)
    there = {name: groups for name, groups in LEVELS.items() if answers[name].is_not_null().any()}
    groups = {"level": _NAMES, "dataset": sorted(items["dataset"].unique()), **there}
    table = scored(answers, items, groups, level, fewest=FEWEST)
    return table.filter(pl.col("group").is_not_null())


def calibrations(answers: pl.DataFrame, level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """ECE by respondent and h, over answers with log-probabilities of all options: ten bins of equal mass, confidence by softmax.

    `by_chance`: what a perfectly calibrated respondent with these confidences has; `without`: answers that lack log-probabilities.
    """
    rows: list[dict[str, Any]] = []
    answered = answers.filter((pl.col("state") == "answered") & pl.col("right").is_not_null())
    for (who,), own in answered.partition_by("who", as_dict=True, maintain_order=True).items():
        if own["logprobs"].is_null().all():
            continue
        for h in (ALL, *H):
            part = own if h == ALL else own.filter(pl.col("h") == h)
            there = part.filter(pl.col("logprobs").is_not_null())
            confidence = [_softmax(row)[option] for row, option in zip(there["logprobs"], there["option"], strict=True)]
            found = calibration(confidence, there["right"].to_numpy().astype(float), bins=10, seed=seed, level=level)
            if found is not None:
                rows.append(
                    {
                        "who": who,
                        "h": h,
                        "answers": there.height,
                        "without": part.height - there.height,
                        "ece": found.ece.estimate,
                        "ece_low": found.ece.low,
                        "ece_high": found.ece.high,
                        "by_chance": found.by_chance,
                        "confidence": float(np.mean(confidence)),
                        "accuracy": float(there["right"].cast(pl.Float64).mean()),  # type: ignore[arg-type]
                    }
                )
    schema: dict[str, Any] = {"who": pl.String, "h": pl.String, "answers": pl.Int64, "without": pl.Int64}
    return pl.DataFrame(
        rows, schema=schema | dict.fromkeys(("ece", "ece_low", "ece_high", "by_chance", "confidence", "accuracy"), pl.Float64)
    )


def _softmax(logprobs: Sequence[float]) -> list[float]:
    most = max(logprobs)
    weights = [math.exp(each - most) for each in logprobs]
    return [weight / sum(weights) for weight in weights]


def correlations(table: pl.DataFrame, answers: pl.DataFrame, level: float = 0.95) -> pl.DataFrame:
    """Pearson's r with Fisher's interval and Spearman's ρ between the scores of two domains, or of two h, over `models`.

    Only respondents that were asked in one way (`evals.benchmark.respondents.asked_alike`) count, and groups in which each of them has a
    score; null below three. The published leaderboards give the rows of `source` "published".
    """
    alike = asked_alike(answers)[0]["who"].unique().to_list()
    own = table.filter(pl.col("who").is_in(alike) & pl.col("score").is_not_null())
    rows = []
    for part, names in (("h", H), ("domain", domains())):
        found = {
            group: dict(own.filter((pl.col("level") == part) & (pl.col("group") == group)).select("who", "score").iter_rows())
            for group in names
        }
        rows += [_correlated(("own", part, one, two), found[one], found[two], level) for one, two in itertools.combinations(names, 2)]
    known = {h: {model["model"]: float(model[h]) for model in published()["models"]} for h in H}
    rows += [_correlated(("published", "h", one, two), known[one], known[two], level) for one, two in itertools.combinations(H, 2)]
    schema: dict[str, Any] = dict.fromkeys(("source", "level", "first", "second"), pl.String) | {"models": pl.Int64}
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(("pearson", "pearson_low", "pearson_high", "spearman"), pl.Float64))


def _correlated(names: tuple[str, ...], first: dict[str, float], second: dict[str, float], confidence: float) -> dict[str, Any]:
    """One row; `names`: source, level, first, second."""
    models = sorted(first.keys() & second.keys())
    x, y = np.array([first[model] for model in models]), np.array([second[model] for model in models])
    row: dict[str, Any] = dict(zip(("source", "level", "first", "second"), names, strict=True)) | {"models": len(models)}
    if len(models) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return row | dict.fromkeys(("pearson", "pearson_low", "pearson_high", "spearman"))
    r = float(np.corrcoef(x, y)[0, 1])
    low = high = None
    if len(models) > 3 and abs(r) < 1 - 1e-12:
        half = NormalDist().inv_cdf(0.5 + confidence / 2) / math.sqrt(len(models) - 3)
        low, high = math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)
    return row | {"pearson": r, "pearson_low": low, "pearson_high": high, "spearman": spearman(x, y)}


def beside_published(table: pl.DataFrame) -> pl.DataFrame:
    """Percentages by h: the respondents', with intervals and samples, then the published models', without any."""
    rows: list[dict[str, Any]] = []
    for (who,), own in table.filter(pl.col("level") == "h").partition_by("who", as_dict=True, maintain_order=True).items():
        row: dict[str, Any] = {"model": who, "source": "own"}
        for line in own.iter_rows(named=True):
            figures = {"": line["score"], "_low": line["score_low"], "_high": line["score_high"]}
            row |= {f"{line['group']}{end}": None if value is None else 100 * value for end, value in figures.items()}
            row[f"{line['group']}_samples"] = line["samples"]
        rows.append(row)
    samples = {"Helpful_samples": 494, "Honest_samples": 153, "Harmless_samples": 355}
    rows += [{"model": each["model"], "source": "published", **{h: each[h] for h in H}, **samples} for each in published()["models"]]
    schema: dict[str, Any] = {"model": pl.String, "source": pl.String}
    for h in H:
        schema |= {h: pl.Float64, f"{h}_low": pl.Float64, f"{h}_high": pl.Float64, f"{h}_samples": pl.Int64}
    return pl.DataFrame(rows, schema=schema)
