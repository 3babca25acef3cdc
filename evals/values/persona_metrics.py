"""What a persona did to a model's values: how far it steered them towards its target, and what else it moved.

A shift is θ(model, persona) − θ(model, default) on the same videos, unshrunk, with its covariance. Both are centred over the values first
(`ipsatised`): a target says which values stand above which, so a rise of all of them alike is no leakage. Formulas: steering gain
t·s / ‖t‖ and leakage √max(0, ‖Ps‖² − tr PVP), with t the centred target and P the projection orthogonal to it. Whether profiles can be told
apart, and stay what they are, is in `stability`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from evals.values.intervals import Interval
from evals.values.loadings import FloatArray
from evals.values.stability import Identification, IpsativeStability, RankOrder, identify, ipsative_stability, rank_order_stability

__all__ = [
    "Identification",
    "IpsativeStability",
    "Leakage",
    "RankOrder",
    "Transfer",
    "circular_transfer",
    "identify",
    "ipsatised",
    "ipsative_stability",
    "leakage",
    "rank_order_stability",
    "steering_gain",
]


@dataclass(frozen=True)
class Leakage:
    """How far a shift goes in directions that the target does not name, in units of the shift.

    size       debiased √max(0, ‖Ps‖² − tr PVP), with an interval by inverting the test; its lower bound is 0 where p is large
    naive      ‖Ps‖, above 0 even where the true shift is 0
    null_mean  mean of `naive` over the null, in which only estimation error is left
    p          share of the null at least as far out
    """

    size: Interval
    naive: float
    null_mean: float
    p: float


@dataclass(frozen=True)
class Transfer:
    """Slope of the shift on the cosine of the angle to the target over the values that the target does not name: above 0 where a persona
    carries its neighbours along and pushes back what lies opposite. `used` are the places of these values."""

    slope: Interval
    p: float
    used: tuple[int, ...]


def ipsatised(shift: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shift (V,) and covariance (V, V) with the mean over the values taken out."""
    centring = np.eye(len(shift)) - 1 / len(shift)
    return centring @ shift, centring @ covariance @ centring


def steering_gain(
    shift: FloatArray, covariance: FloatArray, target: FloatArray, *, df: float = np.inf, n: int = 0, level: float = 0.95
) -> Interval | None:
    """Shift (V,) along the centred target (V,), in units of the shift; `df` of the t interval, `n` items behind it.

    None for a target that prefers no value to another.
    """
    direction = _direction(target)
    if direction is None:
        return None
    return _t_interval(float(direction @ shift), float(direction @ covariance @ direction), df, n, level)


def leakage(
    shift: FloatArray,
    covariance: FloatArray,
    target: FloatArray,
    *,
    influence: FloatArray | None = None,
    permutations: int = 2000,
    seed: int = 0,
    n: int = 0,
    level: float = 0.95,
) -> Leakage | None:
    """Leakage of a shift (V,) with covariance (V, V) off its target (V,). None for a target that prefers no value to another.

    influence  (C, V) of the shift by item cluster: the null exchanges persona and default at random in each cluster, which turns the sign
               of its influence. Without it the null is normal with the covariance given
    The interval holds the size L for which ‖L u + error‖, u the direction observed, is neither too small nor too large for what was seen.
    """
    direction = _direction(target)
    if direction is None:
        return None
    v = len(shift)
    off = np.eye(v) - 1 / v - np.outer(direction, direction)
    dice = np.random.default_rng([seed, 12])
    if influence is None:
        roots, axes = np.linalg.eigh(off @ covariance @ off)
        error = dice.standard_normal((permutations, v)) @ (axes * np.sqrt(np.maximum(roots, 0))).T
    else:
        error = dice.choice([-1.0, 1.0], size=(permutations, len(influence))) @ (influence @ off)
    seen = off @ shift
    naive = float(np.linalg.norm(seen))
    null = np.linalg.norm(error, axis=1)
    p = (1 + int((null >= naive - 1e-12).sum())) / (1 + permutations)
    size = float(np.sqrt(max(0.0, naive**2 - float(np.trace(off @ covariance @ off)))))
    low, high = _invert(seen, error, level) if naive > 0 else (0.0, 0.0)
    method = "inverted sign-flip test" if influence is not None else "inverted normal test"
    return Leakage(Interval(size, low, high, n, method, level), naive, float(null.mean()), p)


def circular_transfer(
    shift: FloatArray,
    covariance: FloatArray,
    target: FloatArray,
    angles: FloatArray,
    *,
    df: float = np.inf,
    n: int = 0,
    level: float = 0.95,
) -> Transfer | None:
    """Regression of a shift (V,) on cos(angle to the target) over the values that the target (V,), as given and not centred, leaves at 0.

    angles  (V,) degrees; the target's own is the direction of the weighted sum of its values' directions
    None where fewer than three values are left, where they all lie equally far from the target, or where the target points nowhere.
    """
    radians = np.deg2rad(angles)
    east, north = float(target @ np.cos(radians)), float(target @ np.sin(radians))
    free = np.flatnonzero(target == 0)
    if len(free) < 3 or np.hypot(east, north) < 1e-9 * max(1.0, float(np.abs(target).sum())):
        return None
    cosine = np.cos(radians[free] - np.arctan2(north, east))
    cosine = cosine - cosine.mean()
    if cosine @ cosine < 1e-12:
        return None
    weights = np.zeros(len(shift))
    weights[free] = cosine / (cosine @ cosine)
    slope, variance = float(weights @ shift), float(weights @ covariance @ weights)
    se = np.sqrt(max(variance, 0.0))
    p = 2 * float(stdtr(df, -abs(slope) / se)) if se > 0 else float(slope == 0)
    return Transfer(_t_interval(slope, variance, df, n, level), p, tuple(int(place) for place in free))


def _direction(target: FloatArray) -> FloatArray | None:
    centred = target - target.mean()
    length = float(np.linalg.norm(centred))
    return centred / length if length > 1e-12 * max(1.0, float(np.abs(target).max())) else None


def _t_interval(estimate: float, variance: float, df: float, n: int, level: float) -> Interval:
    if variance <= 0:
        return Interval(estimate, None, None, n, "t", level)
    half = float(stdtrit(df, 0.5 + level / 2)) * float(np.sqrt(variance))  # df inf is the normal distribution
    return Interval(estimate, estimate - half, estimate + half, n, "t" if np.isfinite(df) else "normal", level)


def _invert(seen: FloatArray, error: FloatArray, level: float) -> tuple[float, float]:
    """Smallest and largest size of a true shift along `seen` that make a norm like that of `seen` not unusual, given draws of the error.

    ‖L u + e‖ < s holds for exactly the e with L between the roots of a quadratic, so each draw says up to which L it stays below.
    """
    naive = float(np.linalg.norm(seen))
    along = error @ (seen / naive)
    gap = along**2 - (error**2).sum(axis=1) + naive**2
    reach = np.where(gap >= 0, -along + np.sqrt(np.maximum(gap, 0.0)), -np.inf)  # beyond it the norm exceeds what was seen
    low, high = np.quantile(np.maximum(reach, 0.0), [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)
