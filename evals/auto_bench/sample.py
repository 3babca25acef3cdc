"""The sample: questions that the scripted curator writes on twenty clips of the catalogue, all skills, made in the cache when first used.

Synthetic, and called so: pictures are drawn, questions are written by rule. It shows that the whole path works and measures little.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from agent.models.registry import make_model
from agent.protocols.base import Question as Asking
from agent.protocols.curating import CurateProtocol, curated
from environments.base import Stimulus, StimulusText
from environments.cache import default_cache_dir
from environments.canonical import content_hash
from environments.catalogue.specs import ClipSpec
from environments.decks.questions import QuestionDeck
from evals.auto_bench.catalogue_symbols import catalogue_clips, catalogue_symbols
from evals.auto_bench.curating import Reply, request_of
from evals.auto_bench.items import CURATED, items_from, open_folder, picture_name, write_items
from evals.auto_bench.symbols import ImageSymbols
from evals.auto_bench.taxonomy import skills

__all__ = ["IMAGES", "SAMPLE", "open_items", "sample_clips", "sample_folder"]

SAMPLE = "sample"
IMAGES = 20
_PER_IMAGE = 1
"""Triplets of a skill and image; of Value a pair."""
_VERSION = 3
"""Raised when the same clips give other questions, so that samples in caches are made anew."""


def open_items(given: str) -> QuestionDeck:
    """The deck in the folder `given`, or the sample. Raises FeedError where an item is none of this benchmark, StorageFailed."""
    return open_folder(sample_folder() if given == SAMPLE else Path(given).expanduser())


def sample_clips(count: int | None = None) -> tuple[ClipSpec, ...]:
    """The sample's clips, at most `count`."""
    return catalogue_clips(IMAGES if count is None else min(count, IMAGES), seed=1)


def sample_folder(count: int | None = None, folder: Path | None = None) -> Path:
    """The folder with the sample's items and pictures (of `count` clips: all), made where it is not there. Raises StorageFailed."""
    clips = sample_clips(count)
    name = content_hash([_VERSION, _PER_IMAGE, [clip.id for clip in clips]])[:8]
    place = folder or default_cache_dir() / f"auto-bench-sample-{name}"
    if not (place / CURATED).is_file():
        images = catalogue_symbols(clips, default_cache_dir() / "auto-bench-frames")
        found = items_from(
            asyncio.run(_replies(images)), {image.id: image for image in images}, {each.id: picture_name(each) for each in images}
        )
        write_items(found, images, place, {"curator": "scripted-curator", "images": len(images), "symbols": "catalogue", "synthetic": True})
    return place


async def _replies(images: Sequence[ImageSymbols]) -> list[Reply]:
    model, protocol = make_model("scripted-curator"), CurateProtocol()
    found = []
    for image in images:
        for skill in skills().values():
            item = request_of(image, skill, _PER_IMAGE)
            shown = Stimulus(item.id, 0, (), StimulusText(item.text), 0.0, "sample")
            slots = {"persona": "", "caption": item.text}
            reply = await model.ask(protocol.prompt(Asking("curate", 0), shown, slots, 0))
            found.append(Reply(image.id, skill, model.name, "answered", curated(reply.text), ""))
    return found
