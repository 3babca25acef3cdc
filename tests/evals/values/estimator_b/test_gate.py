"""The convergence gate: its figures against other computations of them, and what it lets through."""

import numpy as np
import pytest

pytest.importorskip("numpyro", reason="the extra `bayes` is not installed")

from scipy.stats import norm, rankdata

from evals.values.estimator_b.gate import Convergence, bulk_ess, convergence, rank_rhat
from evals.values.estimator_b.sampling import Draws


def chains(rho=0.0, seed=0, shape=(4, 1000)):
    """Independent AR(1) chains of variance 1."""
    noise = np.random.default_rng(seed).normal(size=shape)
    x = noise.copy()
    for step in range(1, shape[1]):
        x[:, step] = rho * x[:, step - 1] + np.sqrt(1 - rho**2) * noise[:, step]
    return x


def scores(x):
    """Split and rank-normalised after the paper, spelled out."""
    half = x.shape[1] // 2
    split = np.concatenate([x[:, :half], x[:, half:]])
    return norm.ppf((rankdata(split).reshape(split.shape) - 3 / 8) / (split.size + 1 / 4))


def geyer(z):
    """Effective sample size by plain loops: Geyer's initial monotone positive sequence on the chains `z`."""
    m, n = z.shape
    centred = z - z.mean(axis=1, keepdims=True)
    covariance = [np.mean([c[: n - lag] @ c[lag:] / n for c in centred]) for lag in range(n)]
    within = covariance[0] * n / (n - 1)
    total = within * (n - 1) / n + z.mean(axis=1).var(ddof=1)
    rho = [1.0] + [1 - (within - value) / total for value in covariance[1:]]
    tau, before = -1.0, np.inf
    for lag in range(0, n - 1, 2):
        pair = min(rho[lag] + rho[lag + 1], before)
        if pair < 0:
            break
        tau, before = tau + 2 * pair, pair
    return m * n / tau


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
def test_bulk_ess_is_that_of_the_paper(rho):
    """Bulk ESS equals a plain computation of its definition, and is near the known S(1 − ρ)/(1 + ρ) of an AR(1) chain."""
    x = chains(rho)
    assert bulk_ess(x[..., None])[0] == pytest.approx(geyer(scores(x)), rel=1e-3)
    assert bulk_ess(x[..., None])[0] == pytest.approx(4000 * (1 - rho) / (1 + rho), rel=0.25)


def test_rhat_is_that_of_the_paper():
    """R-hat is numpyro's split R-hat of the rank-normalised draws, or of their distances from the median where that is larger."""
    from numpyro.diagnostics import gelman_rubin

    for x in (chains(0.5, 1), chains(seed=2) * np.array([1, 1, 1, 2])[:, None], np.exp(chains(0.9, 3))):
        wanted = max(gelman_rubin(scores(x)), gelman_rubin(scores(np.abs(x - np.median(x)))))
        assert rank_rhat(x[..., None])[0] == pytest.approx(wanted, rel=1e-9)


def test_chains_that_differ_in_place_or_scale_are_seen():
    """One chain moved, or one twice as wide, gives an R-hat above the limit; so do heavy tails that hide a move from the plain R-hat."""
    x = chains()
    assert rank_rhat(x[..., None])[0] < 1.01
    assert rank_rhat((x + np.array([0, 0, 0, 0.5])[:, None])[..., None])[0] > 1.01
    assert rank_rhat((x * np.array([1, 1, 1, 2])[:, None])[..., None])[0] > 1.01
    cauchy = np.random.default_rng(4).standard_cauchy((4, 1000)) + np.array([0, 0, 0, 1])[:, None]
    assert rank_rhat(cauchy[..., None])[0] > 1.01


def test_the_worst_entry_of_all_sites_counts():
    """One bad entry among hundreds, in any site, decides; it is named."""
    good = np.random.default_rng(5).normal(size=(4, 1000, 300))
    bad = good.copy()
    bad[0, :, 250] += 1
    found = convergence(Draws({"theta": good, "u": bad}, 0))
    assert found.rhat_of == found.ess_of == "u"
    assert not found.usable
    assert convergence(Draws({"theta": good}, 0)).usable


def test_a_quantity_that_never_moves_does_not_pass():
    """Chains that stand still have no R-hat: that is a failure, not a pass."""
    still = np.zeros((4, 100, 1))
    found = convergence(Draws({"theta": np.random.default_rng(6).normal(size=(4, 100, 2)), "u": still}, 0))
    assert not found.usable


@pytest.mark.parametrize(
    ("figures", "passes"),
    [
        ((1.01, 400, 0), True),
        ((1.0101, 400, 0), False),
        ((1.01, 399.9, 0), False),
        ((1.0, 4000, 1), False),
        ((float("nan"), 4000, 0), False),
    ],
)
def test_the_limits_are_those_of_the_specification(figures, passes):
    """R-hat up to 1.01, bulk ESS from 400, no divergence; the sentence says what to do."""
    rhat, ess, divergences = figures
    found = Convergence(rhat, "theta", ess, "theta", divergences)
    assert found.usable is passes
    assert ("none of its numbers are shown" in found.sentence) is not passes
    cures = [cure for cure in ("--target-accept (target_accept)", "--warmup and --draws (warmup, draws)") if cure in found.sentence]
    assert len(cures) == (0 if passes else 1)
    assert ("--target-accept" in found.sentence) is (divergences > 0)
