"""Rows of a corpus for the tests of its store, its search and its commands."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from environments.corpus.schema import FrameRef, Space, VideoRow
from environments.corpus.store import Corpus

SPACE = Space("test", 4)


def picture(number: int) -> tuple[str, bytes]:
    """A SHA-256 and bytes that stand for a JPEG; the store does not look into them."""
    jpeg = b"jpeg %d" % number
    return hashlib.sha256(jpeg).hexdigest(), jpeg


def video(number: int, **given: Any) -> VideoRow:
    """A video with one picture, whose vector points a little further round the more its number."""
    name, _ = picture(number)
    facts: dict[str, Any] = {
        "id": f"v{number}",
        "content": f"{number:064x}",
        "caption": f"clip number{number}",
        "text_vector": [np.cos(number / 50), np.sin(number / 50), 0.0, 0.0],
        "frames": [FrameRef(name, 0.0)],
        "duration_s": 10.0,
    }
    return VideoRow(**(facts | given))


def stocked(folder: Path, rows: Sequence[VideoRow], image: Space | None = None) -> Corpus:
    """A new corpus with these rows and the pictures of `video`."""
    corpus = Corpus.create(str(folder), SPACE, image)
    corpus.add(rows, dict(picture(number) for number in range(200)))
    return corpus


def bulk(corpus: Corpus, vectors: Any, start: int = 0) -> None:
    """Many rows at once, as v0, v1 …, with nothing but their vectors and a caption."""
    schema, count = corpus.videos.schema, len(vectors)
    names = [f"v{each}" for each in range(start, start + count)]
    given = {"id": names, "content": [f"{each:064x}" for each in range(start, start + count)], "caption": names, "words": names}
    given["platform"] = ["tiktok" if each % 3 else "youtube" for each in range(start, start + count)]
    arrays = [pa.array(given[field.name], field.type) if field.name in given else pa.nulls(count, field.type) for field in schema]
    flat = pa.array(np.asarray(vectors, dtype=np.float32).ravel())
    arrays[schema.names.index("text_vector")] = pa.FixedSizeListArray.from_arrays(flat, corpus.text_space.dim)
    corpus.videos.add(pa.Table.from_arrays(arrays, schema=schema.remove_metadata()))
