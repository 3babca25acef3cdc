"""Controls: checks of the measurement itself. A new one is a function from Context to a Control, which says why where there is nothing."""

from __future__ import annotations

from collections.abc import Callable

from threadpoolctl import threadpool_limits

from evals.values.controls.asking import order_effect, prompt_reliability, wording_effect
from evals.values.controls.channels import channel_agreement
from evals.values.controls.context import Context
from evals.values.controls.halves import identification, ipsative, rank_order, split_half
from evals.values.controls.labels import label_agreement
from evals.values.controls.level import level_and_ends
from evals.values.controls.nulls import permuted_personas, shuffled_labels, value_free
from evals.values.controls.refusals import refusals_by_value
from evals.values.controls.variance import variance_shares
from evals.values.findings import Control

__all__ = ["CONTROLS", "Context", "all_controls"]

CONTROLS: tuple[Callable[[Context], Control], ...] = (
    shuffled_labels,
    permuted_personas,
    value_free,
    level_and_ends,
    refusals_by_value,
    order_effect,
    wording_effect,
    prompt_reliability,
    label_agreement,
    split_half,
    identification,
    rank_order,
    ipsative,
    channel_agreement,
    variance_shares,
)


def all_controls(context: Context) -> tuple[Control, ...]:
    """Every control, in order."""
    with threadpool_limits(1):  # matrices are small: threads would wait for each other
        return tuple(control(context) for control in CONTROLS)
