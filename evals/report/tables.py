"""The tables beside the page, as frames: profiles, channels, personas, controls, Value-Spectrum's scores, structure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from evals.report.structure import structure_table, waves_table
from evals.report.words import finite
from evals.value_spectrum.scoring import SCHEMA, beside_published
from evals.values.findings import Analysis, Control, PersonaFinding
from evals.values.intervals import Interval
from evals.values.results import plain

__all__ = ["tables_of"]

_NUMBER, _TEXT = pl.Float64(), pl.String()
_MEASURES = ("gain", "leakage", "transfer")
_PERSONAS: dict[str, pl.DataType] = {"respondent": _TEXT, "persona": _TEXT, "model": _TEXT, "target": _TEXT}
for _name in _MEASURES:
    _PERSONAS |= {_name: _NUMBER, f"{_name}_low": _NUMBER, f"{_name}_high": _NUMBER, f"{_name}_method": _TEXT}
    _PERSONAS |= {f"{_name}_level": _NUMBER, f"{_name}_n": pl.Int64()}
_PERSONAS |= {"leakage_p": _NUMBER, "off_target": _TEXT, "verdict": _TEXT}
_CONTROLS: dict[str, pl.DataType] = {"name": _TEXT, "question": _TEXT, "finding": _TEXT, "passed": pl.Boolean(), "figures": _TEXT}


def tables_of(analysis: Analysis) -> dict[str, pl.DataFrame]:
    """By file name. Those without rows are there too, so that a reader of them need not ask."""
    channels = [found.profiles for found in analysis.decompositions.values()]
    tables = {
        "profiles.csv": analysis.primary.profiles,
        "channels.csv": pl.concat(channels, how="diagonal_relaxed"),
        "personas.csv": pl.DataFrame([_persona(one) for one in analysis.personas], schema=_PERSONAS),
        "controls.csv": pl.DataFrame([_control(one) for one in analysis.controls], schema=_CONTROLS),
    }
    scores = pl.DataFrame(schema=dict(SCHEMA)) if analysis.spectrum is None else analysis.spectrum
    tables["spectrum.csv"] = scores
    tables["value_spectrum_published.csv"] = beside_published(scores)
    tables["structure.csv"] = structure_table(analysis.structure)
    tables["structure_waves.csv"] = waves_table(analysis.structure)
    return {name: _without_nan(frame) for name, frame in tables.items()}


def _persona(one: PersonaFinding) -> dict[str, Any]:
    """Target and off-target values are lists within a cell: BE=1 UN=0.5."""
    row: dict[str, Any] = {"respondent": one.respondent, "persona": one.persona, "model": one.model}
    row["target"] = _listed([f"{code}={weight:g}" for code, weight in one.target.items()])
    for name in _MEASURES:
        row |= _interval(name, getattr(one, name))
    return row | {"leakage_p": finite(one.leakage_p), "off_target": _listed(one.off_target), "verdict": one.verdict}


def _interval(name: str, interval: Interval | None) -> dict[str, Any]:
    if interval is None:
        return {name: None, **{f"{name}_{part}": None for part in ("low", "high", "method", "level", "n")}}
    return {
        name: finite(interval.estimate),
        f"{name}_low": finite(interval.low),
        f"{name}_high": finite(interval.high),
        f"{name}_method": interval.method,
        f"{name}_level": interval.level,
        f"{name}_n": interval.n,
    }


def _control(one: Control) -> dict[str, Any]:
    figures = json.dumps(plain(one.figures), ensure_ascii=True) if one.figures else None
    return {"name": one.name, "question": one.question, "finding": one.finding, "passed": one.passed, "figures": figures}


def _listed(parts: Sequence[str]) -> str | None:
    return " ".join(parts) or None


def _without_nan(frame: pl.DataFrame) -> pl.DataFrame:
    """NaN and infinity as empty entries."""
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    return frame.with_columns(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in numbers)
