"""The circulant correlation of effects over the values, written as a basis so that no matrix is ever factorised.

R_vv' = b_0 + Σ_k b_k cos(k (φ_v − φ_v')), b on the simplex, is the covariance of Σ_f √b_k(f) z_f B_vf with standard normal z and the
columns 1, cos kφ and sin kφ in B. Ten equally spaced values give ten columns (sin 5φ is zero at all of them), so R can have full rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.values.loadings import FloatArray, IntArray
from personas.schwartz import ANGLES, theory

__all__ = ["CircularBasis", "basis_of"]


@dataclass(frozen=True)
class CircularBasis:
    """Columns over V values, and the share of the simplex that scales each.

    columns    (V, F)
    share      (F,) which of the `shares` weights b belongs to each column
    shares     how many weights b has; 1 where the values have no known circle (then R is the identity)
    """

    columns: FloatArray
    share: IntArray
    shares: int


def basis_of(values: Sequence[str]) -> CircularBasis:
    """The basis of these value codes.

    The ten, or some of them, stand at their angles; the nineteen equally spaced in the order given; any others are independent.
    """
    steps = _steps(values)
    if steps is None:
        return CircularBasis(np.eye(len(values)), np.zeros(len(values), dtype=np.int64), 1)
    angle, around = steps
    columns, share = [np.ones(len(values))], [0]
    for k in range(1, around // 2 + 1):
        columns.append(np.cos(k * angle))
        share.append(k)
        if 2 * k < around:
            columns.append(np.sin(k * angle))
            share.append(k)
    return CircularBasis(np.column_stack(columns), np.array(share, dtype=np.int64), around // 2 + 1)


def _steps(values: Sequence[str]) -> tuple[FloatArray, int] | None:
    """(angles in radians, how many values stand around the circle), None where no circle is known."""
    if set(values) <= set(ANGLES):
        return np.deg2rad([float(ANGLES[code]) for code in values]), len(ANGLES)
    nineteen = theory()["refined19_order_theory2012"]
    if len(values) == len(nineteen) and set(values) == set(nineteen):
        return np.arange(len(values)) * 2 * np.pi / len(values), len(values)
    return None
