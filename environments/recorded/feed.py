"""The recorded feed as an environment: what a session was shown, shown again, in the order it had or in that of a policy."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from environments.base import Environment, Frame, PastStep, Stimulus
from environments.canonical import content_hash
from environments.clips import FeedItem, Problem, feed_fingerprint
from environments.recorded.layout import RecordedFrame, RecordedItem, media_path
from environments.recorded.reading import RecordedFolder, load_recorded, read_picture, shown_id
from environments.request import FeedRequest
from environments.simulated.environment import SimulatedFeed
from environments.simulated.policies import POLICIES, Choice, Policy, build_policy
from personas.errors import EnvironmentFailed, FeedError
from personas.one_line import one_line

__all__ = ["RECORDED_ORDER", "RecordedFeed", "RecordedOrder", "load_recorded", "open_environment"]

RECORDED_ORDER = "recorded"
_GLANCE_S = 0.5  # a picture later than this, or than the first 20th of the clip, does not show its first moment
_GLANCE_SHARE = 0.05


class RecordedOrder:
    """The order in which the items were recorded. Its propensity is None: nothing is drawn."""

    name = RECORDED_ORDER

    def __init__(self, items: Sequence[FeedItem]) -> None:
        self._items = tuple(items)

    def choose(self, past: Sequence[PastStep], gone: Set[str]) -> Choice | None:
        """See `environments.simulated.policies.Policy.choose`."""
        shown = {step.stimulus_id for step in past}
        item = next((item for item in self._items if item.id not in shown and item.id not in gone), None)
        return None if item is None else Choice(item, None)


class RecordedFeed(SimulatedFeed):
    """A simulated feed of what was recorded: the same ids, words, durations and pictures, byte for byte; dwell by the feed clock.

    `policy` is `recorded`, or one of `environments.simulated.policies.POLICIES`. Of an item's recorded pictures `frames` are shown, evenly
    chosen; all of them where it has fewer, as short clips do. With `first_moment` the first is that of the clip's beginning, and
    items without one are in `problems`. Raises FeedError when no item has as many pictures, or none has its first moment.
    """

    def __init__(
        self,
        recorded: RecordedFolder,
        *,
        policy: str = RECORDED_ORDER,
        frames: int = 3,
        first_moment: bool = False,
        videos: int | None = None,
        seed: int = 0,
    ) -> None:
        _check_asked(recorded, frames, first_moment, videos)
        chosen = {shown_id(item): chosen_frames(item, frames, first_moment) for item in recorded.items}
        self._records = {shown_id(item): item for item in recorded.items if chosen[shown_id(item)]}
        late = [Problem(name, "no picture of its first moment was recorded") for name, some in chosen.items() if not some]
        if not self._records:
            raise FeedError(
                "the recorded feed has no pictures of the first moments of its clips; use a protocol that does not begin with a glance, "
                "or record with this one"
            )
        items = [_feed_item(recorded.folder, name, record) for name, record in self._records.items()]
        super().__init__(
            items,
            _policy(policy, items, seed, videos),
            videos=videos,
            problems=(*recorded.problems, *late),
            pictures=lambda item: _pictures(recorded.folder, item.id, chosen[item.id]),
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (64 hex digits) of the items, with the hashes of all their pictures; not of the order in which they will be shown."""
        shown = [[record.ad, [[frame.sha256, frame.t] for frame in record.frames]] for record in self._records.values()]
        return content_hash([feed_fingerprint(tuple(self._items.values())), shown])

    async def observe(self) -> Stimulus | None:
        """See `environments.base.Environment`."""
        stimulus = await super().observe()
        return None if stimulus is None else replace(stimulus, ad=self._records[stimulus.id].ad)


def open_environment(request: FeedRequest) -> Environment:
    """The recorded feed in the folder `request.feed`. Blocks while it is read. Raises FeedError."""
    if not request.feed.strip() or "\0" in request.feed:
        raise FeedError("the recorded feed has no name; give the folder that a session was recorded into")
    recorded = load_recorded(Path(request.feed).expanduser())
    if request.labels_required and any(item.labels is None for item in recorded.items):
        raise FeedError(
            f"the recorded feed {request.feed!r} carries no value labels, and this model answers from labels; use another model"
        )
    return RecordedFeed(
        recorded,
        policy=request.policy,
        frames=request.frames,
        first_moment=request.first_moment,
        videos=request.videos,
        seed=request.seed,
    )


def chosen_frames(item: RecordedItem, frames: int, first_moment: bool) -> tuple[RecordedFrame, ...]:
    """At most `frames` of the item's pictures, in order. With `first_moment` none where its first moment is not among them.

    Without it, a picture of the first moment is left out first: it was taken for a glance, beside the even ones.
    """
    all_of_it = item.frames
    begins = bool(all_of_it) and all_of_it[0].t <= min(_GLANCE_S, _GLANCE_SHARE * item.duration_s)
    if first_moment:
        return (all_of_it[0], *_evenly(all_of_it[1:], frames - 1)) if begins else ()
    return _evenly(all_of_it[1:] if begins and len(all_of_it) > frames else all_of_it, frames)


def _evenly(frames: Sequence[RecordedFrame], count: int) -> tuple[RecordedFrame, ...]:
    """`count` of `frames`, each from the middle of its equal share; all when there are not more."""
    size = len(frames)
    return tuple(frames) if size <= count else tuple(frames[(2 * part + 1) * size // (2 * count)] for part in range(count))


def _check_asked(recorded: RecordedFolder, frames: int, first_moment: bool, videos: int | None) -> None:
    least = 2 if first_moment else 1
    most = max(len(item.frames) for item in recorded.items)
    if frames < least:
        raise FeedError(f"the number of frames must be at least {least}, not {frames}")
    if frames > most:
        raise FeedError(f"{frames} frames were asked for, and at most {most} of a clip were recorded; ask for fewer, or record with more")
    if videos is not None and videos < 1:
        raise FeedError(f"the number of videos must be at least 1, not {videos}")


def _policy(name: str, items: Sequence[FeedItem], seed: int, videos: int | None) -> Policy:
    if name == RECORDED_ORDER:
        return RecordedOrder(items)
    if name not in POLICIES:
        raise FeedError(f"there is no feed policy {name!r}; use one of: {', '.join((RECORDED_ORDER, *POLICIES))}")
    return build_policy(name, items, seed, videos)


def _feed_item(folder: Path, name: str, record: RecordedItem) -> FeedItem:
    def locate() -> Path:
        if record.media is None or not (path := media_path(folder, record.media)).is_file():
            raise FeedError(f"the video of {one_line(name)!r} was not recorded, only pictures of it")
        return path

    return FeedItem(
        id=name,
        locate=locate,
        text=record.stimulus_text(),
        duration_s=record.duration_s,
        source=record.source,
        labels=record.labels,
        labels_source=record.labels_source,
        cluster=record.cluster,
        stratum=record.stratum,
        topic=record.topic,
    )


def _pictures(folder: Path, name: str, frames: Sequence[RecordedFrame]) -> tuple[Frame, ...] | str:
    """The pictures, or why they cannot be shown. Raises EnvironmentFailed when the next item would fail for the same reason."""
    found: list[Frame] = []
    for frame in frames:
        try:
            picture = read_picture(folder, frame)
        except OSError as error:
            raise EnvironmentFailed(f"the pictures of {one_line(name)!r} cannot be read: {error.strerror}; check the disk") from error
        if isinstance(picture, str):
            return picture
        found.append(picture)
    return tuple(found)
