"""What the controls look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from evals.values.decompose import Decomposition
from evals.values.estimator_a import Outcome, absolute, relative, steering
from evals.values.panel import BINARY

__all__ = ["Context"]


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

    def contrasts(self) -> tuple[str, Outcome]:
        """The estimand that says most: steering where there is a reference, else relative, else absolute."""
        panel = self.primary.panel
        for name, outcome in (("steering", steering(panel, self.primary.contrast)), ("relative", relative(panel))):
            if outcome is not None:
                return name, outcome
        return "absolute", absolute(panel)

    @property
    def linear(self) -> bool:
        """Whether the primary channel is no yes or no."""
        return self.primary.channel not in BINARY
