"""The model's likelihood and terms, its starting points, and the care taken with numpyro and jax."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from evals.values.decisions import read_decisions
from evals.values.estimator_b import fit_bayes
from evals.values.estimator_b.answers import count_answers
from evals.values.estimator_b.structure import make_structure
from personas.errors import UserError
from tests.evals.values.estimator_b.planting import planted


def test_numpyro_is_only_loaded_when_a_model_is_fitted():
    """Importing the package loads neither numpyro nor jax."""
    code = "import sys, evals.values.estimator_b; sys.exit(bool({'numpyro', 'jax'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_extra_is_one_clear_line(monkeypatch):
    """Without numpyro the error says what to install, before anything is computed."""
    monkeypatch.setitem(sys.modules, "numpyro", None)
    with pytest.raises(UserError, match=r"needs numpyro: pip install 'axiofeed\[bayes\]'"):
        fit_bayes(*planted(items=20))


def everything():
    """Data with every term: uncertain loadings, a covariate, positions, cells, all levels."""
    decisions, loadings = planted(items=30)
    decisions = decisions.with_columns(position=pl.int_range(pl.len()).over("respondent").cast(pl.Float64))
    sd = np.zeros_like(loadings.x)
    sd[:4, 0] = 0.2
    return decisions, replace(loadings, sd=sd, covariates={"length": np.arange(30.0) % 7})


def built(decisions, loadings):
    answers = count_answers(read_decisions(decisions))
    return answers, make_structure(answers, loadings)


def sampled(answers, structure):
    """Site names and shapes of the model."""
    numpyro = pytest.importorskip("numpyro", reason="the extra `bayes` is not installed")
    import jax

    from evals.values.estimator_b.model import make_model

    trace = {}

    def once():
        with numpyro.handlers.seed(rng_seed=0), numpyro.handlers.substitute(data={}):
            trace.update(
                numpyro.handlers.trace(numpyro.handlers.substitute(make_model(answers, structure), substitute_fn=_zeros)).get_trace()
            )

    jax.eval_shape(once)
    return {
        name: site["value"].shape
        for name, site in trace.items()
        if site["type"] in {"sample", "deterministic"} and not site.get("is_observed")
    }


def _zeros(site):
    """A value for the sites without a proper prior, which cannot be drawn from."""
    import jax.numpy as jnp

    return (
        jnp.zeros(site["fn"].shape()) if site["name"].startswith("cut_") and site["type"] == "sample" and not site["is_observed"] else None
    )


def test_every_term_is_in_the_model():
    """All terms of the specification are there, in their shapes; loadings are latent only where the judges disagree."""
    found = sampled(*built(*everything()))
    assert found["theta"] == (8, 5) and found["mu"] == (5,) and found["circle"] == (6,)
    assert found["z_model"][0] == 2 and found["z_persona"][0] == 4 and found["z_respondent"][0] == 8
    assert found["z_x"] == (4,) and found["psi"] == () and found["kappa"] == (8, 5)
    assert found["z_o"] == (8, 1) and found["z_gamma"] == (8, 1) and {"sigma_u", "sigma_o", "sigma_gamma"} <= set(found)


@pytest.mark.parametrize("cells", [1, 2])
def test_twins_and_topics_are_in_the_model(cells):
    """A unit for a pair, what sets its two items apart where items have effects of their own, and topics."""
    decisions, loadings = planted(items=30, twins=4, cells=cells)
    answers = count_answers(read_decisions(decisions))
    structure = make_structure(answers, replace(loadings, topic=tuple(f"t{item % 6}" for item in range(30))), tastes=True)
    found = sampled(answers, structure)
    assert found["z_topic"] == (6,) and {"sigma_u_cluster", "sigma_taste_cluster", "sigma_topic"} <= set(found)
    assert found["z_taste"] == (8, 26)
    assert found.get("z_taste_twin") == ((8, 8) if cells == 2 else None)
    assert found["z_u_twin"] == (8,)


def test_a_single_respondent_has_no_levels():
    """For one respondent θ is μ: no scales, no circle, no deviations are drawn."""
    decisions, loadings = everything()
    found = sampled(*built(decisions.filter(pl.col("respondent") == "m0 default"), loadings))
    assert not [name for name in found if name.startswith(("tau", "z_model", "z_persona", "z_respondent", "circle", "z_gamma"))]
    assert found["theta"] == (1, 5)


def test_the_likelihood_is_the_ordered_logistic_one():
    """Each category's probability is the difference of two logistic functions, all sum to one, and far tails stay finite."""
    pytest.importorskip("numpyro", reason="the extra `bayes` is not installed")
    from evals.values.estimator_b.backend import double_precision
    from evals.values.estimator_b.model import log_likelihood

    answers = count_answers(read_decisions(planted(models=1, targets=(), items=12, cells=1)[0]))
    answers = replace(answers, category=np.arange(12) % 6)
    cuts, eta = np.array([[-2.0, -1.0, 0.3, 1.0, 2.5]]), np.repeat([0.4, 400.0], 6)
    with double_precision():
        found = np.asarray(log_likelihood(answers, eta, cuts))
    edges = np.concatenate([[-np.inf], cuts[0], [np.inf]])
    np.testing.assert_allclose(found[:6], np.log(np.diff(expit(edges - 0.4))), rtol=1e-12)
    assert np.exp(found[:6]).sum() == pytest.approx(1)
    assert np.isfinite(found).all()
    assert found[6] == pytest.approx(-402)


def test_starting_points_are_close_to_zero():
    """The kernel starts within 0.1 of zero in unconstrained space, not within numpyro's default of 2."""
    pytest.importorskip("numpyro", reason="the extra `bayes` is not installed")
    import jax

    from evals.values.estimator_b.model import make_model
    from evals.values.estimator_b.sampling import make_kernel

    kernel = make_kernel(make_model(*built(*planted(models=1, targets=(), items=20))))
    start = jax.jit(lambda key: kernel.init(key, 0, None, (), {}).z)(jax.random.PRNGKey(0))
    drawn = np.concatenate([np.ravel(value) for value in start.values()])
    assert 0.05 < np.abs(drawn).max() < 0.1


@pytest.mark.parametrize("before", [False, True])
def test_precision_is_put_back(before):
    """Inside the block jax computes in float64; afterwards it is as the caller had it, also after an error."""
    jax = pytest.importorskip("jax", reason="the extra `bayes` is not installed")
    from evals.values.estimator_b.backend import double_precision

    found = jax.config.jax_enable_x64
    try:
        jax.config.update("jax_enable_x64", before)
        with pytest.raises(ZeroDivisionError), double_precision():
            assert jax.numpy.zeros(1).dtype == np.float64
            raise ZeroDivisionError
        assert jax.config.jax_enable_x64 is before
    finally:
        jax.config.update("jax_enable_x64", found)
