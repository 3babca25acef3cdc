"""The structure tests: mean correlation by circular distance against relabelled values, the map, and respondents' profiles as waves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from evals.report.figure import Figure, figure
from evals.report.grids import Grid
from evals.report.map import value_map
from evals.report.structure_plots import distance_plot, null_band, wave_plot
from evals.report.style import values_of
from evals.report.words import count, estimate_text, level_text, number, p_value, percent, plural, prose
from evals.values.structure import Structure, Waves, angles_of, wave_null

__all__ = ["StructureTests", "structure_figures", "structure_table", "structure_tests", "wave_figures", "waves_table"]

TESTS: dict[str, Any] = {
    "matrix": pl.String,
    "test": pl.String,
    "degrees": pl.Float64,
    "pairs": pl.Int64,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "method": pl.String,
    "n": pl.Int64,
    "null_mean": pl.Float64,
    "null_95": pl.Float64,
    "p": pl.Float64,
}
WAVES: dict[str, Any] = {
    "respondent": pl.String,
    "elevation": pl.Float64,
    "amplitude": pl.Float64,
    "peak_degrees": pl.Float64,
    "r2": pl.Float64,
    "p": pl.Float64,
}


@dataclass(frozen=True)
class StructureTests:
    """The section. Where there were too few respondents, `sentence` says so and the rest is empty."""

    sentence: str
    notes: tuple[str, ...]
    waves: str
    distances: Grid | None
    tests: Grid | None


def structure_tests(structure: Mapping[str, Any]) -> StructureTests:
    """The section's sentences and tables."""
    notes = structure.get("notes") or ()
    told = [str(each) for each in (notes if isinstance(notes, list | tuple) else [notes])]
    known = {"sentence", "notes", "result", "enough", "respondents", "names", "models"}
    told += [f"{key}: {value}" for key, value in structure.items() if key not in known and isinstance(value, str | int | float)]
    sentence = prose(str(structure.get("sentence") or "The circle of values was not tested."))
    found = _found(structure)
    if found is None:
        return StructureTests(sentence, tuple(told), "", None, None)
    return StructureTests(sentence, tuple(told), _waves(found.waves), _distances(found), _tests(found))


def structure_figures(structure: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The map of the values, and mean r by distance."""
    found = _found(structure)
    if found is None or found.best is None:
        return ()
    best, values = found.best, values_of(found.values)
    kind = "corrected for estimation error" if found.corrected is not None else "as estimated"
    map_text = f"Ordinal map of the values, Stress-1 {number(best.scaling.stress, 3)}; the ring is the ideal circle. Correlations {kind}."
    band = null_band(found.values, best)
    r = best.by_distance[0].r
    distance_text = f"Mean correlation of values so far apart on the circle. Lines: {r.method}, {level_text(r.level)}, n = {count(r.n)}. "
    distance_text += "Grey band: the middle 95% when the values' labels are exchanged." if band is not None else ""
    return (
        figure("structure", "Map of the values", partial(value_map, best, values), map_text, 0),
        figure("structure-distance", "Correlation by distance", partial(distance_plot, best.by_distance, band), distance_text, 0),
    )


def wave_figures(structure: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Each respondent's wave: where it peaks, and how much of the profile it explains."""
    found = _found(structure)
    if found is None or found.waves is None:
        return ()
    null = wave_null(angles_of(found.values))[1]
    caption = (
        "A dot is a respondent: its direction is where the wave peaks, its distance from the centre R², the rim 1. Filled: p < 0.05 among "
        f"relabellings of its own profile. Dashed ring: {number(null)}, the 95th percentile of R² without any wave."
    )
    draw = partial(wave_plot, found.waves, values_of(found.values), null)
    return (figure("structure-waves", "Profiles as waves", draw, caption, 0),)


def structure_table(structure: Mapping[str, Any]) -> pl.DataFrame:
    """One row a figure of the tests, for the raw and the corrected correlations; no rows where there is no test."""
    found = _found(structure)
    rows: list[dict[str, Any]] = []
    for matrix, circle in (("raw", found.raw), ("corrected", found.corrected)) if found is not None else ():
        if circle is None:
            continue
        for one in circle.by_distance:
            ends = {"estimate": one.r.estimate, "low": one.r.low, "high": one.r.high, "n": one.r.n}
            method = f"{one.r.method}, {level_text(one.r.level)}"
            rows.append({"test": "mean r", "degrees": one.degrees, "pairs": one.pairs, "method": method, "matrix": matrix} | ends)
        order, near = circle.order, circle.congruence
        name = "all relabellings" if order.exact else f"{order.relabelled} relabellings"
        rows.append(
            {"test": "correspondence index", "estimate": order.index, "null_95": order.null_95, "p": order.p, "method": name}
            | {"n": order.predictions, "matrix": matrix}
        )
        rows.append({"test": "Stress-1", "estimate": circle.scaling.stress, "method": f"{circle.scaling.starts} starts", "matrix": matrix})
        rows.append(
            {"test": "congruence", "estimate": near.value, "null_mean": near.null_mean, "null_95": near.null_95, "p": near.p}
            | {"method": f"{near.relabelled} relabellings", "matrix": matrix}
        )
    if found is not None and found.waves is not None:
        waves = found.waves
        rows.append(
            {"test": "mean wave R²", "estimate": waves.mean, "null_mean": waves.null_mean, "null_95": waves.null_95, "p": waves.p_mean}
            | {"n": len(waves.kept), "matrix": "profiles"}
        )
    return pl.DataFrame(rows, schema=TESTS)


def waves_table(structure: Mapping[str, Any]) -> pl.DataFrame:
    """One row a respondent's wave; the names are empty where it is not known whose profile is whose."""
    found = _found(structure)
    if found is None or found.waves is None:
        return pl.DataFrame(schema=WAVES)
    waves, names = found.waves, _names(structure, found)
    columns = {
        "elevation": np.round(waves.elevation, 12),
        "amplitude": waves.amplitude,
        "peak_degrees": waves.peak,
        "r2": waves.r2,
        "p": waves.p,
    }
    who = [names[row] if names else None for row in waves.kept]
    return pl.DataFrame({"respondent": who} | columns, schema=WAVES)


def _found(structure: Mapping[str, Any]) -> Structure | None:
    result = structure.get("result")
    return result if isinstance(result, Structure) and result.enough and result.best is not None else None


def _names(structure: Mapping[str, Any], found: Structure) -> list[str]:
    """The respondents in the order of the profiles: by model, without those that are the only one of theirs."""
    names, models = list(structure.get("names") or ()), list(structure.get("models") or ())
    if not names or len(names) != len(models):
        return []
    label = np.unique(np.array(models, dtype=str), return_inverse=True)[1]
    order = [int(row) for row in np.argsort(label, kind="stable") if np.bincount(label)[label[row]] > 1]
    return [str(names[row]) for row in order] if len(order) == found.respondents else []


def _waves(waves: Waves | None) -> str:
    if waves is None:
        return "Every profile is flat, so none is a wave."
    above = int((waves.p < 0.05).sum())
    return (
        f"As a wave around the circle, {above} of {plural(len(waves.kept), 'profile')} fit better than 95% of their own relabellings. Mean "
        f"R² {number(waves.mean)}; with the values' labels exchanged {number(waves.null_mean)}, in 95% of them below "
        f"{number(waves.null_95)} (p {p_value(waves.p_mean)})."
    )


def _distances(found: Structure) -> Grid:
    circles = [(name, circle) for name, circle in (("as estimated", found.raw), ("corrected", found.corrected)) if circle is not None]
    rows = []
    for k, one in enumerate(circles[0][1].by_distance):
        rows.append((f"{one.degrees:g}°", count(one.pairs), *(estimate_text(circle.by_distance[k].r) for _, circle in circles)))
    return Grid(("distance", "pairs", *(f"mean r, {name}" for name, _ in circles)), tuple(rows), frozenset(range(1, 2 + len(circles))))


def _tests(found: Structure) -> Grid:
    rows = []
    for name, circle in (("as estimated", found.raw), ("corrected", found.corrected)):
        if circle is None:
            continue
        order, near, scaling = circle.order, circle.congruence, circle.scaling
        within = "" if order.p_within is None else f"; exchanging scores within models p {p_value(order.p_within)}"
        met = f"{percent(order.met / order.predictions)} of {count(order.predictions)} predicted orders"
        rows.append(
            (f"Hubert–Arabie, {name}", f"{number(order.index)} ({met}){within}", f"95% below {number(order.null_95)}", p_value(order.p))
        )
        lying = f"{circle.neighbours} of {len(circle.around)} neighbours as in theory: {' '.join(circle.around)}"
        rows.append((f"Ordinal map, {name}", f"Stress-1 {number(scaling.stress, 3)}, {scaling.starts} starts; {lying}", "–", "–"))
        null = f"mean {number(near.null_mean)}, 95% below {number(near.null_95)}"
        rows.append((f"Procrustes congruence, {name}", number(near.value), null, p_value(near.p)))
    return Grid(("test", "found", "null", "p"), tuple(rows), frozenset({3}))
