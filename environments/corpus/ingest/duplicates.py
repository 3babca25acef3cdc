"""Near-duplicates: the same footage again, re-encoded, scaled, marked or trimmed. Found by the hashes of the pictures.

Candidates come from bands of the hash (multi-index hashing: Norouzi, Punjani, Fleet 2012, arXiv:1307.2982), so that most pairs are never
looked at; which of them are duplicates was set by measurement, see docs/corpus.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from environments.corpus.clusters import families
from environments.corpus.ingest.perceptual_hash import FLAT
from environments.corpus.sql import in_list

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from environments.corpus.store import Corpus

Alike = Callable[[Sequence[str], Sequence[tuple[int, int]]], list[tuple[int, int]]]
"""Of pairs of videos (ids, and indices into them), those that something else than hashes finds to be the same."""

__all__ = ["CLOSE", "SEED", "SHARE", "VERY_CLOSE", "Pictures", "cluster_near_duplicates", "clusters_of", "duplicate_pairs"]

CLOSE, SEED, VERY_CLOSE = 12, 8, 4
"""Bits of 64 in which the hashes of two pictures may differ: in videos of the same length, of which one pair of pictures is as close as
SEED; and in videos of any length."""

SHARE = 0.5
"""Two videos are near-duplicates when more than this share of the pictures of each is like one of the other's."""

_SAME_LENGTH_S, _SAME_LENGTH = 0.3, 0.02  # s, or a share of the longer
_SAME_IMAGE = 0.97
"""Cosine of image vectors from which on pictures as close as SEED will do in videos of different length."""

_BANDS = ((0, 22), (22, 21), (43, 21))
"""First bit and width: of two hashes that differ in at most 8 bits, one of three bands differs in at most 2."""

_BAND_FLIPS = 2
_CANDIDATES_AT_ONCE = 1 << 22
_ASKED_AT_ONCE = 2000
_FEW = 2000  # values: all pairs are looked at sooner than bands are made
_CROWD = 48
"""Where more videos than this share one picture (an intro, a template), each is compared with so many next ones in order of id:
copies of one video still form a chain."""


@dataclass(frozen=True)
class Pictures:
    """Hashes of all pictures but FLAT ones, in order of `owner`: which video each is of, an index into `ids` (sorted) and `lengths` (s)."""

    ids: Sequence[str]
    lengths: NDArray[np.float64]
    hashes: NDArray[np.uint64]
    owner: NDArray[np.int64]


def cluster_near_duplicates(corpus: Corpus) -> None:
    """Find the near-duplicates of the whole corpus anew and write the rows that change. The order of adding does not matter."""
    table = corpus.table(["id", "near_duplicate", "twins", "duration_s", "phash"])
    pictures = _pictures(table)
    clusters = clusters_of(pictures, table["twins"].to_list(), partial(_alike_images, corpus))
    stored = zip(pictures.ids, table["near_duplicate"].to_list(), strict=True)
    changed = {name: clusters.get(name) for name, known in stored if clusters.get(name) != known}
    if changed:
        corpus.set_near_duplicates(changed)


def clusters_of(pictures: Pictures, twins: Sequence[str | None], alike: Alike | None = None) -> dict[str, str]:
    """Id → smallest id of its cluster, for those that are in one. Declared twins of one cluster are not near-duplicates of each other."""
    sure, open_pairs = duplicate_pairs(pictures)
    edges = sure + (alike(pictures.ids, open_pairs) if alike is not None and open_pairs else [])
    rows: list[tuple[str, str | None, str | None]] = []
    for first, second in edges:
        if twins[first] is None or twins[first] != twins[second]:
            edge = f"{first} {second}"
            rows += [(pictures.ids[first], None, edge), (pictures.ids[second], None, edge)]
    return families(rows)


def duplicate_pairs(pictures: Pictures) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Near-duplicates (indices, the smaller first, sorted), and pairs of other lengths with pictures as close as SEED: open questions."""
    pairs = np.unique(pictures.owner[_matches(pictures)], axis=0)
    one, other = pictures.lengths[pairs[:, 0]], pictures.lengths[pairs[:, 1]]
    same_length = np.abs(one - other) <= np.maximum(_SAME_LENGTH_S, _SAME_LENGTH * np.maximum(one, other))
    matrix = _Matrix(pictures)
    sure = np.concatenate((pairs[same_length][matrix.shared(pairs[same_length], CLOSE)], pairs[matrix.shared(pairs, VERY_CLOSE)]))
    found = set(map(tuple, sure.tolist()))
    seeds = pairs[~same_length]
    close = set(map(tuple, seeds[matrix.shared(seeds, SEED)].tolist()))
    return sorted(found), sorted(close - found)


class _Matrix:
    """The hashes of all videos, a row each, as wide as the video with most pictures."""

    def __init__(self, pictures: Pictures) -> None:
        counts = np.bincount(pictures.owner, minlength=len(pictures.ids))
        self._width = max(1, int(counts.max(initial=0)))
        place = np.arange(len(pictures.owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        self._hashes = np.zeros((len(pictures.ids), self._width), np.uint64)
        self._there = np.zeros((len(pictures.ids), self._width), np.bool_)
        self._hashes[pictures.owner, place] = pictures.hashes
        self._there[pictures.owner, place] = True

    def shared(self, pairs: NDArray[np.int64], bits: int) -> NDArray[np.bool_]:
        """For each pair whether more than SHARE of either's pictures are within `bits` of one of the other's."""
        found = np.zeros(len(pairs), np.bool_)
        size = max(1, _CANDIDATES_AT_ONCE // self._width**2)
        for start in range(0, len(pairs), size):
            one, other = pairs[start : start + size].T
            bits_apart = np.bitwise_count(self._hashes[one][:, :, None] ^ self._hashes[other][:, None, :])
            alike = (bits_apart <= bits) & self._there[one][:, :, None] & self._there[other][:, None, :]
            mine = alike.any(axis=2).sum(axis=1) > SHARE * self._there[one].sum(axis=1)
            theirs = alike.any(axis=1).sum(axis=1) > SHARE * self._there[other].sum(axis=1)
            found[start : start + size] = mine & theirs
        return found


def _matches(pictures: Pictures) -> NDArray[np.int64]:
    """Pairs of pictures of different videos whose hashes differ in at most SEED bits, (n, 2); the video with the smaller index first."""
    values, inverse = np.unique(pictures.hashes, return_inverse=True)
    holders = np.argsort(inverse, kind="stable").astype(np.int64)
    ends = np.concatenate(([0], np.cumsum(np.bincount(inverse, minlength=len(values))))).astype(np.int64)
    parts = [_joined(pictures, holders, ends, first, second) for first, second in _close_values(values)]
    found = np.concatenate(parts) if parts else np.zeros((0, 2), np.int64)
    order = pictures.owner[found[:, 0]] > pictures.owner[found[:, 1]]
    found[order] = found[order][:, ::-1]
    unique: NDArray[np.int64] = np.unique(found, axis=0)
    return unique


def _joined(
    pictures: Pictures, holders: NDArray[np.int64], ends: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.int64]:
    """From pairs of hashes to pairs of pictures with them, of different videos, at most _CROWD for each picture."""
    sizes = np.diff(ends)
    single = (sizes[first] == 1) & (sizes[second] == 1) & (first != second)
    parts = [np.column_stack((holders[ends[first[single]]], holders[ends[second[single]]]))]
    several = ~single & (sizes[first] * sizes[second] > 1)
    for one, other in zip(first[several].tolist(), second[several].tolist(), strict=True):
        a, b = holders[ends[one] : ends[one + 1]], holders[ends[other] : ends[other + 1]]
        begins = np.searchsorted(pictures.owner[b], pictures.owner[a])
        parts += [
            np.column_stack((np.full(len(some), picture), some))
            for picture, start in zip(a, begins, strict=True)
            if len(some := b[start : start + _CROWD])
        ]
    found = np.concatenate(parts)
    different: NDArray[np.int64] = found[pictures.owner[found[:, 0]] != pictures.owner[found[:, 1]]]
    return different


def _close_values(values: NDArray[np.uint64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of different `values` (sorted, unique) that differ in at most SEED bits, as indices; and each value with itself."""
    every = np.arange(len(values), dtype=np.int64)
    yield every, every
    if len(values) <= _FEW:
        first, second = np.triu_indices(len(values), 1)
        close = np.bitwise_count(values[first] ^ values[second]) <= SEED
        yield first[close], second[close]
        return
    for start, width in _BANDS:
        keys = ((values >> np.uint64(start)) & np.uint64((1 << width) - 1)).astype(np.int64)
        order = np.argsort(keys, kind="stable").astype(np.int64)
        starts = np.searchsorted(keys[order], np.arange((1 << width) + 1)).astype(np.int64)
        for mask in _masks(width):
            yield from _in_band(values, keys, order, starts, mask)


def _in_band(
    values: NDArray[np.uint64], keys: NDArray[np.int64], order: NDArray[np.int64], starts: NDArray[np.int64], mask: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Close pairs whose bands differ exactly by `mask`, the smaller index first."""
    other = keys ^ mask
    first, count = starts[other], starts[other + 1] - starts[other]
    asking = np.flatnonzero(count)
    total = np.cumsum(count[asking])
    begin = 0
    while begin < len(asking):
        done = total[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, done + _CANDIDATES_AT_ONCE)))
        some, sizes = asking[begin:end], count[asking[begin:end]]
        mine = np.repeat(some, sizes)
        offset = np.arange(len(mine)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        theirs = order[np.repeat(first[some], sizes) + offset]
        keep = (mine < theirs) & (np.bitwise_count(values[mine] ^ values[theirs]) <= SEED)
        if keep.any():
            yield mine[keep], theirs[keep]
        begin = end


def _masks(width: int) -> list[int]:
    """All ways to flip at most _BAND_FLIPS of `width` bits."""
    return [sum(1 << bit for bit in bits) for flips in range(_BAND_FLIPS + 1) for bits in combinations(range(width), flips)]


def _pictures(table: pl.DataFrame) -> Pictures:
    flat = table["phash"].explode().drop_nulls().to_numpy()
    owner = np.repeat(np.arange(table.height, dtype=np.int64), table["phash"].list.len().fill_null(0).to_numpy())
    telling = flat != FLAT
    lengths = table["duration_s"].fill_null(0.0).to_numpy().astype(np.float64)
    return Pictures(table["id"].to_list(), lengths, flat[telling].view(np.uint64), owner[telling])


def _alike_images(corpus: Corpus, ids: Sequence[str], pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those `pairs` whose image vectors say that they show the same; none where the corpus has no image vectors."""
    if corpus.image_space is None:
        return []
    asked = sorted({ids[index] for pair in pairs for index in pair})
    vectors: dict[str, NDArray[np.float32]] = {}
    for start in range(0, len(asked), _ASKED_AT_ONCE):
        found = corpus.table(["id", "image_vector"], where=in_list("id", asked[start : start + _ASKED_AT_ONCE]))
        vectors |= {name: np.asarray(vector, np.float32) for name, vector in found.iter_rows() if vector is not None}
    return [
        (one, other)
        for one, other in pairs
        if ids[one] in vectors and ids[other] in vectors and float(vectors[ids[one]] @ vectors[ids[other]]) >= _SAME_IMAGE
    ]
