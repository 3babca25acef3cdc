"""The state of a session as a fold over its events. Running and resuming apply the same events to the same fold."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from agent.protocols.base import AnswerState
from agent.trace.events import (
    ActionEvent,
    AnswerEvent,
    AskEvent,
    EndEvent,
    Event,
    ProblemEvent,
    PromptEvent,
    ResumeEvent,
    SessionEvent,
    StimulusEvent,
)
from environments.base import Action, ActionKind, Outcome, PastStep

__all__ = ["PendingStep", "Progress"]

MEMORY_KEPT = 100
"""Most recent steps that are kept for a respondent with memory; `recent:N` takes N of them."""


@dataclass
class PendingStep:
    """A step that has begun and not been acted on: its stimulus, and the answers that have arrived, by (stage, attempt)."""

    stimulus: StimulusEvent
    answers: dict[tuple[str, int], AnswerEvent] = field(default_factory=dict)
    asked: AskEvent | None = None

    @property
    def final(self) -> AnswerEvent | None:
        """The final answer, once it is there."""
        return next((answer for answer in self.answers.values() if answer.final), None)


@dataclass
class Progress:
    """What has happened so far. Only `apply` changes it."""

    spec_hash: str = ""
    history: list[PastStep] = field(default_factory=list)
    pending: PendingStep | None = None
    prompts: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)
    outcomes: Counter[AnswerState] = field(default_factory=Counter)
    actions: Counter[ActionKind] = field(default_factory=Counter)
    memory: deque[str] = field(default_factory=lambda: deque(maxlen=MEMORY_KEPT))
    asks: int = 0
    calls: int = 0
    possibly_paid: int = 0
    tokens: Counter[str] = field(default_factory=Counter)
    spent_usd: Decimal = Decimal(0)
    dearest_usd: Decimal = Decimal(0)
    most_usd: Decimal = Decimal(0)
    unpriced: int = 0
    failed_in_a_row: int = 0
    seconds: float = 0.0
    last_error: str | None = None
    end: EndEvent | None = None
    _clock: float = 0.0

    @property
    def steps(self) -> int:
        """Steps that are finished."""
        return len(self.history)

    @property
    def budgeted_usd(self) -> Decimal:
        """What may have been spent: the known costs, and for each call that may have been paid without an answer the most that a call
        could cost (where no ask says so, as much as the dearest answer did)."""
        return self._budgeted(self.possibly_paid)

    def _budgeted(self, possibly_paid: int) -> Decimal:
        return self.spent_usd + possibly_paid * (self.most_usd or self.dearest_usd)

    def apply(self, event: Event) -> None:
        """Take one event in."""
        self._tick(event)
        match event:
            case SessionEvent():
                self.spec_hash = event.spec_hash
            case ResumeEvent():
                self._count_lost_ask()
                self.failed_in_a_row = 0
                self.end = None
            case PromptEvent():
                self.prompts.add(event.hash)
            case ProblemEvent():
                self.problems[event.name] = event.reason
            case StimulusEvent():
                self.pending = PendingStep(event)
            case AskEvent():
                self.asks += 1
                self.most_usd = max(self.most_usd, event.most_usd or Decimal(0))
                if self.pending:
                    self.pending.asked = event
            case AnswerEvent():
                self._answer(event)
            case ActionEvent():
                self._action(event)
            case EndEvent():
                self.end = event
                if self.pending and event.asked_unpaid:
                    self.pending.asked = None

    def totals(self, *, unanswered: bool = False) -> dict[str, Any]:
        """The counts, as they stand in `end` events and summaries. Money as text, in USD; time in seconds.

        `unanswered`: a question that is out will have no answer any more, and may have been paid.
        """
        paid = self.possibly_paid + bool(unanswered and self.pending and self.pending.asked)
        return {
            "steps": self.steps,
            "answers": {state.value: self.outcomes[state] for state in AnswerState},
            "actions": {kind.value: self.actions[kind] for kind in ActionKind},
            "problems": len(self.problems),
            "asks": self.asks,
            "calls": self.calls,
            "possibly_paid": paid,
            "tokens": dict(sorted(self.tokens.items())),
            "spent_usd": str(self.spent_usd),
            "budgeted_usd": str(self._budgeted(paid)),
            "unpriced": self.unpriced,
            "seconds": round(self.seconds, 3),
        }

    def _tick(self, event: Event) -> None:
        """Working time: the gaps between events of one process; the time between processes does not count."""
        if self._clock and not isinstance(event, ResumeEvent):
            self.seconds += max(0.0, event.at - self._clock)
        self._clock = event.at

    def _count_lost_ask(self) -> None:
        if self.pending and self.pending.asked:
            self.possibly_paid += 1
            self.pending.asked = None

    def _answer(self, event: AnswerEvent) -> None:
        self.calls += event.attempts
        self.possibly_paid += event.possibly_paid
        self.tokens.update({kind: count for kind, count in event.usage.model_dump().items() if count})
        if event.cost_usd is None:
            self.unpriced += event.outcome is not AnswerState.FAILED
        else:
            self.spent_usd += event.cost_usd
            self.dearest_usd = max(self.dearest_usd, event.cost_usd)
        if self.pending:
            self.pending.asked = None
            self.pending.answers[event.stage, event.attempt] = event
        if event.final:
            self.outcomes[event.outcome] += 1
            self.failed_in_a_row = self.failed_in_a_row + 1 if event.outcome is AnswerState.FAILED else 0

    def _action(self, event: ActionEvent) -> None:
        stimulus, final = (self.pending.stimulus, self.pending.final) if self.pending else (None, None)
        self.actions[event.done] += 1
        self.last_error = event.error
        if stimulus is None:
            return
        outcome = Outcome(event.done is ActionKind.LIKE, event.advanced, event.dwell_s, event.error)
        self.history.append(PastStep(stimulus.id, Action(event.asked, event.watch_fraction), outcome))
        if final and final.decision:
            self.memory.append(_remembered(stimulus, event))
        self.pending = None


def _remembered(stimulus: StimulusEvent, action: ActionEvent) -> str:
    """One line of memory: what it was and what was done, measured and not as asked."""
    verb = {ActionKind.LIKE: "watched and liked", ActionKind.WATCH: "watched", ActionKind.SKIP: "skipped"}.get(action.done, "passed")
    share = min(1.0, action.dwell_s / stimulus.duration_s) if stimulus.duration_s > 0 else 0.0
    caption = str(stimulus.text.get("caption", ""))[:160]
    return f"{verb} ({share:.0%} seen): {caption}"
