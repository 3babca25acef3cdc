"""What a persona cares about, read from its text alone: a weight for each of the ten values. Its target is never looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from agent.models.reader.polarity import segments
from agent.models.reader.values import ValueScale
from agent.models.reader.words import content_words
from personas.schwartz import VALUES

__all__ = ["NO_TASTE", "Taste", "read_taste"]

_HALF = 0.2
"""The largest weight at which a persona's lean counts half: below it lies what ordinary texts show by accident."""

# What any text about a viewer seems to say, because it is about a viewer. Taken off every persona's reading.
_ORDINARY = (
    "You are a person with a telephone.",
    "You are a man or a woman who looks at short films.",
    "You work on weekdays and live in a town.",
    "You look at what comes up and go on to the next one.",
    "You are thirty-four and have a flat with two rooms and a balcony.",
    "You take the tram to work and come home at six.",
    "On the table lie a newspaper, a pencil and a pair of glasses.",
    "You have a brother and a cousin, and brown hair.",
    "Your kitchen is on the left, the bathroom on the right.",
    "At noon you eat a sandwich, and at night you sleep seven hours.",
    "You were born in March and went to school in the next street.",
    "It is Tuesday, and the window is open.",
)


@dataclass(frozen=True)
class Taste:
    """`weights` in [-1, 1] by value code: the strongest is ±`strength`, which says in [0, 1) how clearly the text leans at all."""

    weights: Mapping[str, float]
    strength: float

    @property
    def leading(self) -> str | None:
        """The value with the largest weight, by size; None where there is no lean worth a word."""
        code = max(self.weights, key=lambda c: abs(self.weights[c]))
        return code if self.strength >= 0.25 else None


NO_TASTE = Taste(dict.fromkeys(VALUES, 0.0), 0.0)
"""Of an empty persona."""


def read_taste(persona: str, scale: ValueScale) -> Taste:
    """The taste that `persona` shows.

    Each segment is read as a post would be, on its content words; what any viewer's text shows is taken off; segments count by the square
    root of their length, those the persona turns away from negatively. `strength` = x³ / (x³ + .2³), x the largest mean by size.
    """
    parts = [(content, sign) for text, sign in segments(persona) if (content := content_words(text))]
    if not parts:
        return NO_TASTE
    ordinary = np.mean([scale.shares(content_words(line)) for line in _ORDINARY], axis=0)
    shares = np.array([scale.shares(content) for content, _ in parts]) - ordinary
    weights = np.sqrt([len(content) for content, _ in parts])
    mean = (np.array([sign for _, sign in parts]) * weights) @ shares[:, :-1] / weights.sum()
    largest = float(np.abs(mean).max())
    if largest < 1e-9:
        return NO_TASTE
    strength = largest**3 / (largest**3 + _HALF**3)
    scaled = mean / largest * strength
    return Taste({code: round(float(weight), 6) for code, weight in zip(VALUES, scaled, strict=True)}, round(strength, 6))
