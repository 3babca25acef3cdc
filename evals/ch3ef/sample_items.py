"""The sample that comes with the package: 92 questions written for it, two a task, their pictures drawn into the cache when first used.

They show that the whole path works and measure little: two questions a task rank nobody.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from environments.cache import default_cache_dir
from environments.catalogue.storing import storage, write_whole
from environments.decks.questions import ITEMS
from evals.ch3ef.taxonomy import H, key_of, tasks

__all__ = ["SAMPLE", "SampleItem", "sample_folder", "sample_items"]

SAMPLE = "sample"
_PICTURES = 1
"""Raised when the same words are drawn in another way, so that pictures in caches are drawn anew."""


@dataclass(frozen=True)
class SampleItem:
    """A question of the sample: `images` holds the drawing commands of each picture, `options` the right one first."""

    id: str
    task: str
    text: str
    options: tuple[str, ...]
    images: tuple[str, ...]

    def row(self) -> dict[str, Any]:
        """As a line of items.jsonl."""
        return {
            "id": self.id,
            "text": self.text,
            "images": [name for name, _ in self.pictures()],
            "options": list(self.options),
            "key": list(key_of(self.options)),
            "about": tasks()[self.task].about,
        }

    def pictures(self) -> Iterator[tuple[str, str]]:
        """(file name, drawing commands) of each picture; the name holds a hash of the commands."""
        for commands in self.images:
            digest = hashlib.sha256(f"{_PICTURES}\n{commands.strip()}".encode()).hexdigest()[:12]
            yield f"pictures/{re.sub(r'[^a-z0-9]+', '-', self.task.lower()).strip('-')}-{digest}.png", commands


@cache
def sample_items() -> tuple[SampleItem, ...]:
    """All questions of the sample, in the order of the files."""
    found = []
    for h in H:
        data = tomllib.loads(files("evals.ch3ef").joinpath(f"sample/{h.lower()}.toml").read_text(encoding="utf-8"))
        for row in data["items"]:
            assert tasks()[row["task"]].h == data["h"], f"{row['id']} stands in the file of another h"
            found.append(SampleItem(row["id"], row["task"], row["text"], tuple(row["options"]), tuple(row["images"])))
    return tuple(found)


def sample_folder(items: Sequence[SampleItem] | None = None, folder: Path | None = None) -> Path:
    """The folder with items.jsonl and pictures of `items` (all), made where it lacks something. Raises StorageFailed."""
    wanted = sample_items() if items is None else items
    place = folder or default_cache_dir() / "ch3ef-sample"
    lines = "".join(json.dumps(item.row(), ensure_ascii=False) + "\n" for item in wanted).encode()
    with storage(place, "set AXIOFEED_CACHE to a folder that can be written"):
        for item in wanted:
            for name, commands in item.pictures():
                if not (place / name).is_file():
                    from evals.ch3ef.drawing import draw  # noqa: PLC0415 - Pillow loads when something is drawn

                    write_whole(place / name, draw(commands))
        if not (place / ITEMS).is_file() or (place / ITEMS).read_bytes() != lines:
            write_whole(place / ITEMS, lines)
    return place
