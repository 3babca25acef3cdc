"""A recommender that learns: ridge regression of interest on text embeddings, softmax choice with a floor, exact propensities.

It sees what a platform sees (caption, author, hashtags, sound, topic word; what was watched and liked) and no value label. It is
rebuilt from the history at every choice, so a resumed session continues as if it had never stopped.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

import numpy as np

from environments.base import ActionKind, PastStep
from environments.canonical import rng
from environments.clips import FeedItem
from environments.simulated.policies import Choice, eligible_items, unplayable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from environments.embed import Embedder

__all__ = ["AdaptivePolicy", "interest"]

_LIKE_BONUS = 1.0  # a like weighs as much as watching to the end
_MEMORY = 200  # the feedbacks remembered: old interest fades, and a choice costs at most a 200 × 200 solve
_RIDGE = 0.5  # against unit-length embeddings: one feedback moves its own item's score two thirds of the way
_SHARPNESS = 12.0  # softmax of score × sharpness: a clip that scores .2 higher (a fifth of a clip's length) is shown 11 times as often
_EXPLORE = 0.15  # share of choices that are uniform; also the floor of every propensity, _EXPLORE / items left


def interest(step: PastStep, duration_s: float) -> float:
    """The feedback of one step: the share of the clip that was watched, in [0, 1], plus 1 for a registered like."""
    share = step.outcome.dwell_s / duration_s if duration_s > 0 else 0.0
    return min(max(share, 0.0), 1.0) + (_LIKE_BONUS if step.outcome.like_registered else 0.0)


class AdaptivePolicy:
    """See the module. `embedder` defaults to the embedded static text embeddings; it is loaded at the first choice."""

    name = "adaptive"

    def __init__(self, items: Sequence[FeedItem], seed: int, embedder: Embedder | None = None) -> None:
        self._items = {item.id: item for item in items}
        self._row = {item.id: row for row, item in enumerate(items)}
        self._seed = seed
        self._embedder = embedder
        self._vectors: NDArray[np.float64] | None = None

    def choose(self, past: Sequence[PastStep], gone: Set[str]) -> Choice | None:
        """See `environments.simulated.policies.Policy.choose`."""
        candidates = eligible_items(self._items, past, gone)
        if not candidates:
            return None
        scores = self._scores(past)[[self._row[item.id] for item in candidates]]
        weights = np.exp(_SHARPNESS * (scores - scores.max()))
        chances = (1 - _EXPLORE) * weights / weights.sum() + _EXPLORE / len(candidates)
        steps = np.cumsum(chances)
        drawn = rng(self._seed, "adaptive", len(past), *unplayable(self._items, gone)).random() * float(steps[-1])
        index = min(int(np.searchsorted(steps, drawn, side="right")), len(candidates) - 1)
        return Choice(candidates[index], float(chances[index]))

    def _scores(self, past: Sequence[PastStep]) -> NDArray[np.float64]:
        """Expected interest of every item, in the unit of `interest`, relative to the mean. Dual form of ridge regression."""
        vectors = self._embedded()
        feedback = [step for step in past if step.action.kind is not ActionKind.PASS and step.outcome.advanced][-_MEMORY:]
        if not feedback:
            return np.zeros(len(self._items))
        seen = vectors[[self._row[step.stimulus_id] for step in feedback]]
        rewards = np.array([interest(step, self._items[step.stimulus_id].duration_s) for step in feedback])
        weights = np.linalg.solve(seen @ seen.T + _RIDGE * np.eye(len(feedback)), rewards - rewards.mean())
        scores: NDArray[np.float64] = vectors @ (seen.T @ weights)
        return scores

    def _embedded(self) -> NDArray[np.float64]:
        """One unit vector an item (items × dimensions), after taking away what all items have in common."""
        if self._vectors is None:
            if self._embedder is None:
                from environments.embed import wordllama_embedder  # noqa: PLC0415 - loads when used

                self._embedder = wordllama_embedder()
            raw = self._embedder.embed_texts([_words(item) for item in self._items.values()]).astype(np.float64)
            centred = raw - raw.mean(axis=0)
            lengths = np.linalg.norm(centred, axis=1, keepdims=True)
            self._vectors = centred / np.where(lengths > 1e-9, lengths, 1.0)
        return self._vectors


def _words(item: FeedItem) -> str:
    text = item.text
    return " ".join(part for part in (text.caption, *text.hashtags, text.author, text.sound, item.topic or "") if part)
