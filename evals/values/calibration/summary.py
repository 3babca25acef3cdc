"""Replications as figures, each with its Monte-Carlo margin.

Cells of one replication are not independent, so a replication counts once: a mean over cells is a ratio of sums over replications, and
its standard error that of the ratio (linearised).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from evals.values.calibration.estimates import KINDS, Found
from evals.values.calibration.run import Part
from evals.values.loadings import FloatArray
from personas.schwartz import VALUES

__all__ = ["Figure", "Row", "summarise"]


@dataclass(frozen=True)
class Figure:
    """A mean over the cells of `n` replications with its Monte-Carlo standard error. `value` is None where there is nothing to average."""

    value: float | None
    se: float = 0.0
    n: int = 0

    @property
    def margin(self) -> float:
        """Half the 95 % Monte-Carlo interval."""
        return self.within(0.975)

    def within(self, probability: float) -> float:
        """How far from the truth the mean is with this probability, one-sided: a quantile of Student's t with n − 1 degrees of freedom."""
        return float(stdtrit(self.n - 1, probability)) * self.se if self.n > 1 else float("inf")


@dataclass(frozen=True)
class Row:
    """One line of the table: an estimand and a kind of cell in an arm.

    bias        in units of the outcome, towards what is planted (below 0: attenuated) for targets, plain otherwise
    worst_bias  of the value whose bias is most evident, and which one; none for relative effects, whose errors sum to 0 over respondents,
                and for persona metrics
    rmse        in units of the outcome
    coverage, type_1   shares; type_1 over cells where the truth is 0
    spearman, spectrum rank correlation with the planted profile, of the estimate and of Value-Spectrum's score; of whole profiles, so it
                stands in the line of the targets only
    """

    arm: str
    planting: str
    estimand: str
    kind: str
    replications: int
    cells: int
    bias: Figure
    worst_bias: Figure
    worst_value: int
    rmse: Figure
    coverage: Figure
    type_1: Figure
    spearman: Figure
    spectrum: Figure


def summarise(parts: Sequence[Part]) -> list[Row]:
    """The rows of one arm and planting."""
    rows = []
    for estimand in parts[0].found:
        each = [part.found[estimand] for part in parts]
        found = Found(**{field.name: np.concatenate([getattr(one, field.name) for one in each]) for field in fields(Found)})
        rows += [
            _row(parts[0], estimand, number, kind, found)
            for number, kind in enumerate(KINDS)
            if ((found.kind == number) & ~np.isnan(found.error)).any()
        ]
    return rows


def _row(part: Part, estimand: str, number: int, kind: str, found: Found) -> Row:
    here = (found.kind == number) & ~np.isnan(found.error)
    sign = np.where(found.sign == 0, 1.0, found.sign)
    squared = _mean(found.error**2, here)
    root = None if squared.value is None else float(np.sqrt(squared.value))
    whole = estimand == "relative" or found.error.shape[2] < len(VALUES)
    worst, figure = (0, Figure(None)) if whole else _worst(found.error * sign, here)
    nothing = Figure(None)
    return Row(
        arm=part.arm,
        planting=part.planting,
        estimand=estimand,
        kind=kind,
        replications=len(here),
        cells=int(here.sum()),
        bias=_mean(found.error * sign, here),
        worst_bias=figure,
        worst_value=worst,
        rmse=Figure(root, squared.se / (2 * root) if root else 0.0, squared.n),
        coverage=_share(found.covered, here, 0.95),
        type_1=_share(found.rejected, here & found.zero, 0.05),
        spearman=_mean(found.recovered, ~np.isnan(found.recovered)) if number == 0 else nothing,
        spectrum=_mean(found.spectrum, ~np.isnan(found.spectrum)) if number == 0 else nothing,
    )


def _mean(values: FloatArray, here: NDArray[np.bool_]) -> Figure:
    """Mean of the cells `here`, replications on the first axis."""
    axes = tuple(range(1, values.ndim))
    n = here.sum(axis=axes).astype(float)
    if not n.sum():
        return Figure(None)
    sums = np.where(here, values, 0.0).sum(axis=axes)
    mean = sums.sum() / n.sum()
    r = int((n > 0).sum())
    residual = sums - mean * n
    return Figure(float(mean), float(np.sqrt((residual**2).sum() * r / max(r - 1, 1)) / n.sum()), r)


def _share(hits: NDArray[np.bool_], here: NDArray[np.bool_], nominal: float) -> Figure:
    """A share; its standard error is no smaller than that of independent cells at the nominal share, for ten hits of ten prove little."""
    figure = _mean(hits.astype(float), here)
    return replace(figure, se=max(figure.se, float(np.sqrt(nominal * (1 - nominal) / max(here.sum(), 1)))))


def _worst(error: FloatArray, here: NDArray[np.bool_]) -> tuple[int, Figure]:
    """The value whose bias is most evident: furthest from 0 after its Monte-Carlo error is taken off."""
    by_value = [_mean(error[:, :, value], here[:, :, value]) for value in range(error.shape[2])]
    worst = max(range(len(by_value)), key=lambda value: _evident(by_value[value]))
    return worst, by_value[worst]


def _evident(figure: Figure) -> float:
    return -np.inf if figure.value is None else abs(figure.value) - figure.within(0.9999)
