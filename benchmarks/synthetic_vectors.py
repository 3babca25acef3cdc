"""Vectors that are distributed like embeddings of texts, made from a seed; they are synthetic, and say nothing about real videos.

A mixture of 2,000 clusters of unequal size around a common direction (embeddings do not point everywhere), with a spectrum that falls:
a few dimensions carry most of the variance, in a rotated basis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Mixture", "mixture"]


@dataclass(frozen=True)
class Mixture:
    """What vectors are drawn from."""

    centres: NDArray[Any]
    weights: NDArray[Any]
    spectrum: NDArray[Any]
    rotation: NDArray[Any]

    def draw(self, count: int, seed: int) -> NDArray[np.float32]:
        """(count, dim) float32, rows of length 1."""
        rng = np.random.default_rng(seed)
        of = rng.choice(len(self.weights), size=count, p=self.weights)
        spread = rng.uniform(0.5, 1.1, size=(count, 1)).astype(np.float32)
        noise = rng.standard_normal((count, len(self.spectrum)), dtype=np.float32) * self.spectrum * spread
        rows = (self.centres[of] + noise) @ self.rotation
        unit: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        return unit


def mixture(dim: int, *, clusters: int = 2_000, seed: int = 0) -> Mixture:
    """A mixture in `dim` dimensions; the same for the same seed."""
    rng = np.random.default_rng(seed)
    spectrum = (1 / np.sqrt(1 + np.arange(dim) / 8)).astype(np.float32)
    rotation = np.linalg.qr(rng.normal(size=(dim, dim)))[0].astype(np.float32)
    common = rng.normal(size=dim) * spectrum * 0.6
    centres = (rng.normal(size=(clusters, dim)) * spectrum + common).astype(np.float32)
    weights = 1 / (np.arange(clusters) + 10) ** 0.8
    return Mixture(centres, weights / weights.sum(), spectrum, rotation)
