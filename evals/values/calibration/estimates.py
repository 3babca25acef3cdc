"""What the estimators say about a draw, beside what is true: one `Found` an estimand.

The panel is made from the arrays directly, without a decisions table in between; a test holds that both ways give the same figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from scipy.stats import rankdata

from evals.values.adjust import nuisance_effects
from evals.values.bootstrap import bootstrap_t
from evals.values.bounds import slope_bounds
from evals.values.calibration.arms import Arm
from evals.values.calibration.pool import Pool
from evals.values.calibration.process import Draw
from evals.values.calibration.table import loadings
from evals.values.decisions import SCALES
from evals.values.estimator_a import Fitted, Outcome, absolute, common, filled_mean, fit, relative, steering
from evals.values.loadings import FloatArray
from evals.values.logit import log_odds
from evals.values.panel import BINARY, Panel
from evals.values.prompts import cell_slopes, wording_odds, wording_variance
from evals.values.regression import Slopes, make_design
from evals.values.sensitivity import twin_effects
from personas.schwartz import VALUES

__all__ = ["KINDS", "Found", "bounds_hold", "estimate", "make_panel", "spearman", "value_spectrum"]

KINDS = ("target", "off-target", "null")
"""Of a cell (row, value): something is planted there; elsewhere in the row only; nowhere in the row."""
BUILDERS: dict[str, Callable[[Panel], Outcome | None]] = {
    "common": common,
    "relative": relative,
    "steering": steering,
    "absolute": absolute,
}
Intervals = tuple[Slopes, FloatArray, FloatArray]
"""Slopes, and the lower and upper ends of their 95 % intervals (K, V)."""
YES = {"rating": 3.0, "like": 1.0}
"""An answer from here on is Value-Spectrum's yes."""


@dataclass(frozen=True)
class Found:
    """K rows of one estimand; all (K, V) but `recovered` and `spectrum`.

    error      estimate less truth, in scale points, likes in log-odds; NaN where there is no estimate
    sign       of what is planted, 0 where nothing is
    covered    whether the 95 % interval holds the truth
    rejected   whether it excludes 0; meaningful where the truth is exactly 0, `zero`
    kind       index in KINDS
    recovered  (K,) Spearman's rho of the estimated with the planted profile; NaN where that is flat
    spectrum   (K,) the same of Value-Spectrum's score
    """

    error: FloatArray
    sign: FloatArray
    covered: NDArray[np.bool_]
    rejected: NDArray[np.bool_]
    zero: NDArray[np.bool_]
    kind: NDArray[np.int64]
    recovered: FloatArray
    spectrum: FloatArray


def make_panel(draw: Draw) -> Panel:
    """The panel of a draw: what `evals.values.panel.build_panel` makes of its decisions table."""
    cells, people, n = draw.rating.shape
    grid = np.indices((cells, people, n)).reshape(3, -1)
    models, personas = draw.planted.models, draw.planted.personas
    answered = draw.answered.reshape(-1)
    rating = draw.rating.reshape(-1)
    shift: FloatArray = np.zeros(len(rating))
    if draw.channel not in BINARY:
        where = {"respondent": grid[1], "item": grid[2], "cell": grid[0], "position": draw.position.reshape(-1)}
        shift = nuisance_effects(rating, **where, answered=answered)
    count, lost = draw.answered.astype(float), (~draw.answered).astype(float)
    total = ((rating - shift) * answered).reshape(count.shape)
    pool, covariates = draw.pool, np.column_stack([_standardised(column) for column in draw.covariates.values()])
    return Panel(
        channel=draw.channel,
        scale=SCALES[draw.channel],
        respondents=tuple(f"{model}/{persona}" for model, persona in zip(models, personas, strict=True)),
        models=models,
        personas=personas,
        items=pool.items,
        loadings=loadings(draw),
        design=make_design(
            VALUES, draw.x, covariates, cluster=pool.cluster, stratum=pool.stratum, gold=draw.gold, inclusion=draw.inclusion
        ),
        cells=tuple(range(cells)),
        total=total.sum(axis=0),
        count=count.sum(axis=0),
        total_by_cell=total,
        count_by_cell=count,
        missing=lost.sum(axis=0),
        missing_shift=(shift.reshape(count.shape) * lost).sum(axis=0),
        lost=lost.sum(axis=(0, 1)),
        put=(lost + count).sum(axis=(0, 1)),
        within_sd=1.0,
        failed=0,
    )


def estimate(arm: Arm, draw: Draw, panel: Panel, *, draws: int = 2000, seed: int = 0) -> dict[str, Found]:
    """Every estimand of an arm. `draws` and `seed` are the bootstrap's."""
    outcomes = {name: build(panel) for name, build in BUILDERS.items()}
    fitted = _fitted(panel, {name: outcome for name, outcome in outcomes.items() if outcome is not None})
    intervals = _bootstrapped(panel, fitted, draws, seed) if arm.interval == "bootstrap-t" else _student(panel, fitted, widened=arm.widened)
    truth = np.zeros_like(draw.truth) if arm.shuffled else draw.truth
    planted = np.zeros_like(truth) if arm.shuffled else draw.planted.theta
    scores = value_spectrum(draw)
    found: dict[str, Found] = {}
    for name, (slopes, low, high) in intervals.items():
        mixing = np.eye(len(truth)) if name == "priority" else fitted[name].outcome.mixing
        true = truth - truth.mean(axis=1, keepdims=True) if name == "priority" else mixing @ truth
        found[name] = _compared(
            slopes.theta,
            (low, high),
            truth=true,
            planted=mixing @ planted,
            recovered=spearman(slopes.theta, mixing @ planted),
            spectrum=spearman(mixing @ scores, mixing @ planted),
        )
    if not arm.shuffled:
        wording = _wording(panel, "common", fitted["common"].outcome) if arm.widened else 0.0
        if panel.channel in BINARY:  # twins compare shares: a log-odd is p (1 − p) of one
            yes = (fitted["common"].outcome.mixing[0] > 0) @ panel.total.sum(axis=1)
            yes /= (fitted["common"].outcome.mixing[0] > 0) @ panel.count.sum(axis=1)
            wording *= (yes * (1 - yes)) ** 2
        found["twin"] = _twins(draw, panel, fitted["common"].outcome, wording)
    return found


def _fitted(panel: Panel, outcomes: dict[str, Outcome]) -> dict[str, Fitted]:
    """The slopes: of ratings by least squares, of likes those of the respondents' log-odds, mixed."""
    if panel.channel not in BINARY:
        return {name: fit(panel, outcome) for name, outcome in outcomes.items()}
    odds = log_odds(panel.design, panel.total, panel.count)
    return {name: Fitted(outcome, odds.over_outcomes(outcome.mixing)) for name, outcome in outcomes.items()}


def _student(panel: Panel, fitted: dict[str, Fitted], *, widened: bool) -> dict[str, Intervals]:
    """Student's t with the jackknife over clusters; widened by what the wording adds, if that is wanted."""
    ipsative = np.eye(len(VALUES)) - 1 / len(VALUES)
    found: dict[str, Intervals] = {}
    for name, one in fitted.items():
        slopes = one.slopes.over_values(ipsative) if name == "absolute" else one.slopes
        wording = _wording(panel, name, one.outcome) if widened else 0.0
        variance = slopes.se**2 + wording
        half = stdtrit(slopes.effective, 0.975) * np.sqrt(variance)
        found["priority" if name == "absolute" else name] = slopes, slopes.theta - half, slopes.theta + half
    return found


def _wording(panel: Panel, name: str, outcome: Outcome) -> float:
    """What the wording adds to the variance of an estimand's slopes."""
    if panel.channel not in BINARY:
        return wording_variance(cell_slopes(panel, BUILDERS[name]), panel.cells)
    parts, numbers = wording_odds(panel)
    return wording_variance([each.over_outcomes(outcome.mixing) for each in parts], numbers)


def _bootstrapped(panel: Panel, fitted: dict[str, Fitted], draws: int, seed: int) -> dict[str, Intervals]:
    """Bootstrap-t; there is none for priorities."""
    drawn = {name: one for name, one in fitted.items() if name != "absolute"}
    quantiles = bootstrap_t(panel, list(drawn.values()), draws=draws, seed=seed)
    return {
        name: (one.slopes, one.slopes.theta - each.high * each.se, one.slopes.theta - each.low * each.se)
        for (name, one), each in zip(drawn.items(), quantiles, strict=True)
    }


def value_spectrum(draw: Draw) -> FloatArray:
    """(A, V) 100 × yes / shown over the videos that are labelled to promote the value, answered ones only, all cells."""
    promotes = (draw.x > 0).astype(float)
    yes = ((draw.rating >= YES[draw.channel]) & draw.answered).sum(axis=0) @ promotes
    shown = draw.answered.sum(axis=0) @ promotes
    score: FloatArray = 100.0 * yes / np.maximum(shown, 1)
    return score


def spearman(one: FloatArray, other: FloatArray) -> FloatArray:
    """(K,) rank correlation of the rows of two (K, V) arrays, ties at their mean rank; NaN where a row is flat."""
    a, b = (rankdata(np.round(rows, 12), axis=1) for rows in (one, other))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), scale, out=np.full(len(scale), np.nan), where=scale > 0)


def bounds_hold(panel: Panel, complete: Panel) -> NDArray[np.bool_]:
    """(rows, V) whether the bounds under refusals hold what the complete answers would have given, over absolute and steering rows."""
    held = []
    for outcome, full in ((absolute(panel), absolute(complete)), (steering(panel), steering(complete))):
        assert outcome is not None and full is not None, "every model plays the reference"
        bounds = slope_bounds(panel, outcome)
        assert bounds is not None, "something is missing"
        theta = fit(complete, full).slopes.theta
        held.append((bounds[0] <= theta + 1e-9) & (theta - 1e-9 <= bounds[1]))
    return np.concatenate(held)


def _compared(
    theta: FloatArray,
    bounds: tuple[FloatArray, FloatArray],
    *,
    truth: FloatArray,
    planted: FloatArray,
    recovered: FloatArray,
    spectrum: FloatArray,
) -> Found:
    planted = np.where(np.abs(planted) < 1e-9, 0.0, planted)
    something = (planted != 0).any(axis=1, keepdims=True)
    kind = np.where(planted != 0, 0, np.where(something, 1, 2))
    low, high = bounds
    return Found(
        error=theta - truth,
        sign=np.sign(planted),
        covered=(low <= truth) & (truth <= high),
        rejected=(low > 0) | (high < 0),
        zero=(planted == 0) & (np.abs(truth) < 0.01),
        kind=kind,
        recovered=recovered,
        spectrum=spectrum,
    )


def _twins(draw: Draw, panel: Panel, outcome: Outcome, wording: float) -> Found:
    """The twin effects of the reference respondents, averaged as the common preference is. NaN where the labels leave too few pairs."""
    mixing = outcome.mixing
    means = np.where(outcome.weights[0] > 0, outcome.rows(filled_mean(panel))[0], np.nan)
    theta, low, high = (np.full((1, len(VALUES)), np.nan) for _ in range(3))
    for effect in twin_effects(panel, means, wording=wording):
        value, interval = VALUES.index(effect.value), effect.effect
        theta[0, value] = interval.estimate
        if interval.low is not None and interval.high is not None:
            low[0, value], high[0, value] = interval.low, interval.high
    truth = _twin_truth(draw.pool, (mixing @ draw.expected)[0])[None]
    nothing = np.full(1, np.nan)
    return _compared(theta, (low, high), truth=truth, planted=mixing @ draw.planted.theta, recovered=nothing, spectrum=nothing)


def _twin_truth(pool: Pool, expected: FloatArray) -> FloatArray:
    """(V,) mean over pairs of the difference in expected ratings, per unit loading; over pairs of which one value alone differs."""
    loading = pool.x[pool.carries] - pool.x[pool.plain]
    one = (loading != 0).sum(axis=1) == 1
    value = np.abs(loading[one]).argmax(axis=1)
    effect = (expected[pool.carries] - expected[pool.plain])[one] / loading[one, value]
    pairs = np.bincount(value, minlength=len(VALUES))
    return np.divide(np.bincount(value, effect, len(VALUES)), pairs, out=np.full(len(VALUES), np.nan), where=pairs > 0)


def _standardised(column: FloatArray) -> FloatArray:
    scaled: FloatArray = (column - column.mean()) / column.std()
    return scaled
