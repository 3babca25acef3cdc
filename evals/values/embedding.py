"""Loadings from words alone, by embedding: a rough baseline for videos that nobody has labelled, and a floor that labels have to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from evals.values.loadings import FloatArray, Loadings
from personas.errors import UserError
from personas.schwartz import VALUES

if TYPE_CHECKING:
    from environments.embed import Embedder

__all__ = ["MEANINGS", "embedding_loadings"]

MEANINGS: Mapping[str, tuple[str, ...]] = {
    "SD": (
        "thinking for oneself",
        "choosing one's own goals and acting independently",
        "creating, inventing and imagining",
        "exploring and learning how things work",
        "freedom to plan one's own life",
    ),
    "ST": ("novelty and surprise", "excitement, thrills and adventure", "daring challenge and risk", "a varied, exciting life"),
    "HE": ("pleasure and enjoyment", "treating oneself to good food and comfort", "having fun and indulging the senses", "relaxing"),
    "AC": ("success through competence", "winning a prize, a record, a promotion", "ambition and hard work", "being admired for skill"),
    "PO": ("status and prestige", "control over people and money", "wealth and luxury as a sign of rank", "authority and dominance"),
    "SE": ("safety and stability", "protecting home and family from danger", "health, order and precautions", "a secure society"),
    "CO": ("following rules and obeying", "politeness and not upsetting others", "self-discipline and restraint", "honouring elders"),
    "TR": ("customs of culture, family and religion", "rituals handed down by ancestors", "modesty and devotion", "keeping old ways alive"),
    "BE": ("helping friends and family", "caring for people one is close to", "kindness, loyalty, forgiveness", "being dependable"),
    "UN": (
        "understanding and tolerance of all people",
        "protecting nature and the environment",
        "equality, justice and peace",
        "care for the weak and for animals",
    ),
}
"""What each value promotes, in a few phrases (after Schwartz 1992)."""


def embedding_loadings(texts: Mapping[str, str], embedder: Embedder | None = None) -> Loadings:
    """Loadings in [-1, 1] from the words of each item (id → text): the cosine between them and the phrases of `MEANINGS`.

    `embedder` is that of the package unless given (`environments.embedders.make_embedder`), and is then named in the source.

    The items are centred first, because all texts share a large part of a static embedding; the values are not, for ten centred vectors
    depend on each other, and no regression tells them apart. The cosines are scaled so that the largest is 1. It says that words are
    alike, and nothing of whether a video promotes or opposes a value: on the catalogue, whose captions never name a value, it correlates
    .03 to .18 with the designed loadings. Items without words are left out. Raises UserError when fewer than two have any.
    """
    from environments.embed import wordllama_embedder  # noqa: PLC0415 - loads when used

    told = {item: text for item, text in texts.items() if text.strip()}
    if len(told) < 2:
        raise UserError("the embedding baseline needs the words of at least two items; give --loadings with a file of labels")
    source = "embedding baseline" if embedder is None else f"embedding baseline, {embedder.name}"
    embedder = embedder or wordllama_embedder()
    items = embedder.embed_texts(list(told.values())).astype(np.float64)
    values = np.stack([embedder.embed_texts(MEANINGS[code]).astype(np.float64).mean(axis=0) for code in VALUES])
    cosine = _unit(items - items.mean(axis=0)) @ _unit(values).T
    largest = float(np.abs(cosine).max())
    if largest < 1e-9:
        raise UserError("the words of all items are alike, so they tell no value; give --loadings with a file of labels")
    return Loadings(items=tuple(told), values=VALUES, x=np.clip(cosine / largest, -1, 1), source=source)


def _unit(rows: FloatArray) -> FloatArray:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 1e-9)
