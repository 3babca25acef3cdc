"""Scores of respondents: distances with baselines and the gain over them on the same cells; by country and topic; by size of the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from evals.culture.conditions import CONDITIONS
from evals.culture.distances import MEASURES
from evals.culture.effects import ALL
from evals.culture.resampling import mean_by_question, mean_of_cells

__all__ = ["BASELINES", "by_place_and_topic", "overall", "size_of", "sizes"]

BASELINES = ("uniform", "others")
_SIZE = re.compile(r"(?<![A-Za-z0-9.])(?:(\d{1,3})\s?[xX])?(\d{1,4}(?:\.\d{1,3})?)\s?([bBmM])(?![A-Za-z0-9])")


def overall(cells: pl.DataFrame, *, level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """A row a respondent, condition and measure.

    distance           mean over cells, with both bootstraps (`evals.culture.resampling`)
    similarity         1 − divergence, as the paper counts; of `jsd` alone
    uniform, others    the baselines' mean distance on the same cells, and on those where there is another country
    gain_…             baseline − distance on the same cells, above 0 where the respondent is closer; `others_cells`: how many those are
    chance             mean divergence of as many draws from the people's own distribution, where answers were counted
    """
    rows: list[dict[str, Any]] = []
    for (who, condition), own in _groups(cells, "respondent", "condition"):
        for measure in MEASURES:
            part = own.filter(pl.col(measure).is_not_null())
            if part.height:
                rows.append({"respondent": who, "condition": condition, "measure": measure, **_row(part, measure, level, seed)})
    return pl.DataFrame(rows, schema=_SCHEMA)


def _row(part: pl.DataFrame, measure: str, level: float, seed: int) -> dict[str, Any]:
    def mean(values: pl.Series, rows: pl.DataFrame, name: str) -> dict[str, Any]:
        found = mean_of_cells(
            values.to_numpy().astype(np.float64), rows["question"].to_list(), rows["country"].to_list(), seed=seed, level=level
        )
        return found.columns(name) if found else {}

    row = mean(part[measure], part, "distance")
    row["similarity"] = 1 - row["distance"] if measure == "jsd" else None
    for baseline in BASELINES:
        known = part.filter(pl.col(f"{baseline}_{measure}").is_not_null())
        row[baseline] = known[f"{baseline}_{measure}"].mean()
        row |= mean(known[f"{baseline}_{measure}"] - known[measure], known, f"gain_{baseline}")
        row[f"{baseline}_cells"] = known.height
    counts = {"cells": part.height, "questions": part["question"].n_unique(), "countries": part["country"].n_unique()}
    methods = part["method"].value_counts(sort=True, name="cells")
    told = ", ".join(f"{method} {cells}" for method, cells in methods.iter_rows())
    chance = part["chance_jsd"].mean() if measure == "jsd" else None
    return row | counts | {"answers": part["answers"].mean(), "methods": told, "chance": chance, "apart": part["apart"].mean()}


def by_place_and_topic(cells: pl.DataFrame, *, level: float = 0.95) -> pl.DataFrame:
    """Divergence and gains by respondent, condition, country and topic, `all` among them; Student's t over questions, bounds within [0, 1]
    for the divergence. One question has no interval."""
    rows: list[dict[str, Any]] = []
    for (who, condition), own in _groups(cells, "respondent", "condition"):
        parts: list[tuple[tuple[str, ...], pl.DataFrame]] = [((ALL, ALL), own)]
        parts += [((name, ALL), part) for (name,), part in _groups(own, "country")]
        parts += [((ALL, name), part) for (name,), part in _groups(own, "topic")]
        parts += _groups(own, "country", "topic")
        for (country, topic), part in parts:
            row: dict[str, Any] = {"respondent": who, "condition": condition, "country": country, "topic": topic}
            rows.append(row | _small(part, level))
    return pl.DataFrame(rows, schema=_PLACES)


def _small(part: pl.DataFrame, level: float) -> dict[str, Any]:
    row: dict[str, Any] = {"cells": part.height, "questions": part["question"].n_unique()}
    for name, column in (("jsd", pl.col("jsd")), *((f"gain_{each}", pl.col(f"{each}_jsd") - pl.col("jsd")) for each in BASELINES)):
        known = part.select("question", value=column).drop_nulls()
        if known.is_empty():
            row |= dict.fromkeys((name, f"{name}_low", f"{name}_high"))
            continue
        found = mean_by_question(known["value"].to_numpy().astype(np.float64), known["question"].to_list(), level=level)
        low, high = found["low"], found["high"]
        if name == "jsd" and low is not None:
            low, high = max(0.0, low), min(1.0, high)
        row |= {name: found["estimate"], f"{name}_low": low, f"{name}_high": high}
    w1 = part["w1"].drop_nulls()
    return row | {"w1": w1.mean() if len(w1) else None, "scales": len(w1)}


def size_of(model: str, given: Mapping[str, float]) -> tuple[float | None, str]:
    """Parameters of a model in billions, and where that is from: as given, else the first size in its name ("8x7B" is 56), else None.

    Of a name that tells the active parameters too, such as 30B-A3B, the first counts.
    """
    if model in given:
        return given[model], "given"
    found = _SIZE.search(model.replace("-", " ").replace("_", " ").replace("/", " ").replace(":", " "))
    if found is None:
        return None, "not known"
    size = float(found[2]) * (int(found[1]) if found[1] else 1) / (1 if found[3] in "bB" else 1000)
    return size, "from its name"


def sizes(cells: pl.DataFrame, given: Mapping[str, float], *, level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """Respondents of known size against the next smaller one, by condition: the difference in divergence on cells that both have.

    Below 0 where the larger one is closer to the people. Sizes that are equal are compared with the next smaller size's first respondent.
    """
    known = {who: size_of(model, given) for who, model in dict(cells.select("respondent", "model").iter_rows()).items()}
    ranked = sorted((size, who) for who, (size, _) in known.items() if size is not None)
    rows: list[dict[str, Any]] = []
    for size, who in ranked:
        smaller = next((other for least, other in reversed(ranked) if least < size), None)
        for condition in CONDITIONS:
            own = cells.filter((pl.col("respondent") == who) & (pl.col("condition") == condition))
            if own.is_empty():
                continue
            row = {"respondent": who, "size_b": size, "size_from": known[who][1], "condition": condition, "jsd": own["jsd"].mean()}
            row |= {"gain_uniform": (own["uniform_jsd"] - own["jsd"]).mean(), "smaller": smaller, "pairs": 0}
            other = cells.filter((pl.col("respondent") == smaller) & (pl.col("condition") == condition)) if smaller else own.clear()
            both = own.join(other.select("question", "country", before="jsd"), on=["question", "country"], how="inner")
            change = (both["jsd"] - both["before"]).to_numpy().astype(np.float64)
            found = mean_of_cells(change, both["question"].to_list(), both["country"].to_list(), seed=seed, level=level)
            rows.append(row | (found.columns("difference") | {"pairs": found.cells} if found else {}))
    return pl.DataFrame(rows, schema=_SIZES)


def _groups(frame: pl.DataFrame, *by: str) -> list[tuple[tuple[str, ...], pl.DataFrame]]:
    return [(tuple(map(str, names)), part) for names, part in frame.partition_by(*by, as_dict=True, maintain_order=True).items()]


def _bounded(name: str) -> tuple[str, ...]:
    return tuple(f"{name}{end}" for end in ("", "_low", "_high", "_wide_low", "_wide_high"))


_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("respondent", "condition", "measure"), pl.String),
    **dict.fromkeys((*_bounded("distance"), "similarity", *BASELINES), pl.Float64),
    **dict.fromkeys((*_bounded("gain_uniform"), *_bounded("gain_others")), pl.Float64),
    **dict.fromkeys(("cells", "questions", "countries", "uniform_cells", "others_cells"), pl.Int64),
    **dict.fromkeys(("answers", "chance", "apart"), pl.Float64),
    "methods": pl.String,
}
_PLACES: dict[str, Any] = {
    **dict.fromkeys(("respondent", "condition", "country", "topic"), pl.String),
    **dict.fromkeys([f"{name}{end}" for name in ("jsd", "gain_uniform", "gain_others") for end in ("", "_low", "_high")], pl.Float64),
    "w1": pl.Float64,
    **dict.fromkeys(("cells", "questions", "scales"), pl.Int64),
}
_SIZES: dict[str, Any] = {
    **dict.fromkeys(("respondent", "size_from", "condition", "smaller"), pl.String),
    **dict.fromkeys(("size_b", "jsd", "gain_uniform", *_bounded("difference")), pl.Float64),
    "pairs": pl.Int64,
}
