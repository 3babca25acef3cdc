"""The one interface of text and image embedders, and the text embedder that comes with the package.

WordLlama (MIT) carries its weights and its tokenizer inside its wheel: nothing is ever fetched.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Embedder", "ImageEmbedder", "WordLlamaEmbedder", "wordllama_embedder"]


class Embedder(Protocol):
    """Texts to vectors. `name` says which weights; `dim` is the number of dimensions."""

    name: str
    dim: int

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), dim), float32, rows of length 1; a text without any known word is a row of zeros. Safe to call from threads."""
        ...


@runtime_checkable
class ImageEmbedder(Protocol):
    """An embedder that also takes pictures into the same space."""

    def embed_images(self, jpegs: Sequence[bytes]) -> NDArray[np.float32]:
        """(len(jpegs), dim), float32, rows of length 1."""
        ...


class WordLlamaEmbedder:
    """Mean-pooled static token embeddings, 256 dimensions, 0.1 to 0.5 ms a text."""

    name = "wordllama/l2_supercat_256"
    dim = 256

    def __init__(self) -> None:
        self._model = _load()

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.embed_texts`."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        # In order of length: the model pads a batch to its longest text, and one long caption among short ones costs memory and time.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        sorted_rows = np.asarray(self._model.embed([_encodable(texts[index]) for index in order]), dtype=np.float32)
        rows = np.empty_like(sorted_rows)
        rows[order] = sorted_rows
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: NDArray[np.float32] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 1e-9)
        return unit


@cache
def wordllama_embedder() -> WordLlamaEmbedder:
    """The embedder of the package, loaded once a process (0.1 s after an import of 0.5 s)."""
    return WordLlamaEmbedder()


def _load() -> Any:
    """Loads from the wheel. The tokenizer is only found when the cache folder is the package's own."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    import wordllama  # noqa: PLC0415 - half a second

    # Its import calls logging.basicConfig: a library must not decide what a program logs.
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)


def _encodable(text: str) -> str:
    """The tokenizer takes valid Unicode only; a lone surrogate becomes a replacement character."""
    return text.encode("utf-8", "replace").decode("utf-8")
