"""The sample that comes with the package: 24 drawn pictures with three or four scenarios each, rated by five synthetic raters.

A rater's rating is a + b + e, rounded and held within 1 to 5: a, what `sample.toml` says of the scenario; b, the rater's own leaning; e,
drawn from a normal distribution with standard deviation `SPREAD`. The ground is the one in the file with probability `GROUNDED`, else one
of the others. It shows that the whole path works and says nothing of any people.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from agent.protocols.rating import GROUNDS, POINTS
from environments.cache import default_cache_dir
from environments.canonical import rng
from environments.catalogue.storing import storage, write_whole
from environments.decks.questions import ITEMS
from evals.mm_scale.items import Rating

__all__ = ["GROUNDED", "LEANINGS", "SAMPLE", "SPREAD", "sample_folder", "sample_rows"]

SAMPLE = "sample"
LEANINGS: Mapping[str, float] = {"r1": -0.4, "r2": -0.2, "r3": 0.0, "r4": 0.2, "r5": 0.4}
SPREAD = 0.7
GROUNDED = 0.75
_PICTURES = 1
"""Raised when the same words are drawn in another way, so that pictures in caches are drawn anew."""


@cache
def _pictures() -> tuple[Mapping[str, Any], ...]:
    return tuple(tomllib.loads(files("evals.mm_scale").joinpath("sample.toml").read_text(encoding="utf-8"))["pictures"])


def sample_rows() -> Iterator[dict[str, Any]]:
    """The items, as lines of items.jsonl."""
    for picture in _pictures():
        image = _file(picture)
        for number, (text, acceptable, ground) in enumerate(picture["scenarios"], 1):
            name = f"{picture['name']}-{number}"
            yield {
                "id": name,
                "text": text,
                "images": [image],
                "cluster": image,
                "about": {"image": image, "scenario_id": name, "topic": picture["topic"], "synthetic": "yes"},
                "ratings": [_rating(rater, name, acceptable, ground).row() for rater in LEANINGS],
            }


def _rating(rater: str, item: str, acceptable: float, ground: str) -> Rating:
    dice = rng("mm-scale sample", rater, item)
    point = round(acceptable + LEANINGS[rater] + dice.gauss(0, SPREAD))
    named = ground if dice.random() < GROUNDED else dice.choice([each for each in GROUNDS if each != ground])
    return Rating(rater, min(max(point, POINTS[0]), POINTS[-1]), named)


def _file(picture: Mapping[str, Any]) -> str:
    """The file's name, with a hash of the drawing commands."""
    digest = hashlib.sha256(f"{_PICTURES}\n{picture['image'].strip()}".encode()).hexdigest()[:12]
    return f"pictures/{picture['name']}-{digest}.png"


def sample_folder(folder: Path | None = None) -> Path:
    """The folder with items.jsonl and pictures, made where it lacks something. Raises StorageFailed."""
    place = folder or default_cache_dir() / "mm-scale-sample"
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in sample_rows()).encode()
    with storage(place, "set AXIOFEED_CACHE to a folder that can be written"):
        for picture in _pictures():
            if not (place / _file(picture)).is_file():
                from evals.ch3ef.drawing import draw  # noqa: PLC0415 - Pillow loads when something is drawn

                write_whole(place / _file(picture), draw(picture["image"]))
        if not (place / ITEMS).is_file() or (place / ITEMS).read_bytes() != lines:
            write_whole(place / ITEMS, lines)
    return place
