"""The circular basis spans exactly the circulant correlation of the specification."""

import numpy as np
import pytest

from evals.values.estimator_b.circle import basis_of
from personas.schwartz import VALUES, theory


@pytest.mark.parametrize(
    "values", [VALUES, ("UN", "SD", "PO"), tuple(theory()["refined19_order_theory2012"])], ids=["ten", "three", "nineteen"]
)
def test_the_basis_gives_the_circulant_correlation(values):
    """B diag(b) B' is b0 + Σ b_k cos(k · distance · step), with ones on the diagonal, for any weights on the simplex."""
    basis = basis_of(values)
    b = np.random.default_rng(1).dirichlet(np.ones(basis.shares))
    made = (basis.columns * b[basis.share]) @ basis.columns.T
    around = 19 if len(values) == 19 else 10
    place = [values.index(v) if around == 19 else VALUES.index(v) for v in values]
    step = 2 * np.pi / around
    wanted = [[sum(b[k] * np.cos(k * step * (i - j)) for k in range(len(b))) for j in place] for i in place]
    np.testing.assert_allclose(made, wanted, atol=1e-12)
    np.testing.assert_allclose(np.diag(made), 1, atol=1e-12)


def test_ten_values_can_have_full_rank():
    """With weight on every frequency the ten values' correlation is invertible: the basis has as many columns as values."""
    basis = basis_of(VALUES)
    assert basis.columns.shape == (10, 10)
    assert np.linalg.matrix_rank(basis.columns) == 10


def test_values_without_a_circle_are_independent():
    """Names that no theory places on a circle get an identity correlation and no weights to learn."""
    basis = basis_of(("humour", "craft"))
    np.testing.assert_array_equal(basis.columns, np.eye(2))
    assert basis.shares == 1
