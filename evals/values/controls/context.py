"""What the controls look at, and what they have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from evals.values.decompose import Decomposition
from evals.values.estimator_a import Outcome, absolute, references, relative, steering
from evals.values.findings import Control
from evals.values.panel import BINARY, WATCHING, Panel
from evals.values.prompts import cell_slopes
from evals.values.regression import Slopes

__all__ = ["Context", "absent"]


def absent(name: str, question: str, why: str) -> Control:
    """A control that these data cannot give; `why` says what it needs."""
    return Control(name, question, f"Not computed: {why}.")


@dataclass(frozen=True)
class Context:
    """One analysis under way. `decisions` are those of all channels; `targets` the personas' design targets; `shuffles` how many."""

    decisions: pl.DataFrame
    decompositions: Mapping[str, Decomposition]
    targets: Mapping[str, Mapping[str, float]]
    seed: int = 0
    shuffles: int = 200
    level: float = 0.95

    @property
    def primary(self) -> Decomposition:
        """The decomposition of the primary channel."""
        return next(iter(self.decompositions.values()))

    @property
    def rng(self) -> np.random.Generator:
        """The same for every control, so that adding one changes no other."""
        return np.random.default_rng(self.seed)

    @cached_property
    def panel(self) -> Panel:
        """The panel of the primary channel; a yes or no is read as 1 or 0, so that what is regressed is a probability."""
        panel = self.primary.panel
        return replace(panel, channel=f"{panel.channel}, linear probability") if self.binary else panel

    @cached_property
    def answers(self) -> pl.DataFrame:
        """The answers on the primary channel: the decisions table with the cluster of each item as a number, `group`."""
        panel = self.primary.panel
        group = pl.DataFrame({"item": panel.items, "group": panel.design.cluster})
        rows = self.decisions.filter(
            (pl.col("channel") == self.primary.channel) & (pl.col("state") == "answered") & pl.col("y").is_not_null()
        )
        return rows.join(group, on="item", maintain_order="left")

    def contrasts(self) -> tuple[str, Outcome]:
        """The estimand that says most: steering where there is a reference, else relative, else absolute."""
        panel = self.panel
        for name, outcome in (("steering", steering(panel, self.primary.contrast)), ("relative", relative(panel))):
            if outcome is not None:
                return name, outcome
        return "absolute", absolute(panel)

    def cells(self, name: str) -> Sequence[Slopes]:
        """The slopes of that estimand (steering, relative or priority) in each prompt cell; none where there is one cell."""
        found = self.primary.cells.get(name, ())
        if found or not self.binary or len(self.panel.cells) < 2:
            return found
        if name == "priority":
            v = len(self.panel.values)
            return [one.over_values(np.eye(v) - 1 / v) for one in cell_slopes(self.panel, absolute)]
        contrast = self.primary.contrast
        against = references(self.panel, contrast)  # of all cells, so that every cell compares with the same respondents
        return cell_slopes(self.panel, relative if name == "relative" else lambda panel: steering(panel, contrast, against))

    @property
    def binary(self) -> bool:
        """Whether the primary channel is a yes or no."""
        return self.primary.channel in BINARY

    @property
    def scale(self) -> str:
        """The unit of an answer, in words; behind " per unit loading" it is that of a slope."""
        if self.binary:
            return "linear probability"
        return "SD of normal scores" if self.primary.channel in WATCHING else "points of the scale"
