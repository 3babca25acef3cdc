"""Respondents with planted preferences: models × (default and one persona a target), ratings or likes of items with signed loadings."""

import numpy as np
import polars as pl

from evals.values.loadings import Loadings

VALUES = ("SD", "HE", "PO", "SE", "UN")


def planted(*, values=VALUES, targets=("SD", "PO", "UN"), models=2, items=100, cells=2, seed=0, effect=1.2, channel="rating", twins=0):
    """(decisions, loadings): a persona adds `effect` scale points to its target's slope; variances as in the calibration of the project.

    The first 2 × `twins` items are pairs that share .8 of the items' and the respondents × items' variance.
    """
    rng = np.random.default_rng(seed)
    x = rng.choice([-0.5, 0, 0.5, 1], p=[0.1, 0.5, 0.2, 0.2], size=(items, len(values)))
    pair = np.where(np.arange(items) < 2 * twins, np.arange(items) // 2, np.arange(items))
    appeal, base, rows = alike(rng, 0.6, pair), rng.normal(0, 0.25, (models, len(values))), []
    for model in range(models):
        for persona in ("default", *targets):
            theta = base[model] + effect * np.array([value == persona for value in values])
            taste = alike(rng, 0.32**0.5, pair)
            for cell in range(cells):
                tendency = 2.5 + 0.2 * model + 0.3 * cell * (model - 0.5)
                y = tendency + (x - x.mean(axis=0)) @ theta + appeal + taste + rng.normal(0, 0.72**0.5, items)
                y = np.clip(np.rint(y), 0, 5) if channel == "rating" else (y > 3).astype(float)
                rows += [(f"m{model} {persona}", f"m{model}", persona, f"i{item}", cell, y[item]) for item in range(items)]
    decisions = pl.DataFrame(rows, schema=["respondent", "model", "persona", "item", "cell", "y"], orient="row")
    if twins:
        cluster = pl.col("item").replace_strict({f"i{item}": f"c{pair[item]}" for item in range(items)})
        decisions = decisions.with_columns(cluster=cluster)
    return decisions.with_columns(pl.lit(channel).alias("channel")), Loadings(tuple(f"i{item}" for item in range(items)), values, x)


def alike(rng, sd, pair):
    """(n,) normal draws with that SD, of which items with equal `pair` share .8 of the variance."""
    own = rng.normal(0, sd, len(pair))
    if len(set(pair)) == len(pair):
        return own
    return 0.8**0.5 * rng.normal(0, sd, len(pair))[pair] + 0.2**0.5 * own
