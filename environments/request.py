"""What is asked of an environment when a session begins, and the environments by name.

A new environment is a module with `open_environment(request) -> Environment` and one line in `ENVIRONMENTS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from environments.base import Environment
from personas.errors import SpecError

__all__ = ["ENVIRONMENTS", "Condition", "FeedPhase", "FeedRequest", "open_environment"]

ENVIRONMENTS: dict[str, str] = {
    "simulated": "environments.feeds",
    "browser": "environments.browser.opening",
    "recorded": "environments.recorded.feed",
    "deck": "environments.deck",
}
"""Environments by name, and the module that opens each."""

Condition = Literal["shown", "none", "wrong"]
"""What is done with the pictures of a benchmark's questions: shown as they are, none, or those of another item."""


@dataclass(frozen=True)
class FeedPhase:
    """A part of a session's feed: `videos` clips ordered by `policy`, and whether a recommender learns from what is done with them.

    `held_out`: only of the half of the clips that is kept aside for such phases; the other phases then show the other half.
    """

    videos: int
    policy: str
    learn: bool = True
    held_out: bool = False


@dataclass(frozen=True)
class FeedRequest:
    """What a session wants to see.

    feed            a named feed or a folder
    policy          the order of the feed
    phases          parts of the feed with a policy each, in place of `policy`; as long together as `videos`
    videos, seed    how many stimuli at most; what all randomness derives from
    frames          pictures a stimulus; with `first_moment` the first of them is the very beginning
    labels_required the respondent answers from labels
    site            the page that a browser opens
    counts          whether the page shows counts: shown, hidden, random
    time_scale      seconds of clip a second, where the page can be told
    headed          whether the browser shows its window
    profile         a folder that keeps what the user did by hand, such as logging in
    repeat          of a deck of questions: the options stand in other places in each repeat
    condition       of a deck of questions: what is done with their pictures
    examples        of a deck of questions: which others are shown before each, with their answers (`environments.decks.examples`)
    options_required  of a deck of questions: each has to have options
    """

    feed: str
    policy: str = "balanced"
    phases: tuple[FeedPhase, ...] = ()
    videos: int | None = None
    seed: int = 0
    frames: int = 3
    first_moment: bool = False
    labels_required: bool = False
    site: str = "local"
    counts: str = "shown"
    time_scale: float = 1.0
    headed: bool = False
    profile: Path | None = None
    repeat: int = 0
    condition: Condition = "shown"
    examples: str = "none"
    options_required: bool = False


def open_environment(name: str, request: FeedRequest) -> Environment:
    """The environment of that name, ready for `open`. Blocks while files are checked. Raises SpecError for an unknown name, FeedError."""
    if name not in ENVIRONMENTS:
        raise SpecError(f"there is no environment {name!r}; choose one of: {', '.join(ENVIRONMENTS)}")
    environment: Environment = import_module(ENVIRONMENTS[name]).open_environment(request)
    return environment
