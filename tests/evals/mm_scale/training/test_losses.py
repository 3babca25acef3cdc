"""The losses against values computed by hand, brute force over orders, and numerical gradients."""

from __future__ import annotations

import math
from importlib.util import find_spec
from itertools import pairwise, permutations
from typing import Any

import pytest

from evals.mm_scale.training.losses import EXACT, LOSSES, binary_loss, group_log_probability, listwise_loss, pairwise_loss, pointwise_loss

pytestmark = pytest.mark.skipif(find_spec("torch") is None, reason="the extra `train` (torch) is not installed")


def doubles(*numbers: float) -> Any:
    import torch

    return torch.tensor(numbers, dtype=torch.double)


def logs(*weights: float) -> Any:
    return doubles(*weights).log()


@pytest.mark.parametrize(
    ("grades", "probability", "placed"),
    [
        ((3, 2, 1), 2 / 6 * 3 / 4, 2),  # an order without ties: ListMLE
        ((3, 3, 1), 2 / 6 * 3 / 4 + 3 / 6 * 2 / 3, 2),  # the first two in either order
        ((3, 1, 1), 2 / 6, 1),  # what is tied at the end comes last anyhow
        ((1, 3, 2), 3 / 6 * 1 / 3, 2),
    ],
)
def test_listwise_is_the_plackett_luce_likelihood_by_hand(grades: tuple[float, ...], probability: float, placed: int) -> None:
    """Weights 2, 3, 1: the probability of the ordered groups, written out."""
    assert float(listwise_loss(logs(2, 3, 1), doubles(*grades))) == pytest.approx(-math.log(probability) / placed)


def test_listwise_with_ties_is_the_sum_over_all_orders_that_agree() -> None:
    """Six scenarios on three grades: the sum of the Plackett–Luce probabilities of all orders that the grades allow."""
    scores, grades = doubles(0.3, -0.2, 1.1, 0.5, -0.9, 0.1), (4.0, 4.0, 2.5, 4.0, 2.5, 1.0)
    weights, total = scores.exp(), 0.0
    for order in permutations(range(6)):
        if all(grades[a] >= grades[b] for a, b in pairwise(order)):
            total += math.prod(float(weights[item] / weights[list(order[place:])].sum()) for place, item in enumerate(order))
    assert float(listwise_loss(scores, doubles(*grades))) == pytest.approx(-math.log(total) / 5)


def test_a_large_tie_is_efrons_approximation_which_is_exact_for_equal_scores() -> None:
    """Above the size whose orders are summed: exact where scores are equal (one of C(11, 8) sets), and near where they differ a little."""
    import torch

    equal = group_log_probability(doubles(*[0.4] * 8), doubles(0.4, 0.4, 0.4))
    assert float(equal) == pytest.approx(-math.log(math.comb(11, 8)))
    group, rest = 0.2 * torch.randn(EXACT + 1, dtype=torch.double, generator=torch.Generator().manual_seed(0)), doubles(0.1, -0.2)
    exact = (
        sum(
            math.exp(float(sum(g - torch.cat([group[list(order[k:])], rest]).logsumexp(0) for k, g in enumerate(group[list(order)]))))
            for order in list(permutations(range(EXACT + 1)))[::40]
        )
        * 40
    )
    assert float(group_log_probability(group, rest)) == pytest.approx(math.log(exact), abs=0.05)


def test_pairwise_is_bradley_terry_by_hand() -> None:
    """Log-odds of 3, of 6 and of 2 for the better of three pairs; a pair of equal grades is none."""
    three = pairwise_loss(logs(6, 2, 1), doubles(5, 4, 1))
    assert float(three) == pytest.approx(-(math.log(3 / 4) + math.log(6 / 7) + math.log(2 / 3)) / 3)
    assert float(pairwise_loss(logs(6, 2, 1), doubles(5, 1, 1))) == pytest.approx(-(math.log(3 / 4) + math.log(6 / 7)) / 2)


def test_binary_sees_only_pairs_across_the_middle_of_the_scale() -> None:
    """Of grades 5, 4, 3 and 1 two pairs are left, 5 with 1 and 4 with 1; all on one side is no pair."""
    found = binary_loss(logs(6, 2, 50, 1), doubles(5, 4, 3, 1))
    assert float(found) == pytest.approx(-(math.log(6 / 7) + math.log(2 / 3)) / 2)
    assert float(binary_loss(logs(6, 2, 1), doubles(5, 4, 3.5))) == 0


def test_pointwise_is_the_mean_square() -> None:
    """(0.5² + 1²) / 2."""
    assert float(pointwise_loss(doubles(1.5, 4), doubles(1, 5))) == pytest.approx(0.625)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_the_loss(name: str) -> None:
    """By finite differences, over a padded batch with ties, a list without an order, and a tie too large to be summed exactly."""
    import torch

    grades = torch.tensor([[3, 3, 2, 1, 1, 9, 9, 9], [2, 2, 2, 9, 9, 9, 9, 9], [5] * 7 + [1]], dtype=torch.double)
    mask = torch.tensor([[1] * 5 + [0] * 3, [1] * 3 + [0] * 5, [1] * 8], dtype=torch.bool)
    scores = torch.randn(3, 8, dtype=torch.double, generator=torch.Generator().manual_seed(1), requires_grad=True)
    assert torch.autograd.gradcheck(lambda s: LOSSES[name](s, grades, mask), (scores,))


@pytest.mark.parametrize("name", LOSSES)
def test_the_order_in_the_file_and_the_padding_do_not_matter(name: str) -> None:
    """A list shuffled, and a list with padding beside another, have the loss of the lists themselves."""
    import torch

    scores, grades, loss = doubles(0.3, -0.2, 1.1, 0.5), doubles(3, 3, 2, 1), LOSSES[name]
    alone = float(loss(scores, grades))
    assert float(loss(scores[[2, 0, 3, 1]], grades[[2, 0, 3, 1]])) == pytest.approx(alone)
    other = float(loss(doubles(2, 1), doubles(1, 2)))
    padded = torch.stack([scores, doubles(2, 1, 77, math.inf)]), torch.stack([grades, doubles(1, 2, 0, 0)])
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    assert float(loss(*padded, mask)) == pytest.approx((alone + other) / 2)


@pytest.mark.parametrize("name", ["listwise", "pairwise", "binary"])
def test_only_differences_count_and_lists_without_an_order_do_not(name: str) -> None:
    """Ranking losses do not change when all scores rise; equal grades give 0 with a gradient of 0."""
    import torch

    loss, scores, grades = LOSSES[name], doubles(0.3, -0.2, 1.1), doubles(4, 2, 1)
    assert float(loss(scores + 7, grades)) == pytest.approx(float(loss(scores, grades)))
    equal = torch.zeros(3, dtype=torch.double, requires_grad=True)
    loss(equal, doubles(4, 4, 4)).backward()
    assert equal.grad is not None
    assert equal.grad.tolist() == [0, 0, 0]
    both = loss(torch.stack([scores, scores]), torch.stack([grades, doubles(4, 4, 4)]))
    assert float(both) == pytest.approx(float(loss(scores, grades)))


def test_shapes_that_do_not_agree_are_refused() -> None:
    """Scores of three scenarios, grades of two."""
    with pytest.raises(ValueError, match="one shape"):
        listwise_loss(doubles(1, 2, 3), doubles(1, 2))
