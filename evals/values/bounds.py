"""How far refusals and unreadable answers could move a slope: sharp bounds, whatever those answers would have been.

A slope is Σ_i c_i y_i. The upper bound fills a missing y_i with the top of the scale where c_i > 0 and with its bottom elsewhere, the
lower bound the reverse; filling all with one end does not bound it. Items weigh by the number of questions put, answered or not; the
variance of topics is that of the answers. For likes and skips the slope is that of the probability.
"""

from __future__ import annotations

import numpy as np

from evals.values.estimator_a import Outcome, filled_mean
from evals.values.loadings import FloatArray
from evals.values.panel import Panel
from evals.values.topics import topic_effect

__all__ = ["slope_bounds"]


def slope_bounds(panel: Panel, outcome: Outcome) -> tuple[FloatArray, FloatArray] | None:
    """(lower, upper), each (K, V), of an outcome's slopes; None where nothing is missing, or a gold sample corrects the loadings."""
    if not panel.missing.any() or panel.design.corrected:
        return None
    if outcome.of_slopes:
        part, share = outcome.of_slopes
        own = slope_bounds(panel, part)
        used = share.any(axis=0)
        return None if own is None else (share[:, used] @ own[0][used], share[:, used] @ own[1][used])
    asked = panel.count + panel.missing
    share = np.divide(panel.missing, asked, out=np.zeros_like(asked), where=asked > 0)
    shift = np.divide(panel.missing_shift, asked, out=np.zeros_like(asked), where=asked > 0)
    known = filled_mean(panel) * (1 - share) - shift
    low, high = panel.scale
    v = len(panel.values)
    y = outcome.rows(filled_mean(panel))
    bounds = np.full((2, len(outcome.names), v), np.nan)
    for k, mixing in enumerate(outcome.mixing):
        involved = np.flatnonzero(mixing)
        put = np.asarray((asked[involved] > 0).all(axis=0), dtype=bool)
        inverse = np.divide(1.0, asked[involved], out=np.zeros_like(asked[involved]), where=put)
        weight = np.where(put, 1 / np.maximum((mixing[involved, None] ** 2 * inverse).sum(axis=0), 1e-12), 0.0)
        effect = topic_effect(panel.design, y[k], outcome.weights[k], panel.topics)
        effect = effect.over(put) if effect else None
        x = effect.design(panel.design).seen if effect else panel.design.seen
        left = (x * weight[:, None]).T @ x
        if np.linalg.matrix_rank(left) < x.shape[1]:
            continue
        c = np.linalg.solve(left, (x * weight[:, None]).T)[1 : 1 + v]  # (V, n)
        c = effect.transposed(c) if effect else c
        base = c @ (mixing @ known)
        # Filling item i of respondent a moves the slope by c_i mixing_a share_ai: what goes up, and what goes down.
        both, size = c @ (mixing @ share), np.abs(c) @ (np.abs(mixing) @ share)
        up, down = (both + size) / 2, (both - size) / 2
        bounds[0, k] = base + up * low + down * high
        bounds[1, k] = base + up * high + down * low
    return bounds[0], bounds[1]
