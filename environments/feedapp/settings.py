"""What a page shows besides the clips: counts, cards, the pace of its clock. Chosen by the researcher, checked here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from environments.canonical import rng
from environments.clips import FeedItem
from personas.errors import SpecError

__all__ = ["Counts", "PageSettings", "shown_counts"]

Counts = Literal["shown", "hidden", "random"]

_FASTEST = 16.0  # browsers play no faster
_SLOWEST = 0.1
_SCALE_POINTS = range(2, 12)
_RANDOM_LIKES = (20, 2_000_000)  # a clip nobody knows, and one everybody does; uniform on the scale of logarithms


@dataclass(frozen=True)
class PageSettings:
    """Everything about a page but its clips.

    `counts`: the feed's own, none, or random ones that depend on `seed` and the item alone. `time_scale` in [0.1, 16]: clip seconds that
    pass in a second; clock and playback both follow it, so that recorded times stay clip time. `rate_after_each` asks for 0 to 5 after each
    clip. `consent` and `instructions` are plain text, shown first, each with a button. `questions` are asked at the end, each on `scale`,
    the labels of 2 to 11 points from low to high. `progress` shows "3 of 20". Raises SpecError for what cannot be shown.
    """

    counts: Counts = "shown"
    seed: int = 0
    time_scale: float = 1.0
    rate_after_each: bool = False
    consent: str = ""
    instructions: str = ""
    questions: tuple[str, ...] = ()
    scale: tuple[str, ...] = ()
    progress: bool = True

    def __post_init__(self) -> None:
        if self.counts not in get_args(Counts):
            raise SpecError(f"the counts can be {', '.join(get_args(Counts))}, not {self.counts!r}")
        if not (math.isfinite(self.time_scale) and _SLOWEST <= self.time_scale <= _FASTEST):
            raise SpecError(f"the time scale must be between {_SLOWEST:g} and {_FASTEST:g}, not {self.time_scale:g}")
        if self.questions and len(self.scale) not in _SCALE_POINTS:
            raise SpecError(f"the scale of the questions needs 2 to 11 labelled points, not {len(self.scale)}")


def shown_counts(item: FeedItem, settings: PageSettings) -> Mapping[str, int]:
    """The counts that the page shows for `item`, by name; empty when it shows none. Same seed and item, same counts."""
    if settings.counts == "hidden":
        return {}
    if settings.counts == "shown":
        return item.text.counts
    generator = rng(settings.seed, "counts", item.id)
    low, high = (math.log(bound) for bound in _RANDOM_LIKES)
    likes = round(math.exp(generator.uniform(low, high)))
    return {
        "likes": likes,
        "comments": round(likes * generator.uniform(0.004, 0.04)),
        "shares": round(likes * generator.uniform(0.002, 0.06)),
    }
