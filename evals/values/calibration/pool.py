"""The videos of a calibration: which values they promote and oppose, and which of them are twins.

Three pools: 600 videos that meet the design that measurement asks for, the embedded catalogue as it is, and one in which few videos carry
each value.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from evals.values.loadings import FloatArray, IntArray
from personas.schwartz import VALUES

__all__ = ["FEW", "Pool", "catalogue_pool", "designed_pool", "few_pool"]

TWIN_PAIRS = 10
CONTROLS = 40
PROMOTING, OPPOSING = 30, 6
"""Videos a value with that value alone or leading, besides the twins."""
SECOND_PROMOTED = {-2: 5, -1: 5, 1: 5, 2: 5}
"""Of the videos that promote a value, how many promote a second one at this distance on the circle: neighbours go together."""
SECOND_OPPOSED = {4: 3, 5: 4, -4: 3}
"""The rest of them oppose a value on the other side of the circle."""

FEW = (3, 4, 5, 6, 8, 10, 3, 4, 6, 8)
"""Of the pool of few: how many videos promote each value, in the order of VALUES."""
FEW_CONTROLS = 63


@dataclass(frozen=True)
class Pool:
    """n videos.

    x        (n, V) loadings in [-1, 1]
    cluster  (n,) index of the cluster; twins share one
    stratum  (n,) index of the leading value and its sign; a plain twin is in the stratum of its carrying twin
    carries, plain   (pairs,) indices of the twins that carry a value and of those that do not
    """

    name: str
    x: FloatArray
    cluster: IntArray
    stratum: IntArray
    carries: IntArray
    plain: IntArray

    @cached_property
    def items(self) -> tuple[str, ...]:
        """Ids of the videos."""
        return tuple(f"v{number:04d}" for number in range(len(self.x)))

    @cached_property
    def footage(self) -> FloatArray:
        """(n, V) loadings that go with the frames: a plain twin has those of its carrying twin, for the frames are the same."""
        x = self.x.copy()
        x[self.plain] = self.x[self.carries]
        return x


@lru_cache(maxsize=1)
def designed_pool() -> Pool:
    """600 videos: 60 that promote and 20 that oppose each value (some carry two), 40 value-free controls, 10 twin pairs a value."""
    rows: list[dict[int, float]] = []
    for value in range(len(VALUES)):
        rows += [{value: 1.0}, {}] * TWIN_PAIRS
        rows += _leading(value)
    rows += [{} for _ in range(CONTROLS)]
    x = np.zeros((len(rows), len(VALUES)))
    for number, row in enumerate(rows):
        for value, loading in row.items():
            x[number, value] = loading
    per_value = 2 * TWIN_PAIRS + PROMOTING + OPPOSING
    carries = np.array([value * per_value + 2 * pair for value in range(len(VALUES)) for pair in range(TWIN_PAIRS)], dtype=np.int64)
    return _pool("designed", x, carries, carries + 1)


@lru_cache(maxsize=1)
def catalogue_pool() -> Pool:
    """The clips of the embedded catalogue."""
    from environments.catalogue.specs import load_clips  # noqa: PLC0415 - reads and checks every clip file

    clips = load_clips()
    x = np.array([[clip.values.get(code, 0.0) for code in VALUES] for clip in clips])
    pairs: dict[str, dict[str, int]] = defaultdict(dict)
    for number, clip in enumerate(clips):
        if clip.cluster is not None and clip.twin is not None:
            pairs[clip.cluster][clip.twin] = number
    whole = [pair for pair in pairs.values() if len(pair) == 2]
    carries, plain = (np.array([pair[twin] for pair in whole], dtype=np.int64) for twin in ("carries", "plain"))
    return _pool("catalogue", x, carries, plain)


@lru_cache(maxsize=1)
def few_pool() -> Pool:
    """120 videos: three to ten promote each value, none opposes it, the others carry none; no twins."""
    x = np.vstack([np.repeat(np.eye(len(VALUES)), FEW, axis=0), np.zeros((FEW_CONTROLS, len(VALUES)))])
    nobody = np.zeros(0, dtype=np.int64)
    return _pool("few", x, nobody, nobody)


def _leading(value: int) -> list[dict[int, float]]:
    """The videos in which `value` leads: promoted with a second value promoted or opposed, then opposed."""
    seconds = [(distance, 0.5) for distance, count in SECOND_PROMOTED.items() for _ in range(count)]
    seconds += [(distance, -0.5) for distance, count in SECOND_OPPOSED.items() for _ in range(count)]
    promoting = [{value: 1.0, (value + distance) % len(VALUES): loading} for distance, loading in seconds]
    opposing: list[dict[int, float]] = [{value: -1.0, (value + distance) % len(VALUES): -0.5} for distance in (-2, -1, 1, 2)]
    return promoting + opposing + [{value: -1.0}] * (OPPOSING - len(opposing))


def _pool(name: str, x: FloatArray, carries: IntArray, plain: IntArray) -> Pool:
    cluster = np.arange(len(x))
    cluster[plain] = carries
    cluster = np.unique(cluster, return_inverse=True)[1].reshape(-1)
    leading = np.abs(x).argmax(axis=1)
    sign = np.sign(x[np.arange(len(x)), leading]).astype(np.int64)
    stratum = np.where(sign == 0, 0, 1 + leading + len(VALUES) * (sign < 0))
    stratum[plain] = stratum[carries]
    return Pool(name, x, cluster, stratum, carries, plain)
