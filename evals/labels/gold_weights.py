"""The weight of a gold sample of which people have coded only a part: the drawn videos that are coded stand for those that are not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

__all__ = ["PARTLY", "coded_probabilities", "partly_coded"]

SMALLEST = 10
"""Drawn videos from which the share coded of a stratum is an estimate of its own: of fewer it says little, and 1/share is biased."""

PARTLY = "; gold sample coded in part: "
"""What stands between a source of loadings and what is said of their gold sample, where people have coded only some of it."""


def coded_probabilities(sample: pl.DataFrame, coded: Collection[str]) -> dict[str, float]:
    """Video of `sample` (video, inclusion, stratum) in `coded` → the probability that it was drawn and coded.

    That is π times the share coded of the drawn videos of its stratum, which is coding missing at random within strata (Egami et al. 2023
    need the probability of being labelled, not of being drawn). Strata with fewer than `SMALLEST` drawn videos, or none coded, are taken
    together: those of one value, or with its largest; else the rest, or with the largest of all. Empty where nobody coded.
    """
    videos = [str(name) for name in sample["video"].to_list()]
    pi = dict(zip(videos, sample["inclusion"].to_list(), strict=True))
    found: dict[str, float] = {}
    for cell in _cells(videos, [str(name or "") for name in sample["stratum"].to_list()], coded):
        mine = [name for name in cell if name in coded]
        found |= {name: float(pi[name]) * len(mine) / len(cell) for name in mine}
    return found


def _cells(videos: Sequence[str], strata: Sequence[str], coded: Collection[str]) -> list[list[str]]:
    """The drawn videos in groups that are large enough, and none without a coded one unless nobody coded at all."""
    words = {video: tuple(stratum.split(" ")) for video, stratum in zip(videos, strata, strict=True)}
    done: list[list[str]] = []
    left = list(videos)
    for depth in (None, 1, 0):  # "HE+ food", then "HE+", then all together
        groups: dict[tuple[str, ...], list[str]] = {}
        for video in left:
            groups.setdefault(words[video][:depth], []).append(video)
        left = []
        for name, group in groups.items():
            near = [cell for cell in done if words[cell[0]][:depth] == name]
            if len(group) >= SMALLEST and any(video in coded for video in group):
                done.append(group)
            elif near:
                max(near, key=len).extend(group)
            else:
                left += group
    return done or [left]


def partly_coded(drawn: int, coded: int) -> str:
    """What is added to the source of loadings whose gold sample holds `drawn` videos; nothing where all are coded."""
    return "" if coded in {0, drawn} else f"{PARTLY}{coded} of {drawn} videos, which stand for the others of their strata"
