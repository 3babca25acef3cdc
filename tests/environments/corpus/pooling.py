"""Corpora for tests: the catalogue's words and labels with tiny pictures of their own, and rows made to measure."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image

from environments.corpus.schema import VALUES, FrameRef, Space, VideoRow
from environments.corpus.store import Corpus
from environments.feeds import load_feed

SPACE = Space("test", 4)
LABELLED = dict.fromkeys(VALUES, 0.0)


@cache
def jpeg(number: int) -> bytes:
    """A small picture that no other number has."""
    out = io.BytesIO()
    Image.new("RGB", (24, 32), (number * 7 % 256, number // 36 % 256, number % 251)).save(out, "JPEG")
    return out.getvalue()


def pictures(number: int, duration_s: float, count: int = 4) -> tuple[list[FrameRef], dict[str, bytes]]:
    """`count` pictures: at the beginning, then in the middle of equal parts."""
    times = [0.0, *((part + 0.5) / (count - 1) * duration_s for part in range(count - 1))][:count]
    jpegs = [jpeg(number * 8 + place) for place in range(count)]
    hashes = [hashlib.sha256(data).hexdigest() for data in jpegs]
    return [FrameRef(name, t) for name, t in zip(hashes, times, strict=True)], dict(zip(hashes, jpegs, strict=True))


def make(folder: Path, rows: Sequence[VideoRow], jpegs: dict[str, bytes] | None = None) -> Corpus:
    """A corpus of `rows`."""
    corpus = Corpus.create(str(folder), SPACE)
    corpus.add(rows, jpegs or {})
    return corpus


def row(name: str, *, topic: str = "", **more: object) -> VideoRow:
    """A video without pictures, labelled as free of values unless `loadings` say more."""
    given = LABELLED | more.pop("loadings", {})  # type: ignore[operator]
    labels = {} if more.pop("unlabelled", False) else {"loadings": given, "labels_source": "test"}
    return VideoRow(
        **{"id": name, "content": hashlib.sha256(name.encode()).hexdigest(), "topic": topic, "duration_s": 10.0} | labels | more
    )  # type: ignore[arg-type]


def catalogue_corpus(folder: Path, count: int | None = None) -> Corpus:
    """The first `count` clips of the catalogue (None: all), with their design labels and twins."""
    rows: list[VideoRow] = []
    jpegs: dict[str, bytes] = {}
    for number, item in enumerate(load_feed("catalogue").items[:count]):
        frames, found = pictures(number, item.duration_s)
        jpegs |= found
        rows.append(
            row(
                item.id,
                topic=item.topic or "",
                platform="catalogue",
                caption=item.text.caption,
                author=item.text.author,
                sound=item.text.sound,
                hashtags=item.text.hashtags,
                duration_s=item.duration_s,
                frames=frames,
                twins=item.cluster,
                stratum=item.stratum,
                loadings=item.labels,
                source="catalogue",
            )
        )
    return make(folder, rows, jpegs)
