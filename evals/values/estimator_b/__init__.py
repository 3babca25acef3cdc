"""Estimator B: a hierarchical ordered-logit model of the answers, confirmatory, for those who installed the extra `bayes`.

It gives no number unless its chains agree. Estimator A is the default and does not need it.
"""

from __future__ import annotations

from evals.values.estimator_b.fit import BayesFit, fit_bayes

__all__ = ["BayesFit", "fit_bayes"]
