"""Limits that all sessions share."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agent.experiments.budget import Budget, Spent
from agent.experiments.spec import ExperimentLimits
from personas.errors import LimitReached


def test_what_is_set_aside_counts_until_the_call_is_over():
    """Calls under way cannot pass a limit in USD together."""
    budget = Budget(ExperimentLimits(max_usd=Decimal(1)), {})
    budget.reserve("m", Decimal("0.6"))
    with pytest.raises(LimitReached, match="max_usd 1 of the experiment"):
        budget.reserve("m", Decimal("0.6"))
    budget.settle("m", Decimal("0.6"), Spent(Decimal("0.1"), 10, 1))
    budget.reserve("m", Decimal("0.6"))


def test_earlier_runs_count():
    """A budget continues; it does not restart."""
    budget = Budget(ExperimentLimits(max_requests=5), {}, {"m": Spent(Decimal(0), 0, 4)})
    budget.reserve("m", None)
    with pytest.raises(LimitReached, match="max_requests 5"):
        budget.reserve("m", None)


def test_a_model_has_limits_of_its_own():
    """The limit of one model stops no other."""
    budget = Budget(ExperimentLimits(), {"a": ExperimentLimits(max_tokens=100)}, {"a": Spent(Decimal(0), 100, 1)})
    with pytest.raises(LimitReached, match="max_tokens 100 of a"):
        budget.check("a")
    budget.check("b")
    assert budget.limited("a")
    assert not budget.limited("b")


def test_an_unknown_price_cannot_be_spent_under_a_limit():
    """A call whose cost is unknown is not made."""
    budget = Budget(ExperimentLimits(max_usd=Decimal(1)), {})
    with pytest.raises(LimitReached, match="unknown"):
        budget.reserve("m", None)


def test_minutes_are_those_of_all_runs():
    """The clock goes on where the last run stopped."""
    with pytest.raises(LimitReached, match="max_minutes 3"):
        Budget(ExperimentLimits(max_minutes=3), {}, minutes=3.0).check("m")
