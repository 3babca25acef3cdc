"""Topic as a random effect: items of one topic share something, and dummies for topics could absorb a value.

Generalised least squares by partial demeaning: the share λ_t of the topic's mean is taken off outcome and columns,
λ_t = 1 − √(σ² / (σ² + n_t τ²)), with the variances σ² within and τ² between topics from the residuals' analysis of variance (Fuller &
Battese 1973). Each outcome has its own, so that nobody's slopes depend on who else was asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.values.loadings import FloatArray, IntArray
from evals.values.regression import Design

__all__ = ["TopicEffect", "topic_effect"]

FEWEST = 5
"""Fewer topics with several items than this say too little about their variance."""


@dataclass(frozen=True)
class TopicEffect:
    """What is taken off. `share` (n,) is λ of each item's topic, `average` (T, n) the topics' means as weights, `topic` (n,) indices."""

    share: FloatArray
    average: FloatArray
    topic: IntArray

    def rows(self, y: FloatArray) -> FloatArray:
        """Outcomes (…, n) partly demeaned."""
        return y - (y @ self.average.T)[..., self.topic] * self.share

    def transposed(self, c: FloatArray) -> FloatArray:
        """Weights (…, n) on partly demeaned outcomes as weights on the outcomes themselves."""
        of_topic = (c * self.share) @ (self.topic[:, None] == np.arange(len(self.average)))
        return c - of_topic @ self.average

    def over(self, used: NDArray[np.bool_]) -> TopicEffect:
        """The same shares, with the topics' means over the items `used` (n,)."""
        member = (self.topic == np.arange(len(self.average))[:, None]) & used
        return TopicEffect(self.share, member / np.maximum(member.sum(axis=1, keepdims=True), 1), self.topic)

    def design(self, design: Design) -> Design:
        """The columns partly demeaned."""
        return design.with_seen(self.rows(design.seen.T).T)


def topic_effect(design: Design, y: FloatArray, weight: FloatArray, topic: IntArray | None) -> TopicEffect | None:
    """The effect for an outcome `y` (n,) with its weights (n,); None where topics add no variance, or there are too few of them."""
    used = weight > 0
    if topic is None or design.corrected or not used.any():
        return None
    member = np.zeros((int(topic.max()) + 1, len(topic)))
    member[topic[used], np.flatnonzero(used)] = 1.0
    size = member.sum(axis=1)
    if (size > 1).sum() < FEWEST:
        return None
    average = member / np.maximum(size, 1)[:, None]
    columns, outcome = design.seen[used], y[used]
    residual = np.zeros(len(y))
    residual[used] = outcome - columns @ np.linalg.lstsq(columns, outcome, rcond=None)[0]
    tau, sigma = _variances(residual, average, size, n=int(used.sum()), p=columns.shape[1], topic=topic)
    if tau <= 0:
        return None
    share = 1 - np.sqrt(sigma / (sigma + size * tau))
    return TopicEffect(share[topic], average, topic)


def _variances(residual: FloatArray, average: FloatArray, size: FloatArray, *, n: int, p: int, topic: IntArray) -> tuple[float, float]:
    """(between τ², within σ²) by analysis of variance."""
    topics = int((size > 0).sum())
    means = average @ residual  # (T,)
    used = average.any(axis=0)
    within = ((residual - means[topic]) ** 2 * used).sum() / max(n - topics - p, 1)
    between = (size * means**2).sum() / max(topics - 1, 1)
    per_topic = (n - (size**2).sum() / n) / max(topics - 1, 1)
    return float((between - within) / per_topic), float(max(within, 1e-12))
