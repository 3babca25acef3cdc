"""Controls: checks of the measurement itself. A new one is a function from Context to a Control, or to None where it does not apply."""

from __future__ import annotations

from collections.abc import Callable

from evals.values.controls.asking import order_effect, prompt_reliability, refusals_by_value
from evals.values.controls.channels import channel_agreement
from evals.values.controls.context import Context
from evals.values.controls.halves import identification, ipsative, rank_order, split_half
from evals.values.controls.nulls import permuted_personas, shuffled_labels, value_free
from evals.values.controls.variance import variance_shares
from evals.values.findings import Control

__all__ = ["CONTROLS", "Context", "all_controls"]

CONTROLS: tuple[Callable[[Context], Control | None], ...] = (
    shuffled_labels,
    permuted_personas,
    value_free,
    refusals_by_value,
    order_effect,
    prompt_reliability,
    split_half,
    identification,
    rank_order,
    ipsative,
    channel_agreement,
    variance_shares,
)


def all_controls(context: Context) -> tuple[Control, ...]:
    """Every control that applies, in order."""
    return tuple(found for control in CONTROLS if (found := control(context)) is not None)
