"""Limits that all sessions of an experiment share: what may still be spent, of each model and in all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from agent.experiments.spec import ExperimentLimits
from agent.protocols.base import AnswerState
from agent.trace.events import AnswerEvent
from personas.errors import LimitReached

__all__ = ["Budget", "BudgetPurse", "Spent"]


@dataclass(frozen=True)
class Spent:
    """What has been used. `usd` counts a call that may have been paid without an answer at the most that it could cost.

    unpriced: answers whose cost is not known, because the provider named no tokens.
    """

    usd: Decimal = Decimal(0)
    tokens: int = 0
    requests: int = 0
    unpriced: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.usd + other.usd, self.tokens + other.tokens, self.requests + other.requests, self.unpriced + other.unpriced)

    @classmethod
    def of_answer(cls, answer: AnswerEvent | None, most_usd: Decimal | None) -> Spent:
        """What one answer used; None: nothing was sent."""
        if answer is None:
            return cls()
        usd = (answer.cost_usd or Decimal(0)) + answer.possibly_paid * (most_usd or Decimal(0))
        unpriced = answer.cost_usd is None and answer.outcome is not AnswerState.FAILED
        return cls(usd, sum(answer.usage.model_dump().values()), answer.attempts, int(unpriced))

    @classmethod
    def of_totals(cls, totals: Mapping[str, Any]) -> Spent:
        """What a session used, by the totals of its trace."""
        requests = int(totals["calls"]) + int(totals["possibly_paid"])
        return cls(Decimal(totals["budgeted_usd"]), sum(totals["tokens"].values()), requests, int(totals["unpriced"]))


@dataclass
class _Account:
    """Of one model, or of the whole."""

    name: str
    limits: ExperimentLimits
    spent: Spent = field(default_factory=Spent)
    reserved_usd: Decimal = Decimal(0)
    in_flight: int = 0

    def check(self, most_usd: Decimal | None, calls: int = 1) -> None:
        """Raises LimitReached where one more answer, which takes so many calls, might pass a limit."""
        limits, spent = self.limits, self.spent
        if limits.max_usd is not None:
            if spent.unpriced:
                raise LimitReached(
                    f"max_usd {limits.max_usd} of {self.name} cannot be kept: the price of {spent.unpriced} answer(s) is unknown"
                )
            if most_usd is None:
                raise LimitReached(f"max_usd {limits.max_usd} of {self.name} cannot be kept: what the next answer costs is unknown")
            if spent.usd + self.reserved_usd + most_usd > limits.max_usd:
                raise LimitReached(f"{spent.usd:.4f} USD are spent, and the next answer might pass max_usd {limits.max_usd} of {self.name}")
        if limits.max_tokens is not None and spent.tokens >= limits.max_tokens:
            raise LimitReached(f"max_tokens {limits.max_tokens} of {self.name} is reached")
        if limits.max_requests is not None and spent.requests + self.in_flight + calls > limits.max_requests:
            left = max(0, limits.max_requests - spent.requests - self.in_flight)
            why = f": {left} are left, and the next answer takes {calls}" if left else ""
            raise LimitReached(f"max_requests {limits.max_requests} of {self.name} is reached{why}")


class Budget:
    """What is left of the limits, over all runs of the experiment. `minutes` are those that earlier runs took."""

    def __init__(
        self,
        limits: ExperimentLimits,
        by_model: Mapping[str, ExperimentLimits],
        spent: Mapping[str, Spent] | None = None,
        minutes: float = 0.0,
    ) -> None:
        self._limits = limits
        before = dict(spent or {})
        self._whole = _Account("the experiment", limits, sum(before.values(), Spent()))
        self._models = {
            model: _Account(model, by_model.get(model, ExperimentLimits()), before.get(model, Spent())) for model in {*by_model, *before}
        }
        self._listeners: list[tuple[object, Callable[[str, str, float], None]]] = []
        self._minutes = minutes
        self._began = time.monotonic()

    @property
    def minutes(self) -> float:
        """Minutes that sweeps of this experiment have run."""
        return self._minutes + (time.monotonic() - self._began) / 60

    def counts_usd(self, model: str) -> bool:
        """Whether a limit in USD holds for the model."""
        return self._limits.max_usd is not None or self._of(model).limits.max_usd is not None

    def limited(self, model: str) -> bool:
        """Whether any limit holds for the model, so that each call has to ask."""
        accounts = (self._whole, self._of(model))
        return any(value is not None for account in accounts for value in account.limits.model_dump().values())

    def spent(self, model: str | None = None) -> Spent:
        """Of one model, or in all."""
        return (self._whole if model is None else self._of(model)).spent

    def check(self, model: str, most_usd: Decimal | None = Decimal(0), calls: int = 1) -> None:
        """Raises LimitReached when one more answer of `model`, of so many calls, might pass a limit."""
        self._of(model).check(most_usd, calls)
        self._whole.check(most_usd, calls)
        for limits, name in ((self._limits, "the experiment"), (self._of(model).limits, model)):
            if limits.max_minutes is not None and self.minutes >= limits.max_minutes:
                raise LimitReached(f"max_minutes {limits.max_minutes:g} of {name} is reached")

    def reserve(self, model: str, most_usd: Decimal | None, calls: int = 1) -> None:
        """Set aside what one answer may cost, and the calls that it takes. Raises LimitReached."""
        self.check(model, most_usd, calls)
        for account in (self._whole, self._of(model)):
            account.reserved_usd += most_usd or Decimal(0)
            account.in_flight += calls

    def settle(self, model: str, most_usd: Decimal | None, spent: Spent, calls: int = 1) -> None:
        """A reserved answer is there, or will not come."""
        for account in (self._whole, self._of(model)):
            account.reserved_usd -= most_usd or Decimal(0)
            account.in_flight -= calls
            account.spent += spent

    def listen(self, worker: object, pause: Callable[[str, str, float], None]) -> None:
        """Have `pause` called when an endpoint asks another worker for a pause."""
        self._listeners.append((worker, pause))

    def pause(self, worker: object, base_url: str, model: str, seconds: float) -> None:
        """An endpoint has asked `worker` for a pause: it holds for all."""
        for other, tell in self._listeners:
            if other is not worker:
                tell(base_url, model, seconds)

    def _of(self, model: str) -> _Account:
        if model not in self._models:
            self._models[model] = _Account(model, ExperimentLimits())
        return self._models[model]


@dataclass
class BudgetPurse:
    """A budget as a session sees it (`agent.browsing.Purse`), in the process that keeps it."""

    budget: Budget
    model: str

    @property
    def counts_usd(self) -> bool:
        """Whether the most that a call may cost has to be known."""
        return self.budget.counts_usd(self.model)

    async def reserve(self, most_usd: Decimal | None, calls: int) -> None:
        """Raises LimitReached."""
        self.budget.reserve(self.model, most_usd, calls)

    def settle(self, most_usd: Decimal | None, answer: AnswerEvent | None, calls: int) -> None:
        """One answer is over."""
        self.budget.settle(self.model, most_usd, Spent.of_answer(answer, most_usd), calls)
