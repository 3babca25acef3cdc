"""Who answered, and how they were asked: the order that respondents are shown in, those asked alike, and who is no model at all."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from agent.models.registry import PROVIDERS
from personas.one_line import one_line

__all__ = ["PLAIN", "asked_alike", "in_order", "named", "synthetic_note"]

PLAIN = "shown, no examples"
"""`how` of the usual way of asking."""
_NAMED = 8


def _answers_from(model: str) -> str:
    """What a synthetic respondent answers from; "" for a model."""
    entry = PROVIDERS.get(model.partition("/")[0])
    return "" if entry is None else entry.answers_from


def asked_alike(answers: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """The answers (columns who, how) of those asked in the usual way, or in the commonest one where nobody was; and that way's name."""
    ways = answers.group_by("how").agg(n=pl.col("who").n_unique())
    ways = ways.sort(pl.col("how") != PLAIN, "n", "how", descending=[False, True, False])
    way = str(ways["how"][0])
    return answers.filter(how=way), way


def named(people: Iterable[str]) -> str:
    """The first few names, and how many others there are."""
    names = [one_line(who, 80) for who in people]
    return ", ".join(names[:_NAMED]) + (f", and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def in_order(answers: pl.DataFrame) -> list[str]:
    """Every `who` once, of columns who, how, model: models before synthetic respondents, of each those asked in the usual way first."""
    rows = answers.select("who", "how", "model").unique("who", keep="first", maintain_order=True).iter_rows()
    return [who for who, how, model in sorted(rows, key=lambda row: (bool(_answers_from(row[2])), row[1] != PLAIN))]


def synthetic_note(answers: pl.DataFrame) -> list[str]:
    """A sentence that names the synthetic respondents, of column model; none where there are none."""
    sources: dict[str, list[str]] = {}
    for model in answers["model"].unique(maintain_order=True):
        if source := _answers_from(model):
            sources.setdefault(source, []).append(model)
    told = "; ".join(f"{named(names)} (from {source})" for source, names in sources.items())
    return [f"Synthetic respondents, which are no models and say nothing of any: {told}."] if told else []
