"""Are profiles the respondent's own, and do they last?

Two sets of profiles of the same respondents, from two halves of the videos, two sets of prompt cells or two sessions: can a respondent be
found again, do respondents keep their order on each value, and do the values keep theirs within each respondent?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from evals.values.intervals import Interval, t_interval, wilson_interval
from evals.values.loadings import FloatArray, IntArray
from evals.values.reliability import correlation_interval
from personas.errors import UserError

__all__ = ["Identification", "IpsativeStability", "RankOrder", "identify", "ipsative_stability", "rank_order_stability"]


@dataclass(frozen=True)
class Identification:
    """Share of personas whose profile in one half lies nearest to its own in the other, with Wilson's interval.

    personas  rows that took part
    nearest   the row each of them was taken for, −1 where two were equally near
    chance    1/P, averaged over models; p by exchanging the personas' labels within the model
    """

    accuracy: Interval
    chance: float
    personas: tuple[int, ...]
    nearest: tuple[int, ...]
    p: float


@dataclass(frozen=True)
class RankOrder:
    """Spearman's ρ over respondents for each value, None where a half does not vary; `mean` over the values, bootstrapped by respondent."""

    values: tuple[Interval | None, ...]
    mean: Interval


@dataclass(frozen=True)
class IpsativeStability:
    """Spearman's ρ over the values within each respondent, None for a flat profile.

    mean         over respondents, with a t interval
    mismatched   mean ρ of one respondent's profile with another's: what is shared by all
    distinctive  the mean after the average profile of each half (within the model) is taken out: what is the respondent's own
    """

    respondents: tuple[float | None, ...]
    mean: Interval
    mismatched: float
    distinctive: Interval | None


def identify(
    learnt: FloatArray,
    tested: FloatArray,
    *,
    groups: Sequence[str] | None = None,
    permutations: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Identification | None:
    """Nearest-profile identification of P personas from profiles (P, V) learnt on half the videos, tested on those of the other half.

    Distance is Euclidean between profiles centred over the values and over the personas of a model, since they all share what half a feed
    does. With `groups`, the model of each row, a persona is looked for among those of its own model. Rows with a NaN are left out; None
    where no model has two personas. Raises UserError where shapes do not fit.
    """
    group = _paired(learnt, tested, groups)
    whole = np.isfinite(learnt).all(axis=1) & np.isfinite(tested).all(axis=1)
    kept = np.flatnonzero(whole & (np.bincount(group, weights=whole)[group] > 1))
    if not len(kept):
        return None
    group = group[kept]
    a, b = (_centred(half[kept] - half[kept].mean(axis=1, keepdims=True), group) for half in (learnt, tested))
    apart = ((b[:, None, :] - a[None, :, :]) ** 2).sum(axis=2)
    apart[group[:, None] != group[None, :]] = np.inf
    clear = (apart <= apart.min(axis=1, keepdims=True) + 1e-15).sum(axis=1) == 1
    guess = np.where(clear, apart.argmin(axis=1), -1)
    hits = int((guess == np.arange(len(kept))).sum())
    # Labels exchanged within models: places sorted by model are filled with a random order of the same model's.
    dice = np.random.default_rng([seed, 13])
    relabelled = np.empty((permutations, len(kept)), dtype=np.int64)
    relabelled[:, np.argsort(group, kind="stable")] = np.argsort(dice.random(relabelled.shape) + group, axis=1)
    p = (1 + int(((guess == relabelled).sum(axis=1) >= hits).sum())) / (1 + permutations)
    accuracy = wilson_interval(hits, len(kept), level)
    assert accuracy is not None, "there are personas"
    nearest = tuple(int(kept[place]) if place >= 0 else -1 for place in guess)
    chance = float((1 / np.bincount(group)[group]).mean())
    return Identification(accuracy, chance, tuple(int(row) for row in kept), nearest, p)


def rank_order_stability(
    first: FloatArray, second: FloatArray, *, groups: Sequence[str] | None = None, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> RankOrder | None:
    """Whether respondents keep their order on each value, from scores (A, V) and (A, V); models' means are taken out first with `groups`.

    Respondents with a NaN, and the only one of a model, are left out. None with fewer than four, or where no value varies in both halves.
    """
    group = _paired(first, second, groups)
    whole = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    whole &= np.bincount(group, weights=whole)[group] > 1
    a, b, group = first[whole], second[whole], np.unique(group[whole], return_inverse=True)[1].astype(np.int64)
    if len(a) < 4:
        return None
    if groups is not None:
        a, b = np.round(_centred(a, group), 12), np.round(_centred(b, group), 12)
    values = tuple(correlation_interval(a[:, v], b[:, v], level, ranks=True) for v in range(a.shape[1]))
    known = np.array([found is not None for found in values])
    if not known.any():
        return None
    x, y = rankdata(a[:, known], axis=0), rankdata(b[:, known], axis=0)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    dice = np.random.default_rng([seed, 14])
    counts = np.zeros((draws, len(a)))
    for number in np.unique(group):
        members = np.flatnonzero(group == number)
        counts[:, members] = dice.multinomial(len(members), np.full(len(members), 1 / len(members)), size=draws)
    mean = float(_weighted(np.ones((1, len(a))), x, y)[0])
    low, high = (float(q) for q in np.quantile(_weighted(counts, x, y), [0.5 - level / 2, 0.5 + level / 2]))
    bounded = high > low
    interval = Interval(mean, low if bounded else None, high if bounded else None, len(a), "bootstrap by respondent", level)
    return RankOrder(values, interval)


def ipsative_stability(
    first: FloatArray, second: FloatArray, *, groups: Sequence[str] | None = None, level: float = 0.95
) -> IpsativeStability | None:
    """Whether values keep their order within each respondent, from profiles (A, V) and (A, V).

    None with fewer than three values, or where every profile is flat. Profiles with a NaN count as flat.
    """
    group = _paired(first, second, groups)
    if first.shape[1] < 3:
        return None
    table = _rank_correlations(first, second)
    own = np.diag(table)
    mean = t_interval([float(r) for r in own[~np.isnan(own)]], level)
    if mean is None:
        return None
    others = table[~np.eye(len(table), dtype=bool)]
    others = others[~np.isnan(others)]
    whole = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1) & (np.bincount(group)[group] > 1)
    distinctive = None
    if whole.sum() > 1:
        kept = np.unique(group[whole], return_inverse=True)[1].astype(np.int64)
        left = np.diag(_rank_correlations(*(np.round(_centred(half[whole], kept), 12) for half in (first, second))))
        distinctive = t_interval([float(r) for r in left[~np.isnan(left)]], level)
    return IpsativeStability(
        tuple(None if np.isnan(r) else float(r) for r in own), mean, float(others.mean()) if len(others) else 0.0, distinctive
    )


def _paired(first: FloatArray, second: FloatArray, groups: Sequence[str] | None) -> IntArray:
    """The group of each respondent."""
    if first.ndim != 2 or first.shape != second.shape:
        raise UserError(f"stability: both halves must be the same respondents × values, not {first.shape} and {second.shape}")
    if groups is not None and len(groups) != len(first):
        raise UserError(f"stability: {len(first)} respondents need {len(first)} groups, not {len(groups)}")
    if groups is None:
        return np.zeros(len(first), dtype=np.int64)
    return np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1].astype(np.int64)


def _centred(scores: FloatArray, group: IntArray) -> FloatArray:
    """Scores less their group's mean."""
    total = np.zeros((int(group.max()) + 1, scores.shape[1]))
    np.add.at(total, group, scores)
    found: FloatArray = scores - (total / np.maximum(np.bincount(group), 1)[:, None])[group]
    return found


def _weighted(counts: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """(B,) mean over values of the correlations of ranks x and y (A, V), respondents drawn `counts` (B, A) times."""
    n = counts.sum(axis=1, keepdims=True)
    a, b = counts @ x / n, counts @ y / n
    spread = (counts @ x**2 / n - a**2) * (counts @ y**2 / n - b**2)
    r = np.where(spread > 1e-12, (counts @ (x * y) / n - a * b) / np.sqrt(np.maximum(spread, 1e-12)), 0.0)
    return np.asarray(r.mean(axis=1), dtype=np.float64)


def _rank_correlations(first: FloatArray, second: FloatArray) -> FloatArray:
    """(A, A) Spearman's ρ over values of each profile in `first` with each in `second`; NaN for flat ones."""
    ranks = []
    for half in (first, second):
        ranked = rankdata(half, axis=1, nan_policy="propagate")
        ranked = ranked - ranked.mean(axis=1, keepdims=True)
        length = np.linalg.norm(ranked, axis=1, keepdims=True)
        ranks.append(np.divide(ranked, length, out=np.full_like(ranked, np.nan), where=length > 0))
    return np.clip(ranks[0] @ ranks[1].T, -1, 1)
