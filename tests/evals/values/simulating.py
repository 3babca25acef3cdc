"""Decisions of planted respondents, small enough for tests: one model, the persona "default" first, one target value a persona."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from evals.values.loadings import Loadings
from evals.values.panel import Panel, build_panel
from personas.schwartz import VALUES


def labels(n: int, *, seed: int = 0, values: tuple[str, ...] = VALUES, **more: Any) -> Loadings:
    """Loadings of n items: a fifth of them promote or oppose each value."""
    x = np.random.default_rng(seed).choice([-1, -0.5, 0, 0.5, 1.0], (n, len(values)), p=[0.04, 0.03, 0.8, 0.03, 0.1])
    return Loadings(tuple(f"i{number:03}" for number in range(n)), values, x, **more)


def decisions(
    loadings: Loadings, *, people: int = 4, cells: int = 2, seed: int = 0, effect: float = 0.8, missing: float = 0.0
) -> pl.DataFrame:
    """Ratings by `people` respondents in `cells` prompt cells, in random order; a share `missing` of them refused."""
    rng = np.random.default_rng(seed)
    n, v = loadings.x.shape
    theta = np.zeros((people, v))
    theta[np.arange(1, people), np.arange(people - 1) % v] = effect
    latent = 2.5 + theta @ loadings.x.T + rng.normal(0, 0.6, n) + rng.normal(0, 0.5, (people, n))
    y = np.clip(np.rint(latent[:, :, None] + rng.normal(0, 0.8, (people, n, cells))), 0, 5)
    a, i, r = np.indices(y.shape).reshape(3, -1)
    persona = np.array(["default", *(f"p{number}" for number in range(1, people))])
    position = rng.permuted(np.tile(np.arange(n * cells, dtype=float), (people, 1)), axis=1)
    refused = rng.random(y.size) < missing
    return pl.DataFrame(
        {
            "respondent": [f"m/{name}" for name in persona[a]],
            "model": "m",
            "persona": persona[a],
            "item": np.array(loadings.items)[i],
            "cluster": pl.Series([None] * y.size, dtype=pl.String),
            "stratum": pl.Series([None] * y.size, dtype=pl.String),
            "cell": r.astype(np.int64),
            "repeat": np.zeros(y.size, np.int64),
            "position": position.reshape(-1),
            "channel": "rating",
            "y": pl.Series(y.reshape(-1)).set(pl.Series(refused), None),
            "state": np.where(refused, "refused", "answered"),
        }
    )


def panel(n: int = 120, **more: Any) -> Panel:
    """The panel of simulated decisions about n items."""
    loadings = labels(n)
    return build_panel(decisions(loadings, **more), loadings)


def thinned(frame: pl.DataFrame, keep: float, seed: int = 0) -> pl.DataFrame:
    """A random share of the rows."""
    return frame.filter(pl.Series(np.random.default_rng(seed).random(frame.height) < keep))


def wide(loadings: Loadings) -> pl.DataFrame:
    """The loadings as a wide table."""
    return pl.DataFrame({"item": loadings.items, **{value: loadings.x[:, v] for v, value in enumerate(loadings.values)}})
