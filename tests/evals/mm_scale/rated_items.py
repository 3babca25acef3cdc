"""Items with ratings made by hand, for tests: pictures of one colour, scenarios whose people's figures can be counted on fingers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

RATERS = ("anna", "ben", "cleo", "dan")


def ratings(scores: Sequence[int], grounds: Sequence[str | None] = ()) -> list[dict[str, Any]]:
    """One rating each of as many raters as there are scores."""
    named = [*grounds, *[None] * (len(scores) - len(grounds))]
    return [{"rater": rater, "score": score, "grounding": ground} for rater, score, ground in zip(RATERS, scores, named, strict=False)]


def write_items(folder: Path, pictures: Mapping[str, Sequence[Sequence[int]]], grounds: Sequence[str | None] = ()) -> Path:
    """A deck: by picture, the scores of each of its scenarios. Scenarios are called PICTURE-1, PICTURE-2, …"""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for place, (picture, scenarios) in enumerate(pictures.items()):
        Image.new("RGB", (24, 16), (40 * place % 256, 90, 160)).save(folder / f"{picture}.png")
        for number, scores in enumerate(scenarios, 1):
            told = {"id": f"{picture}-{number}", "text": f"Somebody does thing {number} of {picture}.", "images": [f"{picture}.png"]}
            rows.append(told | {"ratings": ratings(scores, grounds)})
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


GRADED = {
    "bus": ((1, 1, 2, 2), (3, 3, 3, 5), (5, 5, 4, 4)),
    "dog": ((2, 2, 2, 2), (4, 4, 4, 3)),
    "exam": ((1, 2, 1, 1), (1, 2, 3, 3), (4, 5, 5, 5), (2, 2, 3, 3)),
    "gift": ((5, 5, 5, 5), (2, 1, 2, 1)),
    "lone": ((3, 4, 3, 4),),
    "even": ((1, 3, 1, 3), (2, 2, 2, 2)),
}
"""`lone` has one scenario, and people rate both of `even` alike: neither has an order. The others have one."""
