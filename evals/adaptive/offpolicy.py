"""What a respondent would like of all clips, from what a recommender chose to show: SNIPS and a doubly robust estimate.

The clips of a feed come without replacement, so the draw at step t says something about the clips C_t that are left, and what was shown
before is known. As in Des Raj's (1956) ordered estimator each step estimates the mean over all N clips by what it knows of those shown
before plus |C_t| times the weighted draw, w_t = (1 / |C_t|) / propensity, clipped; the mean over n steps puts on the answer of step t

    a_t = ((n − 1 − t) + |C_t| w_t) / (n N)                                  t = 0 … n − 1

    SNIPS (Swaminathan & Joachims 2015)     Σ a_t y_t / Σ a_t
    doubly robust (Dudík et al. 2011)       mean over the N clips of m(x) + Σ a_t (y_t − m(x_t)) / Σ a_t,   m cross-fitted

Intervals: t with the effective sample size less one as degrees of freedom, variance Σ a_t² r_t² / (Σ a_t)², r the deviation from the
estimate or from m. They hold the answer of a clip to be the same wherever in the session it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from evals.values.intervals import Interval, t_interval
from evals.values.loadings import FloatArray, IntArray

__all__ = ["CLIP", "LOW_ESS", "OffPolicy", "Run", "items_left", "naive", "off_policy"]

CLIP = 20.0
"""Largest weight of a draw."""
LOW_ESS = 30.0
"""With a smaller effective sample size an estimate leans on few answers."""
FOLDS = 5
RIDGE = 1.0
"""Of the outcome model, on loadings in [−1, 1]; the intercept is not penalised."""


@dataclass(frozen=True)
class Run:
    """The answered draws of one phase.

    y           (m,) outcomes
    propensity  (m,) in (0, 1]
    left        (m,) clips that could be drawn at that step
    place       (m,) steps of the phase before it, from 0, also those without an answer
    length      steps of the phase, n
    pool        N, clips that the phase could show when it began
    x           (m, V) loadings of the drawn clips, and `pool_x` (N, V) of all; None where clips carry no labels
    cluster     (m,) which draws are not independent
    """

    y: FloatArray
    propensity: FloatArray
    left: IntArray
    place: IntArray
    length: int
    pool: int
    cluster: IntArray
    x: FloatArray | None = None
    pool_x: FloatArray | None = None


@dataclass(frozen=True)
class OffPolicy:
    """The value of showing every clip with the same chance. `clipped` counts the weights that were cut at CLIP."""

    snips: Interval | None
    robust: Interval | None
    effective: float
    largest: float
    clipped: int
    answered: int
    pool: int

    @property
    def low_ess(self) -> bool:
        """Whether the estimates lean on few answers."""
        return self.effective < LOW_ESS


def naive(y: FloatArray, level: float) -> Interval | None:
    """The mean of what was shown, on-policy."""
    return t_interval([float(each) for each in y], level)


def off_policy(run: Run, level: float = 0.95, seed: int = 0) -> OffPolicy:
    """Both estimates; None where there are fewer than two answers, or no labels for the outcome model."""
    raw = 1.0 / (run.left * run.propensity)
    weight = np.minimum(raw, CLIP)
    share = ((run.length - 1 - run.place) + run.left * weight) / (run.length * run.pool)
    total, m = float(share.sum()), len(run.y)
    effective = total**2 / float((share**2).sum()) if m else 0.0
    snips = robust = None
    if m >= 2:
        mean = float(share @ run.y) / total
        snips = _interval(mean, share, run.y - mean, "SNIPS", level)
        if run.x is not None and run.pool_x is not None and m >= 2 * FOLDS:
            over_all, fitted = _cross_fitted(run, seed)
            rest = run.y - fitted
            robust = _interval(over_all + float(share @ rest) / total, share, rest, "doubly robust", level)
    return OffPolicy(snips, robust, effective, float(raw.max()) if m else 0.0, int((raw > CLIP).sum()), m, run.pool)


def _interval(estimate: float, share: FloatArray, rest: FloatArray, method: str, level: float) -> Interval:
    """A t interval, no bounds where the answers do not vary."""
    effective = float(share.sum()) ** 2 / float((share**2).sum())
    error = float(np.sqrt((share**2) @ (rest**2))) / float(share.sum()) * np.sqrt(effective / max(effective - 1, 1e-9))
    if error <= 1e-12 or effective <= 1.5:
        return Interval(estimate, None, None, len(rest), method, level)
    half = float(stdtrit(effective - 1, 0.5 + level / 2)) * error
    return Interval(estimate, estimate - half, estimate + half, len(rest), method, level)


def _cross_fitted(run: Run, seed: int) -> tuple[float, FloatArray]:
    """The model's mean over the pool, and what it predicts for each draw from the other folds. Clusters stay together."""
    assert run.x is not None and run.pool_x is not None, "the outcome model needs loadings"
    names = np.unique(run.cluster)
    fold_of = np.random.default_rng(seed).permutation(len(names)) % FOLDS
    fold = fold_of[np.searchsorted(names, run.cluster)]
    fitted = np.empty(len(run.y))
    over_all = 0.0
    for number in range(FOLDS):
        here = fold == number
        if not here.any():
            continue
        level, slopes = _ridge(run.x[~here], run.y[~here])
        fitted[here] = level + run.x[here] @ slopes
        over_all += float(here.mean()) * (level + float(run.pool_x.mean(axis=0) @ slopes))
    return over_all, fitted


def _ridge(x: FloatArray, y: FloatArray) -> tuple[float, FloatArray]:
    """Intercept and slopes (V,)."""
    centre = x.mean(axis=0)
    apart = x - centre
    slopes = np.linalg.solve(apart.T @ apart + RIDGE * np.eye(x.shape[1]), apart.T @ (y - y.mean()))
    return float(y.mean() - centre @ slopes), slopes


def items_left(pool: Sequence[str], clusters: Sequence[str | None], shown: Sequence[str], gone: frozenset[str]) -> int:
    """How many clips a policy could draw after `shown`: see `environments.simulated.policies.eligible_items`."""
    cluster = dict(zip(pool, clusters, strict=True))
    seen = set(shown)
    left = [name for name in pool if name not in seen and name not in gone]
    last = cluster.get(shown[-1]) if shown else None
    apart = [name for name in left if last is None or cluster[name] != last]
    return len(apart or left)
