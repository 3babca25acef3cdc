"""Which of a persona's numbered sentences decided, for the strategy `simple`: the one that speaks most for what was decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.models.reader.deciding import BASE, Evidence, match
from agent.models.reader.taste import Taste
from agent.protocols.base import Decision

__all__ = ["deciding_sentence"]

_LEAST = 0.05
"""Match below which no sentence decided."""


def deciding_sentence(told: Sequence[str], evidence: Evidence, decision: Decision, taste: Callable[[str], Taste]) -> int:
    """The number, from 1, of the sentence in `told` whose taste the post meets best (a liked post) or worst; 0 where none says much."""
    liked = decision.rating is not None and decision.rating > BASE
    found = [match(evidence, taste(sentence)) * (1 if liked else -1) for sentence in told]
    best = max(range(len(found)), key=found.__getitem__, default=None)
    return best + 1 if best is not None and found[best] >= _LEAST else 0
