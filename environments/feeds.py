"""Builds a feed from the words a user types: `catalogue`, a folder of videos, a corpus, or a pool of one.

A new kind of feed is a module with `load(argument, cache_dir) -> LoadedFeed` and one line in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from environments.cache import default_cache_dir
from environments.clips import LoadedFeed
from environments.request import FeedPhase, FeedRequest
from environments.simulated.policies import POLICIES, Policy, build_policy
from personas.errors import FeedError

if TYPE_CHECKING:
    from environments.simulated.environment import SimulatedFeed

__all__ = ["FOLDER", "KINDS", "POLICIES", "check_labels", "check_playable", "load_feed", "open_environment", "open_feed"]

KINDS: dict[str, str] = {
    "catalogue": "environments.catalogue_feed",
}
"""Named feeds, typed as NAME or NAME:ARGUMENT, and the module that loads each. Anything else is a place: see `_place`."""

FOLDER = "environments.folder"
CORPUS = "environments.corpus.feed"
POOL = "environments.corpus.pool_feed"


def load_feed(spec: str, cache_dir: Path | None = None) -> LoadedFeed:
    """All items of the feed that `spec` names, with the problems found. A folder called like a named feed is typed as "./catalogue".

    Blocks while files are checked. Raises FeedError.
    """
    kind, _, argument = spec.partition(":")
    where = cache_dir or default_cache_dir()
    if kind in KINDS:
        module, rest = KINDS[kind], argument
    elif not spec.strip() or "\0" in spec:
        raise FeedError("the feed has no name; give a folder of videos, or one of: " + ", ".join(KINDS))
    else:
        module, rest = _place(spec), spec
    loaded: LoadedFeed = import_module(module).load(rest, where)
    return loaded


def _place(spec: str) -> str:
    """The module for a pool file (*.toml), a corpus (a folder that holds its tables, or an object store's URL), or a folder of videos."""
    path = Path(spec).expanduser()
    if path.suffix.lower() == ".toml" and not path.is_dir():
        return POOL
    return CORPUS if "://" in spec or (path / "videos.lance").is_dir() else FOLDER


def check_labels(spec: str, loaded: LoadedFeed) -> None:
    """Raises FeedError when the feed has no value labels, or not for all its items, for respondents that answer from them."""
    without = sum(item.labels is None for item in loaded.items)
    if without:
        some = without < len(loaded.items)
        which = f"value labels for all but {without:,} of its items" if some else "no value labels"
        cure = "label them, or draw a pool of labelled ones (`python -m environments.corpus pool`)" if some else "use --feed catalogue"
        raise FeedError(f"the feed {spec!r} carries {which}, and this model answers from labels; {cure}, or use another model")


def check_playable(spec: str, loaded: LoadedFeed) -> None:
    """Raises FeedError when nothing of the feed can be played on a page: only pictures or words of its videos are kept."""
    if not any(item.playable for item in loaded.items):
        raise FeedError(
            f"the feed {spec!r} keeps no video files, only pictures or words, so no page can play it; use the simulated environment, or "
            "add the videos to the corpus with their files (--keep-media)"
        )


def open_environment(request: FeedRequest) -> SimulatedFeed:
    """The simulated feed that a session asks for."""
    return open_feed(
        request.feed,
        videos=request.videos,
        frames=request.frames,
        first_moment=request.first_moment,
        policy=request.policy,
        phases=request.phases,
        seed=request.seed,
        labels_required=request.labels_required,
    )


def open_feed(
    spec: str,
    *,
    videos: int | None = None,
    frames: int = 3,
    first_moment: bool = False,
    policy: str = "balanced",
    phases: Sequence[FeedPhase] = (),
    seed: int = 0,
    cache_dir: Path | None = None,
    labels_required: bool = False,
) -> SimulatedFeed:
    """A simulated feed, ready for `open`, of at most `videos` items (None: all), each once, with up to `frames` pictures an item.

    `phases` replace `policy`, one part of the feed after the other. With `first_moment` the first picture is the beginning of the clip.
    `labels_required` is for respondents that answer from labels.
    Blocks while files are checked (about 50 ms a file the first time): call it in a thread where that matters. Raises FeedError with
    what to change.
    """
    from environments.simulated.environment import SimulatedFeed  # noqa: PLC0415 - loads when used

    if frames < 1:
        raise FeedError(f"the number of frames must be at least 1, not {frames}")
    if first_moment and frames < 2:
        raise FeedError(f"with the first moment of a clip the number of frames must be at least 2, not {frames}")
    if videos is not None and videos < 1:
        raise FeedError(f"the number of videos must be at least 1, not {videos}")
    loaded = load_feed(spec, cache_dir)
    if labels_required:
        check_labels(spec, loaded)
    chosen = build_policy(policy, loaded.items, seed, videos) if not phases else _phased(loaded, seed, phases)
    return SimulatedFeed(
        loaded.items,
        chosen,
        frames=frames,
        first_moment=first_moment,
        videos=videos,
        problems=loaded.problems,
        pictures=loaded.pictures(frames, first_moment) if loaded.pictures else None,
    )


def _phased(loaded: LoadedFeed, seed: int, phases: Sequence[FeedPhase]) -> Policy:
    from environments.simulated.phased import PhasedPolicy  # noqa: PLC0415 - few sessions have phases

    return PhasedPolicy(loaded.items, seed, phases)
