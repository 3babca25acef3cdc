"""Strata by loadings: "HE+" promotes Hedonism, "HE-" opposes it, "none" is free of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from personas.schwartz import VALUES

__all__ = ["LEAST", "NO_VALUE", "WEAK", "leading_stratum", "stratum_names"]

NO_VALUE = "none"
"""The stratum of value-free videos."""

WEAK = "weak"
"""The stratum of videos that carry values, none of them as much as is counted."""

LEAST = 0.25
"""From which loading on a video promotes, or opposes, a value unless another is said: judges' codes are halved, so half of them said 1."""

_TINY = 1e-6


def stratum_names(loadings: Sequence[float], least: float = LEAST) -> tuple[str, ...]:
    """The strata that a video counts for, its loadings in the order of `VALUES`: each value from `least` on or down; WEAK for none."""
    strata = tuple(
        f"{value}{'+' if loading > 0 else '-'}" for value, loading in zip(VALUES, loadings, strict=True) if abs(loading) >= least - _TINY
    )
    return strata or ((WEAK,) if any(abs(loading) > _TINY for loading in loadings) else (NO_VALUE,))


def leading_stratum(labels: Mapping[str, float]) -> str:
    """The stratum of the value with the largest loading, the first in circular order of several; a value that is not there is 0."""
    largest = max(map(abs, labels.values()), default=0.0)
    if largest <= _TINY:
        return NO_VALUE
    value = next(value for value in VALUES if abs(labels.get(value, 0.0)) == largest)
    return f"{value}{'+' if labels[value] > 0 else '-'}"
