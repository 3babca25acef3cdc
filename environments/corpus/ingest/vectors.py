"""Rows get their vectors: one of all their words, and where the corpus has an image space, the mean of their pictures'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from environments.corpus.schema import VideoRow, words_of
from environments.embed import ImageEmbedder

if TYPE_CHECKING:
    from environments.corpus.store import Corpus
    from environments.embed import Embedder

__all__ = ["with_vectors"]


def with_vectors(corpus: Corpus, rows: Sequence[VideoRow], jpegs: Sequence[Sequence[bytes]], embedder: Embedder) -> list[VideoRow]:
    """`rows` with `text_vector` and, where the corpus has pictures' vectors, `image_vector`; `jpegs` holds the pictures of each row."""
    texts = embedder.embed_texts([words_of(row) for row in rows])
    found = [replace(row, text_vector=vector) for row, vector in zip(rows, texts, strict=True)]
    if corpus.image_space is None or not isinstance(embedder, ImageEmbedder):
        return found
    flat = embedder.embed_images([jpeg for each in jpegs for jpeg in each])
    ends = np.cumsum([len(each) for each in jpegs])
    means = [part.mean(axis=0) for part in np.split(flat, ends[:-1])]
    return [replace(row, image_vector=mean / max(float(np.linalg.norm(mean)), 1e-9)) for row, mean in zip(found, means, strict=True)]
