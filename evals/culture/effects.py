"""What pictures, and a country's name, do: conditions compared in the same question and country; below 0 is closer."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from evals.culture.conditions import CONTRASTS
from evals.culture.resampling import mean_by_question, mean_of_cells
from evals.values.multiplicity import holm

__all__ = ["ALL", "effects", "effects_by", "pairs_of"]

ALL = "all"
_PAIR = ("question", "country")


def effects(cells: pl.DataFrame, *, level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """A row a respondent, contrast and measure: the mean difference (with − without) over pairs of cells, with both bootstraps.

    pairs: cells scored in both; unpaired: those scored in one alone, which are in neither mean.
    """
    rows: list[dict[str, Any]] = []
    for who, one, two, what, pairs, unpaired in pairs_of(cells):
        for measure in ("jsd", "jsd_root", "w1"):
            both = pairs.filter(pl.col(measure).is_not_null() & pl.col(f"{measure}_2").is_not_null())
            values = (both[measure] - both[f"{measure}_2"]).to_numpy().astype(np.float64)
            mean = mean_of_cells(values, both["question"].to_list(), both["country"].to_list(), seed=seed, level=level)
            if mean is None:
                continue
            row = {"respondent": who, "contrast": f"{one} − {two}", "adds": what, "measure": measure, **mean.columns("difference")}
            rows.append(row | {"pairs": mean.cells, "questions": mean.questions, "countries": mean.countries, "unpaired": unpaired})
    return pl.DataFrame(rows, schema=_SCHEMA)


def effects_by(cells: pl.DataFrame, *, level: float = 0.95) -> pl.DataFrame:
    """The differences in divergence by topic, and by country: Student's t over questions, p by Holm over the levels of a contrast."""
    rows: list[dict[str, Any]] = []
    for who, one, two, _, pairs, _ in pairs_of(cells):
        for by in ("topic", "country"):
            family = []
            for (name,), part in pairs.sort(by).partition_by(by, as_dict=True, maintain_order=True).items():
                values = (part["jsd"] - part["jsd_2"]).to_numpy().astype(np.float64)
                found = mean_by_question(values, part["question"].to_list(), level=level)
                told = {"difference": found["estimate"], "difference_low": found["low"], "difference_high": found["high"]}
                tail = {"p": found["p"], "questions": found["n"], "pairs": part.height}
                family.append({"respondent": who, "contrast": f"{one} − {two}", "by": by, "level": name, **told, **tail})
            rows += _adjusted(family)
    return pl.DataFrame(rows, schema=_BY)


def _adjusted(family: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With `p_adjusted` over those that have a p."""
    tested = [row for row in family if row["p"] is not None]
    adjusted = holm([row["p"] for row in tested]).tolist() if tested else []
    of = {row["level"]: p for row, p in zip(tested, adjusted, strict=True)}
    return [row | {"p_adjusted": of.get(row["level"])} for row in family]


def pairs_of(cells: pl.DataFrame) -> list[tuple[str, str, str, str, pl.DataFrame, int]]:
    """(respondent, with, without, what is added, pairs of cells, cells without a partner)."""
    found: list[tuple[str, str, str, str, pl.DataFrame, int]] = []
    for (who,), own in cells.partition_by("respondent", as_dict=True, maintain_order=True).items():
        for one, two, what in CONTRASTS:
            first, second = (own.filter(pl.col("condition") == name) for name in (one, two))
            if first.is_empty() or second.is_empty():
                continue
            kept = second.select(*_PAIR, *(pl.col(name).alias(f"{name}_2") for name in ("jsd", "jsd_root", "w1")))
            pairs = first.join(kept, on=_PAIR, how="inner", maintain_order="left")
            if pairs.height:
                found.append((str(who), one, two, what, pairs, first.height + second.height - 2 * pairs.height))
    return found


_BOUNDS = ("difference", "difference_low", "difference_high")
_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("respondent", "contrast", "adds", "measure"), pl.String),
    **dict.fromkeys((*_BOUNDS, "difference_wide_low", "difference_wide_high"), pl.Float64),
    **dict.fromkeys(("pairs", "questions", "countries", "unpaired"), pl.Int64),
}
_BY: dict[str, Any] = {
    **dict.fromkeys(("respondent", "contrast", "by", "level"), pl.String),
    **dict.fromkeys((*_BOUNDS, "p", "p_adjusted"), pl.Float64),
    **dict.fromkeys(("questions", "pairs"), pl.Int64),
}
