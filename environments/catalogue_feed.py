"""The embedded catalogue as a feed: clips are rendered when they are first shown, and cached."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from environments.base import StimulusText
from environments.clips import FeedItem, LoadedFeed
from personas.errors import FeedError

if TYPE_CHECKING:
    from environments.catalogue.specs import ClipSpec

__all__ = ["catalogue_items", "load"]


@cache
def catalogue_items(cache_dir: Path) -> tuple[FeedItem, ...]:
    """All clips of the catalogue with their designed labels. Nothing is rendered yet. Raises FeedError when a clip file is not valid."""
    from environments.catalogue.specs import load_clips  # noqa: PLC0415 - loads when used

    return tuple(_item(clip, cache_dir) for clip in load_clips())


def load(argument: str, cache_dir: Path) -> LoadedFeed:
    """The feed `catalogue`. It takes no argument."""
    if argument:
        raise FeedError(f"the feed 'catalogue' takes nothing after the colon, not {argument!r}; use --feed catalogue")
    return LoadedFeed(catalogue_items(cache_dir))


def _item(clip: ClipSpec, cache_dir: Path) -> FeedItem:
    def locate() -> Path:
        from environments.catalogue.render import render  # noqa: PLC0415 - Pillow and PyAV load when used

        return render(clip, cache_dir)

    return FeedItem(
        id=clip.id,
        locate=locate,
        text=StimulusText(caption=clip.caption, author=clip.author, hashtags=tuple(clip.hashtags), sound=clip.sound),
        duration_s=clip.duration_s,
        source="catalogue",
        labels=dict(clip.values),
        labels_source="design",
        cluster=clip.cluster or None,
        stratum=clip.stratum,
        topic=clip.topic,
    )
