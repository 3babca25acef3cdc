"""How many videos a contrast needs: power from the variance components of the calibration process (MEASUREMENT §10).

Each arm has m videos, with the value present or absent, and every video is answered in c prompt cells. The difference of the arms' means
has the variance 2·σ²/m, where σ² is what one video's mean over cells varies by:

    single respondent          σ² = item + respondent × item + residual / c
    persona vs default         σ² = 2 · (respondent × item + residual / c)        the item cancels: both see the same videos
    paired over k models       the same, divided by k                             each model × persona has its own respondent × item effect

so that a two-sided test at level α reaches the power 1 − β for a difference of d standard deviations of single answers with

    m = 2 · (z_{1−α/2} + z_{1−β})² · σ² / (d² · total),   total = item + respondent × item + residual.

Source: the sample size of a two-sample comparison (Lachin 1981, Controlled Clinical Trials 2, 93-113) with the variance of a mean over
crossed random effects, stimuli nested in conditions (Westfall, Kenny & Judd 2014, J. Exp. Psychol. Gen. 143, 2020-2045).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from personas.errors import UserError

__all__ = ["COMPONENTS", "DESIGNS", "Components", "Need", "needed", "needs", "power_of", "smallest_effect"]


@dataclass(frozen=True)
class Components:
    """Variances of single ratings, in squared scale points, and what they sum to."""

    item: float = 0.36
    respondent_item: float = 0.32
    residual: float = 0.72

    @property
    def total(self) -> float:
        """Variance of single answers within a respondent: its root is one SD unit."""
        return self.item + self.respondent_item + self.residual


COMPONENTS = Components()
"""Those of MEASUREMENT §10."""

DESIGNS = {
    "single": "single respondent",
    "paired": "persona vs default, paired",
    "paired_models": "persona vs default, paired over models",
}
"""Name of a design → words."""


@dataclass(frozen=True)
class Need:
    """`exact` videos per arm as the formula gives them, `videos` rounded up."""

    design: str
    cells: int
    models: int
    exact: float
    videos: int


def needs(
    d: float, cells: int, *, models: int = 5, power: float = 0.8, level: float = 0.95, of: Components = COMPONENTS
) -> tuple[Need, ...]:
    """Videos per arm (value present, value absent) in each design. `d` in SD units of single answers. Raises UserError out of range."""
    return tuple(needed(design, d, cells, models=models, power=power, level=level, of=of) for design in DESIGNS)


def needed(
    design: str, d: float, cells: int, *, models: int = 5, power: float = 0.8, level: float = 0.95, of: Components = COMPONENTS
) -> Need:
    """Videos per arm in one of `DESIGNS`; see `needs`."""
    _check(d=d, cells=cells, models=models, power=power, level=level)
    exact = 2 * _quantiles(power, level) ** 2 * _variance(design, cells, models, of) / (d * d * of.total)
    return Need(design, cells, models if design == "paired_models" else 1, exact, max(2, math.ceil(exact - 1e-9)))


def power_of(
    design: str, d: float, cells: int, present: float, absent: float, *, models: int = 5, level: float = 0.95, of: Components = COMPONENTS
) -> float:
    """Power in (0, 1) with `present` and `absent` videos; the same normal approximation, one tail."""
    _check(d=d, cells=cells, models=models, power=0.8, level=level)
    error = math.sqrt(_variance(design, cells, models, of) * (1 / present + 1 / absent) / of.total)
    return NormalDist().cdf(d / error - NormalDist().inv_cdf(0.5 + level / 2))


def smallest_effect(
    design: str,
    cells: int,
    present: float,
    absent: float,
    *,
    models: int = 5,
    power: float = 0.8,
    level: float = 0.95,
    of: Components = COMPONENTS,
) -> float:
    """The d (SD units) that `present` and `absent` videos detect with the given power."""
    _check(d=1.0, cells=cells, models=models, power=power, level=level)
    if min(present, absent) < 2:
        raise UserError("at least 2 videos with the value and 2 without are needed to compare them")
    return _quantiles(power, level) * math.sqrt(_variance(design, cells, models, of) * (1 / present + 1 / absent) / of.total)


def _variance(design: str, cells: int, models: int, of: Components) -> float:
    """σ² of the module's docstring."""
    own = of.respondent_item + of.residual / cells
    return {"single": of.item + own, "paired": 2 * own, "paired_models": 2 * own / models}[design]


def _quantiles(power: float, level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2) + NormalDist().inv_cdf(power)


def _check(*, d: float, cells: int, models: int, power: float, level: float) -> None:
    if not (math.isfinite(d) and d > 0):
        raise UserError(f"the effect d must be above 0 (SD units of single answers, 0.2 is small), not {d}")
    if cells < 1:
        raise UserError(f"a video is answered in at least 1 prompt cell, not {cells}")
    if models < 1:
        raise UserError(f"at least 1 model is needed, not {models}")
    if not 0 < level < 1:
        raise UserError(f"the level is between 0 and 1, such as 0.95, not {level}")
    if not (1 - level) / 2 < power < 1:
        raise UserError(f"power is between {(1 - level) / 2:g} and 1, such as 0.8, not {power}")
