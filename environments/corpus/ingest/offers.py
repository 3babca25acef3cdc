"""What a source offers: a video's words, and where its pictures are. Small, so that a long source never lies in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from environments.clips import Problem
from environments.corpus.schema import VideoRow

if TYPE_CHECKING:
    from environments.catalogue.specs import ClipSpec
    from environments.recorded.layout import RecordedItem

__all__ = ["ClipMedia", "FileMedia", "LinkMedia", "Media", "Notice", "Offer", "RecordedMedia", "Source"]


@dataclass(frozen=True)
class FileMedia:
    """A video file. `fetched`: it was fetched for this, and is ours to move or delete."""

    path: Path
    fetched: bool = False


@dataclass(frozen=True)
class ClipMedia:
    """A clip of the catalogue, rendered into `cache_dir` when it is read."""

    clip: ClipSpec
    cache_dir: Path


@dataclass(frozen=True)
class RecordedMedia:
    """An item of the recorded feed in `folder`: its video where it was kept, else the pictures that were shown."""

    folder: Path
    item: RecordedItem


@dataclass(frozen=True)
class LinkMedia:
    """An address that a video can be fetched from."""

    url: str


Media = FileMedia | ClipMedia | RecordedMedia | LinkMedia


@dataclass(frozen=True)
class Offer:
    """A video: `name` is what messages call it, `row` what is known before its pictures are read.

    `row.content` is empty where it is the hash of a file that is still to be read.
    """

    name: str
    row: VideoRow
    media: Media


@dataclass(frozen=True)
class Notice:
    """Something the user should know about a source as a whole, one line; no video fails for it."""

    text: str


class Source(Protocol):
    """Where videos come from. `total` is how many it offers, None where that is not known before the end."""

    @property
    def name(self) -> str: ...

    @property
    def total(self) -> int | None: ...

    def offers(self) -> Iterator[Offer | Problem | Notice]:
        """Each video, each problem and each notice, once, in a stable order. Raises FeedError where the source as a whole is not usable."""
        ...
