"""How a recorded feed lies on disk: `feed.jsonl` (a header, then one item a line) and pictures by their hash.

Version 1. Fields may be added within a version; a reader ignores fields it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from environments.base import Frame, Stimulus, StimulusText
from environments.frame_store import path_by_hash
from personas.errors import EnvironmentFailed
from personas.schwartz import VALUES

__all__ = [
    "FEED_FILE",
    "MARK",
    "MAX_ITEMS",
    "MAX_LINE_BYTES",
    "MAX_PICTURE_BYTES",
    "PICTURES",
    "VERSION",
    "Header",
    "Media",
    "RecordedFrame",
    "RecordedItem",
    "Words",
    "item_of",
    "media_path",
    "picture_path",
    "storable",
]

VERSION = 1
FEED_FILE = "feed.jsonl"
PICTURES = "frames"
"""The folder of pictures, by their hash."""

MARK = b'{"format":"axiofeed-recorded-feed"'
"""What `feed.jsonl` begins with: nothing else is ever taken for a recorded feed, or cut as the torn beginning of one."""

MAX_LINE_BYTES = 8 * 2**20
MAX_ITEMS = 100_000
MAX_PICTURE_BYTES = 16 * 2**20

_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Seconds = Annotated[float, Field(ge=0, le=1e9)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)


class Header(_Record):
    """First line. `when` is in Unix seconds; `time_scale` as in `environments.request.FeedRequest`, None where it is not known."""

    format: Literal["axiofeed-recorded-feed"] = "axiofeed-recorded-feed"
    version: Annotated[int, Field(ge=1)] = VERSION
    source: str
    when: Annotated[float, Field(ge=0, le=253_402_300_799)]
    time_scale: Annotated[float, Field(gt=0)] | None = None


class RecordedFrame(_Record):
    """A picture by its hash, and its time in the clip in seconds."""

    sha256: _Hash
    t: _Seconds


class Words(_Record):
    """As `environments.base.StimulusText`."""

    caption: str = ""
    author: str = ""
    hashtags: tuple[str, ...] = ()
    sound: str = ""
    counts: dict[str, int] = Field(default_factory=dict)
    transcript: str = ""
    screen: str = ""


class Media(_Record):
    """The video itself, by its hash, and the ending of its name."""

    sha256: _Hash
    suffix: Annotated[str, Field(pattern=r"^\.[a-z0-9]{1,5}$")]


class RecordedItem(_Record):
    """What was shown once. `order` counts from 0; `at_s`: seconds since the session began. The rest is as in `environments.base.Stimulus`.

    `propensity` is that of the session which was recorded: in another order it means nothing.
    """

    id: Annotated[str, Field(min_length=1, max_length=4096)]
    order: Annotated[int, Field(ge=0)]
    at_s: _Seconds
    text: Words
    duration_s: _Seconds
    frames: Annotated[tuple[RecordedFrame, ...], Field(max_length=1000)]
    source: str
    ad: bool = False
    propensity: Annotated[float, Field(gt=0, le=1)] | None = None
    labels: dict[str, Annotated[float, Field(ge=-1, le=1)]] | None = None
    labels_source: str | None = None
    cluster: str | None = None
    stratum: str | None = None
    topic: str | None = None
    media: Media | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        times = [frame.t for frame in self.frames]
        if times != sorted(times) or any(t > self.duration_s + 0.01 for t in times):
            raise ValueError("the times of its pictures are not in order within the clip")
        if self.labels is not None and not (set(self.labels) <= set(VALUES) and self.labels_source):
            raise ValueError("its labels are not those of values, or have no source")
        return self

    def stimulus_text(self) -> StimulusText:
        """The words as an environment shows them."""
        return StimulusText(**self.text.model_dump())


def item_of(stimulus: Stimulus, order: int, at_s: float, media: Media | None) -> RecordedItem:
    """What is written about a stimulus. Raises EnvironmentFailed for one that breaks the contract of `environments.base`."""
    words = {each.name: _kept(getattr(stimulus.text, each.name)) for each in fields(stimulus.text)}
    more = {name: _kept(getattr(stimulus, name)) for name in ("labels_source", "cluster", "stratum", "topic")}
    try:
        return RecordedItem(
            id=storable(stimulus.id),
            order=order,
            at_s=at_s,
            text=Words(**words),
            duration_s=float(stimulus.duration_s),
            frames=tuple(RecordedFrame(sha256=frame.sha256, t=float(frame.t)) for frame in stimulus.frames),
            source=storable(stimulus.source),
            ad=stimulus.ad,
            propensity=None if stimulus.propensity is None else float(stimulus.propensity),
            labels=None if stimulus.labels is None else {code: float(loading) for code, loading in stimulus.labels.items()},
            media=media,
            **more,
        )
    except ValidationError as error:
        what = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, what["loc"])) or "item"
        raise EnvironmentFailed(f"stimulus {stimulus.position} cannot be recorded: its {where}: {what['msg']}") from error


def storable(text: str) -> str:
    """Text as UTF-8 can hold it: lone surrogates become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _kept(value: Any) -> Any:
    """`value` with every text in it as it can be stored."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, tuple):
        return tuple(map(_kept, value))
    return {_kept(name): held for name, held in value.items()} if isinstance(value, Mapping) else value


def picture_path(folder: Path, frame: Frame | RecordedFrame) -> Path:
    """Where a picture lies. Raises ValueError for a hash that is none, so that a file can name no other."""
    return path_by_hash(folder / PICTURES, frame.sha256, ".jpg")


def media_path(folder: Path, media: Media) -> Path:
    """Where a video lies. Raises ValueError as `picture_path`."""
    return path_by_hash(folder / "media", media.sha256, media.suffix)
