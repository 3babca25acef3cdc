"""Which videos a corpus has: contents and ids as 128-bit hashes in sorted arrays, 32 bytes a video."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from environments.corpus.store import Corpus

__all__ = ["Known", "known_urls"]


class HashedSet:
    """A set of texts that can be asked, and grow: large ones at once, others one by one."""

    def __init__(self, texts: Iterator[str]) -> None:
        hashes = np.frombuffer(b"".join(map(_digest, texts)), dtype="<u8").reshape(-1, 2)
        order = np.lexsort((hashes[:, 1], hashes[:, 0]))
        self._high: NDArray[np.uint64] = hashes[order, 0]
        self._low: NDArray[np.uint64] = hashes[order, 1]
        self._new: set[bytes] = set()

    def __contains__(self, text: str) -> bool:
        digest = _digest(text)
        if digest in self._new:
            return True
        high, low = np.frombuffer(digest, dtype="<u8")
        first, last = (int(np.searchsorted(self._high, high, side)) for side in ("left", "right"))
        return bool((self._low[first:last] == low).any())

    def add(self, text: str) -> None:
        self._new.add(_digest(text))


class Known:
    """Contents and ids of the videos that are there, those of this run included."""

    def __init__(self, corpus: Corpus) -> None:
        self.contents = HashedSet(_column(corpus, "content"))
        self.ids = HashedSet(_column(corpus, "id"))

    def add(self, content: str, name: str) -> None:
        """Remember a video that will be added."""
        self.contents.add(content)
        self.ids.add(name)


def known_urls(corpus: Corpus) -> HashedSet:
    """The addresses whose videos are there: they need not be fetched again."""
    return HashedSet(url for url in _column(corpus, "url") if url)


def _column(corpus: Corpus, name: str) -> Iterator[str]:
    for batch in corpus.batches([name]):
        yield from _texts(batch.column(name).to_pylist())


def _texts(cells: Iterable[str | None]) -> Iterator[str]:
    return (cell or "" for cell in cells)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
