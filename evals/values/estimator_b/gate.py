"""The convergence gate: no number leaves the model when R-hat > 1.01, bulk ESS < 400 or any transition diverged.

R-hat and bulk ESS after Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021, Bayesian Analysis 16(2)): chains split in half, draws replaced
by the normal scores of their ranks; R-hat is the larger of that of the draws (location) and of their distances from the median (scale).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evals.values.estimator_b.backend import load
from evals.values.estimator_b.sampling import Draws
from evals.values.loadings import FloatArray

__all__ = ["MAX_RHAT", "MIN_ESS", "Convergence", "bulk_ess", "convergence", "rank_rhat"]

MAX_RHAT = 1.01
MIN_ESS = 400.0

_BLOCK = 500  # columns at a time: the autocovariances of thousands of latent loadings would fill the memory


@dataclass(frozen=True)
class Convergence:
    """The worst figures over all that was drawn, with the quantity that has them."""

    rhat: float
    rhat_of: str
    ess: float
    ess_of: str
    divergences: int

    @property
    def usable(self) -> bool:
        """Whether the gate is passed. A figure that is not a number does not pass."""
        return self.rhat <= MAX_RHAT and self.ess >= MIN_ESS and self.divergences == 0

    @property
    def sentence(self) -> str:
        """What the gate found, and what to do where it is not passed."""
        figures = (
            f"largest R-hat {self.rhat:.4f} ({self.rhat_of}), smallest bulk ESS {self.ess:.0f} ({self.ess_of}), "
            f"{self.divergences} divergent transitions"
        )
        if self.usable:
            return f"The chains agree: {figures}."
        cure = (
            "raise --target-accept (target_accept), such as to 0.98" if self.divergences else "raise --warmup and --draws (warmup, draws)"
        )
        return (
            f"The Bayesian model did not converge, so none of its numbers are shown: {figures}; "
            f"the limits are {MAX_RHAT}, {MIN_ESS:.0f} and 0. To go on, {cure}."
        )


def convergence(draws: Draws) -> Convergence:
    """The worst R-hat and bulk ESS over every site and entry that was drawn."""
    worst = {name: _worst_of(drawn) for name, drawn in draws.sites.items()}
    rhat_of = max(worst, key=lambda name: _last_if_nan(worst[name][0]))
    ess_of = min(worst, key=lambda name: -_last_if_nan(-worst[name][1]))
    return Convergence(worst[rhat_of][0], rhat_of, worst[ess_of][1], ess_of, draws.divergences)


def _last_if_nan(figure: float) -> float:
    """A figure that is not a number counts as the worst."""
    return np.inf if np.isnan(figure) else figure


def rank_rhat(x: FloatArray) -> FloatArray:
    """(…): R-hat of the draws `x` (chains, draws, …) and of their distances from the median, both split and rank-normalised; the larger."""
    split = _split(x)
    folded = np.abs(split - np.median(split, axis=(0, 1)))
    return np.maximum(_rhat(_normal_scores(split)), _rhat(_normal_scores(folded)))


def bulk_ess(x: FloatArray) -> FloatArray:
    """(…): effective sample size of the split, rank-normalised draws `x` (chains, draws, …)."""
    scores = _normal_scores(_split(x))
    with np.errstate(invalid="ignore", divide="ignore"):
        ess: FloatArray = np.asarray(load("numpyro.diagnostics").effective_sample_size(scores), dtype=np.float64)
    return ess


def _rhat(x: FloatArray) -> FloatArray:
    """Gelman and Rubin's √(total/within) of chains that are split already; NaN where nothing varies."""
    draws = x.shape[1]
    within = x.var(axis=1, ddof=1).mean(axis=0)
    between = draws * x.mean(axis=1).var(axis=0, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rhat: FloatArray = np.sqrt(((draws - 1) / draws * within + between / draws) / within)
    return rhat


def _split(x: FloatArray) -> FloatArray:
    """Each chain's first and last half as chains of their own; with an odd number the middle draw is left out."""
    half = x.shape[1] // 2
    return np.concatenate([x[:, :half], x[:, -half:]], axis=0)


def _normal_scores(x: FloatArray) -> FloatArray:
    """Φ⁻¹((r − 3/8) / (S + 1/4)), r the average rank among all S draws of a quantity over the chains."""
    from scipy.special import ndtri  # noqa: PLC0415 - loads when a model was fitted
    from scipy.stats import rankdata  # noqa: PLC0415

    size = x.shape[0] * x.shape[1]
    ranks = rankdata(x.reshape(size, -1), axis=0)
    scores: FloatArray = ndtri((ranks - 0.375) / (size + 0.25)).reshape(x.shape)
    return scores


def _worst_of(drawn: FloatArray) -> tuple[float, float]:
    """(largest R-hat, smallest bulk ESS) over the entries of one site, a block of columns at a time; NaN where any is."""
    flat = drawn.reshape(*drawn.shape[:2], -1)
    blocks = [flat[:, :, start : start + _BLOCK] for start in range(0, flat.shape[2], _BLOCK)]
    return float(np.max([rank_rhat(block).max() for block in blocks])), float(np.min([bulk_ess(block).min() for block in blocks]))
