"""How strongly a few words speak of each of Schwartz's ten values: kernel ridge regression from 680 frozen anchor phrases.

Two texts are alike when their words are: k(A, B) = Σ_a Σ_b w_a w_b exp(β (cos(a, b) − 1)), normalised to k(A, A) = 1 and squared; `w` is
the inverse document frequency of a word over the anchors. A caption of ten words and an anchor of ten words rarely share one, but
have near neighbours; averaging the words of a text before comparing, its usual static embedding, loses them.
"""

from __future__ import annotations

import threading
import tomllib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from agent.models.reader.words import words
from environments.canonical import content_hash
from personas.schwartz import VALUES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from environments.embed import Embedder

    Matrix = NDArray[np.float64]

__all__ = ["NONE", "ValueScale", "anchors", "value_scale"]

NONE = "NONE"
"""The eleventh class: phrases that speak of no value."""

# Chosen by cross-validation on the anchors and by the catalogue's captions; docs/reader.md has the table.
_BETA = 3.0
_RIDGE = 0.6
_STEEPNESS = 6.0
_TEMPERATURE = 0.1
_CACHED_WORDS = 50_000
_CACHED_TEXTS = 4096


def anchors() -> dict[str, list[str]]:
    """The anchor phrases by value code and `NONE`."""
    data = tomllib.loads(files("agent.models.reader").joinpath("anchors.toml").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = data["anchors"]
    return found


class ValueScale:
    """Reads values from words. Fitted on the anchors when made (about half a second); the same numbers every time."""

    def __init__(self, embedder: Embedder) -> None:
        """`embedder` gives one vector a word."""
        self._embedder = embedder
        self._lock = threading.Lock()
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._read: dict[tuple[str, ...], Matrix] = {}
        phrases = anchors()
        self.version = f"{embedder.name}+anchors-{content_hash(phrases)[:8]}"
        texts = [words((phrase,)) for code in (*VALUES, NONE) for phrase in phrases[code]]
        labels = np.array([index for index, code in enumerate((*VALUES, NONE)) for _ in phrases[code]])
        self._fit(texts, np.eye(len(VALUES) + 1)[labels])

    def degrees(self, text: Sequence[str]) -> Matrix:
        """(10,), each in (0, 1): how much `text` (its words) speaks of each value, in the order of `VALUES`, whatever else it speaks of.

        A logistic of the score: .05 where anchors of other classes lie on average, .95 where the value's own do. Without words, all 0.
        """
        if not text:
            return np.zeros(len(VALUES))
        placed = (self._scores(tuple(text)) - self._outside) / self._span
        degrees: Matrix = np.round(1.0 / (1.0 + np.exp(-_STEEPNESS * (placed[:-1] - 0.5))), 4)
        return degrees

    def shares(self, text: Sequence[str]) -> Matrix:
        """(11,): how `text` (its words) divides over the ten values and `NONE`; the parts add up to 1. Without words, all `NONE`."""
        if not text:
            return np.append(np.zeros(len(VALUES)), 1.0)
        scores = self._scores(tuple(text))
        grown = np.exp((scores - scores.max()) / _TEMPERATURE)
        shares: Matrix = np.round(grown / grown.sum(), 4)
        return shares

    def _fit(self, texts: Sequence[tuple[str, ...]], classes: Matrix) -> None:
        """Kernel ridge regression of class membership (n, 11) on the anchors, centred, and its leave-one-out calibration."""
        self._known = sorted({word for text in texts for word in text})
        place = {word: index for index, word in enumerate(self._known)}
        self._frequency = Counter(word for text in texts for word in set(text))
        self._number = len(texts)
        self._table = self._embed(self._known)
        near = np.exp(_BETA * (self._table @ self._table.T - 1.0))
        # Anchors have ten words or so out of two thousand: rows are gathered, not multiplied out.
        columns = [np.array([place[word] for word in text]) for text in texts]
        weights = [self._weights(text).astype(np.float32) for text in texts]
        rows = np.stack([w @ near[c] for c, w in zip(columns, weights, strict=True)])
        raw = np.stack([rows[:, c] @ w for c, w in zip(columns, weights, strict=True)], axis=1).astype(np.float64)
        norms = np.sqrt(np.diag(raw))
        self._design = np.zeros((len(self._known), len(texts)), dtype=np.float32)
        for row, (c, w) in enumerate(zip(columns, weights, strict=True)):
            np.add.at(self._design[:, row], c, w / np.float32(norms[row]))
        kernel = (raw / norms[:, None] / norms[None, :]) ** 2
        self._means, self._mean = kernel.mean(axis=0), float(kernel.mean())
        centred = kernel - self._means[None, :] - self._means[:, None] + self._mean
        inverse = np.linalg.inv(centred + _RIDGE * np.eye(len(texts)))
        self._base = classes.mean(axis=0)
        self._coefficients = inverse @ (classes - self._base)
        self._calibrate(centred @ inverse, classes)

    def _calibrate(self, hat: Matrix, classes: Matrix) -> None:
        """Where each class's scores lie for anchors outside and inside it, each anchor scored by a fit that leaves it out."""
        fitted = hat @ (classes - self._base) + self._base
        leverage = np.diag(hat) + 1.0 / len(classes)
        left_out = classes - (classes - fitted) / (1.0 - leverage)[:, None]
        inside = classes.astype(bool)
        self._outside = np.where(inside, 0.0, left_out).sum(axis=0) / (~inside).sum(axis=0)
        within = np.where(inside, left_out, 0.0).sum(axis=0) / inside.sum(axis=0)
        self._span = within - self._outside

    def _scores(self, text: tuple[str, ...]) -> Matrix:
        """(11,) scores of one text, about 0 to 1; kept, because every persona of a study meets the same posts."""
        found = self._read.get(text)
        if found is None:
            if len(self._read) >= _CACHED_TEXTS:
                self._read.clear()
            found = self._read[text] = self._regress(text)
        return found

    def _regress(self, text: tuple[str, ...]) -> Matrix:
        vectors, weights = self._embed(text), self._weights(text).astype(np.float32)
        own = float(weights @ np.exp(_BETA * (vectors @ vectors.T - 1.0)) @ weights)
        near = weights @ np.exp(_BETA * (vectors @ self._table.T - 1.0))
        kernel = (near @ self._design).astype(np.float64) ** 2 / own
        scores: Matrix = (kernel - kernel.mean() - self._means + self._mean) @ self._coefficients + self._base
        return scores

    def _weights(self, text: Sequence[str]) -> Matrix:
        """Inverse document frequency over the anchors; a word in none of them counts most."""
        return np.log(1.0 + self._number / np.array([1 + self._frequency.get(word, 0) for word in text]))

    def _embed(self, text: Sequence[str]) -> NDArray[np.float32]:
        """(words, dim). Each word is embedded once; safe to call from threads."""
        with self._lock:
            missing = sorted(set(text) - self._vectors.keys())
            if len(self._vectors) + len(missing) > _CACHED_WORDS:
                self._vectors.clear()
                missing = sorted(set(text))
            if missing:
                self._vectors.update(zip(missing, self._embedder.embed_texts(missing), strict=True))
            return np.stack([self._vectors[word] for word in text])


_ONCE = threading.Lock()


def value_scale() -> ValueScale:
    """The scale on the package's own text embedder, fitted once a process. Safe to call from threads."""
    with _ONCE:
        return _default_scale()


@cache
def _default_scale() -> ValueScale:
    from environments.embed import wordllama_embedder  # noqa: PLC0415 - loads the weights

    return ValueScale(wordllama_embedder())
