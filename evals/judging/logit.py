"""Logistic regression of outcomes in [0, 1] with a weak normal prior, for one sample and for all samples of a bootstrap at once.

The prior (mean 0, standard deviation 5 on the scale of log odds) hardly moves what the data tell and keeps finite what they do not, such as
the strength of one who never lost.
"""

from __future__ import annotations

import numpy as np

from evals.values.loadings import FloatArray

__all__ = ["PRIOR_SD", "affordable", "fitted"]

PRIOR_SD = 5.0
_CELLS = 20_000_000
"""Draws × observations that are fitted at once."""
_FEWEST_DRAWS = 100
_STEPS, _ENOUGH, _LONGEST_STEP = 60, 1e-7, 2.0


def affordable(draws: int, n: int) -> int:
    """How many draws of a bootstrap over `n` observations are fitted at once: fewer of very many observations, at least 100."""
    return min(draws, max(_FEWEST_DRAWS, _CELLS // max(n, 1)))


def fitted(design: FloatArray, outcome: FloatArray, weights: FloatArray) -> FloatArray:
    """Coefficients (draws, p) that maximise the posterior: `design` (n, p), `outcome` (n,) in [0, 1], `weights` (draws, n) at least 0."""
    n, p = design.shape
    products = (design[:, :, None] * design[:, None, :]).reshape(n, p * p)
    ridge = np.eye(p) / PRIOR_SD**2
    found = np.zeros((len(weights), p))
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-np.clip(found @ design.T, -40, 40)))
        gradient = (weights * (outcome - share)) @ design - found / PRIOR_SD**2
        curvature = ((weights * share * (1 - share)) @ products).reshape(-1, p, p) + ridge
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        step *= np.minimum(1.0, _LONGEST_STEP / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
        found += step
        if np.abs(step).max() < _ENOUGH:
            break
    return found
