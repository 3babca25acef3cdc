"""Small corpora for the tests of labels: made-up videos with known labels and a small picture each."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from environments.base import Frame
from environments.corpus.schema import FrameRef, Space, VideoRow
from environments.corpus.store import Corpus
from personas.schwartz import VALUES

TOPICS = ("food", "travel", "work", "home")


@cache
def picture(number: int) -> Frame:
    """A small picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (48, 64), (number * 37 % 256, number * 91 % 256, 120)).save(out, "JPEG")
    return Frame.of(out.getvalue(), 0.0)


def design(number: int) -> dict[str, float]:
    """Every video promotes one value; every seventh opposes another; every sixth promotes none."""
    loadings = dict.fromkeys(VALUES, 0.0)
    if number % 6:
        loadings[VALUES[number % 10]] = 1.0 if number % 3 else 0.5
    if not number % 7:
        loadings[VALUES[(number + 5) % 10]] = -0.5
    return loadings


def make_corpus(folder: Path, count: int = 40, *, labelled: bool = True, pictures: bool = True) -> Corpus:
    """A corpus of `count` videos v000, v001, …"""
    corpus = Corpus.create(str(folder), Space("none", 2))
    rows, jpegs = [], {}
    for number in range(count):
        frame = picture(number % 50)
        jpegs[frame.sha256] = frame.jpeg
        rows.append(
            VideoRow(
                id=f"v{number:03d}",
                content=f"{number:064d}",
                caption=f"clip number {number} of a series about {TOPICS[number % 4]}, watch till the end",
                author="somebody",
                platform="tiktok" if number % 2 else "youtube",
                topic=TOPICS[number % 4],
                hashtags=("tag",),
                duration_s=5.0 + number % 7,
                source="folder",
                frames=(FrameRef(frame.sha256, 0.0),) if pictures else (),
                text_vector=np.array([1.0, number + 1.0]),
                loadings=design(number) if labelled else {},
                labels_source="design" if labelled else "",
            )
        )
    corpus.add(rows, jpegs)
    return corpus
