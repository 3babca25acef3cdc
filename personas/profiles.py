"""Full profiles: personas with an aim on all ten values, for structure tests, in which single-value personas would write the circle in.

`profile-01` to `profile-48` are composed, not stored. A target is a wave on the circle, a·cos(θ_v − δ), plus noise; directions δ follow
each other by the golden angle, so that the first n lie evenly round the circle for any n. The sentences stand in `profiles.toml`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from statistics import NormalDist
from typing import Any, TypeVar

from personas.persona import Form, Persona, PersonaText
from personas.schwartz import ANGLES, NAMES, VALUES

__all__ = ["PROFILES", "load_profiles", "make_profile", "profile_names", "strength"]

PROFILES = 48
"""How many there are."""

STRONG = 0.55
"""From here on, by size, a target is told in a strong sentence."""

LEAST = 0.1
"""A target smaller than this, by size, is 0, and nothing is told of it. At most two of a profile's ten are."""

_GOLDEN = 180.0 * (3.0 - math.sqrt(5.0))
_AMPLITUDE = (0.65, 0.95)
_NOISE = NormalDist(0.0, 0.18)
_MOST_UNTOLD = 2
_Item = TypeVar("_Item")


def profile_names() -> tuple[str, ...]:
    """The names of the full profiles, in order."""
    return tuple(f"profile-{number:02d}" for number in range(1, PROFILES + 1))


def load_profiles() -> tuple[Persona, ...]:
    """All full profiles, in order."""
    return tuple(make_profile(number) for number in range(1, PROFILES + 1))


@cache
def make_profile(number: int) -> Persona:
    """The full profile with this number, from 1 to `PROFILES`; always the same. Raises ValueError for another number."""
    if not 1 <= number <= PROFILES:
        raise ValueError(f"profiles are numbered from 1 to {PROFILES}, not {number}")
    target = _target(number)
    return Persona(f"profile-{number:02d}", "profile", _summary(target), target, _texts(number, target))


def strength(weight: float) -> str | None:
    """Which sentences tell a target: `strong_for`, `mild_for`, `mild_against`, `strong_against`; None where nothing is told."""
    if abs(weight) < LEAST:
        return None
    return f"{'strong' if abs(weight) >= STRONG else 'mild'}_{'for' if weight > 0 else 'against'}"


class _Draws:
    """Draws that stay the same over Python versions: `random()` of a seeded generator is promised to, its other methods are not."""

    def __init__(self, *seed: object) -> None:
        self._next = random.Random(" ".join(map(str, ("axiofeed profile", *seed)))).random

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._next()

    def noise(self) -> float:
        return _NOISE.inv_cdf(min(max(self._next(), 1e-9), 1 - 1e-9))

    def one_of(self, items: Sequence[_Item]) -> _Item:
        return items[int(self._next() * len(items))]

    def shuffled(self, items: Sequence[_Item]) -> list[_Item]:
        return [item for _, item in sorted(((self._next(), place), item) for place, item in enumerate(items))]


def _target(number: int) -> dict[str, float]:
    direction = number * _GOLDEN
    for attempt in range(1000):
        draws = _Draws(number, "target", attempt)
        amplitude = draws.between(*_AMPLITUDE)
        drawn = {code: amplitude * math.cos(math.radians(ANGLES[code] - direction)) + draws.noise() for code in VALUES}
        target = {code: round(min(max(weight, -1.0), 1.0), 2) if abs(weight) >= LEAST else 0.0 for code, weight in drawn.items()}
        if sum(weight == 0.0 for weight in target.values()) <= _MOST_UNTOLD:
            return target
    raise AssertionError("a draw with so few zeros comes up within a few attempts")


def _summary(target: Mapping[str, float]) -> str:
    first, second, *_, last = sorted(VALUES, key=lambda code: -target[code])
    return f"a full profile: most {NAMES[first].lower()} and {NAMES[second].lower()}; least {NAMES[last].lower()}"


def _texts(number: int, target: Mapping[str, float]) -> tuple[PersonaText, ...]:
    """Two descriptions that share no sentence, strongest first and in drawn order, and a biography of facts alone."""
    words, draws = _words(), _Draws(number, "words")
    told = {code: level for code in VALUES if (level := strength(target[code]))}
    strongest = sorted(told, key=lambda code: -abs(target[code]))
    leads, first, second, facts = draws.shuffled(words["leads"]), {}, {}, {}
    for code, level in told.items():
        first[code], second[code], *_ = draws.shuffled(words["description"][code][level])
        facts[code] = draws.one_of(words["fact"][code][level])
    opening = f"You are {words['names'][number - 1]}, {int(draws.between(22, 79))}."
    return (
        _text("description-1", "description", leads[0], [first[code] for code in strongest]),
        _text("description-2", "description", leads[1], [second[code] for code in draws.shuffled(strongest)]),
        _text("biography", "biography", opening, [facts[code] for code in draws.shuffled(strongest)]),
    )


def _text(name: str, form: Form, opening: str, told: Sequence[str]) -> PersonaText:
    return PersonaText(name, form, " ".join([opening, *told]))


@cache
def _words() -> Mapping[str, Any]:
    import tomllib  # noqa: PLC0415 - loads with the first profile

    return tomllib.loads(files("personas").joinpath("profiles.toml").read_text(encoding="utf-8"))
