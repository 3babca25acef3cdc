"""Empirical-Bayes shrinkage of relative preferences, for display and ranking only: intervals around shrunken values cover too rarely."""

from __future__ import annotations

import numpy as np

from evals.values.loadings import FloatArray
from evals.values.regression import Slopes

__all__ = ["FEWEST_RESPONDENTS", "shrunken"]

FEWEST_RESPONDENTS = 20


def shrunken(relative: Slopes) -> FloatArray | None:
    """(A, V) d̃ = S (S + V_a)⁻¹ d with S = cov_a(d) − mean V_a, negative eigenvalues set to 0; None below 20 respondents."""
    d = relative.theta
    if len(d) < FEWEST_RESPONDENTS or not np.isfinite(d).all():
        return None
    covariances = np.stack([relative.covariance(k) for k in range(len(d))])
    eigenvalues, vectors = np.linalg.eigh(np.cov(d.T) - covariances.mean(axis=0))
    s = (vectors * np.maximum(eigenvalues, 0)) @ vectors.T
    return np.stack([s @ np.linalg.pinv(s + v, hermitian=True) @ each for each, v in zip(d, covariances, strict=True)])
