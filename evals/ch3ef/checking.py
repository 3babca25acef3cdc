"""What a respondent without eyes would get from the items: always the first place, always the longest option; and what they cover."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from environments.decks.question_feed import shown_order
from environments.decks.questions import Question
from evals.ch3ef.taxonomy import ABSTENTION, tasks

__all__ = ["Check", "checked"]

_UNLIKELY = 0.025


@dataclass(frozen=True)
class Check:
    """Of `items`, all with options and a key.

    by_h          items by h, of levels A1 and A2 by level
    lacking       tasks without any; none where no item is of the taxonomy
    options       items by number of options
    two_right     items where saying not to know is right too
    expected      right answers of a respondent that always says A, a share: the mean of (right options / options)
    always_a      the same, counted over as many repeats as each item has options: equal to `expected`, or the options are not turned
    once          the same in one repeat of this seed, which chance moves
    key_places    by number of options, how often a right option stood in each place in that repeat
    longest       right answers of a respondent that always takes the longest option, a share
    """

    items: int
    by_h: dict[str, int]
    lacking: tuple[str, ...]
    options: dict[int, int]
    two_right: int
    expected: Fraction
    always_a: Fraction
    once: Fraction
    key_places: dict[int, list[int]]
    longest: Fraction

    @property
    def turned(self) -> bool:
        """Whether always saying A gives exactly what chance gives."""
        return self.always_a == self.expected

    @property
    def given_away(self) -> bool:
        """Whether the longest option is right more often than chance would make it in 39 of 40 such sets of items.

        One-sided binomial test at 0.025, with `expected` as the share of each item: for unequal shares its bound is the wider one.
        """
        share, right = float(self.expected), math.floor(self.longest * self.items)
        if not 0 < share < 1:
            return False
        logs = (
            math.lgamma(self.items + 1)
            - math.lgamma(k + 1)
            - math.lgamma(self.items - k + 1)
            + k * math.log(share)
            + (self.items - k) * math.log1p(-share)
            for k in range(right, self.items + 1)
        )
        return math.fsum(map(math.exp, logs)) <= _UNLIKELY


def checked(items: Sequence[Question], seed: int = 0) -> Check:
    """The check of at least one item, with the places that a run with this seed has."""
    places: dict[int, list[int]] = {}
    for item in items:
        row = places.setdefault(len(item.options), [0] * len(item.options))
        for place, option in enumerate(shown_order(item, seed, 0)):
            row[place] += option in item.key
    present = {item.about.get("task") for item in items if "h" in item.about}
    return Check(
        items=len(items),
        by_h=dict(Counter(item.about.get("h") or item.about.get("level") or "no h" for item in items)),
        lacking=tuple(task for task in tasks() if task not in present) if present else (),
        options=dict(sorted(Counter(len(item.options) for item in items).items())),
        two_right=sum(ABSTENTION in item.options and len(item.key) > 1 for item in items),
        expected=_mean([Fraction(len(item.key), len(item.options)) for item in items]),
        always_a=_mean([_first(item, seed, len(item.options)) for item in items]),
        once=_mean([_first(item, seed, 1) for item in items]),
        key_places=dict(sorted(places.items())),
        longest=_mean([_longest(item) for item in items]),
    )


def _mean(shares: Sequence[Fraction]) -> Fraction:
    return sum(shares, Fraction(0)) / len(shares)


def _first(item: Question, seed: int, repeats: int) -> Fraction:
    """How often the first place shows a right option, over these repeats."""
    return Fraction(sum(shown_order(item, seed, repeat)[0] in item.key for repeat in range(repeats)), repeats)


def _longest(item: Question) -> Fraction:
    """Of several options equally long each is as likely."""
    most = max(map(len, item.options))
    longest = [place for place, option in enumerate(item.options) if len(option) == most]
    return Fraction(sum(place in item.key for place in longest), len(longest))
