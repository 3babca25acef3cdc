"""When a synthetic respondent refuses or fails: by chance, but by the item alone, so that a test can count it beforehand."""

from __future__ import annotations

from environments.canonical import rng

__all__ = ["FAILS", "fails", "refuses"]

FAILS = 0.2
"""How many calls of a respondent fail that is called `fails-some`."""


def refuses(who: str, item: str, seed: int = 0) -> bool:
    """Whether the respondent that refuses half of the items, `refuses-half` of the provider `who`, refuses this one."""
    return rng(f"{who} refuses", item, seed).random() < 0.5


def fails(who: str, item: str, seed: int = 0) -> bool:
    """Whether the call of the provider's `fails-some` about this item fails."""
    return rng(f"{who} fails", item, seed).random() < FAILS
