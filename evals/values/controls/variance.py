"""Where the differences between answers come from: respondent, model, item, respondent × item, and what is left."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from evals.values.controls.context import Context
from evals.values.findings import Control
from evals.values.loadings import FloatArray
from evals.values.panel import Panel

__all__ = ["variance_shares"]

FEWEST_ITEMS = 10


def variance_shares(context: Context) -> Control | None:
    """Variance components by the method of moments, as shares. Items that every respondent answered; cells and positions are taken off."""
    panel = context.primary.panel
    complete: Any = (panel.count > 0).all(axis=0)
    if len(panel.respondents) < 2 or int(complete.sum()) < FEWEST_ITEMS or not context.linear:
        return None
    parts = _components(panel, panel.mean[:, complete], panel.count[:, complete], complete)
    total = sum(parts.values())
    if total <= 0:
        return None
    table = pl.DataFrame([{"source": name, "variance": value, "share": value / total} for name, value in parts.items()])
    told = "; ".join(f"{name} {value / total:.0%}" for name, value in parts.items())
    explained = _explained(panel)
    return Control(
        name="shares of variance",
        question="Where do differences between answers come from?",
        finding=(
            f"{told} (method of moments, {int(complete.sum())} items that all answered). Loadings explain {explained:.0%} of the "
            "variance of item means."
        ),
        figures={**{name: value / total for name, value in parts.items()}, "items_explained_by_loadings": explained},
        table=table,
    )


def _components(panel: Panel, y: FloatArray, count: FloatArray, complete: Any) -> dict[str, float]:
    """Two-way components of item means (A, n) without replication; the respondents' part split by model where there are several."""
    a, n = y.shape
    residual = _residual(panel, complete)
    respondents, items = y.mean(axis=1), y.mean(axis=0)
    left = y - respondents[:, None] - items[None] + y.mean()
    interaction = float((left**2).sum() / max((a - 1) * (n - 1), 1))
    noise = 0.0 if residual is None else residual * float((1 / count).mean())
    people = max(0.0, float(respondents.var(ddof=1)) - interaction / n)
    models = np.array(panel.models)
    named: dict[str, float] = {}
    if len(set(panel.models)) > 1:
        means = np.array([respondents[models == model].mean() for model in sorted(set(panel.models))])
        within = float(np.mean([respondents[models == model].var() for model in sorted(set(panel.models))]))
        between = max(0.0, float(means.var(ddof=1)) - within / (len(models) / len(means)))
        named["model"] = min(between, people)
        people -= named["model"]
    named["persona" if len(set(panel.personas)) > 1 else "respondent"] = people
    named["item"] = max(0.0, float(items.var(ddof=1)) - interaction / a)
    if residual is None:
        named["respondent × item, and noise"] = interaction
    else:
        named["respondent × item"] = max(0.0, interaction - noise)
        named["wording and noise"] = residual
    return named


def _residual(panel: Panel, complete: Any) -> float | None:
    """Variance between the cells of one respondent and item; None where nobody answered an item in two cells."""
    count = panel.count_by_cell[:, :, complete]
    mean = np.divide(panel.total_by_cell[:, :, complete], count, out=np.zeros_like(count), where=count > 0)
    cells = (count > 0).sum(axis=0)
    if not (cells > 1).any():
        return None
    centre = np.divide(mean.sum(axis=0), cells, out=np.zeros_like(mean[0]), where=cells > 0)
    squares = ((mean - centre) ** 2 * (count > 0)).sum(axis=0)
    return float(squares[cells > 1].sum() / (cells[cells > 1] - 1).sum())


def _explained(panel: Panel) -> float:
    """Share of the variance of the panel's item means that the loadings explain, adjusted for their number; in [0, 1]."""
    some = (panel.count > 0).any(axis=0)
    y = np.nanmean(panel.mean[:, some], axis=0)
    x = np.hstack([np.ones((len(y), 1)), panel.loadings.x[some]])
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    freedom = max(len(y) - x.shape[1], 1)
    return float(np.clip(1 - (left @ left / freedom) / max(float(y.var(ddof=1)), 1e-12), 0, 1))
