"""Results as JSON-able data and as one profiles table: all that an analysis holds, but for the arrays that decisions give back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import polars as pl

from evals.values.decompose import Decomposition
from evals.values.findings import Analysis

__all__ = ["all_profiles", "as_data", "as_json", "plain"]


def all_profiles(analysis: Analysis) -> pl.DataFrame:
    """The profiles of all channels under each other, the primary one first."""
    return pl.concat([one.profiles for one in analysis.decompositions.values()])


def as_data(analysis: Analysis) -> dict[str, Any]:
    """The analysis as JSON-able data: every sentence, figure and table; a number that does not exist is null."""
    held = {each.name: plain(getattr(analysis, each.name)) for each in fields(analysis) if each.name != "decompositions"}
    channels = {name: _decomposition(one) for name, one in analysis.decompositions.items()}
    return held | {"channels": channels, "profiles": plain(all_profiles(analysis))}


def _decomposition(found: Decomposition) -> dict[str, Any]:
    panel = found.panel
    who = zip(panel.respondents, panel.models, panel.personas, strict=True)
    return {
        "contrast": found.contrast,
        "unit": found.unit,
        "scale": plain(panel.scale),
        "within_sd": plain(panel.within_sd),
        "wording_variance": plain(found.prompts),
        "respondents": [{"respondent": respondent, "model": model, "persona": persona} for respondent, model, persona in who],
        "items": list(panel.items),
        "clusters": panel.design.clusters,
        "cells": plain(panel.cells),
        "values": list(panel.values),
        "loadings": panel.loadings.source,
        "covariates": list(panel.loadings.covariates),
        "answered": int(panel.count.sum()),
        "refused_or_unparsable": int(panel.missing.sum()),
        "failed": panel.failed,
        "notes": list(found.notes),
    }


def plain(value: Any) -> Any:
    """`value` as None, bool, int, float, text, lists and dicts; NaN and infinity become None, a frame a list of its rows."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    found: Any = value
    if value is None or isinstance(value, bool | int | str):
        pass
    elif isinstance(value, float):
        found = value if math.isfinite(value) else None
    elif is_dataclass(value) and not isinstance(value, type):
        found = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    elif isinstance(value, Mapping):
        found = {str(key): plain(each) for key, each in value.items()}
    elif isinstance(value, pl.DataFrame):
        found = [plain(row) for row in value.iter_rows(named=True)]
    elif isinstance(value, list | tuple | set | frozenset):
        found = [plain(each) for each in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    else:
        found = str(value)
    return found


def as_json(value: Any) -> bytes:
    """`plain(value)` as indented UTF-8; broken text from outside is escaped."""
    return (json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", errors="backslashreplace")
