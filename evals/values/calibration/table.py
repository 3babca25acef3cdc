"""A draw as users have their data: a decisions table and loadings. What the fast path of `estimates.make_panel` leaves out."""

from __future__ import annotations

import numpy as np
import polars as pl

from evals.values.calibration.process import Draw
from evals.values.loadings import Loadings
from personas.schwartz import VALUES

__all__ = ["decisions", "loadings"]


def decisions(draw: Draw) -> pl.DataFrame:
    """One row an answer. A refusal has the state refused, another missing answer unparsable."""
    cells, people, n = draw.rating.shape
    cell, who, item = (index.reshape(-1) for index in np.indices((cells, people, n)))
    models, personas = np.array(draw.planted.models), np.array(draw.planted.personas)
    answered, refused = draw.answered.reshape(-1), draw.refused.reshape(-1)
    return pl.DataFrame(
        {
            "respondent": [f"{model}/{persona}" for model, persona in zip(models[who], personas[who], strict=True)],
            "model": models[who],
            "persona": personas[who],
            "item": np.array(draw.pool.items)[item],
            "cluster": [f"c{number:04d}" for number in draw.pool.cluster[item]],
            "stratum": [f"s{number:02d}" for number in draw.pool.stratum[item]],
            "cell": cell.astype(np.int64),
            "repeat": np.zeros(len(cell), np.int64),
            "position": draw.position.reshape(-1),
            "channel": [draw.channel] * len(cell),
            "y": pl.Series(draw.rating.reshape(-1)).set(pl.Series(~answered), None),
            "state": np.where(answered, "answered", np.where(refused, "refused", "unparsable")),
        }
    )


def loadings(draw: Draw) -> Loadings:
    """The loadings and covariates as the analyst has them."""
    return Loadings(
        draw.pool.items, VALUES, draw.x, source="calibration", covariates=draw.covariates, gold=draw.gold, inclusion=draw.inclusion
    )
