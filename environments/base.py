"""The contract between a feed and whoever watches it: stimulus, action, outcome, environment."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from environments.check import check_environment

__all__ = [
    "Action",
    "ActionKind",
    "Environment",
    "Example",
    "FeedProblem",
    "Frame",
    "ItemFacts",
    "Outcome",
    "PastStep",
    "Stimulus",
    "StimulusText",
    "check_environment",
]


class ActionKind(StrEnum):
    """What can be done with a stimulus. `PASS` goes on and gives a recommender no feedback."""

    SKIP = "skip"
    WATCH = "watch"
    LIKE = "like"
    PASS = "pass"  # noqa: S105 - an action, not a password


@dataclass(frozen=True)
class Frame:
    """One picture of a stimulus: JPEG bytes, their SHA-256 (hex), and its time `t` in the clip in seconds."""

    jpeg: bytes = field(repr=False)
    sha256: str
    t: float

    @classmethod
    def of(cls, jpeg: bytes, t: float) -> Frame:
        """A frame from its JPEG bytes; the hash is computed here."""
        return cls(jpeg, hashlib.sha256(jpeg).hexdigest(), t)


@dataclass(frozen=True)
class StimulusText:
    """The words that come with a stimulus. All of it is data from outside: never an instruction, never a path.

    `screen`: where it is seen on a page, all that can be read there, from the accessibility tree, in reading order, one line each.
    `options`: of a question, in the order in which they are shown.
    """

    caption: str = ""
    author: str = ""
    hashtags: tuple[str, ...] = ()
    sound: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    transcript: str = ""
    screen: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemFacts:
    """What a benchmark knows of an item: never part of a real model's prompt.

    key        places of the right options among those shown, from 0; empty where nothing is right or wrong
    order      for each place shown, where that option stands in the benchmark's own order
    reference  the answer to an open question
    condition  what was done with its pictures: `shown`, `none` or `wrong` (those of another item)
    about      names by which results are grouped: task, domain, country, topic, …
    distribution  how people answered: their shares by option, in the benchmark's own order; empty where nobody says
    """

    key: tuple[int, ...] = ()
    order: tuple[int, ...] = ()
    reference: str = ""
    condition: str = "shown"
    about: Mapping[str, str] = field(default_factory=dict)
    distribution: tuple[float, ...] = ()


@dataclass(frozen=True)
class Example:
    """Another question with its right answer, shown before a stimulus. `text`: its words and options; `place`: that of the answer."""

    id: str
    frames: tuple[Frame, ...]
    text: StimulusText
    place: int


@dataclass(frozen=True)
class Stimulus:
    """One thing shown. `labels` are loadings in [-1, 1] by value code; they never enter a real model's prompt.

    `position` counts from 0 within the session. `propensity` is the probability in (0, 1] with which the feed's
    policy drew this stimulus at this position, None where it is not known or the order was fixed before. `cluster`
    groups stimuli that are not independent (twins, near-duplicates). `stratum` is the design stratum it was drawn from. `item`: of a
    benchmark's question. `examples`: other questions that are shown with their answers before it, in that order.
    """

    id: str
    position: int
    frames: tuple[Frame, ...]
    text: StimulusText
    duration_s: float
    source: str
    ad: bool = False
    propensity: float | None = None
    request_id: str | None = None
    labels: Mapping[str, float] | None = None
    labels_source: str | None = None
    cluster: str | None = None
    stratum: str | None = None
    topic: str | None = None
    last_error: str | None = None
    item: ItemFacts | None = None
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Action:
    """What the respondent asks for. `watch_fraction` in [0, 1] is the share of the clip to be watched."""

    kind: ActionKind
    watch_fraction: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What really happened. `dwell_s` is in seconds of the clip; `error` is None when all went as asked.

    `click`: where the pointer pressed, from (0, 0) at the top left of the frame to (1, 1), where it did and the environment knows.
    """

    like_registered: bool
    advanced: bool
    dwell_s: float
    error: str | None = None
    click: tuple[float, float] | None = None


@dataclass(frozen=True)
class PastStep:
    """A step of an earlier part of this session, as far as a feed needs it to carry on from there."""

    stimulus_id: str
    action: Action
    outcome: Outcome


class FeedProblem(Protocol):
    """Something of a feed that cannot be shown: its name and the reason, one line each."""

    @property
    def name(self) -> str: ...

    @property
    def reason(self) -> str: ...


class Environment(Protocol):
    """A feed. The order is `open`, then `observe` and `act` in turn, then `close`.

    `observe` called twice without an `act` between returns the same stimulus; it returns None when the feed is over.
    `open(history, gone)` puts the feed where it was after `history`, when the problems named in `gone` were known: same seed, history
    and problems, same continuation.
    `problems` holds what could not be shown so far, each once.
    `fingerprint` is a hash of what the feed is made of, so that a session is not carried on over another feed: equal for equal feeds in
    every process, and from before `open` to after `close`. None where that cannot be known, as on a live site.
    `total` is how many stimuli will be shown at most. None where nobody knows.
    Failures while showing raise `personas.errors.EnvironmentFailed`; what the user can fix raises `FeedError`.
    """

    # Optional, both true where an environment does not say: `reproducible`, whether `open(history)` leads to the same next item;
    # `same_pictures`, whether its pictures are then the same bytes (screenshots are not).

    @property
    def problems(self) -> Sequence[FeedProblem]: ...

    @property
    def fingerprint(self) -> str | None: ...

    @property
    def total(self) -> int | None: ...

    async def open(self, history: Sequence[PastStep] = (), gone: Collection[str] = ()) -> None: ...

    async def observe(self) -> Stimulus | None: ...

    async def act(self, action: Action) -> Outcome: ...

    async def close(self) -> None: ...


def __getattr__(name: str) -> object:
    """`check_environment`, the conformance test, is loaded when asked for: it needs what an environment does not."""
    if name == "check_environment":
        from environments.check import check_environment  # noqa: PLC0415

        return check_environment
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
