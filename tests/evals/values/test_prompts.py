"""What the choice of wordings adds, and shrinkage for display."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from evals.values.estimator_a import absolute, fit
from evals.values.panel import build_panel
from evals.values.prompts import cell_slopes, wording_variance, wordings
from evals.values.regression import Slopes
from evals.values.shrinkage import shrunken
from tests.evals.values.simulating import decisions, labels

V = 10


def drawn(rng: np.random.Generator, cells: int, between: float, noise: float) -> list[Slopes]:
    """Slopes of 5 outcomes in each cell: a common part, a wording's own with SD `between`, and sampling error with SD `noise`."""
    common, clusters = rng.normal(size=(5, V)), 400
    own = np.repeat(rng.normal(0, between, (cells // 2, 5, V)), 2, axis=0)
    found = []
    for cell in range(cells):
        influence = rng.normal(0, noise / np.sqrt(clusters), (5, clusters, V))
        theta = common + own[cell] + influence.sum(axis=1)
        found.append(Slopes(tuple("abcdefghij"), theta, influence, np.full(5, 100.0), np.full(5, 400), np.full((5, 10), 100.0)))
    return found


def test_the_variance_of_wordings_is_found() -> None:
    """Planted with SD .3 over three wordings in two orders each, a third of its square comes out (mean of 60 draws, within 10 %)."""
    rng = np.random.default_rng(0)
    found = np.mean([wording_variance(drawn(rng, 6, 0.3, 0.2), range(6)) for _ in range(60)])
    assert found == pytest.approx(0.3**2 / 3, rel=0.1)


def test_without_variance_little_is_added() -> None:
    """Where wordings do not differ, what is added is on average below a tenth of the sampling variance of the mean."""
    rng = np.random.default_rng(1)
    found = np.mean([wording_variance(drawn(rng, 6, 0.0, 0.2), range(6)) for _ in range(60)])
    assert 0 <= found < 0.2**2 / 6 / 10


def test_orders_of_one_wording_are_no_sample_of_wordings() -> None:
    """Cells 2k and 2k + 1 are one wording; cells that do not pair are one each; below three wordings nothing is added."""
    assert wordings([0, 1, 2, 3]) == [[0, 1], [2, 3]]
    assert wordings([0, 2, 4]) == [[0], [1], [2]]
    rng = np.random.default_rng(0)
    assert wording_variance(drawn(rng, 4, 0.5, 0.1), range(4)) == 0
    assert wording_variance(drawn(rng, 6, 0.5, 0.1)[:5], range(6)) == 0


def test_cells_have_slopes_of_their_own() -> None:
    """The slopes of a cell are those of a panel of its decisions alone; NaN where it has too few answers."""
    loadings = labels(80)
    rows = decisions(loadings, cells=3).with_columns(position=pl.lit(None, pl.Float64))
    found = cell_slopes(build_panel(rows, loadings), absolute)
    alone = build_panel(rows.filter(pl.col("cell") == 1), loadings)
    assert len(found) == 3
    assert found[1].theta == pytest.approx(fit(alone, absolute(alone)).slopes.theta, abs=1e-9)
    few = rows.filter((pl.col("cell") < 2) | (pl.col("item") < "i008"))
    assert [bool(np.isfinite(cell.theta).all()) for cell in cell_slopes(build_panel(few, loadings), absolute)] == [True, True, False]


def test_shrinkage_is_the_formula_and_needs_twenty() -> None:
    """d̃ = S (S + V_a)⁻¹ d with the eigenvalues of S clipped, by brute force; None below twenty respondents."""
    rng = np.random.default_rng(0)
    influence = rng.normal(0, 0.05, (25, 100, 4)) * rng.uniform(0.5, 2, (25, 1, 1))
    theta = rng.normal(0, [1.0, 0.5, 0.1, 0.0], (25, 4)) + influence.sum(axis=1)
    found = shrunken(Slopes(("a", "b", "c", "d"), theta, influence, np.full(25, 90.0), np.full(25, 100), np.full((25, 4), 90.0)))
    assert found is not None
    errors = [each.T @ each for each in influence]
    size, direction = np.linalg.eigh(np.cov(theta.T) - np.mean(errors, axis=0))
    assert size.min() < 0
    s = direction @ np.diag(np.clip(size, 0, None)) @ direction.T
    expected = [s @ np.linalg.inv(s + error) @ each for error, each in zip(errors, theta, strict=True)]
    assert found == pytest.approx(np.array(expected), abs=1e-10)
    assert (np.linalg.norm(found, axis=1) < np.linalg.norm(theta, axis=1)).all()
    assert (
        shrunken(Slopes(("a", "b", "c", "d"), theta[:19], influence[:19], np.full(19, 90.0), np.full(19, 100), np.full((19, 4), 90.0)))
        is None
    )
