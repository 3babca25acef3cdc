"""Where the differences between answers come from: model, persona, item, prompt, their interactions, and what is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from evals.values.controls.components import Subset, components
from evals.values.controls.context import Context, absent
from evals.values.findings import Control
from evals.values.loadings import FloatArray
from evals.values.panel import WATCHING, Panel

__all__ = ["variance_shares"]

NAME, QUESTION = "shares of variance", "Where do differences between answers come from?"
FEWEST_ITEMS = 10


@dataclass(frozen=True)
class _Cube:
    """Item means by `factors`, the axes of `y`, NaN where there are none; `people` are the factors that make a respondent."""

    y: FloatArray
    factors: tuple[str, ...]
    people: tuple[str, ...]


def variance_shares(context: Context) -> Control:
    """Variance components by the method of moments, as shares; what is below 0 counts as 0."""
    panel = context.primary.panel
    if int((panel.count > 0).any(axis=0).sum()) < FEWEST_ITEMS:
        return absent(NAME, QUESTION, f"needs {FEWEST_ITEMS} items with answers")
    found, cube = None, None
    for cube in _cubes(context):
        found = components(cube.y, cube.factors) if len(cube.factors) > 1 and np.isfinite(cube.y).any() else None
        if found:
            break
    if not found or cube is None:
        return absent(NAME, QUESTION, "needs two respondents who answered the same items, or one who answered them in two prompt cells")
    parts = _named(found, cube)
    total = sum(parts.values())
    if total <= 0:
        return absent(NAME, QUESTION, "the answers do not vary")
    table = pl.DataFrame([{"source": name, "variance": value, "share": value / total} for name, value in parts.items()])
    told = "; ".join(f"{name} {value / total:.0%}" for name, value in parts.items() if value >= 0.005 * total)
    explained = _explained(panel)
    sizes = " × ".join(f"{size} {name}s" for name, size in zip(cube.factors, cube.y.shape, strict=True))
    full = float(np.isfinite(cube.y).mean())
    gaps = "" if full == 1 else f", {full:.0%} filled"
    unworded = "; prompts' means are taken off" if "prompt" not in cube.factors and len(panel.cells) > 1 and not context.binary else ""
    return Control(
        name=NAME,
        question=QUESTION,
        finding=(
            f"{told} (method of moments, {sizes}{gaps}{unworded}{'; linear probability' if context.binary else ''}). Loadings explain "
            f"{explained:.0%} of the variance of item means."
        ),
        figures={**{name: value / total for name, value in parts.items()}, "items_explained_by_loadings": explained},
        table=table,
    )


def _cubes(context: Context) -> list[_Cube]:
    """From the finest that the design might tell apart to the coarsest."""
    panel = context.primary.panel
    crossed = None if panel.channel in WATCHING or len(panel.cells) < 2 else _by_prompt(context)
    tables = [*([crossed] if crossed is not None else []), panel.mean[:, :, None]]
    return [cube for y in tables for arrange in (_crossed, _nested, _plain) if (cube := arrange(panel, y)) is not None]


def _by_prompt(context: Context) -> FloatArray | None:
    """(A, n, R) mean answers as they were given, before cells are taken off; None where too few items were answered in two cells."""
    panel = context.primary.panel
    index = {name: pl.DataFrame({name: list(known), f"{name}_": np.arange(len(known))}) for name, known in
             (("respondent", panel.respondents), ("item", panel.items), ("cell", panel.cells))}  # fmt: skip
    rows = context.answers.group_by("respondent", "item", "cell").agg(pl.col("y").mean())
    for name, table in index.items():
        rows = rows.join(table, on=name)
    y = np.full(panel.count_by_cell.shape[1:] + panel.count_by_cell.shape[:1], np.nan)
    y[rows["respondent_"].to_numpy(), rows["item_"].to_numpy(), rows["cell_"].to_numpy()] = rows["y"].to_numpy()
    twice = (np.isfinite(y).sum(axis=2) > 1).any(axis=0)
    return y if int(twice.sum()) >= FEWEST_ITEMS else None


def _crossed(panel: Panel, y: FloatArray) -> _Cube | None:
    """Models × personas, where each pair is one respondent and two personas or more are played by several models."""
    models, personas = sorted(set(panel.models)), sorted(set(panel.personas))
    played = list(zip(panel.models, panel.personas, strict=True))
    shared = [persona for persona in personas if panel.personas.count(persona) > 1]
    if len(models) < 2 or len(personas) < 2 or len(shared) < 2 or len(set(played)) < len(played):
        return None
    cube = np.full((len(models), len(personas), *y.shape[1:]), np.nan)
    for row, (model, persona) in enumerate(played):
        cube[models.index(model), personas.index(persona)] = y[row]
    return _trimmed(cube, ("model", "persona"))


def _nested(panel: Panel, y: FloatArray) -> _Cube | None:
    """Respondents within models."""
    models = sorted(set(panel.models))
    if len(models) < 2 or len(models) == len(panel.models):
        return None
    cube = np.full((len(models), len(y), *y.shape[1:]), np.nan)
    for row, model in enumerate(panel.models):
        cube[models.index(model), row] = y[row]
    return _trimmed(cube, ("model", "respondent"))


def _plain(panel: Panel, y: FloatArray) -> _Cube | None:
    """Respondents, named by what tells them apart."""
    one = "persona" if len(set(panel.models)) == 1 and len(set(panel.personas)) == len(panel.personas) else "respondent"
    return _trimmed(y, ("model" if len(set(panel.models)) == len(panel.models) > 1 else one,))


def _trimmed(y: FloatArray, people: tuple[str, ...]) -> _Cube:
    """The cube without factors of a single level."""
    factors = (*people, "item", "prompt")
    kept = tuple(name for name, size in zip(factors, y.shape, strict=True) if size > 1)
    return _Cube(y.reshape([size for size in y.shape if size > 1]), kept, tuple(name for name in people if name in kept))


def _named(found: dict[Subset, float], cube: _Cube) -> dict[str, float]:
    """The components by name, none below 0. Interactions of respondents with the prompt are one; so are all with item and prompt."""
    whole = frozenset(cube.factors)
    told: dict[str, float] = {}
    for some, value in found.items():
        name = _noise(cube) if some == whole else _name(some, cube)
        told[name] = told.get(name, 0.0) + max(0.0, value)
    return told


def _name(some: Subset, cube: _Cube) -> str:
    people = [name for name in cube.people if name in some]
    if "respondent" in people:  # nested within the model
        people = ["respondent"]
    if people and "prompt" in some:
        return "respondent × item × prompt, and noise" if "item" in some else "respondent × prompt"
    if "item" in some and len(people) == len(cube.people) and (len(people) > 1 or len(cube.people) == 1):
        people = ["respondent"]
    return " × ".join([*people, *(name for name in ("item", "prompt") if name in some)])


def _noise(cube: _Cube) -> str:
    people = ["respondent"] if cube.people else []
    return " × ".join([*people, *(name for name in ("item", "prompt") if name in cube.factors)]) + ", and noise"


def _explained(panel: Panel) -> float:
    """Share of the variance of the panel's item means that the loadings explain, adjusted for their number; in [0, 1]."""
    some = (panel.count > 0).any(axis=0)
    y = np.nanmean(panel.mean[:, some], axis=0)
    x = np.hstack([np.ones((len(y), 1)), panel.loadings.x[some]])
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    freedom = max(len(y) - x.shape[1], 1)
    return float(np.clip(1 - (left @ left / freedom) / max(float(y.var(ddof=1)), 1e-12), 0, 1))
