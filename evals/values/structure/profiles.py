"""Profiles of respondents made ready for the structure tests: centred within the respondent, freed of their model's mean, and their
covariance corrected for estimation error where its size is known.

Respondents of one model are not independent, and a handful of models differ in more ways than their values: correlations over the pooled
panel would show the models, not the circle. So a model's mean profile goes first, and whatever is permuted or resampled over
respondents stays within the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evals.values.loadings import FloatArray, IntArray
from personas.errors import UserError

__all__ = ["Corrected", "Profiles", "correct", "correlation", "covariance", "read_profiles", "resampled_correlations"]

LEAST_RELIABILITY = 0.2
"""A value with a smaller share of true variance has no usable corrected correlation: it would be more than doubled, noise and all."""


@dataclass(frozen=True)
class Profiles:
    """Ipsatised profiles, sorted by group.

    scores   (N, V) each row sums to 0
    group    (N,) index of the respondent's group, ascending from 0
    error    (V, V) what estimation error adds to `covariance`, or None where it is not known
    within   whether group means are taken out before correlating
    dropped  respondents left out because a score is missing
    alone    respondents left out because they are the only one of their group
    """

    values: tuple[str, ...]
    scores: FloatArray
    group: IntArray
    error: FloatArray | None
    within: bool
    dropped: int
    alone: int

    @property
    def sizes(self) -> IntArray:
        """(G,) respondents in each group."""
        return np.bincount(self.group)


@dataclass(frozen=True)
class Corrected:
    """Correlations freed of estimation error. `matrix` is None where they are not usable, and `sentence` says why, or what to mind.

    reliability  (V,) share of each value's variance over respondents that is not estimation error; below 0 where error explains all of it
    """

    matrix: FloatArray | None
    reliability: FloatArray
    sentence: str


def read_profiles(scores: Any, values: Sequence[str], groups: Sequence[str] | None, errors: FloatArray | None, within: bool) -> Profiles:
    """Profiles from an (N, V) array or a Polars or pandas frame with one column a value.

    groups  the model of each respondent; None takes all as one group
    errors  (N, V, V) covariances or (N, V) variances of the estimates, in squared units of the scores. Estimation error that all
            respondents of a model share (the same videos) cancels when the mean goes: give that of the estimates relative to each other
    Raises UserError where shapes do not fit.
    """
    table = _table(scores, values)
    n, v = table.shape
    if groups is not None and len(groups) != n:
        raise UserError(f"structure: {n} respondents need {n} groups, not {len(groups)}")
    cube = None if errors is None else _covariances(np.asarray(errors, dtype=np.float64), n, v)
    whole = np.isfinite(table).all(axis=1)
    if cube is not None:
        whole &= np.isfinite(cube).all(axis=(1, 2))
    label = np.zeros(n, dtype=np.int64) if groups is None else np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1]
    alone = np.bincount(label[whole], minlength=int(label.max(initial=0)) + 1)[label] == 1
    alone &= whole & within & (groups is not None)
    kept = np.flatnonzero(whole & ~alone)
    kept = kept[np.argsort(label[kept], kind="stable")]
    group = np.unique(label[kept], return_inverse=True)[1].astype(np.int64)
    centring = np.eye(v) - 1 / v
    ready = Profiles(tuple(values), table[kept] @ centring, group, None, within, int((~whole).sum()), int(alone.sum()))
    if cube is None or len(kept) < 2:
        return ready
    return replace(ready, error=_error_share(ready, centring @ cube[kept] @ centring))


def covariance(profiles: Profiles) -> FloatArray:
    """(V, V) covariance of the scores over respondents, within groups where `profiles.within`. Needs more respondents than groups."""
    deviation = _deviations(profiles)
    return deviation.T @ deviation / _degrees(profiles)


def correlation(matrix: FloatArray) -> FloatArray:
    """Correlations (…, V, V) of covariances (…, V, V) with positive variances."""
    sd = np.sqrt(np.diagonal(matrix, axis1=-2, axis2=-1))
    found: FloatArray = matrix / (sd[..., :, None] * sd[..., None, :])
    return found


def correct(profiles: Profiles, matrix: FloatArray) -> Corrected | None:
    """The correlations of the true profiles: observed covariance less what estimation error adds, then scaled. None where it is unknown."""
    if profiles.error is None:
        return None
    true = matrix - profiles.error
    reliability = np.diag(true) / np.diag(matrix)
    weak = [code for code, share in zip(profiles.values, reliability, strict=True) if share < LEAST_RELIABILITY]
    if weak:
        return Corrected(
            None,
            reliability,
            f"Correlations corrected for estimation error are not usable: under {LEAST_RELIABILITY:.0%} of the variance over respondents "
            f"of {', '.join(weak)} is more than estimation error. More videos a respondent, or more different respondents, would help.",
        )
    found = correlation(true)
    highest = float(np.abs(found - np.diag(np.diag(found))).max())
    if highest > 1:
        return Corrected(
            None,
            reliability,
            f"Correlations corrected for estimation error are not usable: one reaches {highest:.2f}. More videos a respondent would help.",
        )
    least = float(np.linalg.eigvalsh(found)[0])
    sentence = f"Corrected for estimation error; reliability of the values {reliability.min():.2f} to {reliability.max():.2f}."
    if least < -0.01:
        sentence += f" Sampling error makes the matrix indefinite (least eigenvalue {least:.2f}): its order may be read, not its inverse."
    return Corrected(found, reliability, sentence)


def resampled_correlations(profiles: Profiles, draws: int, seed: int, error: FloatArray | None) -> FloatArray:
    """(draws, V, V) correlations with respondents drawn with replacement within their group; less `error` where it is given."""
    dice = np.random.default_rng([seed, 1])
    n, v = profiles.scores.shape
    sizes = profiles.sizes if profiles.within else np.array([n])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    outer = np.einsum("nv,nw->nvw", profiles.scores, profiles.scores).reshape(n, v * v)
    found = np.empty((draws, v, v))
    chunk = max(1, 4_000_000 // n)
    for first in range(0, draws, chunk):
        many = min(chunk, draws - first)
        # The strata: groups as drawn, so that every draw keeps the number of respondents of each model.
        strata = profiles.sizes
        counts = np.hstack([dice.multinomial(size, np.full(size, 1 / size), size=many) for size in strata]).astype(np.float64)
        moments = (counts @ outer).reshape(many, v, v)
        for start, size in zip(starts, sizes, strict=True):
            total = counts[:, start : start + size] @ profiles.scores[start : start + size]
            moments -= total[:, :, None] * total[:, None, :] / size
        found[first : first + many] = moments / _degrees(profiles)
    if error is not None:
        found = found - error
    index = np.arange(v)
    found[:, index, index] = np.maximum(found[:, index, index], 1e-12)
    return np.clip(correlation(found), -1, 1)


def _table(scores: Any, values: Sequence[str]) -> FloatArray:
    if hasattr(scores, "columns"):
        lacking = [code for code in values if code not in list(scores.columns)]
        if lacking:
            raise UserError(f"structure: the table has no column {', '.join(lacking)}; it needs one column a value: {', '.join(values)}")
        return np.column_stack([np.asarray(scores[code], dtype=np.float64) for code in values])
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(values):
        raise UserError(f"structure: scores must be respondents × {len(values)} values, not {' × '.join(map(str, table.shape))}")
    return table


def _covariances(errors: FloatArray, n: int, v: int) -> FloatArray:
    if errors.shape == (n, v):
        return np.einsum("nv,vw->nvw", errors, np.eye(v))
    if errors.shape == (n, v, v):
        return errors
    raise UserError(
        f"structure: errors must be {n} × {v} variances or {n} × {v} × {v} covariances, not {' × '.join(map(str, errors.shape))}"
    )


def _error_share(profiles: Profiles, cube: FloatArray) -> FloatArray:
    """What independent errors with covariances `cube` add to `covariance`: taking a mean out takes 1/n of the error with it."""
    size = profiles.sizes[profiles.group] if profiles.within else np.full(len(profiles.group), len(profiles.group))
    share: FloatArray = np.einsum("n,nvw->vw", 1 - 1 / size, cube) / _degrees(profiles)
    return share


def _deviations(profiles: Profiles) -> FloatArray:
    if not profiles.within:
        return profiles.scores - profiles.scores.mean(axis=0)
    total = np.zeros((len(profiles.sizes), profiles.scores.shape[1]))
    np.add.at(total, profiles.group, profiles.scores)
    return profiles.scores - (total / profiles.sizes[:, None])[profiles.group]


def _degrees(profiles: Profiles) -> int:
    return len(profiles.group) - (len(profiles.sizes) if profiles.within else 1)
