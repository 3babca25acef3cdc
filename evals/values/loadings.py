"""Loadings: how much each item promotes (or opposes) each value, where that is known from, and the item's covariates.

A loading is in [-1, 1]: 1 promotes, 0 is silent, -1 opposes. The ten values of `personas.schwartz.VALUES` are usual; the nineteen, or any
other names, are taken too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personas.errors import UserError

__all__ = ["FloatArray", "IntArray", "Loadings"]

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Loadings:
    """One row an item.

    items       ids, unique (n)
    values      codes of the values (V), circular ones in circular order
    x           loadings (n, V) in [-1, 1], as labelled, not centred; NaN nowhere
    sd          standard deviation of each loading over judges (n, V), or None where they are taken as exact
    source      where they come from, such as "catalogue design", "judges: …", "human coding"
    covariates  by name, (n,) floats; NaN nowhere
    topic       topic of each item, or None where there are none
    gold        gold raters' loadings (n, V) of the items they coded, NaN rows elsewhere; None where nobody did
    inclusion   probability in (0, 1] with which each item was drawn for the gold sample (n,)
    """

    items: tuple[str, ...]
    values: tuple[str, ...]
    x: FloatArray
    sd: FloatArray | None = None
    source: str = "given"
    covariates: Mapping[str, FloatArray] = field(default_factory=dict)
    topic: tuple[str | None, ...] | None = None
    gold: FloatArray | None = None
    inclusion: FloatArray | None = None

    def __post_init__(self) -> None:
        n, v = len(self.items), len(self.values)
        if self.x.shape != (n, v):
            raise UserError(f"loadings: {n} items and {v} values need a table of {n} × {v}, not {' × '.join(map(str, self.x.shape))}")
        if len(set(self.items)) < n:
            raise UserError("loadings: an item stands there twice; give one row an item")
        if self.gold is not None and self.inclusion is None:
            raise UserError("loadings: a gold sample needs the column inclusion, the probability with which each item was drawn for it")
        if not np.isfinite(self.x).all() or np.abs(self.x).max(initial=0) > 1:
            raise UserError("loadings must be numbers from -1 (opposes) to 1 (promotes)")

    def of(self, items: Sequence[str]) -> Loadings:
        """The rows of `items`, in that order. Raises UserError that names items without loadings."""
        row = {item: number for number, item in enumerate(self.items)}
        lacking = [item for item in items if item not in row]
        if lacking:
            named = ", ".join(lacking[:3])
            raise UserError(f"{len(lacking)} of {len(items)} items have no loadings ({named}, …): label them, or leave them out")
        rows = np.array([row[item] for item in items], dtype=np.int64)
        return replace(
            self,
            items=tuple(items),
            x=self.x[rows],
            sd=None if self.sd is None else self.sd[rows],
            covariates={name: column[rows] for name, column in self.covariates.items()},
            topic=None if self.topic is None else tuple(self.topic[number] for number in rows),
            gold=None if self.gold is None else self.gold[rows],
            inclusion=None if self.inclusion is None else self.inclusion[rows],
        )
