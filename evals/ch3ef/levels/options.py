"""Options where a dataset gives none: other classes that are not in the picture, and numbers near a count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from environments.canonical import rng

__all__ = ["OPTIONS", "among_classes", "near_count"]

OPTIONS = 4


def among_classes(right: str, present: Iterable[str], classes: Sequence[str], *draw: str | int) -> list[str]:
    """`right`, then other classes drawn by `draw`, none of them `present`; `OPTIONS` in all where there are as many."""
    shown = {right, *present}
    absent = [name for name in classes if name not in shown]
    return [right, *rng("options", *draw).sample(absent, min(OPTIONS - 1, len(absent)))]


def near_count(count: int, *draw: str | int) -> list[str]:
    """`count`, then numbers of evenly spaced steps of 10 to 25 % of it around, at least 1.

    The rank of the right one among them is drawn, so that neither the middle nor an end gives it away; only a count too small to have as
    many below it leaves fewer ranks.
    """
    dice = rng("count", *draw)
    step = max(1, round(count * dice.uniform(0.10, 0.25)))
    below = dice.randint(0, min(OPTIONS - 1, max(0, (count - 1) // step)))
    others = [count + step * place for place in range(-below, OPTIONS - below) if place]
    return [str(count), *map(str, others)]
