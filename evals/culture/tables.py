"""The results as tables (one CSV each) and as JSON-able data."""

from __future__ import annotations

from typing import Any

import polars as pl

from evals.culture.analysis import Found
from evals.culture.distances import BASE, MEASURES
from evals.values.results import plain

__all__ = ["FORMAT", "NAMES", "as_data", "tables_of"]

FORMAT = "axiofeed-culture/1"
"""Stands in results.json: a folder with it may be written anew."""
NAMES = (
    "scores.csv",
    "effects.csv",
    "effects_by.csv",
    "country_topic.csv",
    "sizes.csv",
    "size_effects.csv",
    "states.csv",
    "exclusions.csv",
    "positions.csv",
    "pictures.csv",
    "cells.csv",
)


def tables_of(found: Found) -> dict[str, pl.DataFrame]:
    """By file name; those without rows are left out. Lists become text, as a CSV needs it."""
    every = {
        "scores.csv": found.scores,
        "effects.csv": found.effects,
        "effects_by.csv": found.effects_by,
        "country_topic.csv": found.places,
        "sizes.csv": found.sizes,
        "size_effects.csv": found.size_effects,
        "states.csv": found.states,
        "exclusions.csv": found.exclusions,
        "positions.csv": _flat(found.positions),
        "pictures.csv": found.pictures,
        "cells.csv": found.cells,
    }
    return {name: every[name] for name in NAMES if every[name].height}


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """`chosen` as text; no place holds a key here."""
    if frame.is_empty():
        return frame
    return frame.drop("keys").with_columns(pl.col("chosen").list.eval(pl.element().cast(pl.String)).list.join(" "))


def as_data(found: Found) -> dict[str, Any]:
    """Everything as JSON-able data."""
    material = found.material
    about = {
        "format": FORMAT,
        "survey": material.survey,
        "synthetic": material.synthetic,
        "dont_know": material.dont_know,
        "level": found.level,
        "base": BASE,
        "measures": dict(MEASURES),
    }
    told = {"conclusions": list(found.conclusions), "notes": list(found.notes)}
    return about | told | {name.removesuffix(".csv"): plain(frame) for name, frame in tables_of(found).items()}
