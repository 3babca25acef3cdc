"""The results as tables (one CSV each) and as JSON-able data."""

from __future__ import annotations

from typing import Any

import polars as pl

from evals.value_spectrum.ablation import published_ablation
from evals.value_spectrum.analysis import Found
from evals.value_spectrum.scoring import beside_published
from evals.values.results import plain

__all__ = ["FORMAT", "NAMES", "as_data", "tables_of"]

FORMAT = "axiofeed-value-spectrum/1"
"""Stands in results.json: a folder with it may be written anew."""
NAMES = (
    "spectrum.csv",
    "spectrum_by_draw.csv",
    "respondents.csv",
    "estimator_a.csv",
    "published.csv",
    "retest.csv",
    "ablation.csv",
    "ablation_published.csv",
    "breakdown.csv",
    "breakdown_tests.csv",
    "induced.csv",
    "sessions.csv",
)


def tables_of(found: Found) -> dict[str, pl.DataFrame]:
    """By file name; those without rows are left out."""
    every = {
        "spectrum.csv": found.scores,
        "spectrum_by_draw.csv": found.by_draw,
        "respondents.csv": found.totals,
        "estimator_a.csv": found.beside,
        "published.csv": beside_published(found.scores) if found.scores.height else pl.DataFrame(),
        "retest.csv": found.retest,
        "ablation.csv": found.ablation,
        "ablation_published.csv": published_ablation() if found.ablation.height else pl.DataFrame(),
        "breakdown.csv": found.breakdown,
        "breakdown_tests.csv": found.compared,
        "induced.csv": found.induced.table if found.induced else pl.DataFrame(),
        "sessions.csv": found.material.sessions,
    }
    return {name: every[name] for name in NAMES if every[name].height}


def as_data(found: Found) -> dict[str, Any]:
    """Everything as JSON-able data."""
    about = {"format": FORMAT, "level": found.level, "assigned_by": found.assigned_by, "cost_usd": str(found.material.cost_usd)}
    told = {"conclusions": list(found.conclusions), "notes": list(found.notes)}
    return about | told | {name.removesuffix(".csv"): plain(frame) for name, frame in tables_of(found).items()}
