"""What is minimised: losses between the scores of an image's scenarios and their grades (mean ratings of people).

All take scores and grades (n,) of one list, or (b, n) of b lists with `mask` (b, n), true where there is a scenario; all return the mean
over lists, a scalar. Scores are in the units of a log-odds; only differences count, but in `pointwise`. None depends on the order within a
list. A list without two grades to tell apart says nothing about an order: it is left out of the mean of the ranking losses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import permutations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["EXACT", "LOSSES", "MIDDLE", "binary_loss", "group_log_probability", "listwise_loss", "pairwise_loss", "pointwise_loss"]

EXACT = 6
"""Most tied scenarios whose orders are all summed (6! = 720); above it, Efron's approximation."""

MIDDLE = 3.0
"""The point of the scale that is neither acceptable nor unacceptable."""


def listwise_loss(scores: Tensor, grades: Tensor, mask: Tensor | None = None) -> Tensor:
    """Negative log-likelihood of the graded order under Plackett–Luce: ListMLE (Xia et al. 2008), for grades with ties.

    A tie says that people did not tell the scenarios apart, not in which order they are: the likelihood is that of the ordered partition,
    the product over grades of P(these come before all lower ones), each the sum over the orders within the tie
    (`group_log_probability`). Nothing pulls tied scores together or apart but what they share against the rest. Without ties this is
    ListMLE. Divided by the number of scenarios that are placed above others, so that long lists do not count more.
    """
    return _mean([_plackett_luce(*each) for each in _lists(scores, grades, mask) if _ordered(each[1])], scores)


def pairwise_loss(scores: Tensor, grades: Tensor, mask: Tensor | None = None) -> Tensor:
    """Bradley–Terry: mean of −log σ(s_i − s_j) over all pairs of a list with grade i above grade j (RankNet, Burges et al. 2005).

    Every pair with different grades counts the same, however far apart they are.
    """
    return _mean([_bradley_terry(*each) for each in _lists(scores, grades, mask) if _ordered(each[1])], scores)


def binary_loss(scores: Tensor, grades: Tensor, mask: Tensor | None = None) -> Tensor:
    """Bradley–Terry as `pairwise_loss`, over the pairs of an acceptable (grade above 3) and an unacceptable (below 3) scenario alone.

    What binary supervision leaves of graded judgements. The published binary loss is not described; this is our reading. There is no
    reference model as in DPO (Rafailov et al. 2023): scores are answers, not log-probabilities of texts.
    """
    return pairwise_loss(scores, (grades - MIDDLE).sign(), (grades != MIDDLE) if mask is None else mask & (grades != MIDDLE))


def pointwise_loss(scores: Tensor, grades: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean squared difference of scores and grades, both on the scale of the ratings: the only one of the three that fixes their level."""
    return _mean([(s - g).square().mean() for s, g in _lists(scores, grades, mask)], scores)


LOSSES: Mapping[str, Callable[..., Tensor]] = {
    "listwise": listwise_loss,
    "pairwise": pairwise_loss,
    "binary": binary_loss,
    "pointwise": pointwise_loss,
}


def group_log_probability(group: Tensor, rest: Tensor) -> Tensor:
    """log P(every scenario of `group` (g,) comes before every one of `rest` (r,), r ≥ 1) under Plackett–Luce, a scalar.

    Exact for g ≤ `EXACT`: Σ over the orders π of the group of Π_k w_π(k) / (Σ_{l ≥ k} w_π(l) + W_rest), w = exp(score). Above, each
    denominator is replaced by its mean over orders (Efron 1977), times the g! orders.
    """
    import torch  # noqa: PLC0415 - an extra: loads when used

    count, below = len(group), rest.logsumexp(0)
    if count > EXACT:
        left = torch.log1p(-torch.arange(count, dtype=group.dtype, device=group.device) / count)  # share of the group still to come
        denominators = torch.logaddexp(group.logsumexp(0) + left, below)
        return group.sum() - denominators.sum() + math.lgamma(count + 1)
    orders = torch.tensor(list(permutations(range(count))), device=group.device)
    last_first = group[orders].flip(1)
    sums = torch.cat([below.expand(len(orders), 1), last_first], dim=1).logcumsumexp(1)[:, 1:]
    return group.sum() + (-sums.sum(1)).logsumexp(0)


def _plackett_luce(scores: Tensor, grades: Tensor) -> Tensor:
    placed = int((grades > grades.min()).sum())
    levels = sorted(set(grades.tolist()))[1:]  # that the lowest come last is certain once the others came before
    terms = [group_log_probability(scores[grades == level], scores[grades < level]) for level in levels]
    return -sum(terms, start=scores.new_zeros(())) / placed


def _bradley_terry(scores: Tensor, grades: Tensor) -> Tensor:
    above = grades[:, None] > grades[None, :]
    margins = (scores[:, None] - scores[None, :])[above]
    return (-margins).logaddexp(margins.new_zeros(())).mean()


def _ordered(grades: Tensor) -> bool:
    return len(grades) > 1 and bool((grades != grades[0]).any())


def _lists(scores: Tensor, grades: Tensor, mask: Tensor | None) -> list[tuple[Tensor, Tensor]]:
    """The lists, without what is masked. Raises ValueError where shapes do not agree."""
    if scores.shape != grades.shape or scores.ndim not in {1, 2} or (mask is not None and mask.shape != scores.shape):
        raise ValueError("needs scores and grades of one shape, (n,) or (b, n), and a mask of the same")
    rows = zip(scores.reshape(-1, scores.shape[-1]), grades.reshape(-1, grades.shape[-1]), strict=True)
    if mask is None:
        return list(rows)
    kept = mask.reshape(-1, mask.shape[-1]).bool()
    return [(s[keep], g[keep]) for (s, g), keep in zip(rows, kept, strict=True) if bool(keep.any())]


def _mean(losses: list[Tensor], scores: Tensor) -> Tensor:
    """The mean over lists; 0, with a gradient of 0, where there are none."""
    return sum(losses, start=scores.new_zeros(())) / len(losses) if losses else (scores * 0).nan_to_num().sum()
