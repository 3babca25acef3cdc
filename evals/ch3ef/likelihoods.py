"""Likelihoods of options by their three rules (`agent.protocols.likelihood`): the one that a run's tables use, and all three."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from agent.protocols.choice import LETTERS
from agent.protocols.likelihood import MERGED, RULES, likeliest
from evals.benchmark.scoring import ALL
from evals.ch3ef.scoring import calibrations
from evals.scoring.accuracy import accuracy

__all__ = ["PROTOCOL", "by_rule", "with_rules"]

PROTOCOL = "likelihood"


def with_rules(answers: pl.DataFrame, rules: Mapping[str, str]) -> pl.DataFrame:
    """The answers, those by likelihood chosen by the rule of their `run` in `rules` ("mean" where it has none).

    Place, option, right, and `logprobs`, of which the softmax is the confidence, are the rule's.
    """
    changed: dict[str, list[Any]] = {name: [] for name in ("place", "option", "right", "logprobs")}
    for row in answers.iter_rows(named=True):
        chosen = row
        if row["protocol"] == PROTOCOL and row["state"] == "answered":
            chosen = _chosen(row, rules.get(row["run"] or "", RULES[0]))
        for name, column in changed.items():
            column.append(chosen[name])
    return answers.with_columns(pl.Series(name, column, dtype=answers.schema[name]) for name, column in changed.items())


def _chosen(row: Mapping[str, Any], rule: str) -> dict[str, Any]:
    """What an answer says by `rule`; nothing where the rule has no figures."""
    scores, order, key = row["scores"] or {}, row["shown_order"], row["key_places"]
    place = likeliest(scores, len(order), rule)
    if place is None:
        return dict.fromkeys(("place", "option", "right", "logprobs"))
    values = [0.0] * len(order)
    for letter, option in zip(LETTERS, order, strict=False):
        values[option] = scores[f"{rule}.{letter}"]
    return {"place": place, "option": order[place], "right": place in key if key else None, "logprobs": values}


def by_rule(answers: pl.DataFrame, level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """A row a respondent and rule, over answers by likelihood: items, right of those answered with bounds, ECE with bounds, by chance.

    merged: answers in which an option shares a token with the end of the prompt.
    """
    own = answers.filter((pl.col("protocol") == PROTOCOL) & (pl.col("state") == "answered"))
    rows: list[dict[str, Any]] = []
    merged = {who: sum(bool((scores or {}).get(MERGED)) for scores in part["scores"]) for (who,), part in own.group_by("who")}
    for rule in RULES if own.height else ():
        table = with_rules(own, dict.fromkeys(own["run"].unique().to_list(), rule))
        calibrated = {row["who"]: row for row in calibrations(table, level, seed).iter_rows(named=True) if row["h"] == ALL}
        for row in accuracy(table, ("who",), level).iter_rows(named=True):
            ece = calibrated.get(row["who"], {})
            figures = {name: row[name] for name in ("who", "items", "answered", "accuracy", "accuracy_low", "accuracy_high")}
            told = {name: ece.get(name) for name in ("ece", "ece_low", "ece_high", "by_chance", "confidence")}
            rows.append({**figures, "rule": rule, **told, "merged": merged[row["who"]]})
    schema: dict[str, Any] = {"who": pl.String, "rule": pl.String, "items": pl.Int64, "answered": pl.Int64, "merged": pl.Int64}
    floats = ("accuracy", "accuracy_low", "accuracy_high", "ece", "ece_low", "ece_high", "by_chance", "confidence")
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(floats, pl.Float64)).sort("who", maintain_order=True)
