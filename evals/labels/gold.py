"""The gold sample: which videos people label, and with which probability each had been drawn.

Every video of the frame can be drawn. Strata (the value that judges say a video carries most, × topic) that are rare are drawn from more
densely: half of the sample is spread evenly over the strata, half evenly over the videos. One systematic draw over the videos, sorted by
stratum and topic and shuffled within, keeps the size exact, each inclusion probability π known, and every stratum represented.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from environments.canonical import derived_seed
from environments.corpus.strata import leading_stratum
from evals.values.loadings import FloatArray
from personas.errors import UserError
from personas.schwartz import VALUES

__all__ = ["Draw", "draw_sample", "inclusions", "stratum_of"]

UNLABELLED = "unlabelled"


@dataclass(frozen=True)
class Draw:
    """A sample. `frame`: video, inclusion, stratum, seed, as the corpus keeps it; `strata`: stratum → (videos, drawn, mean π)."""

    frame: pl.DataFrame
    strata: Mapping[str, tuple[int, int, float]]
    videos: int


def stratum_of(loadings: Mapping[str, float | None]) -> str:
    """ "HE+" for a video that promotes Hedonism most, "HE-" for one that opposes it, "none", or "unlabelled"."""
    if any(loadings[value] is None for value in VALUES):
        return UNLABELLED
    return leading_stratum({value: float(loadings[value] or 0.0) for value in VALUES})


def inclusions(strata: Sequence[str], size: int) -> FloatArray:
    """π of each video (n,), summing to `size` (or to n): half even over strata, half even over videos, none above 1.

    Where a share would pass 1 it is cut there, and what is over goes to the others in proportion.
    """
    n = len(strata)
    if size >= n:
        return np.ones(n)
    names, place, counts = np.unique(np.array(strata), return_inverse=True, return_counts=True)
    weight = 0.5 / (len(names) * counts[place]) + 0.5 / n
    found = np.zeros(n)
    certain = np.zeros(n, dtype=bool)
    while True:
        rest = ~certain
        found[certain] = 1.0
        found[rest] = weight[rest] * (size - certain.sum()) / weight[rest].sum()
        over = rest & (found >= 1 - 1e-12)
        if not over.any():
            return found
        certain |= over


def draw_sample(videos: pl.DataFrame, size: int, seed: int) -> Draw:
    """A sample of about `size` of the rows of `videos` (id, topic, SD … UN), exactly so but for rounding. Raises UserError."""
    if size < 1:
        raise UserError(f"--sample takes a whole number from 1, not {size}")
    if videos.is_empty():
        raise UserError("there is no video to draw a sample from")
    strata = [stratum_of(row) for row in videos.select(VALUES).iter_rows(named=True)]
    pi = inclusions(strata, size)
    dice = np.random.default_rng([derived_seed("gold", seed) % 2**32])
    chance = dice.permutation(len(strata))
    topics = [topic or "" for topic in videos["topic"].to_list()]
    order = sorted(range(len(strata)), key=lambda row: (strata[row], topics[row], chance[row]))
    # Systematic draw: a video is taken where the running sum of π passes start + a whole number.
    ends = np.cumsum(pi[order])
    start = dice.random()
    taken = np.floor(ends - start + 1e-9) > np.floor(np.concatenate([[0.0], ends[:-1]]) - start + 1e-9)
    rows = sorted(order[k] for k in np.flatnonzero(taken))
    frame = pl.DataFrame(
        {
            "video": [videos["id"][row] for row in rows],
            "inclusion": [float(pi[row]) for row in rows],
            "stratum": [f"{strata[row]} {topics[row]}".strip() for row in rows],
            "seed": [seed] * len(rows),
        },
        schema={"video": pl.String, "inclusion": pl.Float64, "stratum": pl.String, "seed": pl.Int64},
    )
    drawn = [strata[row] for row in rows]
    told = {
        name: (strata.count(name), drawn.count(name), float(np.mean([p for p, stratum in zip(pi, strata, strict=True) if stratum == name])))
        for name in sorted(set(strata))
    }
    return Draw(frame, told, len(strata))
